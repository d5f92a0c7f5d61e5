//! Input of a deposit and its receipt.

use crate::domain::{Channel, Exchange, FileName, IdempotencyKey, ReturnFile, Sender};

/// Sender, file name and key of a deposit.
#[derive(Debug, Clone)]
pub struct Deposit {
    /// Sender (concentrator).
    pub sender: Sender,
    /// Channel by which the file comes.
    pub channel: Channel,
    /// File name given by the sender; may be empty.
    pub file_name: FileName,
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
