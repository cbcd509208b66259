//! Limits for each caller.

mod account;
mod rate;

pub(crate) use account::{Account, SHORTEST};
pub(crate) use rate::Rate;
