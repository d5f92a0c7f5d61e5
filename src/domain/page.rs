//! Pages of listings: keyset pagination, newest first.

/// Position of the last row of a page, after which the next page starts.
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

/// Error: the page token was not made by this service.
#[derive(Debug, thiserror::Error)]
#[error("page token not made by this service")]
pub struct InvalidPageToken;

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Token of the next page; `None` on the last page.
    pub next: Option<PageToken>,
}

/// Limit of the rows of a page, so that an answer has a bounded size.
pub const MAX_PAGE_ROWS: usize = 1_000;
/// Rows of a page by default.
pub const DEFAULT_PAGE_ROWS: usize = 100;
