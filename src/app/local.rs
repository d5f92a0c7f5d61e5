//! The caller that runs on this machine.

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
