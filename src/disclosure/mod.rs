//! What may leave: towards the agency, towards owners, towards everybody.

pub mod audit;
mod coverage;
mod bulletin;
mod bulletin_cells;
mod bulletin_error;
mod bulletin_history;
pub mod notice;
mod outline;
mod receipt;

pub use coverage::{Coverage, CoverageCell, CoverageError};
pub use bulletin::Bulletin;
pub use bulletin_error::{BulletinError, BulletinReadError, CoverError};
pub use bulletin_history::{BulletinEntry, BulletinEvent, Ending};
pub use receipt::Receipt;
