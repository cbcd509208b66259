//! Limits for each caller.

mod account;
mod owners;
mod rate;

pub(crate) use account::{Account, SHORTEST};
pub(crate) use owners::Owners;
pub(crate) use rate::Rate;
