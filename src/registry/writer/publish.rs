//! Publishes states: one writer at a time, and readers who never wait. Nothing here depends on the kind
//! of state. `tests/shuttle` includes this file to check it under many schedules, so its sync types
//! come from the parent module.

use std::sync::Arc;

use super::sync::{ArcSwap, Mutex, MutexGuard, PoisonError};

/// The writer's data behind a lock, and the last published state.
pub(crate) struct Publisher<W, S> {
    writer: Mutex<W>,
    // INVARIANT: stored to only while the writer is locked, so whoever holds the lock sees writer and
    // published state of the same revision.
    published: ArcSwap<S>,
}

impl<W, S> Publisher<W, S> {
    pub(crate) fn new(writer: W, first: S) -> Self {
        Self { writer: Mutex::new(writer), published: ArcSwap::from_pointee(first) }
    }

    /// The last published state. Never waits for a writer.
    pub(crate) fn load(&self) -> Arc<S> {
        self.published.load_full()
    }

    /// Publishes the state that `next` returns, or nothing if it fails. Every `load` that begins after
    /// this returned sees the state.
    ///
    /// Then hands the previous state and the new one to `retire`. Readers may still hold the previous
    /// one.
    pub(crate) fn apply<E>(
        &self,
        next: impl FnOnce(&mut W, &S) -> Result<S, E>,
        retire: impl FnOnce(&mut W, Arc<S>, &S),
    ) -> Result<Arc<S>, E> {
        let mut writer = self.lock();
        let last = self.published.load_full();
        let state = Arc::new(next(&mut writer, &last)?);
        self.published.store(Arc::clone(&state));
        retire(&mut writer, last, &state);
        Ok(state)
    }

    /// Reads the writer's data together with the state that belongs to it.
    pub(crate) fn inspect<T>(&self, look: impl FnOnce(&W, &S) -> T) -> T {
        let writer = self.lock();
        look(&writer, &self.published.load_full())
    }

    fn lock(&self) -> MutexGuard<'_, W> {
        // A writer that panicked has published nothing, so its lock is taken over.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
