//! Reads a line of a convention file into a convention. `docs/conventionnement.md` explains the
//! columns.

use super::problem::Problem;
use crate::domain::FreeText;
use crate::domain::civil_time::read_day;
use crate::domain::identifier::{WRONG_KEY, is_domain, normalise, read_ps};
use crate::store::conventions::{ConventionRow, ConventionState};
use noemie_parsers::types::{NumeroAmc, Rpps};
use time::Date;

/// Longest free text accepted.
const MAX_TEXT_CHARS: usize = 200;

/// The columns, in the order of the documentation; the file may have them in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Identifiant,
    NumeroAmc,
    TypeConvention,
    Domaine,
    DateDebut,
    DateFin,
    Etat,
    Motif,
    Concentrateur,
    Rpps,
    FinessEt,
}

impl Column {
    const ALL: [Self; 11] = [
        Self::Identifiant,
        Self::NumeroAmc,
        Self::TypeConvention,
        Self::Domaine,
        Self::DateDebut,
        Self::DateFin,
        Self::Etat,
        Self::Motif,
        Self::Concentrateur,
        Self::Rpps,
        Self::FinessEt,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Identifiant => "identifiant",
            Self::NumeroAmc => "numero_amc",
            Self::TypeConvention => "type_convention",
            Self::Domaine => "domaine",
            Self::DateDebut => "date_debut",
            Self::DateFin => "date_fin",
            Self::Etat => "etat",
            Self::Motif => "motif",
            Self::Concentrateur => "concentrateur",
            Self::Rpps => "rpps",
            Self::FinessEt => "finess_et",
        }
    }

    const fn required(self) -> bool {
        matches!(
            self,
            Self::Identifiant | Self::NumeroAmc | Self::Domaine | Self::DateDebut | Self::Etat
        )
    }
}

/// Columns of a file in their order there, and its separator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    columns: Vec<Column>,
    pub(super) separator: char,
}

/// Returns the header that a line holds, or every fault of the line.
pub(super) fn read_header(text: &str) -> Result<Header, Vec<Problem>> {
    let separator = if text.matches(';').count() >= text.matches(',').count() { ';' } else { ',' };
    let names = super::lines::split(text, separator).map_err(|(error, column)| {
        let (code, message) = error.code_and_message();
        vec![Problem::rejecting(1, column, "", code, message.to_owned())]
    })?;
    let (mut columns, mut problems) = (Vec::new(), Vec::new());
    for (rank, name) in (1u32..).zip(&names) {
        match Column::ALL.into_iter().find(|column| column.name() == name.to_lowercase()) {
            Some(column) if columns.contains(&column) => {
                problems.push(Problem::rejecting(
                    1,
                    rank,
                    column.name(),
                    "COLONNE_EN_DOUBLE",
                    format!("La colonne « {} » figure deux fois.", column.name()),
                ));
            }
            Some(column) => columns.push(column),
            None => problems.push(Problem::rejecting(
                1,
                rank,
                "",
                "COLONNE_INCONNUE",
                format!("La colonne « {} » n'est pas connue.", FreeText::new(name)),
            )),
        }
    }
    for column in
        Column::ALL.into_iter().filter(|column| column.required() && !columns.contains(column))
    {
        let message = format!("La colonne « {} » manque.", column.name());
        problems.push(Problem::rejecting(1, 0, column.name(), "COLONNE_MANQUANTE", message));
    }
    if problems.is_empty() { Ok(Header { columns, separator }) } else { Err(problems) }
}

/// Returns the convention of the fields of a line, or every fault of the line.
pub(super) fn read(
    line: u64,
    header: &Header,
    fields: &[String],
) -> Result<ConventionRow, Vec<Problem>> {
    if fields.len() != header.columns.len() {
        let message = format!(
            "La ligne a {} colonnes, l'en-tête en a {}.",
            fields.len(),
            header.columns.len()
        );
        return Err(vec![Problem::rejecting(line, 0, "", "NOMBRE_DE_COLONNES", message)]);
    }
    let mut reader = RowReader { line, header, fields, problems: Vec::new() };
    let row = reader.row();
    match row {
        Some(row) if reader.problems.is_empty() => Ok(row),
        _ => Err(reader.problems),
    }
}

struct RowReader<'a> {
    line: u64,
    header: &'a Header,
    fields: &'a [String],
    problems: Vec<Problem>,
}

impl RowReader<'_> {
    /// Returns the convention. Every column is read even after a fault, so that all faults are
    /// reported at once.
    fn row(&mut self) -> Option<ConventionRow> {
        let identifier = self.ps(Column::Identifiant);
        let amc = self.amc();
        let convention_type = self.convention_type();
        let domain = self.domain();
        let starts_on = self.date(Column::DateDebut);
        let ends_on = self.date(Column::DateFin);
        let state = self.state();
        if let (Some(start), Some(end)) = (starts_on, ends_on)
            && end < start
        {
            self.report(
                Column::DateFin,
                "DATES_INVERSEES",
                "La date de fin précède la date de début.".to_owned(),
            );
        }
        let (motive, concentrator) =
            (self.free_text(Column::Motif), self.free_text(Column::Concentrateur));
        let (rpps, finess_et) = (self.rpps(), self.ps(Column::FinessEt).unwrap_or_default());
        Some(ConventionRow {
            identifier: identifier?,
            amc: amc?,
            convention_type,
            domain,
            starts_on: starts_on?,
            ends_on,
            state: state?,
            motive,
            concentrator,
            rpps,
            finess_et,
        })
    }

    fn rank(&self, column: Column) -> Option<usize> {
        self.header.columns.iter().position(|present| *present == column)
    }

    fn text(&self, column: Column) -> &str {
        self.rank(column).map_or("", |rank| &self.fields[rank])
    }

    fn report(&mut self, column: Column, code: &'static str, message: String) {
        let rank = self.rank(column).and_then(|rank| u32::try_from(rank + 1).ok()).unwrap_or(0);
        self.problems.push(Problem::rejecting(self.line, rank, column.name(), code, message));
    }

    /// Returns the value of a column, `None` when empty; reports an empty value of a required
    /// column.
    fn present(&mut self, column: Column) -> Option<String> {
        let text = self.text(column).to_owned();
        if text.is_empty() && column.required() {
            self.report(column, "VALEUR_ABSENTE", "Cette colonne est obligatoire.".to_owned());
        }
        (!text.is_empty()).then_some(text)
    }

    fn ps(&mut self, column: Column) -> Option<String> {
        let text = self.present(column)?;
        match read_ps(&normalise(&text)) {
            Ok(number) if number.cle_valide() => return Some(number.as_str().to_owned()),
            Ok(_) => self.report(column, "CLE_INVALIDE", WRONG_KEY.to_owned()),
            Err(shape) => self.report(column, shape.code, shape.message),
        }
        None
    }

    fn amc(&mut self) -> Option<String> {
        let text = self.present(Column::NumeroAmc)?;
        let number =
            NumeroAmc::from_bytes(text.as_bytes()).map(|number| number.as_str().to_owned());
        if number.is_none() {
            self.report(
                Column::NumeroAmc,
                "AMC_INVALIDE",
                "Un numéro d'AMC est fait de 1 à 10 chiffres.".to_owned(),
            );
        }
        number
    }

    fn convention_type(&mut self) -> String {
        let text = normalise(self.text(Column::TypeConvention));
        let well_formed = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !text.is_empty() && !well_formed {
            self.report(
                Column::TypeConvention,
                "TYPE_CONVENTION_INVALIDE",
                "Le type de convention a 2 caractères (lettres ou chiffres).".to_owned(),
            );
        }
        text
    }

    fn domain(&mut self) -> String {
        let text = self.present(Column::Domaine).map(|text| normalise(&text)).unwrap_or_default();
        if !text.is_empty() && text != "*" && !is_domain(&text) {
            self.report(
                Column::Domaine,
                "DOMAINE_INVALIDE",
                "Un domaine a 2 à 8 lettres ou chiffres ; « * » les vaut tous.".to_owned(),
            );
        }
        text
    }

    fn date(&mut self, column: Column) -> Option<Date> {
        let text = self.present(column)?;
        let date = read_day(&text);
        if date.is_none() {
            self.report(
                column,
                "DATE_INVALIDE",
                "La date n'existe pas ou n'est pas écrite AAAA-MM-JJ.".to_owned(),
            );
        }
        date
    }

    fn state(&mut self) -> Option<ConventionState> {
        let text = self.present(Column::Etat)?;
        let state = ConventionState::from_code(&text.to_lowercase());
        if state.is_none() {
            self.report(
                Column::Etat,
                "ETAT_INCONNU",
                "L'état est active, suspendue, resiliee ou en_attente.".to_owned(),
            );
        }
        state
    }

    fn free_text(&mut self, column: Column) -> FreeText {
        let text = self.text(column);
        if text.chars().count() > MAX_TEXT_CHARS {
            self.report(
                column,
                "TEXTE_TROP_LONG",
                format!("Le texte dépasse {MAX_TEXT_CHARS} caractères."),
            );
            return FreeText::default();
        }
        text.into()
    }

    fn rpps(&mut self) -> String {
        let text = self.text(Column::Rpps).to_owned();
        let read = Rpps::from_bytes(text.as_bytes());
        if !text.is_empty() && read.is_none() {
            self.report(
                Column::Rpps,
                "RPPS_INVALIDE",
                "Un RPPS est fait de 11 chiffres.".to_owned(),
            );
        } else if read.is_some_and(|number| !number.cle_valide()) {
            self.report(Column::Rpps, "CLE_INVALIDE", WRONG_KEY.to_owned());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "identifiant;numero_amc;domaine;date_debut;date_fin;etat;rpps";

    fn check(line: &str) -> Result<ConventionRow, Vec<(&'static str, u32)>> {
        let header = read_header(HEADER).expect("good header");
        let fields = super::super::lines::split(line, header.separator).expect("splits");
        read(2, &header, &fields).map_err(|problems| {
            problems.iter().map(|problem| (problem.code, problem.column)).collect()
        })
    }

    #[test]
    fn a_good_line_is_read_and_normalised() {
        let row = check("992001362;99900011;phar;2024-01-01;;ACTIVE;10999999997").expect("good");
        assert_eq!(
            (row.amc.as_str(), row.domain.as_str(), row.state),
            ("0099900011", "PHAR", ConventionState::Active)
        );
        assert_eq!(row.ends_on, None);
    }

    #[test]
    fn every_fault_of_a_line_is_reported() {
        assert_eq!(
            check("992001363;A;p h;2024-13-01;2024-01-01;oui;123"),
            Err(vec![
                ("CLE_INVALIDE", 1),
                ("AMC_INVALIDE", 2),
                ("DOMAINE_INVALIDE", 3),
                ("DATE_INVALIDE", 4),
                ("ETAT_INCONNU", 6),
                ("RPPS_INVALIDE", 7)
            ])
        );
        assert_eq!(
            check("992001362;99900011;*;2024-02-01;2024-01-01;active;"),
            Err(vec![("DATES_INVERSEES", 5)])
        );
        assert_eq!(check("992001362;99900011"), Err(vec![("NOMBRE_DE_COLONNES", 0)]));
        assert_eq!(check(";;;;;;").map_err(|all| all.len()), Err(5));
    }

    #[test]
    fn headers_are_read_in_any_order_and_with_commas() {
        assert_eq!(
            read_header("etat,domaine,date_debut,NUMERO_AMC,identifiant").expect("good").separator,
            ','
        );
        let codes: Vec<_> = read_header("identifiant;identifiant;date_find")
            .expect_err("wrong")
            .iter()
            .map(|p| (p.code, p.field))
            .collect();
        assert_eq!(
            codes,
            [
                ("COLONNE_EN_DOUBLE", "identifiant"),
                ("COLONNE_INCONNUE", ""),
                ("COLONNE_MANQUANTE", "numero_amc"),
                ("COLONNE_MANQUANTE", "domaine"),
                ("COLONNE_MANQUANTE", "date_debut"),
                ("COLONNE_MANQUANTE", "etat")
            ]
        );
    }
}
