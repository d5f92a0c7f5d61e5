//! Writes of many rows: multi-row VALUES in chunks, and lists of keys as one JSON text.

use crate::domain::ClaimId;
use crate::store::codec::json;

/// Rows per statement: beyond fifty rows SQLite gains no speed, and fifty claims bind 1,300 values,
/// far from its limit of 32,766.
pub(super) const CHUNK: usize = 50;

/// Returns identifiers as a JSON list of hexadecimal text: JSON has no blobs, and `unhex` converts
/// the text back.
pub(super) fn hex_list<'a>(ids: impl IntoIterator<Item = &'a ClaimId>) -> String {
    json(&ids.into_iter().map(|id| id.0.simple().to_string()).collect::<Vec<_>>())
}
