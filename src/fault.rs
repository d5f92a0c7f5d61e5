//! Faults: mistakes that lose or double what was acknowledged, made on demand in builds with debug
//! assertions, so that tests prove that the checks find them.
//!
//! `NOEMIE_TEST_FAULT=forked_chain` makes one of [`FAULTS`]. Builds without debug assertions
//! (releases) have no fault: [`is_on`] is false there, and the code behind it is left out.

/// Environment variable that names the fault.
pub const VARIABLE: &str = "NOEMIE_TEST_FAULT";

/// An ARL reaches the directory of its sender before the commit of its deposit (invariant 2). The
/// directory of return files stands in [`DIRECTORY`].
pub const EARLY_ARL: &str = "early_arl";
/// A deposit writes the event of its first claim twice, under two event ids (invariant 3).
pub const DOUBLED_EVENT: &str = "doubled_event";
/// The chain of receipts is extended from its start and not from its last receipt, as by a writer
/// that did not lock the end of the chain.
pub const FORKED_CHAIN: &str = "forked_chain";

/// Every fault.
pub const FAULTS: [&str; 3] = [EARLY_ARL, DOUBLED_EVENT, FORKED_CHAIN];

/// Environment variable with the directory in which [`EARLY_ARL`] writes.
pub const DIRECTORY: &str = "NOEMIE_TEST_FAULT_DIR";

/// Returns whether [`VARIABLE`] names a fault.
#[cfg(debug_assertions)]
#[must_use]
pub fn is_on(fault: &'static str) -> bool {
    use std::sync::OnceLock;
    static NAMED: OnceLock<Option<String>> = OnceLock::new();
    debug_assert!(FAULTS.contains(&fault), "{fault} is not in the list");
    NAMED.get_or_init(|| std::env::var(VARIABLE).ok()).as_deref() == Some(fault)
}

/// Returns false: a release has no fault.
#[cfg(not(debug_assertions))]
#[must_use]
pub const fn is_on(_fault: &'static str) -> bool {
    false
}

/// Returns the directory in which [`EARLY_ARL`] writes, when that fault is on.
#[must_use]
pub fn early_arl_directory() -> Option<std::path::PathBuf> {
    if is_on(EARLY_ARL) { std::env::var_os(DIRECTORY).map(Into::into) } else { None }
}
