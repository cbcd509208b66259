//! Requests that stand: while one is open, whoever registers or agrees later is asked as well, once.

mod apply;
mod due;
mod error;
mod event;
mod first_askers;
mod index;
mod open_requests;
mod serde_form;

pub use error::OpenRequestsError;
pub use event::{LifecycleEvent, LifecycleStep};
pub use open_requests::OpenRequests;
