//! Outcomes: the statements of one source about one part of one invoice. A row is added and never
//! changed, except that an unmatched outcome gets its attempt when the claim arrives.

use crate::domain::codes::open_coded;
use crate::domain::{Caisse, ClaimId, FreeText, PartKind, Reason};
use noemie_parsers::types::Montant;
use time::{Date, Duration};
use uuid::Uuid;

open_coded! {
    /// Kind of source of an outcome.
    OutcomeSource {
        /// Return of a caisse (NOEMIE).
        Return = "return", "Retour NOEMIE";
        /// Payment notice (DRE types L and R, 2X 70-81).
        Notice = "notice", "Avis de paiement";
        /// Worker of the insurer.
        Worker = "worker", "Gestionnaire";
    }
}

open_coded! {
    /// Statement of an outcome about its part.
    OutcomeKind {
        /// Money moved: P in a return, a notice of kind `N`, a payment or a recovery of a worker.
        Paid = "paid", "Payée";
        /// The part is rejected.
        Rejected = "rejected", "Rejetée";
        /// The decision is postponed.
        Deferred = "deferred", "Différée";
        /// The part is accepted; the payment follows.
        Accepted = "accepted", "Acceptée";
        /// A reject that was a mistake is withdrawn.
        Reopened = "reopened", "Rouverte";
        /// A return names the part with a blank state, or a notice is of another kind than `N`.
        Untreated = "untreated", "Non traitée";
    }
}

/// Transfer that an outcome names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Transfer {
    /// Accounting day; where the source has no plausible date, the other order of its digits or
    /// the day of the file.
    pub day: Date,
    /// Day as sent, where it is no plausible date; else empty.
    pub raw_day: String,
    /// The two labels of a transfer in one text; empty without label.
    pub label: FreeText,
}

impl Transfer {
    /// A transfer is told at most this long after its day.
    pub const OLDEST: Duration = Duration::days(366);
    /// A transfer is told at most this long before its day.
    pub const LATEST: Duration = Duration::days(31);

    /// Returns the label in capitals with single blanks: the same transfer is written in several
    /// ways.
    #[must_use]
    pub fn reference(&self) -> String {
        let words = self.label.as_str().split_whitespace();
        words.map(str::to_uppercase).collect::<Vec<_>>().join(" ")
    }
}

/// Statement of one source about one part of one invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Kind of source.
    pub source: OutcomeSource,
    /// Exchange of the file, or decision of a worker.
    pub told_in: Uuid,
    /// Name of the file: of a return its day and the id of its 000, of a notice its exchange and
    /// rank; or id of the decision. The name tells files apart and orders them, whatever the order
    /// of their arrival.
    pub told_by: String,
    /// Rank of the invoice in its file, or version of the claim that a worker decided on.
    pub ordinal: u64,
    /// Rank of the part in its invoice: a return may name a part twice.
    pub rank: u32,
    /// Attempt that the outcome names; `None` while it matches no claim.
    pub claim_id: Option<ClaimId>,
    /// Part.
    pub part: PartKind,
    /// Statement about the part.
    pub kind: OutcomeKind,
    /// Day in Paris at which the outcome counts: of a return the accounting day, else that of the
    /// file; of a worker the day on which the decision was recorded.
    pub day: Date,
    /// Money moved, negative when taken back.
    pub amount: Montant,
    /// Amount asked, as the source has it.
    pub asked: Option<Montant>,
    /// Payer, as the source names it.
    pub payer: String,
    /// Insurer for whom the payer pays; empty when the source names none.
    pub on_behalf_of: String,
    /// Caisse that pays; `None`, and not compared, where the source is not known to be a caisse.
    pub paying_caisse: Option<Caisse>,
    /// How the AMC part is handled, as a return says it (102, column 37); empty in other sources.
    pub amc_handling: String,
    /// Transfer; `None` without money.
    pub transfer: Option<Transfer>,
    /// Lot that the source names, as sent: number and date of a return, number of a notice.
    pub lot: String,
    /// Reasons of a reject, a deferral, or of a payment below what was asked.
    pub reasons: Vec<Reason>,
}

/// Letters of the 102 (column 37) for an AMC part that was split off at its source: no caisse pays
/// it.
const SPLIT_AT_SOURCE: [&str; 3] = ["E", "A", "F"];

impl Outcome {
    /// Returns whether a caisse has moved money that was not asked of it. `asked_of` is the caisse
    /// of the invoice; the AMO part is not compared where it is `None`.
    #[must_use]
    pub fn is_of_other_caisse(&self, asked_of: Option<&Caisse>) -> bool {
        let Some(payer) = self.paying_caisse.as_ref().filter(|_| self.amount != Montant::ZERO)
        else {
            return false;
        };
        match self.part {
            PartKind::Amo => asked_of.is_some_and(|asked| !payer.may_pay_for(asked)),
            PartKind::Amc => SPLIT_AT_SOURCE.contains(&self.amc_handling.as_str()),
            PartKind::Unknown => false,
        }
    }

    /// Returns whether a later version wrote the outcome, with a code that this version does not
    /// know.
    #[must_use]
    pub fn is_of_later_version(&self) -> bool {
        self.source == OutcomeSource::Unknown
            || self.kind == OutcomeKind::Unknown
            || self.part == PartKind::Unknown
    }
}
