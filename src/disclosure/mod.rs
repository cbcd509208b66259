//! What may leave: towards the agency, towards owners, towards everybody.

pub mod audit;
mod coverage;
pub mod notice;
mod outline;
mod receipt;

pub use coverage::{Coverage, CoverageCell, CoverageError};
pub use receipt::Receipt;
