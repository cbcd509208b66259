//! What may leave: towards the agency, towards owners, towards everybody.

pub mod audit;
mod band;
mod bulletin;
mod bulletin_cells;
mod bulletin_error;
mod bulletin_history;
mod coverage;
mod features;
pub mod notice;
mod outcome;
mod outcome_error;
mod outcome_kept;
mod outcome_places;
mod outcomes;
mod outcomes_read;
mod outline;
mod receipt;

pub use band::Band;
pub use bulletin::Bulletin;
pub use bulletin_error::{BulletinError, BulletinReadError, CoverError};
pub use bulletin_history::{BulletinEntry, BulletinEvent, Ending};
pub use coverage::{Coverage, CoverageCell, CoverageError};
pub use outcome::{Answer, Outcome, Release};
pub use outcome_error::{OutcomeError, OutcomesReadError};
pub use outcomes::Outcomes;
pub use receipt::Receipt;
