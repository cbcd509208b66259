//! Connections: their number, their addresses, and limits on their input.

mod head;
mod peers;
mod serve;
mod stream;
mod written;

pub(crate) use peers::{Peer, Peers};
pub use serve::listen;
pub(crate) use serve::serve;
