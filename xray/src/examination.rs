//! The result of a pass over a file: its report, and what a deposit needs besides.

use crate::report::Report;
use noemie_parsers::anomaly::Position;
use noemie_parsers::detect::Norme;
use noemie_parsers::outcome::LogicalFile;

/// Result of a pass over a file: the report, and the logical files found.
#[derive(Debug, Clone)]
pub struct Examination {
    /// Norm and packaging as the parsers name them; `None` when the file was not recognised.
    pub norme: Option<Norme>,
    /// Counts, totals, verdict and findings.
    pub report: Report,
    /// Logical files with the position of their 000, in order.
    pub remittances: Vec<(LogicalFile, Position)>,
    /// Records that the ledger of an exchange counts: physical records, or entities of a NOEMIE
    /// file.
    pub read: u64,
    /// Digest of the records (BLAKE3, hex), which does not depend on line ends; empty for a refused
    /// file, whose records are not sure, and for a dry run, which has no use for it.
    pub records_digest: String,
}
