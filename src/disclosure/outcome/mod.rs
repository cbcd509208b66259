//! Outcomes: how many households shared footage and how many did not, in bands, after a request has closed.
//!
//! [`Outcomes`] is the operator's ledger of one agency. Read `outcome` first (the agency's view), then `ledger` (answers and
//! releases), `ledger_entry` and `ledger_index` (one request of it, and how to find those that overlap), `serde_form` and `error`.

mod error;
mod ledger;
mod ledger_entry;
mod ledger_index;
mod outcome;
mod serde_form;

pub use error::{OutcomeError, OutcomesReadError};
pub use ledger::Outcomes;
pub use outcome::{Answer, Outcome, ReleaseMode};
