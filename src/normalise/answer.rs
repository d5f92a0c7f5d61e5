//! Answers: what a payer tells about one invoice, before it is matched with its attempts.

use crate::domain::{Claim, InvoiceKey, Outcome, Token};
use time::{Date, OffsetDateTime};

/// Answer of a payer about one invoice: a return, or a payment notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Rank in the exchange, 1-based.
    pub(crate) ordinal: u64,
    /// First physical record.
    pub(crate) record: u64,
    /// Number of entities.
    pub(crate) entities: u64,
    /// PS number; empty when unreadable.
    pub(crate) ps: String,
    /// Invoice number.
    pub(crate) invoice_number: String,
    /// Identities of the invoices that the return may answer.
    pub(crate) identities: Vec<Token>,
    /// Lot that the return names.
    pub(crate) lot: NamedLot,
    /// Outcomes of the parts.
    pub(crate) outcomes: Vec<Outcome>,
}

impl Answer {
    /// Returns the keys of the invoices that the return may answer.
    pub(crate) fn invoices(&self) -> impl Iterator<Item = InvoiceKey> {
        self.identities
            .iter()
            .map(|identity| InvoiceKey::new(&self.ps, &self.invoice_number, identity.clone()))
    }
}

/// Lot that a return names (102 21-29), by which it names an attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NamedLot {
    /// Number; empty when blank.
    pub(crate) number: String,
    /// The days that its date may mean, in the order JJMMAA, AAMMJJ; none when blank.
    pub(crate) dates: Vec<Date>,
}

impl NamedLot {
    fn fits(&self, claim: &Claim) -> bool {
        let number = self.number.is_empty() || self.number == claim.lot.trim();
        let date =
            claim.lot_date.is_none_or(|day| self.dates.is_empty() || self.dates.contains(&day));
        number && date
    }

    /// Returns the attempt that the return names: of those with its lot (of all when none has it),
    /// the latest that was received before the return, else the first. `attempts` are oldest first.
    pub(crate) fn attempt<'a>(
        &self,
        attempts: &[&'a Claim],
        received_at: OffsetDateTime,
    ) -> Option<&'a Claim> {
        let with_lot: Vec<&Claim> = attempts.iter().copied().filter(|c| self.fits(c)).collect();
        let fitting = if with_lot.is_empty() { attempts } else { &with_lot };
        let before = fitting.iter().rev().find(|claim| claim.received_at <= received_at);
        before.or(fitting.first()).copied()
    }
}
