//! Reads a line of file 502 (`structureet`, 32 positions) into a row of the register.
//!
//! Source: official description of the etalab file CS1100502. A row whose own number is valid but
//! that has another fault becomes a row with `readable: false`: the establishment exists and must
//! not be closed, but its other values stay as they were.

use super::problem::Problem;
use crate::domain::civil_time::read_day;
use crate::domain::identifier::{WRONG_KEY, normalise, read_ps};
use crate::store::conventions::FinessRow;
use time::Date;

/// Section that holds establishments.
pub(super) const SECTION: &str = "structureet";
/// Number of positions of a row of the section.
pub(super) const POSITIONS: usize = 32;

/// A position of the file, 1-based, with its official name.
struct Position(usize, &'static str);
const NOFINESSET: Position = Position(2, "nofinesset");
const NOFINESSEJ: Position = Position(3, "nofinessej");
const RS: Position = Position(4, "rs");
const RSLONGUE: Position = Position(5, "rslongue");
const DEPARTEMENT: Position = Position(14, "departement");
const LIGNEACHEMINEMENT: Position = Position(16, "ligneacheminement");
const CATEGETAB: Position = Position(19, "categetab");
const LIBCATEGETAB: Position = Position(20, "libcategetab");
const SIRET: Position = Position(23, "siret");
const CODEMFT: Position = Position(25, "codemft");
const DATEOUV: Position = Position(29, "dateouv");
const DATEMAJ: Position = Position(31, "datemaj");

/// Result of reading a row.
pub(super) struct ReadRow {
    /// The row; `None` when its own number is not valid.
    pub(super) row: Option<FinessRow>,
    /// Faults of the row.
    pub(super) problems: Vec<Problem>,
}

/// Reads the fields of a `structureet` line.
pub(super) fn read(line: u64, fields: &[String]) -> ReadRow {
    let mut reader = RowReader { line, fields, problems: Vec::new() };
    let row = reader.row();
    ReadRow { row, problems: reader.problems }
}

struct RowReader<'a> {
    line: u64,
    fields: &'a [String],
    problems: Vec<Problem>,
}

impl RowReader<'_> {
    fn row(&mut self) -> Option<FinessRow> {
        if self.fields.len() != POSITIONS {
            let message =
                format!("La ligne a {} colonnes au lieu de {POSITIONS}.", self.fields.len());
            self.problems.push(Problem::rejecting(self.line, 0, "", "NOMBRE_DE_COLONNES", message));
        }
        let finess_et = self.number(&NOFINESSET)?;
        let line = i64::try_from(self.line).unwrap_or(i64::MAX);
        if !self.problems.is_empty() {
            return Some(FinessRow { line, finess_et, ..FinessRow::default() });
        }
        let row = FinessRow {
            line,
            readable: true,
            finess_et,
            finess_ej: self.number(&NOFINESSEJ).unwrap_or_default(),
            name: self.required(&RS).into(),
            long_name: self.text(&RSLONGUE).into(),
            category_code: self.shaped(
                &CATEGETAB,
                "CATEGORIE_INVALIDE",
                "La catégorie est faite de 3 chiffres.",
                |c| c.len() == 3 && c.bytes().all(|b| b.is_ascii_digit()),
            ),
            category_label: self.text(&LIBCATEGETAB).into(),
            department: self.shaped(
                &DEPARTEMENT,
                "DEPARTEMENT_INVALIDE",
                "Le département est fait d'un chiffre et d'un chiffre ou d'une lettre.",
                |d| matches!(d.as_bytes(), [b'0'..=b'9', b'0'..=b'9' | b'A'..=b'Z']),
            ),
            post_line: self.text(&LIGNEACHEMINEMENT).into(),
            siret: self.optional(
                &SIRET,
                "SIRET_INVALIDE",
                "Le SIRET est fait de 14 chiffres ; la valeur n'est pas reprise.",
                |s| s.len() == 14 && s.bytes().all(|b| b.is_ascii_digit()),
            ),
            codemft: self.text(&CODEMFT).into(),
            opened_on: self.date(&DATEOUV),
            updated_on: self.date(&DATEMAJ),
        };
        let readable = !self.problems.iter().any(|problem| problem.row_rejected);
        Some(if readable {
            row
        } else {
            FinessRow { line, finess_et: row.finess_et, ..FinessRow::default() }
        })
    }

    fn text(&self, position: &Position) -> String {
        self.fields.get(position.0 - 1).cloned().unwrap_or_default()
    }

    fn report(
        &mut self,
        position: &Position,
        code: &'static str,
        message: &str,
        row_rejected: bool,
    ) {
        let column = u32::try_from(position.0).unwrap_or(0);
        self.problems.push(Problem {
            line: self.line,
            column,
            field: position.1,
            code,
            message: message.to_owned(),
            row_rejected,
        });
    }

    fn number(&mut self, position: &Position) -> Option<String> {
        match read_ps(&normalise(&self.text(position))) {
            Ok(number) if number.cle_valide() => Some(number.as_str().to_owned()),
            Ok(_) => {
                self.report(position, "CLE_INVALIDE", WRONG_KEY, true);
                None
            }
            Err(shape) => {
                self.report(position, shape.code, &shape.message, true);
                None
            }
        }
    }

    fn required(&mut self, position: &Position) -> String {
        let text = self.text(position);
        if text.is_empty() {
            self.report(position, "VALEUR_ABSENTE", "Cette colonne est obligatoire.", true);
        }
        text
    }

    fn shaped(
        &mut self,
        position: &Position,
        code: &'static str,
        message: &str,
        accepts: fn(&str) -> bool,
    ) -> String {
        let text = normalise(&self.text(position));
        if !accepts(&text) {
            self.report(position, code, message, true);
        }
        text
    }

    fn optional(
        &mut self,
        position: &Position,
        code: &'static str,
        message: &str,
        accepts: fn(&str) -> bool,
    ) -> String {
        let text = self.text(position);
        if text.is_empty() || accepts(&text) {
            return text;
        }
        self.report(position, code, message, false);
        String::new()
    }

    /// Returns an ISO date; `None` when the position is empty or 1900-01-01, which the register
    /// also writes for no date.
    fn date(&mut self, position: &Position) -> Option<Date> {
        let text = self.text(position);
        if text.is_empty() || text == "1900-01-01" {
            return None;
        }
        let date = read_day(&text);
        if date.is_none() {
            self.report(
                position,
                "DATE_INVALIDE",
                "La date n'existe pas ou n'est pas écrite \
                AAAA-MM-JJ ; la valeur n'est pas reprise.",
                false,
            );
        }
        date
    }
}

/// Returns the date of the extract, from line 1: `finess;etalab;<counter>;AAAA-MM-JJ`.
pub(super) fn read_first_line(text: &str) -> Option<Date> {
    let fields: Vec<&str> = text.split(';').map(str::trim).collect();
    match fields.as_slice() {
        ["finess", "etalab", _, date] => read_day(date),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "structureet;990000110;990000128;CLINIQUE INVENTEE;;;;1;R;DES \
        TESTS;;;001;99;INVENTE;99001 VILLE \
        INVENTEE;;;365;Clinique;1110;;;;03;;;;2001-02-03;1900-01-01;2024-05-06;";

    fn row(line: &str) -> ReadRow {
        read(7, &super::super::lines::split(line, ';').expect("splits"))
    }

    fn codes(line: &str) -> Vec<(&'static str, u32)> {
        row(line).problems.iter().map(|problem| (problem.code, problem.column)).collect()
    }

    fn keyed(stem: &str) -> String {
        (0..10)
            .map(|key| format!("{stem}{key}"))
            .find(|n| noemie_parsers::types::cle_type_1_2_valide(n.as_bytes()))
            .expect("one key in ten is right")
    }

    fn good() -> String {
        GOOD.replace("990000110", &keyed("99000011")).replace("990000128", &keyed("99000012"))
    }

    #[test]
    fn a_good_row_is_read() {
        let ReadRow { row, problems } = row(&good());
        assert_eq!(problems, []);
        let row = row.expect("kept");
        assert!(row.readable);
        assert_eq!(
            (row.name.as_str(), row.category_code.as_str(), row.post_line.as_str()),
            ("CLINIQUE INVENTEE", "365", "99001 VILLE INVENTEE")
        );
        assert_eq!(row.opened_on, read_day("2001-02-03"));
        assert_eq!(row.updated_on, read_day("2024-05-06"));
    }

    #[test]
    fn faults_name_their_column() {
        let et = keyed("99000011");
        assert_eq!(codes(&good().replace(&et, "990000119X")), [("IDENTIFIANT_LONGUEUR", 2)]);
        assert_eq!(codes(&good().replace("CLINIQUE INVENTEE", "")), [("VALEUR_ABSENTE", 4)]);
        assert_eq!(codes(&good().replace(";365;", ";36;")), [("CATEGORIE_INVALIDE", 19)]);
        assert_eq!(codes(&good().replace("2024-05-06", "2024-02-31")), [("DATE_INVALIDE", 31)]);
        assert_eq!(
            codes("structureet;1;2"),
            [("NOMBRE_DE_COLONNES", 0), ("IDENTIFIANT_LONGUEUR", 2)]
        );
    }

    #[test]
    fn a_faulty_row_with_a_readable_number_is_seen_but_not_read() {
        let row = row(&good().replace(";365;", ";;")).row.expect("seen");
        assert!(!row.readable);
        assert_eq!((row.finess_et, row.name), (keyed("99000011"), "".into()));
    }

    #[test]
    fn first_line_gives_the_date_of_the_extract() {
        assert_eq!(read_first_line("finess;etalab;111;2026-05-12"), read_day("2026-05-12"));
        for bad in
            ["", "finess;etalab;111", "finess;etalab;111;12/05/2026", "structureet;1;2;2026-05-12"]
        {
            assert_eq!(read_first_line(bad), None, "{bad}");
        }
    }
}
