//! Anomalies: what is wrong, where, how bad, in words a professional understands.
//!
//! Every finding is an [`Anomaly`] with a stable [`Code`]; the table of the codes states once, for
//! each code, the control of the norm, the severity and the texts.
//!
//! No anomaly carries a person: values of zones that name or number a person are masked before they
//! get here.

mod code;

pub use code::{Code, FixedBy, UnknownCode};

use crate::coded::coded;
use crate::layout::{Picture, Zone};
use crate::nir_search;

coded! {
    /// Cost of an anomaly. Ordered: the verdict of a file follows from the worst one.
    Severity {
        /// The invoice is accepted; the anomaly is shown.
        Warning = "warning";
        /// The invoice is quarantined; its neighbours are accepted.
        Invoice = "invoice";
        /// The whole physical file is refused.
        File = "file";
    }
}

/// Where a zone fault stands, when the place decides what it costs (controls C6, C7, C8 and Q11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// 000, 999 and 1 of B2; structural entities of NOEMIE.
    Enveloppe,
    /// Types 2 to 5 of B2; entities inside an invoice of NOEMIE.
    Facture,
    /// Type 6 of B2 and entity 990 of NOEMIE: the figures are recomputed.
    FinDeLot,
}

impl Place {
    /// What a zone fault costs there.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Enveloppe => Severity::File,
            Self::Facture => Severity::Invoice,
            Self::FinDeLot => Severity::Warning,
        }
    }
}

/// The place of a record in the physical file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Index of the physical record, 1-based; 0 when the file has none.
    pub record: u64,
    /// Offset of its first byte in the file (after any length prefix), 0-based.
    pub offset: u64,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// Stable code.
    pub code: Code,
    /// What it costs here.
    pub severity: Severity,
    /// Physical record, 1-based; 0 when the file has none.
    pub record: u64,
    /// Type of the record or entity (`4`, `2S`, `102`); empty when unknown.
    pub record_type: String,
    /// Column in the record, 1-based; 0 when the file has none.
    pub column: u32,
    /// Offset in the file, 0-based.
    pub offset: u64,
    /// Length of the faulty bytes; 0 when something is missing.
    pub length: u32,
    /// Number and name of the zone in the norm's table; empty when the fault is not in a zone.
    pub zone_no: &'static str,
    /// French name of the zone.
    pub field: &'static str,
    /// The value found, masked when the zone is a person's, absent when it is long.
    pub value: Option<String>,
    /// What is wrong, in French, without any personal datum.
    pub message: String,
}

impl Anomaly {
    /// An anomaly on a whole record.
    #[must_use]
    pub fn on_record(
        code: Code,
        at: Position,
        record_type: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: code.severity(),
            record: at.record,
            record_type: record_type.into(),
            column: u32::from(at.record > 0),
            offset: at.offset,
            length: 0,
            zone_no: "",
            field: "",
            value: None,
            message: message.into(),
        }
    }

    /// Returns the anomaly of a byte order mark at the start of a file, before its first record.
    #[must_use]
    pub fn byte_order_mark() -> Self {
        let message = "Le fichier commence par une marque d'ordre des octets (BOM EF BB BF), qui \
                       est ignorée : exporter le fichier sans BOM";
        let at = Position { record: 1, offset: 0 };
        Self { length: 3, ..Self::on_record(Code::MarqueOctets, at, "", message) }
    }

    /// An anomaly on one zone of a record; `raw` are the bytes of the record.
    #[must_use]
    pub fn on_zone(
        code: Code,
        at: Position,
        record_type: impl Into<String>,
        zone: &'static Zone,
        raw: &[u8],
        message: impl Into<String>,
    ) -> Self {
        let anomaly = Self {
            column: u32::from(zone.start),
            offset: at.offset + u64::from(zone.start) - 1,
            length: u32::from(zone.len),
            zone_no: zone.no,
            field: zone.name,
            value: shown(zone, zone.of(raw)),
            ..Self::on_record(code, at, record_type, message)
        };
        anomaly.beside_nir(zone, raw)
    }

    /// Masks the figures of the message when the record has a NIR beyond its prefix, and those of
    /// the value when the zone has a part of that NIR: under a damaged type, the zones of another
    /// record cut a NIR into amounts.
    fn beside_nir(mut self, zone: &Zone, raw: &[u8]) -> Self {
        let columns = usize::from(zone.start) - 1..usize::from(zone.end());
        for nir in nir_search::beyond_prefix(raw) {
            self.mask_message();
            if nir.start < columns.end && columns.start < nir.end {
                self.value = self.value.map(|value| without_figures(&value, 0));
            }
        }
        self
    }

    /// Masks the figures of the message.
    pub(crate) fn mask_message(&mut self) {
        self.message = without_figures(&self.message, LONGEST_FIGURE);
    }

    /// The same anomaly with the severity of its place.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// Most digits of a figure that a masked message keeps: counts and years.
const LONGEST_FIGURE: usize = 3;

/// Returns a text with stars in place of the digits of each figure of more than `kept` digits; the
/// decimal comma belongs to the figure.
fn without_figures(text: &str, kept: usize) -> String {
    let in_figure = |c: char| c.is_ascii_digit() || c == ',';
    let characters: Vec<char> = text.chars().collect();
    let figures = characters.chunk_by(|a, b| in_figure(*a) == in_figure(*b));
    figures
        .flat_map(|run| {
            let is_long = run.iter().filter(|c| c.is_ascii_digit()).count() > kept;
            run.iter().map(move |c| if is_long && c.is_ascii_digit() { '*' } else { *c })
        })
        .collect()
}

/// The longest value repeated in an anomaly: shorter than any NIR, long enough for every code, date
/// and amount of the norm.
const LONGEST_SHOWN: usize = 10;

/// Most letters in a row that a code of the norm has (CCAM: `ZZZZ999`).
const LETTERS_OF_A_CODE: usize = 4;
/// Most letters in a row where digits are expected: an O for a zero, Corsica. More is a word that
/// slipped in from a neighbour, and may be a name.
const LETTERS_AMONG_DIGITS: usize = 2;

/// The value of a zone as an anomaly may show it: persons masked, also when a shifted record put
/// them in another zone, long values left out, unprintable bytes as `?`.
#[must_use]
pub fn shown(zone: &Zone, bytes: &[u8]) -> Option<String> {
    if zone.picture.is_person() {
        return Some("*".repeat(bytes.len().min(LONGEST_SHOWN)));
    }
    if bytes.is_empty() || bytes.len() > LONGEST_SHOWN || zone.picture == Picture::Libre {
        return None;
    }
    let allowed = if matches!(zone.picture, Picture::X | Picture::Acte) {
        LETTERS_OF_A_CODE
    } else {
        LETTERS_AMONG_DIGITS
    };
    let word = longest_word(bytes) > allowed;
    let show = |b: &u8| match b {
        b if word && is_letter(*b) => '*',
        0x20..0x7f => char::from(*b),
        _ => '?',
    };
    Some(bytes.iter().map(show).collect())
}

/// Accented letters are letters, in whatever character set.
const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

fn longest_word(bytes: &[u8]) -> usize {
    bytes.split(|b| !is_letter(*b)).map(<[u8]>::len).max().unwrap_or(0)
}
