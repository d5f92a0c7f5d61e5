//! A lookup: checks the question, reads the tables, chooses a convention, words the answer.

use super::answer::LookupAnswer;
use super::choice::Chooser;
use super::facts::Facts;
use super::query::{CheckedQuery, LookupError, LookupQuery};
use super::special_amc;
use super::tables::Conventionnement;
use super::wording;
use crate::domain::Scope;
use crate::domain::identifier::Number;
use crate::store::StoreError;
use crate::store::conventions::{ConventionRow, EstablishmentRow};
use time::Date;

impl Conventionnement {
    /// Answers whether a number has a convention with an AMC, for a domain, on a day. Conventions
    /// outside of `scope` are as absent as conventions that do not exist.
    ///
    /// # Errors
    /// [`LookupError::Invalid`] for a misshapen question, [`LookupError::Store`] when the database
    /// fails. An unknown number is an answer, not an error.
    pub async fn lookup(
        &self,
        scope: &Scope,
        query: &LookupQuery,
    ) -> Result<LookupAnswer, LookupError> {
        let CheckedQuery { number, amc, domain, on } = CheckedQuery::try_from(query)?;
        let amc = amc.as_str();
        if let Some(rule) = special_amc::rule(amc) {
            return Ok(rule.answer(self.register().await?));
        }
        let (register, versions) = tokio::try_join!(self.register(), self.versions_of(&number))?;
        let own = version_on(&versions, on);
        let chooser = self.search(scope, &number, own, amc, &domain, on).await?;
        let (found_any, holder_found) = (chooser.found_any(), chooser.holder_found());
        let choice = chooser.finish();
        let (establishment, is_legal_entity, is_holder, amc_known) = tokio::try_join!(
            self.establishment_of(own, choice.convention(), on),
            self.is_legal_entity(&number, own),
            async {
                Ok(holder_found
                    || self.store.convention_holder_known(scope, number.as_str()).await?)
            },
            async { Ok(found_any || self.store.amc_known(scope, amc).await?) },
        )?;
        Ok(wording::by_facts(Facts {
            number: &number,
            amc,
            domain: &domain,
            on,
            choice,
            versions,
            is_legal_entity,
            establishment,
            is_holder,
            amc_known,
            register,
        }))
    }

    /// Searches the conventions of a number. The establishments of a legal entity are searched only
    /// when no closer convention covers the day: there may be thousands, and they would not change
    /// the choice.
    async fn search<'q>(
        &self,
        scope: &Scope,
        number: &Number,
        own: Option<&EstablishmentRow>,
        amc: &str,
        domain: &'q str,
        on: Date,
    ) -> Result<Chooser<'q>, StoreError> {
        let mut chooser = Chooser::new(domain, on);
        let legal_entity = own.map(|establishment| establishment.finess_ej.as_str());
        let number = number.as_str();
        self.store
            .find_conventions(scope, number, amc, legal_entity, &mut |found| chooser.add(found))
            .await?;
        if !chooser.has_decided() {
            self.store
                .find_conventions_of_establishments(scope, number, amc, on, &mut |found| {
                    chooser.add(found);
                })
                .await?;
        }
        Ok(chooser)
    }

    async fn versions_of(&self, number: &Number) -> Result<Vec<EstablishmentRow>, StoreError> {
        match number {
            Number::Ps(number) => self.store.establishment_versions(number.as_str()).await,
            Number::Rpps(_) => Ok(Vec::new()),
        }
    }

    /// Returns the number itself when it is an establishment, else the establishment that the
    /// chosen convention is linked with or recorded under.
    async fn establishment_of(
        &self,
        own: Option<&EstablishmentRow>,
        convention: Option<&ConventionRow>,
        on: Date,
    ) -> Result<Option<EstablishmentRow>, StoreError> {
        if own.is_some() {
            return Ok(own.cloned());
        }
        let Some(row) = convention else { return Ok(None) };
        let finess = if row.finess_et.is_empty() { &row.identifier } else { &row.finess_et };
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
}

/// Returns the version in force on a day; after a closure the last one, before the first extract
/// the first one.
fn version_on(versions: &[EstablishmentRow], on: Date) -> Option<&EstablishmentRow> {
    versions.iter().rev().find(|version| version.valid_from <= on).or(versions.first())
}
