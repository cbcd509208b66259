//! The log: one stream of the engine for a region, opened, checked and appended to.

use std::io::Write as _;
use std::time::Duration;

use async_nats::jetstream::stream::{
    Config, DiscardPolicy, PersistenceMode, RetentionPolicy, StorageType,
};
use async_nats::jetstream::{self, Context};
use tokio::time::timeout;

use super::chain::Lacking;
use super::engine::Unfit;
use super::record::{Record, RecordId};

/// How long one attempt at an append waits for the engine's acknowledgement.
const ACKNOWLEDGED: Duration = Duration::from_millis(1_500);
/// Room in the engine's payload for its own lines.
const ROOM: usize = 4_096;

/// A region's log.
#[derive(Clone, Debug)]
pub struct Log {
    pub(super) context: Context,
    pub(super) stream: String,
    subjects: String,
}

/// Why the log cannot be followed any further.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Records are missing.
    #[error(
        "the log goes on at record {found}, and this reader has read up to {read}: records are missing"
    )]
    Gap {
        /// The last record that was read.
        read: u64,
        /// The next one.
        found: u64,
    },
    /// The log was made anew, or lost its end.
    #[error(
        "the log ends at record {last}, and this reader has read up to {read}: records that were acknowledged are gone. Restore the log"
    )]
    Shorter {
        /// Its last record.
        last: u64,
        /// The last one that was read.
        read: u64,
    },
    /// A record cannot be read.
    #[error("record {sequence} of the log cannot be read: {reason}")]
    Unreadable {
        /// Which record.
        sequence: u64,
        /// Why.
        reason: String,
    },
    /// The reader misses a record.
    #[error(transparent)]
    Lacking(#[from] Lacking),
    /// A writer deals owners to another number of partitions.
    #[error(
        "record {sequence} of the log is of a writer whose table has {found} partitions, and the table here has {own}: owners are dealt \
         by that number, so all tables of a region must have the same"
    )]
    Partitions {
        /// Which record.
        sequence: u64,
        /// The writer's number.
        found: u16,
        /// The number here.
        own: u16,
    },
}

impl Log {
    /// Opens a region's log, and makes it if it is not there. A log that does not begin at its first record,
    /// or that would not keep every record, is refused.
    ///
    /// # Errors
    ///
    /// If the engine does not answer, or the log is truncated or lax.
    pub async fn open(
        client: async_nats::Client,
        region: &str,
        replicas: usize,
    ) -> Result<Self, Unfit> {
        let mut context = jetstream::new(client);
        context.set_timeout(Duration::from_secs(5));
        let (stream, subjects) = (format!("canvass-{region}"), format!("canvass.{region}.log"));
        let config = Config {
            name: stream.clone(),
            subjects: vec![format!("{subjects}.*")],
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::New,
            storage: StorageType::File,
            num_replicas: replicas,
            deny_delete: true,
            deny_purge: true,
            allow_direct: true,
            ..Config::default()
        };
        let mut found = context.get_or_create_stream(config.clone()).await;
        // Nodes that have just started have no leader yet.
        for _ in 0..60 {
            if found.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
            found = context.get_or_create_stream(config.clone()).await;
        }
        let found = found
            .map_err(|error| Unfit::Log { stream: stream.clone(), reason: error.to_string() })?;
        let info = found.cached_info();
        let first = info.state.first_sequence;
        if first > 1 {
            return Err(Unfit::Truncated { stream, first });
        }
        if !keeps_everything(&info.config, replicas) {
            return Err(Unfit::LaxLog { stream, replicas });
        }
        Ok(Self { context, stream, subjects })
    }

    /// Compares a checkpoint with the log, whose end is at or after `fence`: the log must reach as far as the
    /// checkpoint has read, and have the record from which it was made. The fence is the sequence of a
    /// record that this process appended, since a leader that is cut off answers reads from old data.
    ///
    /// # Errors
    ///
    /// If the log is shorter, or another one.
    pub async fn check(
        &self,
        (file, read): (&str, u64),
        (sequence, id): (u64, &RecordId),
        fence: u64,
    ) -> Result<(), Unfit> {
        let (stream, file) = (self.stream.clone(), file.to_owned());
        if read > fence {
            return Err(Unfit::Short { stream, last: fence, file, read });
        }
        let mut reason = String::new();
        for _ in 0..40 {
            match self.record(sequence).await {
                Ok(record) if record.id == *id => return Ok(()),
                Ok(_) => return Err(Unfit::Other { stream, sequence, file }),
                Err(error) => reason = error,
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Err(Unfit::Log { stream, reason })
    }

    async fn record(&self, sequence: u64) -> Result<Record, String> {
        let stream = self.context.get_stream_no_info(&self.stream).await;
        let stream = stream.map_err(|error| error.to_string())?;
        let message = stream.get_raw_message(sequence).await.map_err(|error| error.to_string())?;
        serde_json::from_slice(&message.payload).map_err(|error| error.to_string())
    }

    /// The client of the engine.
    #[must_use]
    pub fn client(&self) -> async_nats::Client {
        self.context.client()
    }

    /// The name of the stream.
    #[must_use]
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// The most bytes that a record may have.
    #[must_use]
    pub fn most(&self) -> usize {
        // Not known before the first connection.
        match self.context.client().server_info().max_payload {
            0 => usize::MAX,
            most => most.saturating_sub(ROOM),
        }
    }

    /// Appends a record, and returns its sequence if the engine acknowledged it in time. Without an
    /// acknowledgement the record may be in the log or not.
    pub async fn append(&self, record: &Record) -> Option<u64> {
        let bytes = serde_json::to_vec(record).ok()?;
        let publish = async {
            let subject = format!("{}.{}", self.subjects, record.chain);
            let acknowledged = self.context.publish(subject, bytes.into()).await.ok()?;
            acknowledged.await.ok().map(|acknowledged| acknowledged.sequence)
        };
        timeout(ACKNOWLEDGED, publish).await.ok().flatten()
    }
}

/// Whether a stream keeps every record on disks, acknowledges it only then, and gives it from any replica.
fn keeps_everything(config: &Config, replicas: usize) -> bool {
    let has_limits = config.max_messages > 0
        || config.max_bytes > 0
        || config.max_messages_per_subject > 0
        || !config.max_age.is_zero()
        || config.retention != RetentionPolicy::Limits;
    let lets_go = !config.deny_delete
        || !config.deny_purge
        || config.allow_rollup
        || config.allow_message_ttl
        || config.no_ack;
    let is_late = config.persist_mode.is_some_and(|mode| mode != PersistenceMode::Default);
    !has_limits
        && !lets_go
        && !is_late
        && config.allow_direct
        && config.num_replicas >= replicas
        && config.storage == StorageType::File
}

/// A line on standard error for the operator.
pub fn note(line: &str) {
    // Nobody reads a note that cannot be written.
    let _ = writeln!(std::io::stderr(), "canvass-cluster: {line}");
}
