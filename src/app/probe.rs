//! Asks a running gateway for its health.

use crate::admin::{self, Probe};
use crate::config::Config;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Returns the address at which the admin port of these settings is asked: a gateway that listens
/// on every address is asked on loopback.
#[must_use]
pub fn admin_address(config: &Config) -> SocketAddr {
    let ip = match config.admin_listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, config.admin_listen.port())
}

/// Returns what the gateway at an address of [`admin_address`] says of itself.
pub async fn probe(address: SocketAddr) -> Probe {
    admin::probe(address).await
}
