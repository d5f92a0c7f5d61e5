//! Pages of listings: keyset pagination, newest first.

/// Where the next page starts: after this `(instant in microseconds since 1970, identifier)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageToken {
    /// Instant of the last row shown, microseconds since the Unix epoch.
    pub at_micros: i64,
    /// Identifier of the last row shown.
    pub id: uuid::Uuid,
}

impl std::fmt::Display for PageToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.at_micros, self.id.simple())
    }
}

impl std::str::FromStr for PageToken {
    type Err = InvalidPageToken;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (at, id) = s.split_once('-').ok_or(InvalidPageToken)?;
        Ok(Self {
            at_micros: at.parse().map_err(|_| InvalidPageToken)?,
            id: id.parse().map_err(|_| InvalidPageToken)?,
        })
    }
}

/// A page token that this service did not make.
#[derive(Debug, thiserror::Error)]
#[error("page token not made by this service")]
pub struct InvalidPageToken;

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page starts; `None` on the last page.
    pub next: Option<PageToken>,
}

/// The largest page a caller gets, whatever it asks: a bounded answer for a bounded memory.
pub const LARGEST_PAGE: usize = 1_000;
/// The page a caller gets when it does not say.
pub const DEFAULT_PAGE: usize = 100;
