//! Parts of a route: each from a registry that holds some of the cameras, merged to the route of one
//! registry that holds all of them. The feature `sealed-parts`, a default, sends them between processes.
//!
//! In reading order: `partial_route` (the part and its algebra), `question` (the digest that holds parts
//! of one question together), `operator_key` (the seal), `sealed_request` and `sealed_part` (bytes), `error`. The seal
//! and the bytes are there with the feature `sealed-parts`.

mod error;
#[cfg(feature = "sealed-parts")]
mod operator_key;
mod partial_route;
mod question;
#[cfg(feature = "sealed-parts")]
mod sealed_part;
#[cfg(feature = "sealed-parts")]
mod sealed_request;

pub use error::PartialError;
#[cfg(feature = "sealed-parts")]
pub use error::SealError;
#[cfg(feature = "sealed-parts")]
pub use operator_key::OperatorKey;
pub use partial_route::PartialRoute;
