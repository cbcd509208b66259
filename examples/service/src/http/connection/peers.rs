//! Addresses of connections: limits on connections of one address, and on its calls without a
//! token.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::callers::Rate;
use crate::settings::Limits;

/// The addresses that have connections, or had one recently.
#[derive(Debug)]
pub(crate) struct Peers {
    addresses: Mutex<HashMap<Network, Address>>,
    connections_allowed: usize,
    /// The number of answers without a valid token for one address in a second, on average.
    without_token: u32,
    /// Turns for connections that have not shown a valid token yet: for requests with a token,
    /// which may be valid, and for those without.
    token_turns: Arc<Semaphore>,
    other_turns: Arc<Semaphore>,
}

/// The number of connections without a valid token whose requests are answered at once; the others
/// wait. Callers with a valid token therefore compete with few connections, not with thousands.
const TURNS: usize = 4;

/// Requests without a token are counted over so many seconds: a browser asks for all files of a page at
/// once, and its reader may turn the page.
const COUNTED_SECONDS: u32 = 2;

/// The part of an address that counts: an IPv4 address, or the 64 bits of an IPv6 address that a
/// provider gives to one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Network {
    V4(Ipv4Addr),
    V6([u16; 4]),
}

#[derive(Debug)]
struct Address {
    connections: usize,
    without_token: Arc<Rate>,
}

/// A connection's place in the count of its address, until it is dropped.
#[derive(Debug)]
pub(crate) struct Peer {
    peers: Arc<Peers>,
    network: Network,
    without_token: Arc<Rate>,
    is_known: AtomicBool,
    turn: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Peers {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            addresses: Mutex::default(),
            connections_allowed: limits.connections_per_address,
            without_token: limits.without_token_per_second,
            token_turns: Arc::new(Semaphore::new(TURNS)),
            other_turns: Arc::new(Semaphore::new(TURNS)),
        })
    }

    /// A place for one more connection, or `None` if its address has reached the limit.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Peer> {
        let network = Network::of(address);
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Address {
            connections: 0,
            without_token: Arc::new(Rate::new(
                self.without_token.saturating_mul(COUNTED_SECONDS),
                Duration::from_secs(COUNTED_SECONDS.into()),
            )),
        };
        let address = addresses.entry(network).or_insert_with(new);
        if address.connections >= self.connections_allowed {
            return None;
        }
        address.connections = address.connections.saturating_add(1);
        let without_token = Arc::clone(&address.without_token);
        Some(Peer {
            peers: Arc::clone(self),
            network,
            without_token,
            is_known: AtomicBool::new(false),
            turn: Mutex::default(),
        })
    }

    /// Forgets addresses without connections that have been idle for a while. Connecting anew does
    /// not reset the use of an address.
    pub(crate) fn sweep(&self, now: Instant) {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        addresses
            .retain(|_, address| address.connections > 0 || !address.without_token.is_full(now));
    }
}

impl Peer {
    /// Takes one answer without a valid token, or returns the time until there is one.
    pub(crate) fn ask_without_token(&self, now: Instant) -> Result<(), Duration> {
        self.without_token.take(now)
    }

    /// Whether the connection has shown a valid token.
    pub(super) fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Acquire)
    }

    /// Records that the connection has shown a valid token. It needs no turns any more.
    pub(crate) fn recognise(&self) {
        if !self.is_known.swap(true, Ordering::AcqRel) {
            self.end_turn();
        }
    }

    /// The turns for requests with a token, or for those without.
    pub(super) fn turns(&self, has_token: bool) -> Arc<Semaphore> {
        let peers = &self.peers;
        Arc::clone(if has_token { &peers.token_turns } else { &peers.other_turns })
    }

    /// Begins a turn, which lasts until there is an answer.
    pub(super) fn begin_turn(&self, turn: OwnedSemaphorePermit) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(turn);
    }

    /// Ends the turn, if there is one.
    pub(super) fn end_turn(&self) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let mut addresses = self.peers.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = addresses.get_mut(&self.network) {
            address.connections = address.connections.saturating_sub(1);
        }
    }
}

impl Network {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::{Duration, Instant};

    use super::Peers;
    use crate::settings::Limits;

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let limits = Limits { connections_per_address: 2, ..Limits::default() };
        let peers = Peers::new(&limits);
        let admit = |text: &str| text.parse::<IpAddr>().ok().and_then(|ip| peers.admit(ip));
        let first = (admit("10.0.0.1"), admit("::ffff:10.0.0.1"));
        assert!(first.0.is_some() && first.1.is_some() && admit("10.0.0.1").is_none());
        let second = (admit("2001:db8::1"), admit("2001:db8::2"));
        assert!(second.0.is_some() && second.1.is_some() && admit("2001:db8::3").is_none());
        drop(first);
        assert!(admit("10.0.0.1").is_some());
        peers.sweep(Instant::now() + Duration::from_secs(5));
        assert_eq!(peers.addresses.lock().map(|addresses| addresses.len()).ok(), Some(1));
    }
}
