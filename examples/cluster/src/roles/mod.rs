//! The roles of processes, and the calls between them.
//!
//! In reading order: `call` (calls and answers), `frames` and `large` (messages in
//! pieces), `bus` (how they travel), `look` (a route from its parts),
//! `worker`, `requests` and `front`, then `run`, which starts one of them, and `failed`.

pub mod bus;
pub mod call;
pub mod failed;
pub mod frames;
pub mod front;
pub mod large;
pub mod look;
pub mod requests;
pub mod run;
pub mod worker;
