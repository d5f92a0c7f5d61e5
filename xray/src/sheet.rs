//! A record as it is shown: bytes, zones, faults. Hidden bytes are replaced when the sheet is
//! built, so that no drawing can show them.

use crate::decode;
use crate::locate::{Content, Entry, Part, Raw};
use crate::mask;
use noemie_parsers::anomaly::Code;
use noemie_parsers::anomaly::Severity;
use noemie_parsers::layout::{Famille, Layout, Presence, Zone};
use noemie_parsers::nir_search as nir;
use noemie_parsers::outcome::{Finding, FindingCode};
use noemie_parsers::physical::enregistrements::LONGUEUR;

/// Character in place of a hidden byte.
pub(crate) const HIDDEN: char = '*';

/// A record to draw.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Number in the physical file, 1-based.
    pub record: u64,
    /// Offset of the first column, 0-based.
    pub offset: u64,
    /// Type of the record; empty for a record of NOEMIE entities.
    pub kind: String,
    /// French title, variant of the norm in it.
    pub title: String,
    /// Number of the invoice.
    pub invoice: Option<String>,
    /// Length announced before the record (NOEMIE in lines).
    pub prefix: Option<String>,
    /// A character for each byte.
    pub shown: Vec<char>,
    /// Zones, in column order.
    pub fields: Vec<Field>,
    /// Anomalies of the record.
    pub faults: Vec<Fault>,
}

impl Sheet {
    /// Returns the number of columns to draw: a fault past the end adds its own.
    #[must_use]
    pub fn width(&self) -> usize {
        self.faults.iter().map(|f| f.last).max().unwrap_or(0).max(self.shown.len())
    }

    /// Returns the character at an index, blank past the end.
    pub(crate) fn char_at(&self, index: usize) -> char {
        self.shown.get(index).copied().unwrap_or(' ')
    }

    /// Returns the first fault that covers an index.
    pub(crate) fn fault_at(&self, index: usize) -> Option<&Fault> {
        self.faults.iter().find(|f| f.first <= index + 1 && index < f.last)
    }
}

/// A zone, or the part of a zone that is in this record.
#[derive(Debug, Clone)]
pub struct Field {
    /// Entity; empty in a record of one table.
    pub entity: String,
    /// Number in the norm's table.
    pub no: &'static str,
    /// French name.
    pub name: &'static str,
    /// First column, 1-based.
    pub first: usize,
    /// Last column.
    pub last: usize,
    /// Decoded value; `masqué` when a byte of the zone is hidden.
    pub value: String,
    /// Known values and remarks of the table, in English.
    pub meaning: &'static str,
    /// Whether the zone begins in the record before.
    pub continued: bool,
}

impl Field {
    /// Returns whether the zone is a blank filler, which is not drawn.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.value.is_empty() && mask::names_filler(self.name)
    }

    /// Returns whether a new entity begins with this zone.
    pub(crate) fn opens_entity(&self) -> bool {
        !self.entity.is_empty() && self.no == "1" && !self.continued
    }
}

/// An anomaly with the columns to point at.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Stable code.
    pub code: FindingCode,
    /// Cost of the anomaly.
    pub severity: Severity,
    /// First faulty column; one past the end when something is missing there.
    pub first: usize,
    /// Last faulty column.
    pub last: usize,
    /// Number and name of the zone.
    pub field: String,
    /// French text.
    pub message: String,
}

/// Builds the sheet of a record.
pub(crate) fn build(entry: &Entry, raw: Raw, findings: &[Finding], show_persons: bool) -> Sheet {
    let bytes = &raw.bytes;
    let (mut hidden, zones) = match &entry.content {
        Content::Record(table, famille) => one_table(bytes, *table, *famille, findings),
        Content::Entities(parts) => entities(bytes, parts),
    };
    if show_persons {
        hidden.fill(false);
    }
    let shown: Vec<char> = decode::visible(bytes)
        .chars()
        .zip(&hidden)
        .map(|(c, h)| if *h { HIDDEN } else { c })
        .collect();
    let fields = zones.into_iter().map(|z| z.field(&hidden, show_persons)).collect();
    let faults = findings.iter().map(|f| fault(f, &hidden)).collect();
    let (kind, title) =
        if bytes.is_empty() { (entry.kind.clone(), "absent".to_owned()) } else { name(entry) };
    Sheet {
        record: entry.record,
        offset: entry.offset,
        kind,
        title,
        invoice: entry.invoice.clone(),
        prefix: raw.prefix,
        shown,
        fields,
        faults,
    }
}

fn name(entry: &Entry) -> (String, String) {
    match &entry.content {
        Content::Record(Some(table), _) => (entry.kind.clone(), table.title.to_owned()),
        Content::Record(None, _) => (entry.kind.clone(), "table inconnue".to_owned()),
        Content::Entities(parts) => {
            let mut codes: Vec<&str> = parts.iter().map(|p| p.code.as_str()).collect();
            codes.dedup();
            (String::new(), format!("entités {}", codes.join(", ")))
        }
    }
}

/// A zone with its columns in the record and its bytes.
struct Columns {
    zone: &'static Zone,
    entity: String,
    first: usize,
    last: usize,
    continued: bool,
    whole: Vec<u8>,
    /// Whether bytes of the zone in another record are hidden too.
    hidden_elsewhere: bool,
}

impl Columns {
    fn field(self, hidden: &[bool], show_persons: bool) -> Field {
        let secret = self.hidden_elsewhere
            || hidden.get(self.first - 1..self.last).is_none_or(|part| part.contains(&true));
        let value = if secret && !show_persons {
            "masqué".to_owned()
        } else {
            decode::value(self.zone, &self.whole)
        };
        Field {
            entity: self.entity,
            no: self.zone.no,
            name: self.zone.name,
            first: self.first,
            last: self.last,
            value,
            meaning: self.zone.meaning,
            continued: self.continued,
        }
    }
}

fn one_table(
    bytes: &[u8],
    table: Option<&'static Layout>,
    famille: Famille,
    findings: &[Finding],
) -> (Vec<bool>, Vec<Columns>) {
    let own = table.map_or(&[][..], |t| t.zones);
    let shared = table.map_or(famille, |t| t.famille);
    let list: Vec<_> = shared.zones().iter().chain(own).collect();
    // The end of a file cuts a record, it does not move its columns.
    let cut = findings.iter().any(|f| f.code == Code::FichierTronque.as_str());
    let shift = if cut { 0 } else { bytes.len().abs_diff(LONGUEUR) };
    let mut hidden = if shared == Famille::Aucun && nir::has_prefix(bytes) {
        // A record of an invoice under another type: its bytes are not those of this table.
        mask::all_but_type(bytes)
    } else {
        mask::record(bytes, &list, shift)
    };
    let doubtful = own.iter().any(|zone| contradicts(zone, bytes));
    nir::hide(bytes, &mut hidden, if doubtful { nir::B2_COLUMNS } else { &[] });
    if doubtful && nir::has_prefix(bytes) {
        nir::hide_columns(bytes, &mut hidden);
    }
    let placed =
        list.iter().filter(|zone| usize::from(zone.end()) <= bytes.len()).map(|zone| Columns {
            zone,
            entity: String::new(),
            first: usize::from(zone.start),
            last: usize::from(zone.end()),
            continued: false,
            whole: zone.of(bytes).to_vec(),
            hidden_elsewhere: false,
        });
    (hidden, placed.collect())
}

/// Returns whether a mandatory zone is blank or a filler is not, as in a record under the type of
/// another.
fn contradicts(zone: &Zone, bytes: &[u8]) -> bool {
    let blank = zone.of(bytes).iter().all(|b| *b == b' ');
    if mask::is_filler(zone) { !blank } else { blank && zone.presence == Presence::O }
}

fn entities(bytes: &[u8], parts: &[Part]) -> (Vec<bool>, Vec<Columns>) {
    // Bytes outside any entity are hidden, except the padding and the flag of a block.
    let mut hidden: Vec<bool> = bytes.iter().map(|b| *b != b' ').collect();
    let mut placed = Vec::new();
    if let Some(flag) = hidden.first_mut().filter(|_| parts.iter().all(|p| p.column > 1)) {
        *flag = false;
    }
    for part in parts {
        let mut secret = mask::entity(&part.bytes, part.table, part.closed);
        nir::hide(&part.bytes, &mut secret, &[]);
        for i in 0..part.len {
            if let (Some(h), Some(s)) =
                (hidden.get_mut(part.column - 1 + i), secret.get(part.from + i))
            {
                *h = *s;
            }
        }
        let zones = part.table.into_iter().flat_map(Layout::all_zones);
        placed.extend(zones.filter_map(|zone| zone_of_part(zone, part, &secret)));
    }
    (hidden, placed)
}

/// Returns the part of a zone that is in this record.
fn zone_of_part(zone: &'static Zone, part: &Part, secret: &[bool]) -> Option<Columns> {
    let (start, end) = (usize::from(zone.start) - 1, usize::from(zone.end()));
    let (first, last) = (start.max(part.from), end.min(part.from + part.len));
    (first < last).then(|| Columns {
        zone,
        entity: part.code.clone(),
        first: part.column + first - part.from,
        last: part.column + last - part.from - 1,
        continued: start < part.from,
        whole: zone.of(&part.bytes).to_vec(),
        hidden_elsewhere: secret.get(start..end).is_none_or(|s| s.contains(&true)),
    })
}

/// Draws an anomaly. Its message may repeat the digits of a zone: they are hidden where the zone
/// is. The message about a forbidden character repeats none, its digits are a column.
fn fault(finding: &Finding, hidden: &[bool]) -> Fault {
    let length = hidden.len();
    let first = usize::try_from(finding.column.unwrap_or(1)).unwrap_or(1).clamp(1, length + 1);
    let span = usize::try_from(finding.length).unwrap_or(0).max(1);
    let last = (first + span - 1).min(length.max(first));
    let repeats_bytes = finding.code != Code::CaractereInterdit.as_str();
    let secret =
        repeats_bytes && hidden.get(first - 1..last).is_some_and(|part| part.contains(&true));
    let digit = |c: char| if c.is_ascii_digit() { HIDDEN } else { c };
    let message = finding.message.chars().map(|c| if secret { digit(c) } else { c }).collect();
    Fault {
        code: finding.code.clone(),
        severity: finding.severity,
        first,
        last,
        field: finding.field.clone(),
        message,
    }
}
