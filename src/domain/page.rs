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

/// Token of a page that belongs to one filter: with another filter it is refused, because its place
/// in the listing would be another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilteredPageToken {
    /// Position of the last row shown.
    pub after: PageToken,
    /// Digest of the filter, 16 hexadecimal digits.
    filter: String,
}

impl FilteredPageToken {
    /// Returns the token of the page after a row, under a filter.
    #[must_use]
    pub fn new(after: PageToken, filter: &impl std::fmt::Debug) -> Self {
        Self { after, filter: filter_digest(filter) }
    }

    /// Returns whether the token was made under this filter.
    #[must_use]
    pub fn is_of(&self, filter: &impl std::fmt::Debug) -> bool {
        self.filter == filter_digest(filter)
    }
}

fn filter_digest(filter: &impl std::fmt::Debug) -> String {
    let digest = blake3::hash(format!("{filter:?}").as_bytes());
    digest.to_hex().as_str()[..16].to_owned()
}

impl std::fmt::Display for FilteredPageToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.after, self.filter)
    }
}

impl std::str::FromStr for FilteredPageToken {
    type Err = InvalidPageToken;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (after, filter) = s.rsplit_once('-').ok_or(InvalidPageToken)?;
        Ok(Self { after: after.parse()?, filter: filter.to_owned() })
    }
}

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
