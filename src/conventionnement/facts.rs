//! Facts that a search gathered for an answer.

use super::answer::{MatchedBy, RegisterState};
use super::choice::Choice;
use crate::domain::identifier::Number;
use crate::store::conventions::{ConventionRow, EstablishmentRow, Path};
use time::Date;

/// Question and findings of a search.
pub(super) struct Facts<'a> {
    pub(super) number: &'a Number,
    pub(super) amc: &'a str,
    /// Domain asked, `*` for all.
    pub(super) domain: &'a str,
    pub(super) on: Date,
    pub(super) choice: Choice,
    /// Versions of the number as an establishment.
    pub(super) versions: Vec<EstablishmentRow>,
    /// Whether the number is a legal entity of the register.
    pub(super) is_legal_entity: bool,
    /// Establishment to show.
    pub(super) establishment: Option<EstablishmentRow>,
    /// Whether a convention, of any AMC, names the number.
    pub(super) is_holder: bool,
    /// Whether conventions of the AMC were ever imported.
    pub(super) amc_known: bool,
    pub(super) register: Option<RegisterState>,
}

impl Facts<'_> {
    /// Returns whether the register or a convention names the number.
    pub(super) fn known(&self) -> bool {
        !self.versions.is_empty() || self.is_legal_entity || self.is_holder
    }

    /// Returns the convention that answers, and its link with the number asked.
    pub(super) fn convention(&self) -> Option<(Path, &ConventionRow)> {
        match &self.choice {
            Choice::Convention { found, .. } => Some((found.path, &found.row)),
            Choice::OtherDomains(_) | Choice::None => None,
        }
    }

    /// Returns the kind of number under which the number asked was found, `None` for an unknown
    /// number.
    pub(super) fn matched_by(&self) -> Option<MatchedBy> {
        match self.convention() {
            Some((Path::Own, _)) => Some(self.kind()),
            Some((Path::Linked | Path::LegalEntity, _)) => Some(MatchedBy::FinessEt),
            Some((Path::Rpps, _)) => Some(MatchedBy::Rpps),
            Some((Path::Establishment, _)) => Some(MatchedBy::FinessEj),
            None => self.known().then(|| self.kind()),
        }
    }

    /// Returns the kind of the number, by the tables first, else by its third character.
    fn kind(&self) -> MatchedBy {
        match self.number {
            Number::Rpps(_) => MatchedBy::Rpps,
            Number::Ps(number) if !number.is_finess() && self.is_holder => MatchedBy::BillingNumber,
            Number::Ps(_) if !self.versions.is_empty() => MatchedBy::FinessEt,
            Number::Ps(_) if self.is_legal_entity => MatchedBy::FinessEj,
            Number::Ps(number) if number.is_finess() => MatchedBy::FinessEt,
            Number::Ps(_) => MatchedBy::BillingNumber,
        }
    }
}
