//! What may leave: towards the agency, towards owners, towards everybody.

pub mod audit;
mod bulletin;
mod bulletin_cells;
mod bulletin_error;
mod bulletin_history;
mod coverage;
pub mod notice;
mod outline;
mod receipt;

pub use bulletin::Bulletin;
pub use bulletin_error::{BulletinError, BulletinReadError, CoverError};
pub use bulletin_history::{BulletinEntry, BulletinEvent, Ending};
pub use coverage::{Coverage, CoverageCell, CoverageError};
pub use receipt::Receipt;
