//! Counts what is open, connections or calls, in all and by address, and refuses what is past a
//! limit.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bits of an IPv6 address that name its network: one subscriber has all addresses of a /64.
const IPV6_NETWORK: u128 = !0 << 64;

/// The limit that refuses a connection or call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// Limit of all addresses together.
    All,
    /// Limit of one address.
    Peer,
}

/// A count with its limits.
#[derive(Debug)]
pub struct Admission {
    max: usize,
    max_per_peer: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    /// Addresses with something open, so that the map is no larger than `all`.
    peers: HashMap<IpAddr, usize>,
}

/// Something that is open; it counts until it is dropped.
#[derive(Debug)]
pub struct Permit {
    admission: Arc<Admission>,
    peer: IpAddr,
}

impl Admission {
    /// Counts up to `max` in all and `max_per_peer` for one address.
    #[must_use]
    pub fn new(max: usize, max_per_peer: usize) -> Arc<Self> {
        Arc::new(Self { max, max_per_peer, open: Mutex::default() })
    }

    /// Returns a permit for one more of this address, or the limit that refuses it.
    pub fn admit(self: &Arc<Self>, peer: IpAddr) -> Result<Permit, Full> {
        let peer = network(peer);
        let mut open = self.open();
        if open.all >= self.max {
            return Err(Full::All);
        }
        let of_peer = open.peers.get(&peer).copied().unwrap_or_default();
        if of_peer >= self.max_per_peer {
            return Err(Full::Peer);
        }
        open.all += 1;
        open.peers.insert(peer, of_peer + 1);
        Ok(Permit { admission: Arc::clone(self), peer })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.admission.open();
        open.all -= 1;
        if let Some(count) = open.peers.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.peers.remove(&self.peer);
            }
        }
    }
}

/// Returns the address by which a peer counts: an IPv4 address, or the network of an IPv6 address.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & IPV6_NETWORK)),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn permits_are_counted_in_all_and_by_address() {
        let admission = Admission::new(3, 2);
        let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
        let first = admission.admit(one).expect("the first");
        let _second = admission.admit(address("::ffff:192.0.2.1")).expect("the second");
        assert_eq!(admission.admit(one).expect_err("a third"), Full::Peer);
        let _third = admission.admit(other).expect("another address");
        assert_eq!(admission.admit(other).expect_err("a fourth"), Full::All);
        drop(first);
        let _again = admission.admit(one).expect("a place is free again");
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let admission = Admission::new(10, 1);
        let _one = admission.admit(address("2001:db8:0:1::1")).expect("the first");
        assert_eq!(admission.admit(address("2001:db8:0:1::2")).expect_err("same"), Full::Peer);
        admission.admit(address("2001:db8:0:2::1")).expect("another network");
        assert_eq!(admission.open().peers.len(), 1, "an address without permits is forgotten");
    }
}
