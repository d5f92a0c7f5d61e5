//! Writes a day that may be absent as `YYYY-MM-DD` in JSON.

use serde::{Deserialize, Deserializer, Serializer, de::Error as _, ser::Error as _};
use time::Date;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

#[expect(clippy::ref_option, reason = "serde passes the field by reference")]
pub(super) fn serialize<S: Serializer>(day: &Option<Date>, s: S) -> Result<S::Ok, S::Error> {
    match day {
        Some(day) => s.serialize_str(&day.format(DAY).map_err(S::Error::custom)?),
        None => s.serialize_none(),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Date>, D::Error> {
    let text = String::deserialize(d)?;
    Date::parse(&text, DAY).map(Some).map_err(D::Error::custom)
}
