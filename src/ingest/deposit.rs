//! What is given at the door and what is given back.

use crate::domain::masking::without_nir;
use crate::domain::{Channel, Exchange, ExchangeId, ReturnFile};
use crate::store::StoreError;
use std::io;

/// Who deposits what, by which door.
#[derive(Debug, Clone)]
pub struct Deposit {
    /// Sender (concentrator): 1 to 64 letters, digits, `-`, `_` or `.`.
    pub sender: String,
    /// Door.
    pub channel: Channel,
    /// File name given by the sender; may be empty.
    pub file_name: String,
    /// Idempotency key; empty when none.
    pub idempotency_key: String,
}

/// What the depositor gets back: the exchange and its ARL. Given only after the commit.
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

/// Why a deposit has no receipt. A file that was read always has one, even refused.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The sender's name is not usable.
    #[error("sender must be 1 to 64 letters, digits, '-', '_' or '.'")]
    InvalidSender,
    /// The idempotency key was used for other bytes.
    #[error("idempotency key already used for another file")]
    KeyReused,
    /// Larger than the configured limit.
    #[error("file larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit, bytes.
        limit: u64,
    },
    /// As many uploads as the configured limit are open.
    #[error("{limit} uploads are open, which is the limit (max_uploads): try again later")]
    TooManyUploads {
        /// The limit.
        limit: usize,
    },
    /// The archive or the spool failed.
    #[error("archive, while {doing}")]
    Archive {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// Another replica went on with this load. Begun again, the deposit finds its receipt.
    #[error("another replica went on with the load of this file")]
    Overtaken,
    /// A load that has no receipt yet holds invoices or a remittance of this deposit: what is to be
    /// said of them is known at its end.
    #[error(
        "exchange {exchange}, whose invoices are being written, holds the same invoices or remittance: try again later"
    )]
    Held {
        /// The exchange that it becomes.
        exchange: ExchangeId,
    },
    /// An operator gave this deposit up while it was being written.
    #[error(
        "the deposit was given up while its invoices were being written (`loads abandon`): nothing of it is kept"
    )]
    GivenUp,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IngestError {
    /// Whether the deposit, taken up again, may well succeed.
    pub(super) fn worth_a_retry(&self) -> bool {
        matches!(self, Self::Overtaken) || self.is_conflict()
    }

    /// Whether two changes met and this one gave way: the same change, begun again, may well
    /// succeed.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(failure) if failure.worth_a_retry())
    }

    /// Wraps a failure of the archive or of the reading.
    pub(super) fn archive(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Archive { doing, source }
    }
}

/// Named limits of the door.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest file, bytes: the disk of the archive is not the depositor's.
    pub file_bytes: u64,
    /// Invoices written in one go: large enough that round trips do not count, small enough for
    /// memory.
    pub batch: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 4 * 1024 * 1024 * 1024, batch: 500 }
    }
}

/// Senders name directories and files: no separator, no surprise.
#[must_use]
pub fn is_sender(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Longest file name kept.
const NAME_LENGTH: usize = 120;

/// The last part of a name, without control characters, and with long runs of digits masked: a NIR
/// must not come in by a file name.
pub(super) fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut out = String::new();
    let mut digits = 0;
    for c in without_nir(last).chars().filter(|c| !c.is_control()).take(NAME_LENGTH) {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        out.push(if digits > 8 { '*' } else { c });
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
