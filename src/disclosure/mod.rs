//! Values that may leave the operator: for the agency, for owners, for everybody.
//!
//! `receipt` is the agency's; `outcome` reaches it after a request has closed; `notice` is for owners; `bulletin` and `coverage` are
//! public; `audit` is for whoever verifies. `band`, `digest`, `geojson` and `secret` serve all of them.

pub mod audit;
mod band;
pub mod bulletin;
pub mod coverage;
mod digest;
mod geojson;
pub mod notice;
pub mod outcome;
mod receipt;
mod secret;

pub use band::Band;
pub(crate) use digest::{Digest, Encoder};
pub use receipt::Receipt;
