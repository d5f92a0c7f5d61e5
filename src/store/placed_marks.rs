//! Where marks of the installation were put: on brokers and on the archive (invariant 12).

use super::codec::Instant;
use super::error::StoreError;
use async_trait::async_trait;
use time::OffsetDateTime;

/// Broker or archive that carries a mark of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The broker of the sink of this number.
    Broker(u64),
    /// The archive of raw files.
    Archive,
}

impl Place {
    /// Returns the code of the place, and the number of the sink, 0 for the archive.
    #[must_use]
    pub const fn code(self) -> (&'static str, u64) {
        match self {
            Self::Broker(sink) => ("broker", sink),
            Self::Archive => ("archive", 0),
        }
    }
}

/// A mark that was put on a broker or on the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedMark {
    /// Place.
    pub place: Place,
    /// Instant of the marking.
    pub marked_at: OffsetDateTime,
    /// Name of the operator or replica that put the mark there.
    pub marked_by: String,
    /// Keyed digest over the other fields and the id of the installation.
    pub key_check: String,
}

/// Reads and records the marks that were put on brokers and on the archive.
#[async_trait]
pub trait PlacedMarks: Send + Sync {
    /// Returns the mark that was put on a place; `None` when none was.
    async fn placed_mark(&self, place: Place) -> Result<Option<PlacedMark>, StoreError>;

    /// Records a mark, and returns whether this call did: `false` when the place was recorded
    /// before.
    async fn record_mark(&self, mark: &PlacedMark) -> Result<bool, StoreError>;
}

/// A row of `placed_marks` as the database gives it, without its key.
pub(in crate::store) type PlacedMarkRow = (Instant, String, String);
