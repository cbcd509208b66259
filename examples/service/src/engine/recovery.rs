//! Copies of the store, and recovery after one was put back.

use std::path::PathBuf;
use std::sync::{PoisonError, TryLockError};

use canvass::{Change, OwnerId};
use jiff::Timestamp;
use serde_json::json;

use super::error::Failure;
use super::told::raw;
use super::writer::{Deed, Group, Writer};
use super::{Engine, Refusal, Standing};
use crate::store::{Acknowledged, Answered, Once, StoreError};

/// The file of a copy in the store's folder; the next copy replaces it.
const COPY: &str = "backup.redb";

/// A copy that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its file in the store's folder.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// The last commit in it.
    pub kept: Acknowledged,
}

impl Standing {
    /// Refuses to ask anybody while withdrawals may be missing.
    pub(super) fn may_ask(&self) -> Result<(), Refusal> {
        match self.held_since() {
            None => Ok(()),
            Some(second) => Err(Refusal::Held { since: instant(second) }),
        }
    }
}

impl Engine {
    /// Refuses while asking is held, because a copy was put back.
    ///
    /// # Errors
    ///
    /// If withdrawals may be missing.
    pub fn may_ask(&self) -> Result<(), Refusal> {
        self.standing.may_ask()
    }

    /// Writes a copy of the store's present state into its folder, while it is in use. Blocks until
    /// the whole store is read and written.
    ///
    /// # Errors
    ///
    /// If another copy is being written; inside, if it cannot be written.
    pub fn back_up(&self) -> Result<Copied, BackUpError> {
        let folder = match self.copies.try_lock() {
            Ok(folder) => folder,
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            Err(TryLockError::WouldBlock) => return Err(Refusal::Copying.into()),
        };
        let file = folder.join(COPY);
        let kept = self.store.copy_to(&file)?;
        let bytes = std::fs::metadata(&file).map_or(0, |file| file.len());
        tracing::info!(commit = kept.commit, bytes, "copy written");
        Ok(Copied { file, bytes, kept })
    }

    /// Applies the withdrawals that the restored copy lacks, and allows asking again.
    ///
    /// # Errors
    ///
    /// If no copy is held, if the withdrawals do not go back far enough, or the writer accepts no
    /// jobs.
    pub async fn release(
        &self,
        complete_since: Timestamp,
        withdrawn: Vec<OwnerId>,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Release { complete_since, withdrawn, now }, once).await
    }
}

/// Why no copy was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackUpError {
    /// The copy was not begun.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The copy cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Writer {
    pub(super) fn release_copy(
        &mut self,
        complete: Timestamp,
        withdrawn: &[OwnerId],
        now: Timestamp,
        group: &mut Group,
    ) -> Result<Answered, Failure> {
        let since = instant(self.standing.held_since().ok_or(Refusal::NotHeld)?);
        if complete > since {
            return Err(Refusal::NotComplete { since, complete }.into());
        }
        let changes: Vec<_> = withdrawn.iter().map(|&owner| Change::Withdraw { owner }).collect();
        if !changes.is_empty() {
            let json = raw(&changes).get().as_bytes().to_vec();
            self.apply(&changes, json, now, group)?;
        }
        group.kept.release = true;
        let body = raw(&json!({ "withdrawn": withdrawn.len(), "held_since": since }));
        Ok(Answered { request: None, body })
    }
}

/// A stored second since 1970.
fn instant(second: u64) -> Timestamp {
    let second = i64::try_from(second).unwrap_or(i64::MAX);
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}
