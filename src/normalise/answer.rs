//! Answers: what a payer tells about one invoice, before it is matched with its attempts.

use super::Origin;
use crate::domain::{Claim, InvoiceKey, KeyId, Outcome, PartKind, Token, UnmatchedReturn};
use crate::vault::{PersonRecord, TOKEN_VERSION, Vault};
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
    /// Complement of the titre de recette, empty when none.
    pub(crate) complement: String,
    /// Person that the answer names; `None` when it names none.
    pub(crate) person: Option<PersonRecord>,
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

    /// Returns the row that keeps an answer without claim.
    pub(crate) fn into_unmatched(self, origin: &Origin, vault: &Vault) -> UnmatchedReturn {
        let states: Vec<String> = self
            .outcomes
            .iter()
            .map(|o| format!("{} : {}", o.part.libelle(), o.kind.libelle()))
            .collect();
        let amc = self.outcomes.iter().filter(|o| o.part == PartKind::Amc);
        let amc_number = amc.map(|o| o.on_behalf_of.as_str()).find(|number| !number.is_empty());
        let sealed = self
            .person
            .as_ref()
            .map(|person| vault.seal_answer_person(person, origin.exchange_id.0, self.ordinal));
        let key_id = KeyId(if sealed.is_some() { vault.key_id() } else { String::new() });
        let mut identities = self.identities.into_iter();
        let mut next_identity = || identities.next().unwrap_or_else(|| Token(String::new()));
        UnmatchedReturn {
            ordinal: self.ordinal,
            identity: next_identity(),
            other_identity: next_identity(),
            token_version: TOKEN_VERSION,
            ps: self.ps,
            invoice_number: self.invoice_number,
            invoice_complement: self.complement,
            amc_number: amc_number.unwrap_or_default().to_owned(),
            summary: states.join(" ; "),
            vault: sealed.unwrap_or_default(),
            key_id,
            is_quarantined: false,
        }
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
    /// the current one if it was received before the return, else the latest that was, else the
    /// first. `attempts` are oldest first.
    pub(crate) fn attempt<'a>(
        &self,
        attempts: &[&'a Claim],
        received_at: OffsetDateTime,
    ) -> Option<&'a Claim> {
        let with_lot: Vec<&Claim> = attempts.iter().copied().filter(|c| self.fits(c)).collect();
        let fitting = if with_lot.is_empty() { attempts } else { &with_lot };
        let mut before = fitting.iter().rev().filter(|claim| claim.received_at <= received_at);
        let current = before.clone().find(|claim| claim.is_current());
        current.or_else(|| before.next()).or(fitting.first()).copied()
    }
}
