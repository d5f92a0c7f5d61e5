//! A record as it is shown: bytes, zones, faults. Hidden bytes are replaced when the sheet is
//! built, so that no drawing can show them.

use crate::choice::{Role, Wanted};
use crate::decode;
use crate::locate::{Content, Entry, Part, Raw};
use crate::mask;
use crate::rule;
use noemie_parsers::anomaly::{Code, Severity};
use noemie_parsers::layout::{Famille, Layout, Presence, Zone};
use noemie_parsers::nir_search as nir;
use noemie_parsers::outcome::{Finding, FindingCode};
use noemie_parsers::physical::enregistrements::LONGUEUR;
use std::ops::Range;

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
    /// Reason for which the record is shown.
    pub role: Role,
    /// Columns, 0-based, of the entities at fault and of those that hold them; empty when the
    /// whole record matters.
    pub focus: Vec<Range<usize>>,
}

impl Sheet {
    /// Returns whether columns, 0-based, are of those that matter.
    #[must_use]
    pub fn in_focus(&self, columns: &Range<usize>) -> bool {
        self.focus.is_empty() || self.focus.iter().any(|part| overlap(part, columns))
    }

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
    /// French title of the entity.
    pub entity_title: &'static str,
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
    zone: &'static Zone,
    /// Whether the zone begins in the record before.
    pub continued: bool,
}

impl Field {
    /// Returns the rule of the zone, in French: what may stand in it.
    #[must_use]
    pub fn rule(&self) -> String {
        rule::of(self.zone)
    }

    /// Returns the known values and remarks of the table, in French; empty when there are none.
    #[must_use]
    pub fn note(&self) -> &'static str {
        self.zone.note()
    }

    /// Returns the columns, 0-based.
    pub(crate) const fn columns(&self) -> Range<usize> {
        self.first - 1..self.last
    }

    /// Returns whether the zone only frames an entity: type, level and delimiter.
    pub(crate) fn is_frame(&self) -> bool {
        !self.entity.is_empty() && (matches!(self.no, "1" | "2") || self.value == "@")
    }

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
    /// Value found, masked when personal; absent when empty or long.
    pub value: Option<String>,
    /// French text.
    pub message: String,
}

/// Builds the sheet of a record.
pub(crate) fn build(entry: &Entry, raw: Raw, wanted: &Wanted, show_persons: bool) -> Sheet {
    let findings = wanted.findings(entry.record);
    let bytes = &raw.bytes;
    let (mut hidden, zones) = content(entry, bytes, findings);
    if show_persons {
        hidden.fill(false);
    }
    let shown: Vec<char> = decode::visible(bytes)
        .chars()
        .zip(&hidden)
        .map(|(c, h)| if *h { HIDDEN } else { c })
        .collect();
    let fields = zones.into_iter().map(|z| z.field(&hidden, show_persons)).collect();
    let faults: Vec<Fault> = findings.iter().map(|f| fault(f, bytes.len())).collect();
    let focus = focus(entry, &faults, wanted.groups(entry.record));
    let (kind, title) = if bytes.is_empty() {
        (entry.kind.clone(), "absent".to_owned())
    } else {
        name(entry, &focus)
    };
    Sheet {
        record: entry.record,
        offset: entry.offset,
        kind,
        title,
        invoice: entry.invoice.clone(),
        prefix: raw.prefix,
        shown,
        fields,
        focus,
        faults,
        role: wanted.role(entry.record),
    }
}

/// For each byte of a record, whether it is hidden.
pub(crate) fn hidden(entry: &Entry, raw: &Raw, findings: &[Finding]) -> Vec<bool> {
    content(entry, &raw.bytes, findings).0
}

/// For each byte of a record, whether it is hidden; and its zones.
fn content(entry: &Entry, bytes: &[u8], findings: &[Finding]) -> (Vec<bool>, Vec<Columns>) {
    match &entry.content {
        Content::Record(table, famille) => one_table(bytes, *table, *famille, findings),
        Content::Entities(parts) => entities(bytes, parts),
    }
}

/// Returns the columns, 0-based, of the entities that have a fault or hold one.
fn focus(entry: &Entry, faults: &[Fault], groups: &[Range<usize>]) -> Vec<Range<usize>> {
    let Content::Entities(parts) = &entry.content else { return Vec::new() };
    let matters = |columns: &Range<usize>| {
        faults.iter().any(|f| overlap(columns, &(f.first - 1..f.last)))
            || groups.iter().any(|group| overlap(columns, group))
    };
    parts.iter().map(Part::columns).filter(matters).collect()
}

const fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

fn name(entry: &Entry, focus: &[Range<usize>]) -> (String, String) {
    match &entry.content {
        Content::Record(Some(table), _) => (entry.kind.clone(), table.title.to_owned()),
        Content::Record(None, _) => (entry.kind.clone(), "table inconnue".to_owned()),
        Content::Entities(parts) => {
            let matters = |part: &&Part| focus.is_empty() || focus.contains(&part.columns());
            let matter = parts.iter().filter(matters);
            let mut codes: Vec<&str> = matter.map(|p| p.code.as_str()).collect();
            codes.dedup();
            let word = if codes.len() == 1 { "entité" } else { "entités" };
            (String::new(), format!("{word} {}", codes.join(", ")))
        }
    }
}

/// A zone with its columns in the record and its bytes.
struct Columns {
    zone: &'static Zone,
    entity: String,
    entity_title: &'static str,
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
            entity_title: self.entity_title,
            no: self.zone.no,
            name: self.zone.name,
            first: self.first,
            last: self.last,
            value,
            zone: self.zone,
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
            entity_title: "",
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
        entity_title: part.table.map_or("", |table| table.title),
        first: part.column + first - part.from,
        last: part.column + last - part.from - 1,
        continued: start < part.from,
        whole: zone.of(&part.bytes).to_vec(),
        hidden_elsewhere: secret.get(start..end).is_none_or(|s| s.contains(&true)),
    })
}

/// Hides the digits of a message, and the value, where the zone is hidden: a message may repeat the
/// bytes of its zone. The message about a forbidden character repeats no byte: its digits are a
/// column.
pub(crate) fn mask_finding(finding: &mut Finding, hidden: &[bool]) {
    let (first, last) = columns(finding, hidden.len());
    let is_secret = hidden.get(first - 1..last).is_some_and(|part| part.contains(&true));
    if !is_secret {
        return;
    }
    let digit = |c: char| if c.is_ascii_digit() { HIDDEN } else { c };
    if finding.code != Code::CaractereInterdit.as_str() {
        finding.message = finding.message.chars().map(digit).collect();
    }
    let any = |c: char| if c.is_alphanumeric() { HIDDEN } else { c };
    finding.value = finding.value.take().map(|value| value.chars().map(any).collect());
}

/// Returns the columns of an anomaly in a record of this length, both 1-based.
fn columns(finding: &Finding, length: usize) -> (usize, usize) {
    let first = usize::try_from(finding.column.unwrap_or(1)).unwrap_or(1).clamp(1, length + 1);
    let span = usize::try_from(finding.length).unwrap_or(0).max(1);
    (first, (first + span - 1).min(length.max(first)))
}

fn fault(finding: &Finding, length: usize) -> Fault {
    let (first, last) = columns(finding, length);
    Fault {
        code: finding.code.clone(),
        severity: finding.severity,
        first,
        last,
        field: finding.field.clone(),
        value: finding.value.clone(),
        message: finding.message.clone(),
    }
}
