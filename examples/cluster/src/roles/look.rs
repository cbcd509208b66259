//! A look: the route of an authorised request, from a part of each partition.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use canvass::parts::{OperatorKey, PartialError, PartialRoute};
use canvass::{AuthorizedRequest, Route};
use futures_util::future::join_all;
use jiff::Timestamp;

use super::bus::Bus;
use super::call::{Answer, Call};
use crate::log::record::ChainId;
use crate::placement::Placement;

/// How often parts without a common revision are asked for again.
const ROUNDS: usize = 6;

/// Why there is no route: never a shorter one instead.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// No replica of a partition answers.
    #[error(
        "partition {chain} cannot be reached: none of {workers:?} has read far enough and answers in time; there is no route without it"
    )]
    Unavailable {
        /// Which partition.
        chain: ChainId,
        /// Its workers.
        workers: Vec<String>,
    },
    /// A worker refuses.
    #[error("partition {chain}: {message}")]
    Refused {
        /// Which partition.
        chain: ChainId,
        /// A stable code.
        code: String,
        /// The reason.
        message: String,
    },
    /// The parts do not make a whole.
    #[error(transparent)]
    Parts(#[from] PartialError),
}

impl LookError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Unavailable { .. } => "partition_unavailable",
            Self::Refused { code, .. } => code,
            Self::Parts(PartialError::Apart { .. }) => "parts_apart",
            Self::Parts(PartialError::TwiceCamera { .. }) => "twice_camera",
            Self::Parts(_) => "other_question",
        }
    }
}

/// Looks at a region.
#[derive(Debug)]
pub struct Looker {
    bus: Bus,
    key: OperatorKey,
    turn: AtomicUsize,
}

impl Looker {
    /// Looks at a region under the operator's key.
    #[must_use]
    pub fn new(bus: Bus, key: OperatorKey) -> Self {
        Self { bus, key, turn: AtomicUsize::new(0) }
    }

    /// The route of an authorised request at `now`, as of a record at or after `at_least`. Ask a keeper of
    /// requests right before whether it is open: this looks, and asks nobody.
    ///
    /// # Errors
    ///
    /// If a part is missing, or the parts have no revision in common however often they are asked.
    pub async fn route(
        &self,
        placement: &Placement,
        authorized: &AuthorizedRequest,
        now: Timestamp,
        at_least: u64,
    ) -> Result<Route, LookError> {
        let whole = self.whole(placement, authorized, now, at_least).await?;
        Ok(whole.finish(authorized.assume_open())?)
    }

    /// The merged parts of all partitions.
    ///
    /// # Errors
    ///
    /// As [`route`](Self::route).
    pub async fn whole(
        &self,
        placement: &Placement,
        authorized: &AuthorizedRequest,
        now: Timestamp,
        mut at_least: u64,
    ) -> Result<PartialRoute, LookError> {
        let sealed = BASE64_STANDARD.encode(authorized.seal(&self.key));
        let mut round = 0;
        loop {
            round += 1;
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let parts = placement.chains().map(|(chain, workers)| {
                let call = Call::Part { chain, sealed: sealed.clone(), now, at_least };
                async move { self.part(chain, workers, turn, &call).await }
            });
            let whole = join_all(parts)
                .await
                .into_iter()
                .try_fold(PartialRoute::nothing(authorized, now), |whole, part| {
                    Ok::<_, LookError>(whole.merge(part?)?)
                });
            match whole {
                Ok(whole) => return Ok(whole),
                // A follower is late: it is asked for the record that another part begins with.
                Err(LookError::Parts(PartialError::Apart { begins, .. })) if round < ROUNDS => {
                    at_least = at_least.max(begins.0);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn part(
        &self,
        chain: ChainId,
        workers: &[String],
        turn: usize,
        call: &Call,
    ) -> Result<PartialRoute, LookError> {
        let unreadable = |error: &dyn std::fmt::Display| LookError::Refused {
            chain,
            code: "unreadable".to_owned(),
            message: error.to_string(),
        };
        match self.bus.look(workers, turn, call).await {
            Some(Answer::Part(sealed)) => {
                let bytes = BASE64_STANDARD.decode(sealed).map_err(|error| unreadable(&error))?;
                PartialRoute::unseal(&self.key, &bytes).map_err(|error| unreadable(&error))
            }
            Some(Answer::Refused { code, message }) => {
                Err(LookError::Refused { chain, code, message })
            }
            Some(_) => Err(unreadable(&"the answer is to another call")),
            None => Err(LookError::Unavailable { chain, workers: workers.to_vec() }),
        }
    }
}
