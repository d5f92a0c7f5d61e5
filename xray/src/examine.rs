//! Validation of a whole file: runs the parsers over it, counts, and returns the verdict.
//!
//! The dry run and the first pass of a deposit read by the same pass, so that both always agree.
//! Memory stays flat: one invoice at a time, and a bounded list of findings.

use crate::examination::Examination;
use crate::pass::Pass;
use crate::records_digest::RecordsDigest;
use crate::report::Report;
use noemie_parsers::detect::{self, Detection, Norme};
use noemie_parsers::noemie::Packaging;
use noemie_parsers::outcome::Verdict;
use noemie_parsers::types::Date;
use std::io::{self, Chain, Cursor, Read};

/// A source that begins again with the bytes read to recognise it.
pub type Source<R> = Chain<Cursor<Vec<u8>>, R>;

/// Recognises a file by its first bytes. Returns what it is, and the source from its first byte.
pub fn recognise<R: Read>(mut source: R) -> io::Result<(Detection, Source<R>)> {
    let mut head = Vec::with_capacity(detect::APERCU);
    source.by_ref().take(detect::APERCU as u64).read_to_end(&mut head)?;
    let detection = detect::detecter(&head);
    Ok((detection, Cursor::new(head).chain(source)))
}

/// Validates a file and returns its report.
///
/// # Errors
/// When the source fails. Faults of the file are findings of the report.
pub fn validate(source: impl Read, file: &str) -> io::Result<Report> {
    examine(source, file).map(|examination| examination.report)
}

/// Validates a file and returns the report with what a deposit needs besides.
///
/// # Errors
/// When the source fails.
pub fn examine(source: impl Read, file: &str) -> io::Result<Examination> {
    examine_at(source, file, None)
}

/// Examines a file received at an hour of Paris: its findings also name the limits past by then.
/// The crate has no clock: a caller whose report has to be that of a deposit gives the hour.
pub fn examine_at(
    source: impl Read,
    file: &str,
    reception: Option<(Date, u8)>,
) -> io::Result<Examination> {
    let (detection, source) = recognise(source)?;
    let pass = Pass::new(file, detection, reception).finding_repeats();
    read(pass, detection, source).map(Pass::finish)
}

/// Examines the file of a deposit, with the digest of its records. Invoices that the file repeats
/// are left to the store, which judges them by the same key beside those of other files.
///
/// # Errors
/// When the source fails.
pub fn examine_deposit(
    source: impl Read,
    file: &str,
    reception: Option<(Date, u8)>,
) -> io::Result<Examination> {
    let (detection, source) = recognise(source)?;
    let mut source = RecordsDigest::new(source);
    let examination = read(Pass::new(file, detection, reception), detection, &mut source)?.finish();
    let is_refused = examination.report.verdict == Verdict::Refused;
    let records_digest = if is_refused { String::new() } else { source.finish() };
    Ok(Examination { records_digest, ..examination })
}

fn read(mut pass: Pass, detection: Detection, source: impl Read) -> io::Result<Pass> {
    match detection.norme {
        Some(Norme::B2(forme)) => pass.b2(source, forme)?,
        Some(Norme::NoemieLignes) => pass.noemie(source, Packaging::Lignes)?,
        Some(Norme::NoemieBlocs) => pass.noemie(source, Packaging::Blocs)?,
        Some(Norme::Concentrateur(_)) => pass.notices(source)?,
        None => pass.unrecognised(source, detection.contenu)?,
    }
    Ok(pass)
}
