//! Parts of a route: each from a registry that holds some of the cameras, merged to the route of one
//! registry that holds all of them.
//!
//! In reading order: `partial_route` (the part and its algebra), `question` (the digest that holds parts
//! of one question together), `operator_key` (the seal), `sealed_request` and `sealed_part` (bytes), `error`.

mod error;
mod operator_key;
mod partial_route;
mod question;
mod sealed_part;
mod sealed_request;

pub use error::{PartialError, SealError};
pub use operator_key::OperatorKey;
pub use partial_route::PartialRoute;
