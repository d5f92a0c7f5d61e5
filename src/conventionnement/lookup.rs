//! A lookup: check what is asked, gather what the tables hold, choose, answer.

use super::answer::{self, Facts, LookupAnswer};
use super::choice::{Choice, choose};
use super::convention_row::is_domain;
use super::identifier::{Number, normalise, read_number};
use super::{Conventionnement, special_amc};
use crate::store::StoreError;
use crate::store::conventions::{EstablishmentRow, FoundConvention, Path};
use noemie_parsers::types::NumeroAmc;
use time::Date;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupQuery {
    /// Billing number, FINESS (ET or EJ) or RPPS, as typed.
    pub identifier: String,
    /// AMC, 1 to 10 digits.
    pub amc: String,
    /// Domain (PHAR, OPTI …).
    pub domain: String,
    /// Day of care.
    pub on: Date,
}

/// A lookup or a history that cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// What is asked is not well formed.
    #[error("{field}: {code}")]
    Invalid {
        /// Field of [`LookupQuery`].
        field: &'static str,
        /// Stable code.
        code: &'static str,
        /// Sentence in French.
        message: String,
    },
    /// The database failed.
    #[error("looking up a convention")]
    Store(#[from] StoreError),
}

impl Conventionnement {
    /// Answers whether a number is conventionné with an AMC, for a domain, on a day.
    ///
    /// # Errors
    /// [`LookupError::Invalid`] when what is asked is not well formed, [`LookupError::Store`] when
    /// the database fails. An unknown number is an answer, not an error.
    pub async fn lookup(&self, query: &LookupQuery) -> Result<LookupAnswer, LookupError> {
        let (number, amc) = read_keys(&query.identifier, &query.amc)?;
        let domain = read_domain(&query.domain)?;
        if let Some(rule) = special_amc::rule(amc.as_str()) {
            return Ok(answer::by_rule(rule, self.register().await?));
        }
        let (register, versions) = tokio::try_join!(self.register(), self.versions_of(&number))?;
        let own = version_on(&versions, query.on);
        let legal_entity = own.map(|establishment| establishment.finess_ej.as_str());
        let found = self
            .store
            .find_conventions(number.as_str(), amc.as_str(), legal_entity, query.on)
            .await?;
        let choice = choose(&found, &domain, query.on);
        let (establishment, is_legal_entity, is_holder, amc_known) = tokio::try_join!(
            self.establishment_of(own, &choice, query.on),
            self.is_legal_entity(&number, own),
            self.is_holder(&number, &found),
            self.amc_known(amc.as_str(), &found),
        )?;
        let facts = Facts {
            number: &number,
            amc: amc.as_str(),
            domain: &domain,
            on: query.on,
            choice,
            versions,
            is_legal_entity,
            establishment,
            is_holder,
            amc_known,
            register,
        };
        Ok(answer::by_facts(facts))
    }

    async fn versions_of(&self, number: &Number) -> Result<Vec<EstablishmentRow>, StoreError> {
        match number {
            Number::Ps(number) => self.store.establishment_versions(number.as_str()).await,
            Number::Rpps(_) => Ok(Vec::new()),
        }
    }

    /// The number itself when it is an establishment, else the one that the chosen convention
    /// names: its link, or its holder.
    async fn establishment_of(
        &self,
        own: Option<&EstablishmentRow>,
        choice: &Choice,
        on: Date,
    ) -> Result<Option<EstablishmentRow>, StoreError> {
        if own.is_some() {
            return Ok(own.cloned());
        }
        let Choice::Convention { found, .. } = choice else { return Ok(None) };
        let finess = if found.row.finess_et.is_empty() {
            &found.row.identifier
        } else {
            &found.row.finess_et
        };
        let versions = self.store.establishment_versions(finess).await?;
        Ok(version_on(&versions, on).cloned())
    }

    async fn is_legal_entity(
        &self,
        number: &Number,
        own: Option<&EstablishmentRow>,
    ) -> Result<bool, StoreError> {
        let Number::Ps(number) = number else { return Ok(false) };
        Ok(own.is_none() && self.store.any_establishment_of(number.as_str()).await?.is_some())
    }

    async fn is_holder(
        &self,
        number: &Number,
        found: &[FoundConvention],
    ) -> Result<bool, StoreError> {
        let is_own = found.iter().any(|one| matches!(one.path, Path::Own | Path::Rpps));
        Ok(is_own || self.store.convention_holder_known(number.as_str()).await?)
    }

    async fn amc_known(&self, amc: &str, found: &[FoundConvention]) -> Result<bool, StoreError> {
        Ok(!found.is_empty() || self.store.amc_known(amc).await?)
    }
}

/// The version in force on a day; after a closure the last one, before the first extract the first
/// one.
fn version_on(versions: &[EstablishmentRow], on: Date) -> Option<&EstablishmentRow> {
    versions.iter().rev().find(|version| version.valid_from <= on).or(versions.first())
}

/// Checks a number and an AMC.
pub(super) fn read_keys(identifier: &str, amc: &str) -> Result<(Number, NumeroAmc), LookupError> {
    let number = read_number(identifier).map_err(|shape| LookupError::Invalid {
        field: "identifier",
        code: shape.code,
        message: shape.message,
    })?;
    let amc = NumeroAmc::from_bytes(amc.as_bytes()).ok_or_else(|| LookupError::Invalid {
        field: "amc",
        code: "AMC_INVALIDE",
        message: "Un numéro d'AMC est fait de 1 à 10 chiffres.".to_owned(),
    })?;
    Ok((number, amc))
}

fn read_domain(text: &str) -> Result<String, LookupError> {
    let domain = normalise(text);
    if is_domain(&domain) {
        return Ok(domain);
    }
    Err(LookupError::Invalid {
        field: "domain",
        code: "DOMAINE_INVALIDE",
        message: "Un domaine a 2 à 8 lettres ou chiffres (PHAR, OPTI…).".to_owned(),
    })
}
