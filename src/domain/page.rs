//! Pages of listings: keyset pagination, newest first.

use super::filter_digest::FilterDigest;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Position of the last row of a page, after which the next page starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageToken {
    /// Instant of the last row shown, or its day at midnight, microseconds since the Unix epoch;
    /// for a report, the rank of the first anomaly of the page.
    pub at_micros: i64,
    /// Identifier of the last row shown; for a report, of the exchange.
    pub id: Uuid,
}

/// A page token as callers hold it: it belongs to the filter of its listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundPageToken {
    token: PageToken,
    filter: FilterDigest,
}

impl PageToken {
    /// Returns the token of a listing with this filter.
    #[must_use]
    pub const fn bound_to(self, filter: FilterDigest) -> BoundPageToken {
        BoundPageToken { token: self, filter }
    }
}

impl BoundPageToken {
    /// Returns the position, if the token is of a listing with this filter. With another filter the
    /// position would give a wrong page.
    #[must_use]
    pub fn position(self, filter: FilterDigest) -> Option<PageToken> {
        (self.filter == filter).then_some(self.token)
    }
}

impl fmt::Display for BoundPageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.token.at_micros, self.token.id.simple(), self.filter)
    }
}

impl FromStr for BoundPageToken {
    type Err = InvalidPageToken;

    fn from_str(text: &str) -> Result<Self, InvalidPageToken> {
        let read = || {
            let mut parts = text.rsplitn(3, '-');
            let (filter, id, at) = (parts.next()?, parts.next()?, parts.next()?);
            let token = PageToken { at_micros: at.parse().ok()?, id: id.parse().ok()? };
            Some(token.bound_to(filter.parse().ok()?))
        };
        read().ok_or(InvalidPageToken)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_as_it_was_written_and_belongs_to_one_filter() {
        let filter = FilterDigest::new("claims").with("ps", Some("123456782"));
        for at_micros in [i64::MIN, -1, 0, 1_795_000_000_000_000] {
            let token = PageToken { at_micros, id: Uuid::from_u128(7) };
            let read: BoundPageToken = token.bound_to(filter).to_string().parse().expect("reads");
            assert_eq!(read.position(filter), Some(token));
            let others = [
                FilterDigest::new("claims"),
                FilterDigest::new("claims").with("sender", Some("123456782")),
                FilterDigest::new("exchanges").with("ps", Some("123456782")),
            ];
            assert!(others.into_iter().all(|other| read.position(other).is_none()));
        }
        for wrong in
            ["", "1", "1-2", "1-00000000000000000000000000000007-x", "a-7-0123456789abcdef"]
        {
            assert!(wrong.parse::<BoundPageToken>().is_err(), "{wrong}");
        }
    }
}
