//! Outcomes of requests, for the agency: counts with noise, in bands, once.

mod budget;
mod error;
mod ledger;
mod ledger_entry;
mod noise;
mod outcome;
mod serde_form;

pub use budget::OutcomeBudget;
pub use error::{OutcomeError, OutcomesReadError};
pub use ledger::Outcomes;
pub use noise::OutcomeSeed;
pub use outcome::{Answer, Outcome, ReleaseMode};
