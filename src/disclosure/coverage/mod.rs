//! How many households are registered where: a [`Coverage`] of H3 cells in bands, for everybody.
//!
//! `coverage` counts and publishes, `edition` has the dates and the noise, `cell_outline` draws a cell. [`Band`](crate::Band) is shared with outcomes.

mod cell_outline;
mod coverage;
mod edition;

pub use coverage::{Coverage, CoverageCell, CoverageError};
pub use edition::{CoveragePeriod, CoverageSeed};
