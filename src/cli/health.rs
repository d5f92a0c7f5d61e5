//! `health`: whether a running gateway is well, and what is wrong.

use super::output;
use crate::app::{admin_address, probe};
use crate::config::Config;
use std::process::ExitCode;

/// Asks the admin port and prints what is wrong on standard error, one line each. Exit status 0
/// when the gateway is well, or degraded, else 1.
pub(super) async fn run(config: &Config) -> ExitCode {
    let address = admin_address(config);
    let probe = probe(address).await;
    for fault in &probe.faults {
        output::error(format_args!("gateway at {address}: {fault}"));
    }
    if probe.is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
