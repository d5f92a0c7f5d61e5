//! The door: bytes come in, are archived, validated, normalised, stored and acknowledged.

use crate::domain::{Channel, Exchange, ReturnFile};
use crate::store::StoreError;

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
    /// The archive or the spool failed.
    #[error("archive, while {doing}")]
    Archive {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
