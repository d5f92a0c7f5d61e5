//! Dates of French sentences.

use time::Date;

/// Returns the date as JJ/MM/AAAA.
pub(super) fn french_date(date: Date) -> String {
    format!("{:02}/{:02}/{}", date.day(), u8::from(date.month()), date.year())
}
