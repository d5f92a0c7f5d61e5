//! Import of a convention file: applied whole or refused whole. The result lists every fault.

use super::convention_row::{self, Header};
use super::import::{Batches, DOUBLE, ImportError, Stager, too_long};
use super::lines::{Encoding, Line, Lines, split};
use super::problem::{Problem, Problems};
use super::tables::Conventionnement;
use crate::domain::FileName;
use crate::store::conventions::{ConventionDiff, NewConventionImport, StagedConvention};
use serde::Serialize;
use std::io::{self, Read};

/// Result of an import of conventions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConventionImport {
    /// Name given to the source.
    pub source_name: FileName,
    /// BLAKE3 of the file, hex.
    pub digest: String,
    /// Encoding found.
    pub encoding: Encoding,
    /// Lines read, the header included.
    pub lines: u64,
    /// Conventions read without fault.
    pub rows: u64,
    /// Every fault; one is enough to refuse the file.
    pub problems: Problems,
    /// Whether the file was applied.
    pub outcome: ConventionOutcome,
}

/// Whether a convention file was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ConventionOutcome {
    /// Applied whole.
    Applied(ConventionDiff),
    /// Refused whole; the conventions are as they were.
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
    header_read: bool,
    lines: u64,
    rows: u64,
    problems: Problems,
}

impl Conventionnement {
    /// Imports a convention file: the conventions it names are added or replaced, the others stay.
    ///
    /// # Errors
    /// When the file cannot be read or the database fails. The conventions are then as they were.
    pub async fn import_conventions(
        &self,
        reader: impl Read + Send + 'static,
        name: &FileName,
    ) -> Result<ConventionImport, ImportError> {
        let import_id = self.clock.new_id().to_string();
        let result = self.stage_and_apply_conventions(&import_id, reader, name).await;
        let discarded = self.discard(&import_id).await;
        let done = result?;
        discarded?;
        Ok(done)
    }

    async fn stage_and_apply_conventions(
        &self,
        import_id: &str,
        reader: impl Read + Send + 'static,
        name: &FileName,
    ) -> Result<ConventionImport, ImportError> {
        let mut batches = Batches::read(move |stager| read_file(reader, stager));
        let mut doubles = Problems::default();
        while let Some(rows) = batches.next().await {
            let kept = self.store.stage_conventions(import_id, self.clock.now(), &rows).await?;
            for staged in rows.iter().filter(|staged| !kept.contains(&staged.line)) {
                let message = format!(
                    "La convention de {} avec {} (même type, même domaine, même date de début) \
                     figure déjà plus haut dans le fichier.",
                    staged.row.identifier, staged.row.amc
                );
                doubles.add_row(vec![Problem::rejecting(
                    staged.line.unsigned_abs(),
                    0,
                    "",
                    DOUBLE,
                    message,
                )]);
            }
        }
        let mut file = batches.finish().await?;
        file.rows -= doubles.rows_rejected;
        file.problems.merge(doubles);
        let outcome = self.apply_conventions(import_id, &file, name).await?;
        let ReadFile { digest, encoding, lines, rows, problems, .. } = file;
        tracing::info!(
            source = %name, digest, lines, rows, problems = problems.total, outcome = ?outcome,
            "conventionnement.import_conventions"
        );
        Ok(ConventionImport {
            source_name: name.clone(),
            digest,
            encoding,
            lines,
            rows,
            problems,
            outcome,
        })
    }

    async fn apply_conventions(
        &self,
        import_id: &str,
        file: &ReadFile,
        name: &FileName,
    ) -> Result<ConventionOutcome, ImportError> {
        let refusal = if !file.header_read {
            Some((
                "ENTETE_INVALIDE",
                "L'en-tête du fichier n'est pas celui d'une table de conventions.".to_owned(),
            ))
        } else if !file.problems.is_empty() {
            let count = file.problems.rows_rejected;
            Some((
                "LIGNES_FAUTIVES",
                format!(
                    "{count} ligne(s) à corriger. Rien n'a été modifié : un fichier est repris en \
                     entier ou pas du tout."
                ),
            ))
        } else if file.rows == 0 {
            Some(("FICHIER_VIDE", "Le fichier ne contient aucune convention.".to_owned()))
        } else {
            None
        };
        if let Some((code, message)) = refusal {
            return Ok(ConventionOutcome::Refused { code, message });
        }
        let import = NewConventionImport {
            digest: file.digest.clone(),
            source_name: name.clone(),
            encoding: file.encoding.as_str().to_owned(),
            imported_at: self.clock.now(),
        };
        Ok(ConventionOutcome::Applied(self.store.apply_conventions(import_id, &import).await?))
    }
}

/// Reads the whole file. A wrong header ends the reading, because it gives the columns no names.
fn read_file(reader: impl Read, stager: &mut Stager<StagedConvention>) -> io::Result<ReadFile> {
    let mut lines = Lines::new(reader);
    let (mut rows, mut problems, mut header) = (0, Problems::default(), None);
    while let Some(line) = lines.next_line()? {
        let number = lines.number();
        let text = match line {
            Line::Text(text) => text,
            Line::TooLong => {
                problems.add_row(vec![too_long(number)]);
                continue;
            }
        };
        let Some(known) = &header else {
            match convention_row::read_header(&text) {
                Ok(read) => header = Some(read),
                Err(faults) => {
                    problems.add_row(faults);
                    break;
                }
            }
            continue;
        };
        if text.trim().is_empty() {
            continue;
        }
        match read_line(number, known, &text) {
            Ok(staged) => {
                rows += 1;
                if !stager.push(staged) {
                    break;
                }
            }
            Err(faults) => problems.add_row(faults),
        }
    }
    stager.flush();
    Ok(ReadFile {
        digest: lines.digest(),
        encoding: lines.encoding(),
        header_read: header.is_some(),
        lines: lines.number(),
        rows,
        problems,
    })
}

fn read_line(number: u64, header: &Header, text: &str) -> Result<StagedConvention, Vec<Problem>> {
    let fields = split(text, header.separator).map_err(|(error, column)| {
        let (code, message) = error.code_and_message();
        vec![Problem::rejecting(number, column, "", code, message.to_owned())]
    })?;
    let row = convention_row::read(number, header, &fields)?;
    Ok(StagedConvention { line: i64::try_from(number).unwrap_or(i64::MAX), row })
}
