//! What may leave: towards the agency, towards owners, towards everybody.

pub mod audit;
mod receipt;

pub use receipt::Receipt;
