//! Calls from process to process: by request and reply, to a process by its name.

use std::time::Duration;

use async_nats::Client;
use canvass::{Camera, CameraId, Change, Consent, OwnerId, Request, RequestId};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::record::ChainId;
use crate::state::Refused;
use crate::writer::WriteError;

/// After so long another replica is asked as well: the first may be stopped, and still be there.
const HEDGE: Duration = Duration::from_millis(30);
/// How long a look waits for a part.
const LOOK: Duration = Duration::from_secs(3);
/// How long a write waits: longer than a writer tries.
const WRITE: Duration = Duration::from_secs(25);

/// A call to a process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// The part of a route.
    Part {
        /// Of which partition.
        chain: ChainId,
        /// The authorised request, sealed, in base64.
        sealed: String,
        /// As of when.
        now: Timestamp,
        /// The least record that must have been read.
        at_least: u64,
    },
    /// Changes of one owner.
    Change {
        /// Whose.
        owner: OwnerId,
        /// The changes.
        changes: Vec<Change>,
    },
    /// Owners of a partition are to be asked.
    Ask {
        /// In which partition.
        chain: ChainId,
        /// For which request.
        request: RequestId,
        /// The authorised request, sealed, in base64.
        sealed: String,
        /// As of when.
        now: Timestamp,
        /// The cameras to ask for.
        cameras: Vec<CameraId>,
    },
    /// The record of an owner.
    Owner {
        /// Whose.
        owner: OwnerId,
        /// The least record that must have been read.
        at_least: u64,
    },
    /// A request is submitted.
    Open {
        /// The request.
        request: Box<Request>,
    },
    /// The authorisation of a request that stands.
    Standing {
        /// Which.
        id: RequestId,
        /// The least record that must have been read.
        at_least: u64,
    },
    /// The owners who are due for a request are to be asked.
    AskDue {
        /// Which.
        id: RequestId,
    },
}

/// The answer to a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A part, sealed, in base64.
    Part(String),
    /// A write is in the log at this sequence.
    Written(u64),
    /// Who was asked in a partition, for which cameras.
    Asked(Handed),
    /// An owner's record.
    Owner(OwnerRecord),
    /// A request was opened.
    Opened {
        /// Its number.
        id: RequestId,
        /// Its record.
        sequence: u64,
    },
    /// The authorised request, sealed, in base64.
    Standing(String),
    /// Whom to send the notice.
    Due {
        /// Who, for which cameras.
        asked: Handed,
        /// As of which record they were found.
        revision: u64,
        /// Partitions that could not be asked: their owners are asked another time.
        unavailable: Vec<ChainId>,
    },
    /// The call is refused.
    Refused {
        /// A stable code.
        code: String,
        /// The reason.
        message: String,
    },
}

/// Owners, each with the cameras that they are asked for and the instant from which they may be disturbed.
pub type Handed = Vec<Recipient>;

/// One owner to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Who.
    pub owner: OwnerId,
    /// Which cameras.
    pub cameras: Vec<CameraId>,
    /// From when on they may be disturbed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}

/// What a partition holds of an owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OwnerRecord {
    /// Their consent.
    pub consent: Consent,
    /// Their cameras.
    pub cameras: Vec<Camera>,
    /// When they were asked.
    pub asked: Vec<Timestamp>,
    /// As of which record.
    pub revision: u64,
}

impl Answer {
    /// A refusal.
    #[must_use]
    pub fn refused(code: &str, message: impl ToString) -> Self {
        Self::Refused { code: code.to_owned(), message: message.to_string() }
    }
}

impl From<Refused> for Answer {
    fn from(Refused { code, message }: Refused) -> Self {
        Self::Refused { code, message }
    }
}

impl From<WriteError> for Answer {
    fn from(error: WriteError) -> Self {
        let code = match &error {
            WriteError::Refused(refused) => refused.code.clone(),
            WriteError::Unknown => "outcome_unknown".to_owned(),
            WriteError::Elsewhere => "writer_elsewhere".to_owned(),
        };
        Self::Refused { code, message: error.to_string() }
    }
}

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

    /// Calls one process; `None` if it does not answer, or refuses since it is behind or out of office.
    async fn call(&self, name: &str, call: &Call) -> Option<Answer> {
        let bytes = serde_json::to_vec(call).ok()?;
        let request = async_nats::Request::new().payload(bytes.into()).timeout(Some(WRITE));
        let reply = self.client.send_request(self.subject(name), request).await.ok()?;
        serde_json::from_slice(&reply.payload).ok()
    }

    /// Reads from the first of some processes that answers, one after the other beginning at a place among
    /// them, and without waiting long for any.
    pub async fn look(&self, names: &[String], from: usize, call: &Call) -> Option<Answer> {
        let (before, after) =
            names.split_at_checked(from % names.len().max(1)).unwrap_or((names, &[]));
        let names: Vec<&String> = after.iter().chain(before).collect();
        let mut names = names.into_iter();
        let mut asked = FuturesUnordered::new();
        let all = async {
            loop {
                if let Some(name) = names.next() {
                    asked.push(self.call(name, call));
                } else if asked.is_empty() {
                    return None;
                }
                let pause = if names.len() == 0 { LOOK } else { HEDGE };
                // A refusal of one replica that is behind does not hold for another.
                match timeout(pause, asked.next()).await {
                    Ok(Some(Some(Answer::Refused { code, .. }))) if code == "behind" => {}
                    Ok(Some(Some(answer))) => return Some(answer),
                    _ => {}
                }
            }
        };
        timeout(LOOK, all).await.ok().flatten()
    }

    /// Writes by the first of some processes that takes it. One that cannot be reached at all is passed over;
    /// of one that does not answer nobody knows whether it has written, so the others are not asked.
    pub async fn write(&self, names: &[String], call: &Call) -> Answer {
        let bytes = match serde_json::to_vec(call) {
            Ok(bytes) => bytes::Bytes::from(bytes),
            Err(error) => return Answer::refused("unwritable", error),
        };
        let mut last =
            Answer::refused("partition_unavailable", "no process that writes it can be reached");
        for name in names {
            let request = async_nats::Request::new().payload(bytes.clone()).timeout(Some(WRITE));
            match self.client.send_request(self.subject(name), request).await {
                Ok(reply) => match serde_json::from_slice(&reply.payload) {
                    Ok(Answer::Refused { code, message }) if code == "writer_elsewhere" => {
                        last = Answer::Refused { code, message };
                    }
                    Ok(answer) => return answer,
                    Err(error) => return Answer::refused("unreadable", error),
                },
                Err(error) if error.kind() == async_nats::RequestErrorKind::NoResponders => {}
                Err(_) => return WriteError::Unknown.into(),
            }
        }
        last
    }

    /// Listens for calls to a process.
    ///
    /// # Errors
    ///
    /// If the engine refuses the subscription.
    pub async fn listen(
        &self,
        name: &str,
    ) -> Result<async_nats::Subscriber, async_nats::SubscribeError> {
        self.client.subscribe(self.subject(name)).await
    }

    /// Answers a call.
    pub async fn answer(&self, message: &async_nats::Message, answer: &Answer) {
        let Some(reply) = message.reply.clone() else { return };
        let most = self.client.server_info().max_payload;
        let mut bytes = serde_json::to_vec(answer).unwrap_or_default();
        if most > 0 && bytes.len() > most {
            let words = format!(
                "the answer has {} bytes, and the engine carries {most}: ask for a smaller area",
                bytes.len()
            );
            bytes = serde_json::to_vec(&Answer::refused("too_large", words)).unwrap_or_default();
        }
        // Whoever asked asks again if this is lost.
        let _ = self.client.publish(reply, bytes.into()).await;
        let _ = self.client.flush().await;
    }
}
