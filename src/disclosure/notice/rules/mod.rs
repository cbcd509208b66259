//! rules

mod finding;
mod lint;
mod personal;
mod race;
mod required;
mod rule;
mod tone;
mod words;

pub use finding::{Finding, Findings};
pub(crate) use lint::lint_notice;
pub use lint::lint_public;
pub use rule::NoticeRule;
pub(crate) use words::{Source, Sources};
