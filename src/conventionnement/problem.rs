//! Faults of an imported file: position, stable code, and a sentence for the desk. All faults are
//! counted, the first ones kept.

use serde::Serialize;

/// Problems kept of one file, so that a file that is wrong everywhere does not fill the memory; the
/// others are counted.
pub const MAX_PROBLEMS_KEPT: usize = 10_000;

/// One fault of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Line, 1-based.
    pub line: u64,
    /// Column of the CSV, 1-based; 0 for the whole line.
    pub column: u32,
    /// Name of the column, empty for the whole line.
    pub field: &'static str,
    /// Stable code.
    pub code: &'static str,
    /// Sentence in French.
    pub message: String,
    /// Whether the row was left out; `false` when it was kept without this value.
    pub row_rejected: bool,
}

impl Problem {
    /// Returns a fault that leaves the row out.
    #[must_use]
    pub const fn rejecting(
        line: u64,
        column: u32,
        field: &'static str,
        code: &'static str,
        message: String,
    ) -> Self {
        Self { line, column, field, code, message, row_rejected: true }
    }
}

/// The faults of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Problems {
    /// The first faults, by line.
    pub kept: Vec<Problem>,
    /// Number of all faults, those not kept included.
    pub total: u64,
    /// Number of rows left out.
    pub rows_rejected: u64,
}

impl Problems {
    /// Adds the faults of one row.
    pub(super) fn add_row(&mut self, problems: Vec<Problem>) {
        self.total += problems.len() as u64;
        self.rows_rejected += u64::from(problems.iter().any(|problem| problem.row_rejected));
        let room = MAX_PROBLEMS_KEPT.saturating_sub(self.kept.len());
        self.kept.extend(problems.into_iter().take(room));
    }

    /// Returns whether there is no fault.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Adds the faults of another list, in line order.
    pub(super) fn merge(&mut self, other: Self) {
        self.total += other.total;
        self.rows_rejected += other.rows_rejected;
        self.kept.extend(other.kept);
        self.kept.sort_by_key(|problem| (problem.line, problem.column));
        self.kept.truncate(MAX_PROBLEMS_KEPT);
    }
}
