//! TODO-DOC

mod cell_outline;
mod coverage;

pub use coverage::{Coverage, CoverageCell, CoverageError};
