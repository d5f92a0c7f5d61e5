//! Asks a running gateway for its health.

use crate::admin::{self, Probe};
use crate::config::Config;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Returns the address to probe: `admin_listen`, with loopback in place of the unspecified address.
#[must_use]
pub fn admin_address(config: &Config) -> SocketAddr {
    let ip = match config.admin_listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, config.admin_listen.port())
}

/// Returns the health of the gateway at an address of [`admin_address`].
pub async fn probe(address: SocketAddr) -> Probe {
    admin::probe(address).await
}
