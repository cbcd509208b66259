//! Requests of agencies, and the policy that reviews them.
//!
//! In reading order: `request` (untrusted), `policy` with `policy_setters` (the limits), `review` (the one
//! way from the first to `authorized`), `violation` (why not), `search_area`, `case_file` with `opened_request` and `request_state` (history), `reopen`.

mod authorized;
mod case_file;
mod case_file_error;
mod opened_request;
mod policy;
mod policy_error;
mod policy_setters;
mod reopen;
mod request;
mod request_state;
mod review;
mod search_area;
mod sharers;
mod violation;

pub(crate) use authorized::Authorized;
pub use authorized::AuthorizedRequest;
pub use case_file::CaseFile;
pub use case_file_error::CaseFileError;
pub use opened_request::OpenedRequest;
pub use policy::{CaseDetails, FutureWindows, Jurisdiction, Policy, SeeingInto};
pub use policy_error::PolicyError;
pub use reopen::ReopenError;
pub use request::Request;
pub use request_state::RequestState;
pub use search_area::CameraScope;
pub(crate) use search_area::SearchArea;
pub(crate) use sharers::Sharers;
pub use violation::{Violation, Violations};
