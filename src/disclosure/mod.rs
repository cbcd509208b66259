//! What may leave: towards the agency, towards owners, towards everybody.

pub mod audit;
mod band;
pub mod bulletin;
pub mod coverage;
mod digest;
mod geojson;
pub mod notice;
pub mod outcome;
mod receipt;

pub use band::Band;
pub use receipt::Receipt;
