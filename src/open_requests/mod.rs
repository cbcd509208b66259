//! Standing requests: while one is open, an owner who registers or agrees later is asked as well,
//! once.
//!
//! In reading order: `open_requests` (the state and its steps), `event`, `steps` and `apply` (take or replay a step), `due`
//! (whom to ask), `index` (which requests a change concerns), `serde_form`, `error`.

mod apply;
mod due;
mod error;
mod event;
mod index;
mod open_requests;
mod serde_form;
mod steps;

pub use error::OpenRequestsError;
pub use event::{LifecycleEvent, LifecycleStep};
pub use open_requests::OpenRequests;
