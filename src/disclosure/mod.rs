//! What may leave towards the agency.

mod receipt;

pub use receipt::Receipt;
