//! File descriptors of the process: raises their limit, and leaves to callers what the gateway does
//! not need for itself.

use super::BadSetting;
use crate::config::Config;
use crate::limits::{ADMIN_MAX_CONNECTIONS, GrpcLimits, MIN_CONNECTIONS, RESERVED_DESCRIPTORS};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// Returns the limits of the gRPC port for this process: those of the settings, with fewer
/// connections where the process may not open as many files.
pub(super) fn grpc_limits(config: &Config) -> Result<GrpcLimits, BadSetting> {
    let limits = config.grpc_limits();
    let Some(descriptors) = raise() else { return Ok(limits) };
    let uploads = u64::try_from(config.max_uploads).unwrap_or(u64::MAX);
    // An upload holds a file of the archive and, once it is whole, a lease of PostgreSQL.
    let reserved = RESERVED_DESCRIPTORS
        .saturating_add(ADMIN_MAX_CONNECTIONS as u64)
        .saturating_add(u64::from(config.database_connections))
        .saturating_add(uploads.saturating_mul(2));
    let left = descriptors.saturating_sub(reserved);
    if left < MIN_CONNECTIONS {
        return Err(BadSetting(format!(
            "the process may open {descriptors} files and needs {reserved} beside the connections \
             of callers: raise its limit (LimitNOFILE, ulimit -n) or lower max_uploads"
        )));
    }
    let connections = limits.connections.min(usize::try_from(left).unwrap_or(usize::MAX));
    if connections < limits.connections {
        warn!(
            descriptors,
            reserved,
            connections,
            max_connections = limits.connections,
            "the process may open too few files for max_connections: raise its limit (LimitNOFILE)"
        );
    }
    Ok(GrpcLimits { connections, ..limits })
}

/// Raises the limit of open files as far as the process may, and returns it; `None` is no limit.
fn raise() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(error) => {
            warn!(%error, "the limit of open files cannot be raised");
            current
        }
    }
}
