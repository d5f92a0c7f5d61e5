//! Import of a FINESS register extract: read on a blocking thread, staged in batches, applied in
//! one transaction.

use super::dates::french_date;
use super::finess_row::{self, SECTION};
use super::import::{Batches, DOUBLE, ImportError, Stager, too_long};
use super::lines::{Encoding, Line, Lines, split};
use super::problem::{Problem, Problems};
use super::tables::Conventionnement;
use crate::domain::FileName;
use crate::domain::identifier::normalise;
use crate::store::conventions::{FinessRow, NewSnapshot, RegisterDiff, RegisterOutcome};
use serde::Serialize;
use std::io::{self, Read};
use time::{Date, OffsetDateTime};

/// Result of an import of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FinessImport {
    /// Name given to the source.
    pub source_name: FileName,
    /// BLAKE3 of the file, hex: the snapshot's identifier.
    pub digest: String,
    /// Encoding found.
    pub encoding: Encoding,
    /// Date of the extract, when its first line could be read.
    pub as_of: Option<Date>,
    /// Lines read, the first one included.
    pub lines: u64,
    /// Rows read without a fault that leaves them out.
    pub rows: u64,
    /// Lines of other sections (`geolocalisation` …), skipped.
    pub other_sections: u64,
    /// Every fault.
    pub problems: Problems,
    /// Whether the extract was applied.
    pub outcome: FinessOutcome,
}

/// Whether an extract was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum FinessOutcome {
    /// The extract is the register in force.
    Applied(RegisterDiff),
    /// The same file was already applied at this instant; nothing changed.
    AlreadyImported {
        /// Instant of the import.
        imported_at: OffsetDateTime,
    },
    /// Refused whole; the register is as it was.
    Refused {
        /// Stable code.
        code: &'static str,
        /// Sentence in French.
        message: String,
    },
}

/// Summary of a file that was read; its rows were handed over in batches.
struct ReadFile {
    digest: String,
    encoding: Encoding,
    as_of: Option<Date>,
    lines: u64,
    rows: u64,
    other_sections: u64,
    problems: Problems,
}

impl Conventionnement {
    /// Imports an extract in the format of file 502. `force` accepts an extract that lacks more
    /// establishments than the limit; the other refusals stay.
    ///
    /// # Errors
    /// When the file cannot be read or the database fails. The register is then as it was.
    pub async fn import_finess(
        &self,
        reader: impl Read + Send + 'static,
        name: &FileName,
        force: bool,
    ) -> Result<FinessImport, ImportError> {
        let import_id = self.clock.new_id().to_string();
        let result = self.stage_and_apply_finess(&import_id, reader, name, force).await;
        let discarded = self.discard(&import_id).await;
        let done = result?;
        discarded?;
        Ok(done)
    }

    async fn stage_and_apply_finess(
        &self,
        import_id: &str,
        reader: impl Read + Send + 'static,
        name: &FileName,
        force: bool,
    ) -> Result<FinessImport, ImportError> {
        let mut batches = Batches::read(move |stager| read_file(reader, stager));
        let (mut doubles, mut double_rows) = (Problems::default(), 0);
        while let Some(rows) = batches.next().await {
            let kept = self.store.stage_finess(import_id, self.clock.now(), &rows).await?;
            for row in rows.iter().filter(|row| !kept.contains(&row.line)) {
                let message =
                    format!("Le numéro {} figure déjà plus haut dans le fichier.", row.finess_et);
                doubles.add_row(vec![Problem::rejecting(
                    row.line.unsigned_abs(),
                    2,
                    "nofinesset",
                    DOUBLE,
                    message,
                )]);
                double_rows += u64::from(row.readable);
            }
        }
        let mut file = batches.finish().await?;
        file.rows -= double_rows;
        file.problems.merge(doubles);
        let outcome = self.apply_finess(import_id, &file, name, force).await?;
        let ReadFile { digest, encoding, as_of, lines, rows, other_sections, problems } = file;
        tracing::info!(
            source = %name, digest, lines, rows, problems = problems.total, outcome = ?outcome,
            "conventionnement.import_finess"
        );
        Ok(FinessImport {
            source_name: name.clone(),
            digest,
            encoding,
            as_of,
            lines,
            rows,
            other_sections,
            problems,
            outcome,
        })
    }

    async fn apply_finess(
        &self,
        import_id: &str,
        file: &ReadFile,
        name: &FileName,
        force: bool,
    ) -> Result<FinessOutcome, ImportError> {
        let Some(as_of) = file.as_of else {
            let message =
                "La première ligne doit être « finess;etalab;<compteur>;AAAA-MM-JJ ».".to_owned();
            return Ok(FinessOutcome::Refused { code: "ENTETE_INVALIDE", message });
        };
        let snapshot = NewSnapshot {
            digest: file.digest.clone(),
            source_name: name.clone(),
            encoding: file.encoding.as_str().to_owned(),
            as_of,
            imported_at: self.clock.now(),
            problem_count: i64::try_from(file.problems.total).unwrap_or(i64::MAX),
        };
        let limit = (!force).then_some(self.max_loss_percent);
        Ok(self.outcome_of(self.store.apply_finess(import_id, &snapshot, limit).await?))
    }

    fn outcome_of(&self, outcome: RegisterOutcome) -> FinessOutcome {
        let (code, message) = match outcome {
            RegisterOutcome::Applied { diff, .. } => return FinessOutcome::Applied(diff),
            RegisterOutcome::AlreadyImported(known) => {
                return FinessOutcome::AlreadyImported { imported_at: known.imported_at };
            }
            RegisterOutcome::OlderThan(known) => {
                let date = french_date(known.as_of);
                (
                    "EXTRAIT_PLUS_ANCIEN",
                    format!(
                        "Le répertoire en place est plus récent (extrait du {date}). Rien n'a été \
                         modifié."
                    ),
                )
            }
            RegisterOutcome::TooManyLost { before, lost } => {
                let limit = self.max_loss_percent;
                let message = format!(
                    "{lost} établissements sur {before} ont disparu de cet extrait, plus que la \
                     limite de {limit} %. Rien n'a été modifié ; \
                     vérifiez le fichier, puis forcez l'import s'il est juste."
                );
                ("PERTE_TROP_FORTE", message)
            }
            RegisterOutcome::Empty => (
                "AUCUNE_LIGNE_LISIBLE",
                "L'extrait ne contient aucun établissement lisible. Rien n'a été modifié."
                    .to_owned(),
            ),
        };
        FinessOutcome::Refused { code, message }
    }
}

/// Reads the whole file. A wrong first line ends the reading, because the file is of another kind.
fn read_file(reader: impl Read, stager: &mut Stager<FinessRow>) -> io::Result<ReadFile> {
    let mut lines = Lines::new(reader);
    let (mut rows, mut other_sections, mut problems, mut as_of) = (0, 0, Problems::default(), None);
    while let Some(line) = lines.next_line()? {
        let number = lines.number();
        let text = match line {
            Line::Text(text) => text,
            Line::TooLong => {
                problems.add_row(vec![too_long(number)]);
                continue;
            }
        };
        if number == 1 {
            as_of = finess_row::read_first_line(&text);
            if as_of.is_none() {
                break;
            }
            continue;
        }
        match read_line(number, &text) {
            Read502::Blank => {}
            Read502::OtherSection => other_sections += 1,
            Read502::Row(read) => {
                if let Some(row) = read.row {
                    rows += u64::from(row.readable);
                    if !stager.push(row) {
                        break;
                    }
                }
                if !read.problems.is_empty() {
                    problems.add_row(read.problems);
                }
            }
        }
    }
    stager.flush();
    Ok(ReadFile {
        digest: lines.digest(),
        encoding: lines.encoding(),
        as_of,
        lines: lines.number(),
        rows,
        other_sections,
        problems,
    })
}

enum Read502 {
    Blank,
    OtherSection,
    Row(Box<finess_row::ReadRow>),
}

fn read_line(number: u64, text: &str) -> Read502 {
    if text.trim().is_empty() {
        return Read502::Blank;
    }
    match split(text, ';') {
        Ok(fields) if fields[0] == SECTION => {
            Read502::Row(Box::new(finess_row::read(number, &fields)))
        }
        Ok(fields)
            if !fields[0].is_empty() && fields[0].bytes().all(|byte| byte.is_ascii_lowercase()) =>
        {
            Read502::OtherSection
        }
        Ok(_) => {
            let message = format!("La ligne ne commence pas par « {SECTION} ».");
            Read502::Row(unreadable(
                text,
                Problem::rejecting(number, 1, "section", "SECTION_INCONNUE", message),
            ))
        }
        Err((error, column)) => {
            let (code, message) = error.code_and_message();
            Read502::Row(unreadable(
                text,
                Problem::rejecting(number, column, "", code, message.to_owned()),
            ))
        }
    }
}

/// Returns the row of a line that cannot be split. When its second position holds a valid number,
/// the establishment counts as present, so that the import does not close it.
fn unreadable(text: &str, problem: Problem) -> Box<finess_row::ReadRow> {
    let number = text
        .split(';')
        .nth(1)
        .map(normalise)
        .and_then(|text| crate::domain::identifier::read_ps(&text).ok());
    let row = number.filter(|number| number.cle_valide()).map(|number| FinessRow {
        line: i64::try_from(problem.line).unwrap_or(i64::MAX),
        finess_et: number.as_str().to_owned(),
        ..FinessRow::default()
    });
    Box::new(finess_row::ReadRow { row, problems: vec![problem] })
}
