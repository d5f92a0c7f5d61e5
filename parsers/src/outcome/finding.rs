//! Anomalies as they are reported, stored and exchanged.
//!
//! The gateway stores the same [`Finding`] that `validate` prints: an anomaly has one form from the
//! pass over the file to the database and back.

#[cfg(feature = "serde")]
use crate::anomaly::FixedBy;
use crate::anomaly::{Anomaly, Code, Severity};
use std::borrow::Cow;
use std::fmt;

/// Stable code of a finding, for example `C10-NIR-CLE`, with the control that it belongs to, for
/// example `C10`.
///
/// The code is open: the parsers have a table of theirs, the gateway adds those that only its
/// database can give (`DEJA_RECUE`), and a code stored by a later version is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FindingCode {
    code: Cow<'static, str>,
    control: Cow<'static, str>,
}

impl FindingCode {
    /// A code of the gateway itself, and its control.
    #[must_use]
    pub const fn new(code: &'static str, control: &'static str) -> Self {
        Self { code: Cow::Borrowed(code), control: Cow::Borrowed(control) }
    }

    /// A code and its control as a database kept them.
    #[must_use]
    pub const fn stored(code: String, control: String) -> Self {
        Self { code: Cow::Owned(code), control: Cow::Owned(control) }
    }

    /// Returns the code of the table of the parsers; `None` for a code of the gateway or of a later
    /// version.
    #[must_use]
    pub fn known(&self) -> Option<Code> {
        self.code.parse().ok()
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.code
    }

    /// The control of the norm or of the project's policy.
    #[must_use]
    pub fn control(&self) -> &str {
        &self.control
    }
}

/// Code of an invoice that was received before, in another file or in the same one.
pub const ALREADY_RECEIVED: FindingCode = FindingCode::new("DEJA_RECUE", "C14");

impl From<Code> for FindingCode {
    fn from(code: Code) -> Self {
        Self::new(code.as_str(), code.control())
    }
}

impl PartialEq<str> for FindingCode {
    fn eq(&self, other: &str) -> bool {
        self.code == other
    }
}

impl PartialEq<&str> for FindingCode {
    fn eq(&self, other: &&str) -> bool {
        self.code == *other
    }
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.code)
    }
}

/// An anomaly of a file. Its value and its message carry no person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable code, which also names the control.
    pub code: FindingCode,
    /// Cost of the anomaly.
    pub severity: Severity,
    /// Physical record, 1-based; absent when the file has none.
    pub record: Option<u64>,
    /// Type of the record or entity; empty when unknown.
    pub record_type: String,
    /// Column in the record, 1-based; absent when the file has none.
    pub column: Option<u32>,
    /// Offset in the file, 0-based.
    pub offset: u64,
    /// Length of the faulty bytes; 0 when bytes are missing.
    pub length: u32,
    /// Number and name of the zone; empty when the anomaly is not in a zone.
    pub field: String,
    /// Value found, masked when personal; absent when empty or long.
    pub value: Option<String>,
    /// French text.
    pub message: String,
    /// Number of the invoice concerned, when there is one.
    pub invoice: Option<String>,
}

impl Finding {
    /// Converts an anomaly of the parsers; `invoice` is the number of its invoice.
    #[must_use]
    pub fn new(anomaly: Anomaly, invoice: Option<String>) -> Self {
        let field = if anomaly.zone_no.is_empty() {
            anomaly.field.to_owned()
        } else {
            format!("{} {}", anomaly.zone_no, anomaly.field)
        };
        Self {
            code: anomaly.code.into(),
            severity: anomaly.severity,
            record: (anomaly.record > 0).then_some(anomaly.record),
            record_type: anomaly.record_type,
            column: (anomaly.column > 0).then_some(anomaly.column),
            offset: anomaly.offset,
            length: anomaly.length,
            field,
            value: anomaly.value,
            message: anomaly.message,
            invoice,
        }
    }

    /// An anomaly of a whole invoice or return, on column 1 of its first record: the gateway uses
    /// it for what only its database can show.
    #[must_use]
    pub fn on_invoice(
        code: FindingCode,
        severity: Severity,
        record: u64,
        record_type: &str,
        message: String,
        invoice: String,
    ) -> Self {
        Self {
            code,
            severity,
            record: Some(record),
            record_type: record_type.to_owned(),
            column: Some(1),
            offset: 0,
            length: 0,
            field: String::new(),
            value: None,
            message,
            invoice: Some(invoice),
        }
    }
}

/// JSON form of a [`Finding`]: the control is written beside the code.
#[cfg(feature = "serde")]
#[derive(serde::Serialize)]
struct Json<'a> {
    code: &'a str,
    severity: Severity,
    control: &'a str,
    record: Option<u64>,
    record_type: &'a str,
    column: Option<u32>,
    offset: u64,
    length: u32,
    field: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_by: Option<FixedBy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<&'a str>,
}

#[cfg(feature = "serde")]
impl serde::Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = self.code.known();
        Json {
            code: self.code.as_str(),
            severity: self.severity,
            control: self.code.control(),
            record: self.record,
            record_type: &self.record_type,
            column: self.column,
            offset: self.offset,
            length: self.length,
            field: &self.field,
            value: self.value.as_deref(),
            message: &self.message,
            fix: known.map(Code::fix),
            fixed_by: known.map(Code::fixed_by),
            invoice: self.invoice.as_deref(),
        }
        .serialize(serializer)
    }
}

#[cfg(all(test, feature = "serde"))]
mod tests {
    use super::*;
    use crate::anomaly::Position;

    #[test]
    fn the_json_of_a_finding_is_the_promised_one() {
        let at = Position { record: 3, offset: 256 };
        let anomaly = Anomaly::on_record(Code::NirCle, at, "2", "Clé fausse");
        let finding = Finding::new(anomaly, Some("17".to_owned()));
        assert_eq!(
            serde_json::to_string(&finding).expect("a plain struct"),
            concat!(
                r#"{"code":"C10-NIR-CLE","severity":"invoice","control":"C10","record":3,"#,
                r#""record_type":"2","column":1,"offset":256,"length":0,"field":"","#,
                r#""message":"Clé fausse","#,
                r#""fix":"Relire la carte Vitale ou l'attestation, corriger le numéro et "#,
                r#"renvoyer la facture.","fixed_by":"professionnel","invoice":"17"}"#
            )
        );
    }
}
