//! TODO-DOC

mod error;
mod ledger;
mod ledger_entry;
mod ledger_index;
mod outcome;
mod serde_form;

pub use error::{OutcomeError, OutcomesReadError};
pub use ledger::Outcomes;
pub use outcome::{Answer, Outcome, ReleaseMode};
