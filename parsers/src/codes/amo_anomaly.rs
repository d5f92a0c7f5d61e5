//! The 425 anomaly codes of the AMO, with class, family and label.
//!
//! The list is official (nomenclatures `IR_TAN_V` and `IR_RAN_V` of the SNDS, state of 2020); the
//! numbers that a professional reads in a return are another numbering of the same anomalies.

use super::family::RejectFamily;
use std::sync::OnceLock;

/// The table: `code;family;label` a line, in the order of the codes; lines with `#` are its notes.
const TABLE: &str = include_str!("amo_anomalies.csv");

/// Class of an anomaly, the first letter of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnomalyClass {
    /// Raised by the software of the caisse when it settles an invoice (`I`).
    Settlement,
    /// Reject of the data of a stay (`P`).
    Pmsi,
    /// Reject at the intake of the national data base (`R`).
    NationalIntake,
    /// Notice that rejects nothing (`S`).
    Notice,
    /// Codes for an unknown value.
    Undefined,
}

/// An anomaly of the AMO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AmoAnomaly {
    /// Code, five characters.
    pub code: &'static str,
    /// Class.
    pub class: AnomalyClass,
    /// Family.
    pub family: RejectFamily,
    /// French label.
    pub label: &'static str,
}

/// Returns every anomaly, in the order of the codes.
#[must_use]
pub fn anomalies() -> &'static [AmoAnomaly] {
    static ANOMALIES: OnceLock<Vec<AmoAnomaly>> = OnceLock::new();
    ANOMALIES.get_or_init(|| TABLE.lines().filter_map(read_line).collect())
}

/// Returns the anomaly of a code; `None` for a code that the list does not have.
#[must_use]
pub fn anomaly(code: &str) -> Option<&'static AmoAnomaly> {
    let all = anomalies();
    all.binary_search_by_key(&code, |entry| entry.code).ok().map(|at| &all[at])
}

/// Reads a line of the table; `None` for a note.
fn read_line(line: &'static str) -> Option<AmoAnomaly> {
    let (code, rest) = line.split_once(';')?;
    let (family, label) = rest.split_once(';')?;
    let class = match code.as_bytes() {
        [b'I', ..] => AnomalyClass::Settlement,
        [b'P', ..] => AnomalyClass::Pmsi,
        [b'R', ..] => AnomalyClass::NationalIntake,
        [b'S', ..] => AnomalyClass::Notice,
        _ => AnomalyClass::Undefined,
    };
    Some(AmoAnomaly { code, class, family: RejectFamily::from_code(family)?, label })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_code_once_and_in_order() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!((anomalies().len(), lines), (425, 425));
        assert!(anomalies().windows(2).all(|pair| pair[0].code < pair[1].code));
        let of = |class| anomalies().iter().filter(|entry| entry.class == class).count();
        assert_eq!(of(AnomalyClass::Settlement), 152);
        assert_eq!(of(AnomalyClass::NationalIntake), 212);
        assert_eq!(of(AnomalyClass::Pmsi), 55);
        assert_eq!(of(AnomalyClass::Notice), 4);
        assert_eq!(of(AnomalyClass::Undefined), 2);
    }

    #[test]
    fn labels_are_french_sentences_of_an_entity_294() {
        for entry in anomalies() {
            let first = entry.label.chars().next().expect("a label");
            assert!(first.is_uppercase(), "{}", entry.code);
            assert!(entry.label.chars().count() <= 90, "{}", entry.code);
        }
        assert_eq!(anomaly("I1002").map(|entry| entry.label), Some("Droits non ouverts"));
        assert_eq!(anomaly("I9999"), None);
    }

    #[test]
    fn words_of_most_labels_tell_the_family_of_the_table() {
        let settled = anomalies().iter().filter(|entry| entry.class == AnomalyClass::Settlement);
        let (mut told, mut differ) = (0, Vec::new());
        for entry in settled {
            match RejectFamily::of_label(entry.label) {
                RejectFamily::Other => {}
                family if family == entry.family => told += 1,
                _ => differ.push(entry.code),
            }
        }
        // A contract with a referent doctor is no cover; a prescribed rate is a rate.
        assert_eq!(differ, ["I0707", "I4016"]);
        assert!(told >= 60, "{told} labels tell their family");
    }
}
