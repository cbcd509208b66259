//! Fills a registry all at once: from records, or from tiles and a log. In reading order: bulk loading
//! with its parts, then restoring.

mod bulk;
mod partition;
mod staged_consents;
mod restore;

pub use restore::ReplayError;
