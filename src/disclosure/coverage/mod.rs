//! How many households are registered where: a [`Coverage`] of H3 cells in bands, for everybody.
//!
//! `coverage` counts and publishes, `cell_outline` draws a cell. [`Band`](crate::Band) is shared with outcomes.

mod cell_outline;
mod coverage;

pub use coverage::{Coverage, CoverageCell, CoverageError};
