//! Bytes of a record in blocks over their ruler: every second zone has a band, faults are marked,
//! blanks are dotted by the style sheet and stay blanks when they are copied.

use super::escape;
use crate::sheet::Sheet;
use crate::text;
use noemie_parsers::anomaly::Severity;
use std::fmt::Write as _;
use std::ops::Range;

/// Columns of a block: one fits a telephone of 320 pixels, four in a row show a record of 128.
const WIDTH: usize = 32;

/// Returns the blocks of the columns that matter, or of the whole record.
pub(super) fn blocks(sheet: &Sheet, whole: bool) -> String {
    let mut out = String::from("<div class=\"bytes\">");
    for part in parts(sheet, whole) {
        for start in part.clone().step_by(WIDTH) {
            block(&mut out, sheet, start, part.end.min(start + WIDTH));
        }
    }
    out.push_str("</div>");
    out
}

/// Returns the columns to draw, those of a fault outside the focus included.
fn parts(sheet: &Sheet, whole: bool) -> Vec<Range<usize>> {
    if whole || sheet.focus.is_empty() {
        return std::iter::once(0..sheet.width()).collect();
    }
    let mut parts = sheet.focus.clone();
    let faults = sheet.faults.iter().map(|fault| fault.first - 1..fault.last);
    parts.extend(faults.filter(|columns| !sheet.in_focus(columns)));
    parts.sort_by_key(|part| part.start);
    parts
}

fn block(out: &mut String, sheet: &Sheet, start: usize, end: usize) {
    out.push_str("<pre>");
    let mut i = start;
    while i < end {
        let style = Style::at(sheet, i);
        let stop = (i + 1..end).find(|j| Style::at(sheet, *j) != style).unwrap_or(end);
        let run: String = (i..stop).map(|j| sheet.char_at(j)).collect();
        style.write(out, &escape(&run));
        i = stop;
    }
    let ruler = text::ruler(start, end);
    let _infallible = write!(out, "\n<span class=\"n\" aria-hidden=\"true\">{ruler}</span></pre>");
}

/// Style of a byte: the severity of its fault, the parity of its zone, whether it is a blank.
#[derive(PartialEq, Eq)]
struct Style {
    severity: Option<Severity>,
    band: bool,
    blank: bool,
}

impl Style {
    fn at(sheet: &Sheet, i: usize) -> Self {
        let zone = sheet.fields.iter().position(|f| f.first <= i + 1 && i < f.last);
        Self {
            severity: sheet.fault_at(i).map(|f| f.severity),
            band: zone.is_some_and(|rank| rank % 2 == 1),
            blank: sheet.char_at(i) == ' ' && i < sheet.shown.len(),
        }
    }

    fn write(&self, out: &mut String, text: &str) {
        let class = match (self.band, self.blank) {
            (true, true) => "a b",
            (true, false) => "a",
            (false, true) => "b",
            (false, false) => "",
        };
        let _infallible = match (self.severity, class) {
            (Some(severity), _) => write!(out, "<mark class=\"{severity} {class}\">{text}</mark>"),
            (None, "") => write!(out, "{text}"),
            (None, class) => write!(out, "<span class=\"{class}\">{text}</span>"),
        };
    }
}
