//! How the log is followed: by a consumer, and record by record while there is none.

use std::cmp::Ordering;
use std::pin::pin;
use std::time::Duration;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use async_nats::jetstream::stream::Stream;
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{sleep, timeout};

use super::record::Record;
use super::stream::{Log, LogError, note};

/// A consumer that is silent for so long is looked after: it may have died without a word.
const IDLE: Duration = Duration::from_secs(1);
/// How long the engine may take to make a consumer before it is asked again.
const MADE: Duration = Duration::from_secs(2);
/// So often in a row the engine says that the log is shorter than what was read, before a reader stops: a leader
/// that is cut off says so too, for some seconds.
const SHORTER: u32 = 30;
/// How long a reader pauses after it found no record.
const PAUSE: Duration = Duration::from_millis(50);
/// How many attempts in a row to follow are reported on standard error.
const REPORT: u32 = 5;

impl Log {
    /// Follows the log after a record, for as long as it takes: a consumer that ended, or could not be made,
    /// is made again. Ends only if a record is missing or refused.
    pub async fn follow(
        &self,
        read: u64,
        take: impl FnMut(u64, Record) -> Result<(), LogError>,
    ) -> LogError {
        let mut position = Position { read, take, shorter: 0 };
        let mut attempts = 0_u32;
        loop {
            let before = position.read;
            if let Err(error) = self.follow_once(&mut position).await {
                return error;
            }
            attempts = if position.read > before { 0 } else { attempts.saturating_add(1) };
            if attempts == REPORT {
                note(&format!(
                    "the log was not readable after record {before} for a while: trying on"
                ));
            }
            sleep(PAUSE).await;
        }
    }

    /// Follows the log by one consumer, until it ends or falls behind.
    async fn follow_once(
        &self,
        position: &mut Position<impl FnMut(u64, Record) -> Result<(), LogError>>,
    ) -> Result<(), LogError> {
        let Ok(stream) = self.context.get_stream_no_info(&self.stream).await else { return Ok(()) };
        let start_sequence = position.read.saturating_add(1);
        let config = OrderedConfig {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence },
            ..OrderedConfig::default()
        };
        let made = async { stream.create_consumer(config).await.ok()?.messages().await.ok() };
        let mut made = pin!(timeout(MADE, made));
        // Consumers are made by one node of the engine. While another takes the place of one that died, which
        // takes seconds, the records that are written are read one by one, from any replica of the log.
        let mut messages = loop {
            tokio::select! {
                biased;
                made = &mut made => match made {
                    Ok(Some(messages)) => break messages,
                    _ => return Ok(()),
                },
                next = next(&stream, position.read) => match next {
                    Some((sequence, bytes)) => position.take(sequence, &bytes)?,
                    None => sleep(PAUSE).await,
                },
            }
        };
        loop {
            match timeout(IDLE, messages.next()).await {
                Ok(Some(Ok(message))) => {
                    let Ok(info) = message.info() else { return Ok(()) };
                    position.take(info.stream_sequence, &message.payload)?;
                }
                Ok(_) => return Ok(()),
                // Silence: there is nothing to read, or the consumer died, or the log is not the one that was
                // read, which only many answers in a row decide.
                Err(_) => {
                    if let Some((sequence, bytes)) = next(&stream, position.read).await {
                        return position.take(sequence, &bytes);
                    }
                    match timeout(IDLE, stream.get_info()).await {
                        Ok(Ok(info)) => match info.state.last_sequence.cmp(&position.read) {
                            Ordering::Less => position.count_shorter(info.state.last_sequence)?,
                            Ordering::Equal => position.shorter = 0,
                            Ordering::Greater => return Ok(()),
                        },
                        _ => return Ok(()),
                    }
                }
            }
        }
    }
}

/// How far a reader has read, and who takes the records.
struct Position<F> {
    read: u64,
    take: F,
    /// How often in a row the log was found to be shorter.
    shorter: u32,
}

impl<F: FnMut(u64, Record) -> Result<(), LogError>> Position<F> {
    /// Takes a record, unless it was taken before.
    fn take(&mut self, sequence: u64, bytes: &[u8]) -> Result<(), LogError> {
        if sequence <= self.read {
            return Ok(());
        }
        if sequence != self.read.saturating_add(1) {
            return Err(LogError::Gap { read: self.read, found: sequence });
        }
        let record = serde_json::from_slice(bytes)
            .map_err(|error| LogError::Unreadable { sequence, reason: error.to_string() })?;
        (self.take)(sequence, record)?;
        self.read = sequence;
        self.shorter = 0;
        Ok(())
    }

    /// Counts that the log ends before the last record that was read.
    fn count_shorter(&mut self, last: u64) -> Result<(), LogError> {
        self.shorter += 1;
        if self.shorter < SHORTER {
            return Ok(());
        }
        Err(LogError::Shorter { last, read: self.read })
    }
}

/// The record after another one, if a replica of the log has it and answers in time.
async fn next(stream: &Stream<()>, read: u64) -> Option<(u64, Bytes)> {
    let found = timeout(IDLE, stream.direct_get(read.saturating_add(1))).await.ok()?.ok()?;
    Some((found.sequence, found.payload))
}
