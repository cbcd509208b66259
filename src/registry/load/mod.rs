//! TODO-DOC

mod bulk;
mod partition;
mod restore;
mod staged_consents;

pub use restore::ReplayError;
