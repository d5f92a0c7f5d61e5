//! The caller and the replica that run on this machine.

use crate::domain::Caller;

/// Returns the operator that runs this process, under the name `uid@host` that the system gives
/// it. `USER` is not the name: it is unset in containers and under cron, and proves nothing.
#[must_use]
pub fn local_caller() -> Caller {
    let uid = rustix::process::getuid().as_raw();
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy();
    Caller { name: format!("{uid}@{host}"), ..Caller::local() }
}

/// Returns the name of this replica in the log: the host, which is the pod in a cluster, and the
/// process.
pub(super) fn replica_name() -> String {
    let system = rustix::system::uname();
    format!("{}:{}", system.nodename().to_string_lossy(), std::process::id())
}
