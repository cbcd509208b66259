//! How a state is published: one writer at a time, readers who never wait. Nothing here knows what
//! a state is, and `tests/shuttle` includes this file to check it under many schedules; so its sync
//! types come from the room above it.

use std::sync::Arc;

use super::sync::{ArcSwap, Mutex, MutexGuard, PoisonError};

/// A writer's side behind a lock, and the last state that it led to.
pub(crate) struct Publisher<W, S> {
    writer: Mutex<W>,
    // INVARIANT: stored to only while the writer is locked, so that the writer's side and the
    // published state belong together for whoever holds the lock.
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

    /// Publishes the state that follows from the last one, or nothing if there is none. It is there
    /// for every `load` that begins after this returned.
    ///
    /// The writer gets the last one back to `retire`, beside the state that took its place. Readers may
    /// still have it.
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

    /// Looks at the writer's side, and at the state that belongs to it.
    pub(crate) fn inspect<T>(&self, look: impl FnOnce(&W, &S) -> T) -> T {
        let writer = self.lock();
        look(&writer, &self.published.load_full())
    }

    fn lock(&self) -> MutexGuard<'_, W> {
        // A writer that panicked has published nothing.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
