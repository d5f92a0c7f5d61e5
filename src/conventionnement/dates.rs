//! Dates of files and of French sentences.

use time::Date;
use time::macros::format_description;

/// Returns the date of a text AAAA-MM-JJ.
pub(super) fn parse_date(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok().filter(|_| text.len() == 10)
}

/// Returns the date as JJ/MM/AAAA.
pub(super) fn french_date(date: Date) -> String {
    format!("{:02}/{:02}/{}", date.day(), u8::from(date.month()), date.year())
}
