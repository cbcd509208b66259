//! Standing requests: while one is open, an owner who registers or agrees later is asked as well,
//! once.
//!
//! In reading order: `open_requests` (the state and its steps), `event`, `plan` (the events of a step), `steps` and `check`
//! (whether it can happen), `apply` (take or replay it), `due` (whom to ask), `index` (which requests a change concerns), `serde_form`, `error`.

mod apply;
mod check;
mod due;
mod error;
mod event;
mod index;
mod open_requests;
mod plan;
mod serde_form;
mod steps;

pub use error::OpenRequestsError;
pub use event::{LifecycleEvent, LifecycleStep};
pub use open_requests::OpenRequests;
