//! The log: one stream of the engine for a region, appended to and followed.

use std::time::Duration;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{self, Context};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::engine::Unfit;
use crate::record::Record;

/// An idle consumer is made anew after so long: it may have died without a word.
const IDLE: Duration = Duration::from_secs(3);
/// How long one attempt at an append waits for the engine's acknowledgement.
const ACKNOWLEDGED: Duration = Duration::from_millis(1_500);

/// A region's log.
#[derive(Clone, Debug)]
pub struct Log {
    context: Context,
    stream: String,
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
    Lacking(#[from] crate::chain::Lacking),
}

impl Log {
    /// Opens a region's log, and makes it if it is not there. A log that does not begin at its first record
    /// is refused.
    ///
    /// # Errors
    ///
    /// If the engine does not answer, or the log is truncated.
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
            ..Config::default()
        };
        let failed = |reason: String| Unfit::Log { stream: stream.clone(), reason };
        let mut found = Err(String::new());
        for _ in 0..20 {
            found = context.get_or_create_stream(config.clone()).await.map_err(|e| e.to_string());
            if found.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let found = found.map_err(failed)?;
        let info = found.cached_info();
        let (first, last) = (info.state.first_sequence, info.state.last_sequence);
        if last > 0 && first > 1 {
            return Err(Unfit::Truncated { stream, first });
        }
        let own = &info.config;
        let limited = own.max_messages > 0 || own.max_bytes > 0 || !own.max_age.is_zero();
        if limited || own.num_replicas < replicas || own.storage != StorageType::File {
            return Err(Unfit::LaxLog { stream, replicas });
        }
        Ok(Self { context, stream, subjects })
    }

    /// The client of the engine.
    #[must_use]
    pub fn client(&self) -> async_nats::Client {
        self.context.client()
    }

    /// Whether the engine carries a record of this size.
    #[must_use]
    pub fn carries(&self, record: &Record) -> bool {
        // Not known before the first connection; with room for the engine's own lines.
        let most = match self.context.client().server_info().max_payload {
            0 => usize::MAX,
            most => most.saturating_sub(4_096),
        };
        serde_json::to_vec(record).is_ok_and(|bytes| bytes.len() <= most)
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

    /// Follows the log after a record, for as long as it takes: a consumer that ended, or could not be made,
    /// is made again. Ends only if a record is missing or refused.
    pub async fn follow(
        &self,
        mut read: u64,
        mut take: impl FnMut(u64, Record) -> Result<(), LogError>,
    ) -> LogError {
        loop {
            if let Err(error) = self.follow_once(&mut read, &mut take).await {
                return error;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Follows the log until the engine has nothing more to give for a while.
    async fn follow_once(
        &self,
        read: &mut u64,
        take: &mut impl FnMut(u64, Record) -> Result<(), LogError>,
    ) -> Result<(), LogError> {
        let start_sequence = read.saturating_add(1);
        let config = OrderedConfig {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence },
            ..OrderedConfig::default()
        };
        let made = async {
            let stream = self.context.get_stream_no_info(&self.stream).await.ok()?;
            stream.create_consumer(config).await.ok()?.messages().await.ok()
        };
        let Ok(Some(mut messages)) = timeout(IDLE, made).await else { return Ok(()) };
        while let Ok(Some(Ok(message))) = timeout(IDLE, messages.next()).await {
            let Ok(info) = message.info() else { return Ok(()) };
            let sequence = info.stream_sequence;
            if sequence <= *read {
                continue;
            }
            if sequence != read.saturating_add(1) {
                return Err(LogError::Gap { read: *read, found: sequence });
            }
            let record = serde_json::from_slice(&message.payload)
                .map_err(|error| LogError::Unreadable { sequence, reason: error.to_string() })?;
            take(sequence, record)?;
            *read = sequence;
        }
        Ok(())
    }
}
