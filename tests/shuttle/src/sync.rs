//! The publisher's primitives, with a scheduler that may switch threads at each use.

use std::sync::Arc;

pub(crate) use shuttle::sync::{Mutex, MutexGuard};
pub(crate) use std::sync::PoisonError;

/// The part of `arc_swap::ArcSwap` that is used: each call is one step.
pub(crate) struct ArcSwap<T>(Mutex<Arc<T>>);

impl<T> ArcSwap<T> {
    pub(crate) fn from_pointee(value: T) -> Self {
        Self(Mutex::new(Arc::new(value)))
    }

    pub(crate) fn load_full(&self) -> Arc<T> {
        Arc::clone(&self.0.lock().expect("a step does not panic"))
    }

    pub(crate) fn store(&self, value: Arc<T>) {
        *self.0.lock().expect("a step does not panic") = value;
    }
}
