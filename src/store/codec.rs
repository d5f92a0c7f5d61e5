//! Codec between values of the domain and columns. Both databases share it but for instants.

pub(in crate::store) use super::error::doing;
use super::{StoreError, Withdrawal};
use crate::domain::{
    Channel, DecisionCode, Flag, Flow, GapReason, Hold, HoldDecision, Norm, OutcomeKind,
    OutcomeSource, Packaging, PartKind, PartState, Proof, ReturnKind, Role, Severity, TransferFlag,
    TransferItemKind, TransferState, Verdict,
};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef};
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Encode, Postgres, Sqlite, Type};
use std::borrow::Cow;
use time::OffsetDateTime;

/// An instant as a column: `timestamptz` in PostgreSQL, INTEGER microseconds since 1970 in SQLite.
/// Both databases store whole microseconds, cut downwards, so that a page token equals its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Instant(pub(in crate::store) OffsetDateTime);

impl Instant {
    /// Returns the instant of these microseconds since 1970.
    pub(in crate::store) fn from_micros(micros: i64) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok().map(Self)
    }

    /// Returns the microseconds since 1970.
    pub(in crate::store) fn micros(self) -> i64 {
        i64::try_from(self.0.unix_timestamp_nanos().div_euclid(1_000)).unwrap_or(i64::MAX)
    }
}

impl Type<Sqlite> for Instant {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }
    fn compatible(ty: &SqliteTypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(ty)
    }
}

impl Encode<'_, Sqlite> for Instant {
    fn encode_by_ref(&self, buf: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<Sqlite>>::encode(self.micros(), buf)
    }
}

impl<'r> Decode<'r, Sqlite> for Instant {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        let micros = <i64 as Decode<Sqlite>>::decode(value)?;
        Self::from_micros(micros).ok_or_else(|| "instant out of range".into())
    }
}

impl Type<Postgres> for Instant {
    fn type_info() -> PgTypeInfo {
        <OffsetDateTime as Type<Postgres>>::type_info()
    }
}

impl PgHasArrayType for Instant {
    fn array_type_info() -> PgTypeInfo {
        <OffsetDateTime as PgHasArrayType>::array_type_info()
    }
}

impl Encode<'_, Postgres> for Instant {
    fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <OffsetDateTime as Encode<Postgres>>::encode_by_ref(&self.0, buf)
    }
}

impl<'r> Decode<'r, Postgres> for Instant {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        <OffsetDateTime as Decode<Postgres>>::decode(value).map(Self)
    }
}

/// Converts a count or ordinal to a BIGINT. No count of the gateway comes near the limit.
pub(in crate::store) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Converts a limit of rows to a BIGINT.
pub(in crate::store) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Converts a BIGINT to a count or ordinal.
pub(in crate::store) fn uint<T: TryFrom<i64>>(
    value: i64,
    column: &'static str,
) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| StoreError::Corrupt(format!("{column} holds {value}")))
}

/// Returns the text of a file as a column stores it. PostgreSQL stores no NUL in text, and a file
/// may bring one in any zone: both databases store U+FFFD instead, so that one bad byte never costs
/// its neighbours.
pub(in crate::store) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{FFFD}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A column of codes: an open enum that the database keeps by its stable code.
pub(in crate::store) trait Coded: Sized {
    /// Reads the code, `unknown` for one of a later version.
    fn read(code: &str) -> Self;
}

macro_rules! coded_column {
    ($($name:ty),*) => {
        $(impl Coded for $name {
            fn read(code: &str) -> Self {
                Self::read_code(code)
            }
        })*
    };
}
coded_column!(
    Channel,
    DecisionCode,
    Flag,
    Flow,
    GapReason,
    Hold,
    HoldDecision,
    Norm,
    OutcomeKind,
    OutcomeSource,
    Packaging,
    PartKind,
    PartState,
    Proof,
    ReturnKind,
    Role,
    Severity,
    TransferFlag,
    TransferItemKind,
    TransferState,
    Verdict,
    Withdrawal
);

/// Reads a column of codes. A code of a later version is a value too: no row is corrupt for it.
pub(in crate::store) fn code<T: Coded>(code: &str) -> T {
    T::read(code)
}

/// Writes a list or an event as JSON text. Strings and integers always have a JSON form.
pub(in crate::store) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain structs of strings and integers have a JSON form")
}

/// Writes flags as a JSON list of their codes.
pub(in crate::store) fn flag_codes(flags: &[Flag]) -> String {
    json(&flags.iter().map(|flag| flag.as_str()).collect::<Vec<_>>())
}

/// Reads JSON text.
pub(in crate::store) fn from_json<T: serde::de::DeserializeOwned>(
    text: &str,
    column: &'static str,
) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|e| StoreError::Corrupt(format!("{column} is not the JSON expected: {e}")))
}
