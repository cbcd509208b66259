//! Connections: how many, of whom, and what they may send.

mod head;
mod peers;
mod serve;
mod stream;
mod written;

pub(crate) use peers::{Peer, Peers};
pub use serve::{listen, serve};
