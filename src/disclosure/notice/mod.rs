//! The notice that an owner gets: a template, a draft that is linted and reviewed, and letters in
//! each owner's local time.
//!
//! ```text
//! NoticeTemplate --draft--> NoticeDraft --review--> Notice --Route::with_notice--> Mailing
//! ```
//!
//! A draft is refused unless it says who asks, for which case, which window in local time, that it
//! is voluntary, that it is not a warrant, how to stop being asked, and, where cameras outside the
//! area are asked because they see into it, that they are; and if it presses, threatens or hurries,
//! gives away a victim, or describes somebody by race alone. The rules are for texts in
//! **English only**, and go by words: they find what is often written, not everything that can be.
//! So a person reviews as well.

mod draft;
mod local_time;
mod mailing;
mod rules;
mod template;

pub use draft::{DraftError, Notice, NoticeDraft, ReviewError};
pub use mailing::{Letter, Mailing, MailingError};
pub use rules::{Finding, Findings, NoticeRule, lint_public};
pub use template::{NoticeTemplate, Placeholder, TemplateError};
