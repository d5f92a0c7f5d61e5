//! Lanes: real files and test files, kept apart from the deposit to the answer.

use serde::{Deserialize, Serialize};

/// Lane of a deposit and of everything that follows from it. No claim, sum, limit or event of the
/// real lane depends on a file of the test lane.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// The file counts: its claims are to be answered and paid.
    #[default]
    Real,
    /// A test or a demonstration: same controls and answers, and nothing is to be paid.
    Test,
}

impl Lane {
    /// Returns the test lane for `true`.
    #[must_use]
    pub const fn of(is_test: bool) -> Self {
        if is_test { Self::Test } else { Self::Real }
    }

    /// Returns whether it is the test lane.
    #[must_use]
    pub const fn is_test(self) -> bool {
        matches!(self, Self::Test)
    }
}
