//! Asks a running gateway for its health.

use crate::admin;
use crate::config::Config;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Returns whether the gateway of these settings answers on its admin port that it is healthy. A
/// gateway that listens on every address is asked on loopback.
pub async fn is_well(config: &Config) -> bool {
    let ip = match config.admin_listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    admin::probe(SocketAddr::new(ip, config.admin_listen.port())).await
}
