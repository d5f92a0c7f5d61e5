//! Codes of reasons of rejects and deferrals, with their French labels.
//!
//! The list that all insurers share is not public. The gateway knows the codes that insurers are
//! seen to send to the operators of concentrators and to professionals, and an insurer registers
//! its own list in a file. Without such a file every code is accepted, and one that is not known
//! gets a warning; with it, a worker's code has to be registered. Codes in files of payers are
//! never refused.

use super::FreeText;
use super::masking::holds_identity;
use noemie_parsers::codes::reject::{self, RejectCode, canonical};
use std::collections::BTreeMap;

/// Longest label, characters: as many as an entity 294 has.
const MAX_LABEL_CHARS: usize = 80;
/// Longest code, characters: longer ones have no place in an entity 294.
const MAX_CODE_CHARS: usize = 32;
/// Largest number of codes of a file.
const MAX_CODES: usize = 10_000;
/// Largest number of codes that a refusal names.
const MAX_NAMED: usize = 5;

/// Table of codes with their labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonCodes {
    /// Code as written, and label, by the form in which codes are compared.
    codes: BTreeMap<String, (String, FreeText)>,
    /// Whether an insurer registered its codes, so that no other code is taken.
    is_registered: bool,
}

/// A line of the file of codes that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct WrongCodeLine {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: &'static str,
}

impl Default for ReasonCodes {
    /// Returns the known codes, beside which every other code is taken.
    fn default() -> Self {
        let known = |entry: &RejectCode| {
            (canonical(entry.code), (entry.code.to_owned(), FreeText::from(entry.label)))
        };
        Self { codes: reject::CODES.iter().map(known).collect(), is_registered: false }
    }
}

impl ReasonCodes {
    /// Reads the registered codes of an insurer: a line `code;label` each, UTF-8. The known codes
    /// stay, with the labels of the file where it names them. Empty lines, lines that begin with
    /// `#` and a first line `code;libelle` are passed over.
    pub fn registered(text: &str) -> Result<Self, WrongCodeLine> {
        let mut table = Self { is_registered: true, ..Self::default() };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().zip(1..).map(|(text, line)| (text.trim(), line));
        for (text, line) in lines.filter(|(text, _)| !text.is_empty() && !text.starts_with('#')) {
            let wrong = |why| Err(WrongCodeLine { line, why });
            let Some((code, label)) = text.split_once(';') else {
                return wrong("expected code;label");
            };
            let (code, label) = (code.trim(), label.trim());
            if line == 1 && code.eq_ignore_ascii_case("code") {
                continue;
            }
            if code.is_empty() || code.chars().count() > MAX_CODE_CHARS {
                return wrong("the code has no character, or more than 32");
            }
            if label.is_empty() || label.chars().count() > MAX_LABEL_CHARS {
                return wrong("the label has no character, or more than 80");
            }
            if holds_identity(text) || text.chars().any(char::is_control) {
                return wrong("it holds what looks like a NIR or an IBAN, or a control character");
            }
            table.codes.insert(canonical(code), (code.to_owned(), label.into()));
            if table.codes.len() > MAX_CODES {
                return wrong("more than 10000 codes");
            }
        }
        Ok(table)
    }

    /// Returns the label of a code; `None` for a code that the table does not have.
    #[must_use]
    pub fn label(&self, code: &str) -> Option<&FreeText> {
        self.codes.get(&canonical(code)).map(|(_, label)| label)
    }

    /// Returns whether a code that the table does not have is refused.
    #[must_use]
    pub const fn refuses_others(&self) -> bool {
        self.is_registered
    }

    /// Returns some codes of the table, for the text of a refusal.
    #[must_use]
    pub fn examples(&self) -> String {
        let codes: Vec<&str> =
            self.codes.values().take(MAX_NAMED).map(|(code, _)| code.as_str()).collect();
        codes.join(", ")
    }

    /// Returns the codes as written, with their labels, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FreeText)> {
        self.codes.values().map(|(code, label)| (code.as_str(), label))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_in_each_of_its_forms() {
        let codes = ReasonCodes::default();
        for code in ["122", "000122", "AAA000122R", " 122 ", "aaa000122r"] {
            let label = codes.label(code).map(FreeText::as_str);
            assert_eq!(label, Some("Garantie non active ou acte non couvert à la date des soins"));
        }
        assert_eq!(codes.label("2900005").map(FreeText::as_str), Some("Facture déjà payée"));
        for code in ["", "AAA122R", "1220", "AAA000122S"] {
            assert_eq!(codes.label(code), None, "{code}");
        }
        assert!(!codes.refuses_others());
    }

    #[test]
    fn an_insurer_registers_its_codes() {
        let text =
            "\u{feff}code;libelle\r\n# contrats\r\nM-12;Délai dépassé\r\n\r\n122;Droits fermés";
        let codes = ReasonCodes::registered(text).expect("readable");
        assert_eq!(codes.label("m-12").map(FreeText::as_str), Some("Délai dépassé"));
        assert_eq!(codes.label("AAA000122R").map(FreeText::as_str), Some("Droits fermés"));
        assert_eq!(codes.iter().count(), reject::CODES.len() + 1);
        assert!(codes.refuses_others() && codes.label("M-13").is_none());
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let long = format!("A;{}", "x".repeat(81));
        for wrong in ["A", ";label", "A;", long.as_str(), "1 85 07 60 057 018;nom"] {
            let text = format!("B;ok\n{wrong}");
            let refused = ReasonCodes::registered(&text).expect_err(wrong);
            assert_eq!(refused.line, 2, "{wrong}");
        }
    }
}
