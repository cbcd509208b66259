//! Requests of agencies, and the policy that reviews them.
//!
//! In reading order: `request` (untrusted), `policy` with `requirements`, `policy_setters` and `policy_form` (the limits), `review` (the one
//! way from the first to `authorized`), `violation` (why not), `search_area`, `case_file` with `case_file_form`, `opened_request` and `request_state` (history),
//! `standing_request` (the token that routing takes), `reopen`.

mod authorized;
mod case_file;
mod case_file_error;
mod case_file_form;
mod opened_request;
mod policy;
mod policy_error;
mod policy_form;
mod policy_setters;
mod reopen;
mod request;
mod request_state;
mod requirements;
mod review;
mod search_area;
mod sharers;
mod standing_request;
mod violation;

pub(crate) use authorized::Authorized;
pub use authorized::AuthorizedRequest;
pub use case_file::CaseFile;
pub use case_file_error::CaseFileError;
pub use opened_request::OpenedRequest;
pub use policy::Policy;
pub use policy_error::PolicyError;
pub use reopen::ReopenError;
pub use request::Request;
pub use request_state::RequestState;
pub use requirements::{Anonymity, CaseDetails, FutureWindows, Jurisdiction, SeeingInto};
pub use search_area::CameraScope;
pub(crate) use search_area::SearchArea;
pub(crate) use sharers::Sharers;
pub use standing_request::StandingRequest;
pub use violation::{Violation, Violations};
