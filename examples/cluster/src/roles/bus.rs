//! How calls travel: by request and reply, to a process by its name.

use std::time::Duration;

use async_nats::{Client, RequestErrorKind};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, timeout};

use super::call::{Answer, Call};
use super::failed::Failed;
use crate::log::record::ChainId;
use crate::state::writer::WriteError;

/// After so long another replica is asked as well: the first may be stopped, and still be there.
const HEDGE: Duration = Duration::from_millis(30);
/// How long a look waits for a part.
const LOOK: Duration = Duration::from_secs(3);
/// How long a process may take to answer that it is up, at first.
const READY: Duration = Duration::from_millis(250);
/// How long a write looks for a process that is up.
const UP: Duration = Duration::from_secs(5);
/// How long it pauses after none was.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a write waits: longer than a writer tries.
const WRITE: Duration = Duration::from_secs(25);

/// The calls of a region.
#[derive(Clone, Debug)]
pub struct Bus {
    client: Client,
    region: String,
}

impl Bus {
    /// The calls of a region.
    #[must_use]
    pub fn new(client: Client, region: &str) -> Self {
        Self { client, region: region.to_owned() }
    }

    /// The subject of a process.
    fn subject(&self, name: &str) -> String {
        format!("canvass.{}.call.{name}", self.region)
    }

    /// The bytes of a message, if the engine carries them.
    fn bytes(&self, message: &impl serde::Serialize) -> Result<Bytes, Answer> {
        let bytes = serde_json::to_vec(message).map_err(|e| Answer::refused("unwritable", e))?;
        let most = self.client.server_info().max_payload;
        if most > 0 && bytes.len() > most {
            let words = format!(
                "a message between processes has {} bytes, and the engine carries {most}: send fewer changes at once, or ask about a \
                 smaller area",
                bytes.len()
            );
            return Err(Answer::refused("too_large", words));
        }
        Ok(bytes.into())
    }

    /// Sends a call to a process. `None` if nobody listens by this name, so nothing was done.
    async fn send(&self, name: &str, bytes: Bytes, patience: Duration) -> Option<Answer> {
        let request = async_nats::Request::new().payload(bytes).timeout(Some(patience));
        match self.client.send_request(self.subject(name), request).await {
            Ok(reply) => Some(
                serde_json::from_slice(&reply.payload)
                    .unwrap_or_else(|error| Answer::refused("unreadable", error)),
            ),
            Err(error) if error.kind() == RequestErrorKind::NoResponders => None,
            Err(_) => Some(WriteError::Unknown.into()),
        }
    }

    /// Reads from the first of some processes that answers, one after the other beginning at a place among
    /// them, and without waiting long for any.
    pub async fn look(&self, names: &[String], from: usize, call: &Call) -> Option<Answer> {
        let bytes = match self.bytes(call) {
            Ok(bytes) => bytes,
            Err(refused) => return Some(refused),
        };
        let turn = in_turn(names, from);
        let mut left = turn.iter();
        let mut asked = FuturesUnordered::new();
        let mut unknown = None;
        let all = async {
            loop {
                if let Some(name) = left.next() {
                    asked.push(self.send(name, bytes.clone(), LOOK));
                } else if asked.is_empty() {
                    if unknown.is_some() {
                        return unknown;
                    }
                    // Processes of a node that died are back within a moment, by another.
                    tokio::time::sleep(PAUSE).await;
                    left = turn.iter();
                    continue;
                }
                let pause = if left.len() == 0 { LOOK } else { HEDGE };
                match timeout(pause, asked.next()).await {
                    // A replica that is behind, or could not be reached, does not speak for another.
                    Ok(Some(Some(answer))) if !answer.is_of_this_replica() => return Some(answer),
                    Ok(Some(Some(answer))) if answer.is_refused_as("unknown_request") => {
                        unknown = Some(answer);
                    }
                    _ => {}
                }
            }
        };
        timeout(LOOK, all).await.ok().flatten()
    }

    /// Writes by the first of some processes that is up and takes it. Of one that is up and then does not
    /// answer nobody knows whether it has written, so the others are not asked.
    pub async fn write(&self, chain: ChainId, names: &[String], call: &Call) -> Answer {
        let both = self.bytes(&Call::Ready { chain }).and_then(|r| Ok((r, self.bytes(call)?)));
        let (ready, bytes) = match both {
            Ok(both) => both,
            Err(refused) => return refused,
        };
        let words = format!("none of {names:?} is up and holds it: nothing was written");
        let mut last = Answer::refused("partition_unavailable", words);
        let deadline = Instant::now() + UP;
        let mut patience = READY;
        while Instant::now() < deadline {
            for name in names {
                let is_up = self.send(name, ready.clone(), patience).await;
                if !matches!(is_up, Some(Answer::Ready)) {
                    continue;
                }
                match self.send(name, bytes.clone(), WRITE).await {
                    None => {}
                    Some(answer) if answer.is_refused_as("writer_elsewhere") => last = answer,
                    Some(answer) => return answer,
                }
            }
            patience = LOOK;
            tokio::time::sleep(PAUSE).await;
        }
        last
    }

    /// Listens for calls to a process. The engine knows of it once this returns.
    ///
    /// # Errors
    ///
    /// If the engine refuses the subscription.
    pub async fn listen(&self, name: &str) -> Result<async_nats::Subscriber, Failed> {
        let calls = self.client.subscribe(self.subject(name)).await.map_err(Failed::system)?;
        self.client.flush().await.map_err(Failed::system)?;
        Ok(calls)
    }

    /// Answers a call; by name if the answer is larger than the engine carries.
    pub async fn answer(&self, message: &async_nats::Message, answer: &Answer) {
        let Some(reply) = message.reply.clone() else { return };
        let bytes = self.bytes(answer).or_else(|refused| self.bytes(&refused));
        // Whoever asked asks again if this is lost.
        let _ = self.client.publish(reply, bytes.unwrap_or_default()).await;
        let _ = self.client.flush().await;
    }
}

/// The names, beginning at a place among them.
fn in_turn(names: &[String], from: usize) -> Vec<&String> {
    let (before, after) = names.split_at_checked(from % names.len().max(1)).unwrap_or((names, &[]));
    after.iter().chain(before).collect()
}
