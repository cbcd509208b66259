//! How much each caller may do.

mod account;
mod rate;

pub(crate) use account::Account;
pub(crate) use rate::Rate;
