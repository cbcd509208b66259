//! What may leave: towards the agency, towards owners, towards everybody.

pub mod audit;
pub mod notice;
mod receipt;

pub use receipt::Receipt;
