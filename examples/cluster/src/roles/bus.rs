//! How calls travel: by request and reply, to a process by its name.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, RequestErrorKind};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::call::{Answer, Call, Terms, Ticket};
use super::failed::Failed;
use super::frames::{Frame, arrived, fetching, messages};
use super::large::Large;
use crate::log::record::ChainId;
use crate::pieces::Joiner;
use crate::state::writer::WriteError;

/// After so long another replica is asked as well: the first may be stopped, and still be there.
const HEDGE: Duration = Duration::from_millis(30);
/// After so long all replicas are asked again: calls and answers are lost with the node that carries them.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a look waits for a part.
const LOOK: Duration = Duration::from_secs(3);
/// How long a process may take to answer that it is up, at first.
const READY: Duration = Duration::from_millis(250);
/// How long a write looks for a process that is up.
const UP: Duration = Duration::from_secs(5);
/// How long it pauses after none was.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a write waits in all, and so much longer for each further message that it needs.
const WRITE: Duration = Duration::from_secs(25);
const PIECE: Duration = Duration::from_secs(2);
/// So much earlier a process gives a write up than its caller: its answer is still under way.
const UNDER_WAY: Duration = Duration::from_secs(2);

/// The calls of a region.
#[derive(Clone, Debug)]
pub struct Bus {
    client: Client,
    region: String,
    /// Of this process: a random number, and its start.
    process: u64,
    started: Instant,
}

/// A write as it is sent: [`Call::Write`].
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Sent<'a> {
    Write { ticket: Ticket, within_ms: u64, call: &'a Call },
}

impl Bus {
    /// The calls of a region.
    #[must_use]
    pub fn new(client: Client, region: &str) -> Self {
        let process = RandomState::new().hash_one(0);
        Self { client, region: region.to_owned(), process, started: Instant::now() }
    }

    /// The ticket of this process as it is ready for a write, having read the log up to a record.
    #[must_use]
    pub fn ticket(&self, read: u64) -> Ticket {
        Ticket { process: self.process, at_ms: in_ms(self.started.elapsed()), read }
    }

    /// The subject of a process.
    fn subject(&self, name: &str) -> String {
        format!("canvass.{}.call.{name}", self.region)
    }

    /// The most bytes of one message.
    fn most(&self) -> usize {
        // Not known before the first connection.
        match self.client.server_info().max_payload {
            0 => usize::MAX,
            most => most,
        }
    }

    /// The messages that carry a call or an answer.
    fn messages(&self, content: &impl serde::Serialize) -> Result<Vec<Bytes>, Answer> {
        let bytes = serde_json::to_vec(content).map_err(|e| Answer::refused("unwritable", e))?;
        messages(bytes, self.most()).map_err(|error| Answer::refused("unwritable", error))
    }

    async fn request(&self, name: &str, bytes: Bytes, patience: Duration) -> Reply {
        let request = async_nats::Request::new().payload(bytes).timeout(Some(patience));
        match self.client.send_request(self.subject(name), request).await {
            Ok(reply) => Reply::Bytes(reply.payload),
            Err(error) if error.kind() == RequestErrorKind::NoResponders => Reply::Nobody,
            Err(_) => Reply::Unknown,
        }
    }

    /// Sends a call to a process. `None` if nobody listens by this name, or the process did not get all pieces
    /// of the call, so nothing was done.
    async fn send(&self, name: &str, call: &[Bytes], patience: Duration) -> Option<Answer> {
        let (last, before) = call.split_last()?;
        for piece in before {
            match self.request(name, piece.clone(), LOOK).await {
                Reply::Bytes(bytes) => match Frame::read(&bytes) {
                    Frame::Arrived => {}
                    Frame::Whole(answer) => return Some(read(answer)),
                    _ => return Some(Answer::refused("unreadable", "no answer to a piece")),
                },
                Reply::Nobody | Reply::Unknown => return None,
            }
        }
        match self.request(name, last.clone(), patience).await {
            Reply::Bytes(bytes) => Some(self.fetched(name, &bytes).await),
            Reply::Nobody => None,
            Reply::Unknown => Some(WriteError::Unknown.into()),
        }
    }

    /// An answer, with the pieces that are still to be fetched. What was done is done if one of them is lost.
    async fn fetched(&self, name: &str, first: &[u8]) -> Answer {
        let (id, mut piece) = match Frame::read(first) {
            Frame::Piece(id, piece) => (id, piece),
            Frame::Whole(answer) => return read(answer),
            _ => return WriteError::Unknown.into(),
        };
        let mut joiner = Joiner::default();
        loop {
            match joiner.take(&piece) {
                Ok(Some(whole)) => return read(&whole),
                Ok(None) => {}
                Err(_) => return WriteError::Unknown.into(),
            }
            let next = fetching(id, piece.number.saturating_add(1));
            let Reply::Bytes(bytes) = self.request(name, next, LOOK).await else {
                return WriteError::Unknown.into();
            };
            match Frame::read(&bytes) {
                Frame::Piece(of, next) if of == id => piece = next,
                _ => return WriteError::Unknown.into(),
            }
        }
    }

    /// Reads from the first of some processes that answers, one after the other beginning at a place among
    /// them, and without waiting long for any.
    pub async fn look(&self, names: &[String], from: usize, call: &Call) -> Option<Answer> {
        let messages = match self.messages(call) {
            Ok(messages) => messages,
            Err(refused) => return Some(refused),
        };
        let turn = in_turn(names, from);
        let mut asked = FuturesUnordered::new();
        let mut unknown = None;
        let all = async {
            for (number, name) in turn.iter().cycle().enumerate() {
                asked.push(self.send(name, &messages, LOOK));
                let is_last = (number + 1).is_multiple_of(turn.len());
                let until = Instant::now() + if is_last { AGAIN } else { HEDGE };
                while let Ok(Some(answer)) = timeout_at(until, asked.next()).await {
                    match answer {
                        // A replica that is behind, or could not be reached, does not speak for another.
                        Some(answer) if !answer.is_of_this_replica() => return Some(answer),
                        Some(answer) if answer.is_refused_as("unknown_request") => {
                            unknown = Some(answer);
                        }
                        _ => {}
                    }
                }
                if is_last && asked.is_empty() {
                    if unknown.is_some() {
                        return unknown;
                    }
                    // Processes of a node that died are back within a moment, by another.
                    tokio::time::sleep(PAUSE).await;
                }
            }
            None
        };
        timeout(LOOK, all).await.ok().flatten()
    }

    /// Writes by the first of some processes that is up and takes it. Of one that is up and then does not
    /// answer nobody knows whether it has written, so the others are not asked.
    pub async fn write(&self, chain: ChainId, names: &[String], call: &Call) -> Answer {
        let pieces = match self.messages(call) {
            Ok(messages) => u32::try_from(messages.len()).unwrap_or(u32::MAX),
            Err(refused) => return refused,
        };
        let patience = WRITE + PIECE * pieces.saturating_sub(1);
        self.write_by(Instant::now() + patience, chain, names, call).await
    }

    /// The same by a deadline.
    pub async fn write_by(
        &self,
        deadline: Instant,
        chain: ChainId,
        names: &[String],
        call: &Call,
    ) -> Answer {
        let ready = match self.messages(&Call::Ready { chain }) {
            Ok(ready) => ready,
            Err(refused) => return refused,
        };
        let words = format!("none of {names:?} is up and holds it: nothing was written");
        let mut last = Answer::refused("partition_unavailable", words);
        let until = deadline.min(Instant::now() + UP);
        let mut patience = READY;
        while Instant::now() < until {
            for name in names {
                let Some(Answer::Ready(ticket)) = self.send(name, &ready, patience).await else {
                    continue;
                };
                match self.write_to(name, ticket, call, deadline).await {
                    None => {}
                    Some(answer) if answer.may_be_sent_again() => last = answer,
                    Some(answer) => return answer,
                }
            }
            patience = LOOK;
            tokio::time::sleep(PAUSE).await;
        }
        last
    }

    /// Writes by a process that was ready.
    async fn write_to(
        &self,
        name: &str,
        ticket: Ticket,
        call: &Call,
        deadline: Instant,
    ) -> Option<Answer> {
        let patience = deadline.saturating_duration_since(Instant::now());
        let within_ms = in_ms(patience.saturating_sub(UNDER_WAY));
        match self.messages(&Sent::Write { ticket, within_ms, call }) {
            Ok(messages) => self.send(name, &messages, patience).await,
            Err(refused) => Some(refused),
        }
    }

    /// Answers calls to a process, each in a task of its own, for as long as the engine is there. A subscription
    /// that ended is made again. `is_up` is called once the engine knows of the first one.
    ///
    /// # Errors
    ///
    /// If the engine refuses the subscription.
    pub async fn serve<F, A>(
        &self,
        name: &str,
        is_up: impl FnOnce(),
        answer: F,
    ) -> Result<(), Failed>
    where
        F: Fn(Call, Option<Terms>) -> A + Clone + Send + 'static,
        A: Future<Output = Answer> + Send + 'static,
    {
        let large = Arc::new(Large::default());
        let mut is_up = Some(is_up);
        loop {
            let mut calls =
                self.client.subscribe(self.subject(name)).await.map_err(Failed::system)?;
            self.client.flush().await.map_err(Failed::system)?;
            if let Some(is_up) = is_up.take() {
                is_up();
            }
            while let Some(message) = calls.next().await {
                let (bus, large, answer) = (self.clone(), Arc::clone(&large), answer.clone());
                tokio::spawn(async move {
                    let reply = bus.reply(&large, &message.payload, answer).await;
                    if let (Some(to), Some(reply)) = (message.reply, reply) {
                        // Whoever asked asks again if this is lost.
                        let _ = bus.client.publish(to, reply).await;
                        let _ = bus.client.flush().await;
                    }
                });
            }
        }
    }

    /// The reply to one message: an answer, or the next step of one in pieces. There is none to a message for
    /// another process of the same name, which answers it.
    async fn reply<F, A>(&self, large: &Large, message: &[u8], answer: F) -> Option<Bytes>
    where
        F: Fn(Call, Option<Terms>) -> A,
        A: Future<Output = Answer>,
    {
        let call = match Frame::read(message) {
            Frame::Whole(call) => Ok(serde_json::from_slice(call)),
            Frame::Piece(id, piece) => match large.take(id, &piece) {
                Ok(None) => return Some(arrived()),
                Ok(Some(call)) => Ok(serde_json::from_slice(&call)),
                Err(error) => Err(Answer::refused("pieces", error)),
            },
            Frame::Fetch(id, number) => return large.fetch(id, number),
            Frame::Arrived => Err(Answer::refused("unreadable", "this is no call")),
        };
        let answer = match call {
            Ok(Ok(Call::Write { ticket, .. })) if ticket.process != self.process => return None,
            Ok(Ok(Call::Write { ticket, within_ms, call })) => {
                let after = Duration::from_millis(ticket.at_ms.saturating_add(within_ms));
                let is_past = ticket.at_ms <= in_ms(self.started.elapsed());
                match self.started.checked_add(after) {
                    Some(deadline) if is_past && Instant::now() < deadline => {
                        answer(*call, Some(Terms { deadline, read: ticket.read })).await
                    }
                    _ => Answer::refused("expired", "the call came too late: nothing was written"),
                }
            }
            Ok(Ok(call)) => answer(call, None).await,
            Ok(Err(error)) => Answer::refused("unreadable", error),
            Err(refused) => refused,
        };
        let kept =
            |messages| large.keep(messages).map_err(|error| Answer::refused("pieces", error));
        Some(match self.messages(&answer).and_then(kept) {
            Ok(first) => first,
            // INVARIANT: a refusal is small.
            Err(refused) => serde_json::to_vec(&refused).unwrap_or_default().into(),
        })
    }
}

fn in_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The reply to one message.
enum Reply {
    Bytes(Bytes),
    /// Nobody listens.
    Nobody,
    /// None came in time.
    Unknown,
}

fn read(answer: &[u8]) -> Answer {
    serde_json::from_slice(answer).unwrap_or_else(|error| Answer::refused("unreadable", error))
}

/// The names, beginning at a place among them.
fn in_turn(names: &[String], from: usize) -> Vec<&String> {
    let (before, after) = names.split_at_checked(from % names.len().max(1)).unwrap_or((names, &[]));
    after.iter().chain(before).collect()
}
