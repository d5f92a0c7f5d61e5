//! Input of a deposit and its receipt.

use crate::domain::masking::{holds_identity, masked};
use crate::domain::{Channel, Exchange, IdempotencyKey, ReturnFile};

/// Sender, file name and key of a deposit.
#[derive(Debug, Clone)]
pub struct Deposit {
    /// Sender (concentrator): 1 to 64 letters, digits, `-`, `_` or `.`.
    pub sender: String,
    /// Channel by which the file comes.
    pub channel: Channel,
    /// File name given by the sender; may be empty.
    pub file_name: String,
    /// Idempotency key.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// Answer to a deposit: the exchange and its ARL. A receipt exists only after the commit.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The exchange, with counts and verdict.
    pub exchange: Exchange,
    /// The ARL (body opened from the vault in `arl_body`).
    pub arl: ReturnFile,
    /// Bytes of the ARL.
    pub arl_body: Vec<u8>,
    /// Whether this file had already been deposited: the receipt is then the first one.
    pub repeated: bool,
}

/// Limits of a deposit.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest file, bytes: the disk of the archive belongs to every sender.
    pub file_bytes: u64,
    /// Invoices of one batch: large enough that round trips to the database do not count, small
    /// enough for memory.
    pub batch: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 4 * 1024 * 1024 * 1024, batch: 500 }
    }
}

/// Returns whether a name may be a sender's. Senders name directories and files, so that a name has
/// no separator and does not begin with a dot.
#[must_use]
pub fn is_sender(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with('.')
        && !holds_identity(name)
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Longest file name kept, characters.
const MAX_NAME_CHARS: usize = 120;
/// Longest run of digits shown in a file name.
const MAX_DIGITS: usize = 8;

/// Returns the last part of a file name without control characters, with long runs of digits
/// masked: a NIR must not come in by a file name.
pub(super) fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut out = String::new();
    let mut digits = 0;
    for c in masked(last).chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS) {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        out.push(if digits > MAX_DIGITS { '*' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_plain_names() {
        assert!(is_sender("oct-1.test_A"));
        for bad in ["", ".", "..", "a/b", "a b", "é", &"x".repeat(65)] {
            assert!(!is_sender(bad), "{bad}");
        }
    }

    #[test]
    fn a_nir_in_a_file_name_is_masked() {
        assert_eq!(clean_name("/tmp/dre_1850760057018.b2"), "dre_*************.b2");
        assert_eq!(clean_name("185072A00401823.b2"), "***************.b2");
        assert_eq!(clean_name("facture_1234567890.b2"), "facture_12345678**.b2");
        assert_eq!(clean_name("SP_FP_20260202.b2"), "SP_FP_20260202.b2");
    }
}
