//! Reasons for which a deposit has no receipt.

use crate::domain::ExchangeId;
use crate::store::StoreError;
use metrics::{counter, describe_counter};
use std::io;
use time::OffsetDateTime;

/// Reason for which a deposit has no receipt. A file that was read always has one, even refused.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The sender lies outside the scope of the caller.
    #[error("the caller may not deposit in the name of this sender")]
    SenderOutsideScope,
    /// The idempotency key was used for other bytes.
    #[error("idempotency key already used for another file")]
    KeyReused,
    /// The file is larger than the configured limit.
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
    /// The archive or the upload failed.
    #[error("archive, while {doing}")]
    Archive {
        /// Step that failed.
        doing: &'static str,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// Another process resumed this deposit. The same bytes deposited again get its receipt.
    #[error("another replica resumed this deposit")]
    Overtaken,
    /// A staged deposit has some of the invoices or a remittance of this deposit. Whether they are
    /// duplicates is known only when the staged deposit is closed or abandoned.
    #[error(
        "exchange {exchange}, whose invoices are being written, has the same invoices or \
         remittance: try again later"
    )]
    BlockedBy {
        /// Exchange that the staged deposit becomes.
        exchange: ExchangeId,
    },
    /// An operator abandoned this deposit while its invoices were being written.
    #[error(
        "an operator abandoned the deposit while its invoices were being written: none of them is \
         kept; deposit the file again if it is still wanted"
    )]
    Abandoned,
    /// A later version withdraws this staged deposit, for a reason that this version does not know.
    #[error(
        "exchange {exchange} is being withdrawn by a later version of the gateway: a replica of \
         that version has to finish it"
    )]
    WithdrawnByLaterVersion {
        /// Exchange that the staged deposit becomes.
        exchange: ExchangeId,
    },
    /// The clock of this machine is more than five minutes behind the latest receipt.
    #[error(
        "clock_behind: the clock of this machine shows {now}, and the latest receipt was given at \
         {latest}: set the clock right; if the latest receipt was dated wrongly, an operator runs \
         `noemie-gateway installation accept-clock`"
    )]
    ClockBehind {
        /// Instant that the clock shows.
        now: OffsetDateTime,
        /// Instant of the latest receipt.
        latest: OffsetDateTime,
    },
    /// The database failed.
    #[error("asking the store")]
    Store(#[source] StoreError),
}

impl From<StoreError> for IngestError {
    fn from(failure: StoreError) -> Self {
        match failure {
            StoreError::ClockBehind { now, latest } => Self::ClockBehind { now, latest },
            failure => Self::Store(failure),
        }
    }
}

/// Counter of deposits without receipt, with the label `cause`.
const FAILURES: &str = "noemie_deposit_failures_total";

/// Counter of receipts that a clock behind the latest receipt gave.
pub(super) const CLOCK_BEHIND: &str = "noemie_clock_behind_receipts_total";

/// Describes the metrics of this room, once a recorder is installed.
pub fn describe_metrics() {
    describe_counter!(
        FAILURES,
        "Deposits that got no receipt, by cause; a dropped file that is tried again counts again"
    );
    describe_counter!(
        CLOCK_BEHIND,
        "Receipts given while the clock was a second to five minutes behind the latest receipt"
    );
    counter!(CLOCK_BEHIND).absolute(0);
}

impl IngestError {
    /// Counts the failure, once for each deposit that ends with it.
    pub fn count(&self) {
        counter!(FAILURES, "cause" => self.cause()).increment(1);
    }

    const fn cause(&self) -> &'static str {
        match self {
            Self::SenderOutsideScope => "sender_outside_scope",
            Self::KeyReused => "idempotency_key_reused",
            Self::TooLarge { .. } => "file_too_large",
            Self::TooManyUploads { .. } => "too_many_uploads",
            Self::Archive { .. } => "archive",
            Self::Overtaken => "overtaken",
            Self::BlockedBy { .. } => "invoices_being_written",
            Self::Abandoned => "deposit_abandoned",
            Self::WithdrawnByLaterVersion { .. } => "withdrawn_by_later_version",
            Self::ClockBehind { .. } => "clock_behind",
            Self::Store(StoreError::Unbalanced(_)) => "ledger_unbalanced",
            Self::Store(_) => "database",
        }
    }

    /// Returns whether the same deposit may succeed when it is begun again.
    pub(super) fn is_retryable(&self) -> bool {
        matches!(self, Self::Overtaken) || self.is_conflict()
    }

    /// Returns whether the transaction conflicted with another one: begun again, it may well
    /// succeed.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(failure) if failure.worth_a_retry())
    }

    /// Returns a function that wraps a failure of the archive or of the reading.
    pub(super) fn archive(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Archive { doing, source }
    }
}
