//! Names of the parts of a claim, and reasons that a payer gives.

use super::FreeText;
use super::codes::open_coded;
use noemie_parsers::codes::family::RejectFamily;
use noemie_parsers::codes::reject;
use serde::{Deserialize, Serialize};
use time::Date;

open_coded! {
    /// Insurer that a part of a claim is asked of.
    PartKind {
        /// Compulsory insurance.
        Amo = "amo", "Part obligatoire (AMO)";
        /// Complementary insurance.
        Amc = "amc", "Part complémentaire (AMC)";
    }
}

/// Why a part was rejected or deferred: a stable code and the text for the professional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Code as the payer gave it (for example `122`, `AAA000651R`, `NON_CONVENTIONNE`).
    pub code: FreeText,
    /// French label.
    pub label: FreeText,
    /// Rank of the line of the claim that the reason concerns, from 1; `None` concerns the whole
    /// invoice.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
    /// Act code of that line, as the payer names it (294), else as the invoice has it; empty when
    /// neither names one.
    #[serde(skip_serializing_if = "FreeText::is_empty", default)]
    pub act: FreeText,
    /// Date of care of that line, from the same source as the act.
    #[serde(with = "super::day_text", skip_serializing_if = "Option::is_none", default)]
    pub care_date: Option<Date>,
}

impl Reason {
    /// Returns a reason that concerns the whole invoice.
    #[must_use]
    pub fn of_invoice(code: FreeText, label: FreeText) -> Self {
        Self { code, label, line: None, act: FreeText::default(), care_date: None }
    }

    /// Returns whether the reason names a line whose act it does not name.
    #[must_use]
    pub fn lacks_act(&self) -> bool {
        self.line.is_some() && self.act.is_empty() && self.care_date.is_none()
    }

    /// Returns the family of the reason, from its code or from the words of its label.
    #[must_use]
    pub fn family(&self) -> RejectFamily {
        reject::family(self.code.as_str(), self.label.as_str())
    }
}
