//! The register and the conventions, with a clock.

use super::answer::RegisterState;
use super::query::{LookupError, read_keys};
use crate::clock::SharedClock;
use crate::domain::Scope;
use crate::domain::civil_time::paris_date;
use crate::store::StoreError;
use crate::store::conventions::{ConventionStore, ConventionVersion};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Share of the establishments in force that an extract may lack, in percent. About 1.5 % of the
/// hospitals disappear in a year; an extract that lacks three times as many is a truncated file.
pub const DEFAULT_MAX_LOSS_PERCENT: u8 = 5;

/// Linked numbers read at once: a FINESS of a hospital has hundreds of billing numbers.
const MAX_LINKED: usize = 2_000;

/// Answers lookups and imports files.
pub struct Conventionnement {
    pub(super) store: Arc<dyn ConventionStore>,
    pub(super) clock: SharedClock,
    pub(super) max_loss_percent: u8,
}

impl Conventionnement {
    /// Returns a service over a store.
    #[must_use]
    pub fn new(store: Arc<dyn ConventionStore>, clock: SharedClock) -> Self {
        Self { store, clock, max_loss_percent: DEFAULT_MAX_LOSS_PERCENT }
    }

    /// Changes the share of establishments that an extract may lack.
    #[must_use]
    pub fn with_max_loss_percent(mut self, percent: u8) -> Self {
        self.max_loss_percent = percent;
        self
    }

    /// Returns every version ever recorded of the conventions of a number with an AMC, by type,
    /// domain, start and record date.
    ///
    /// # Errors
    /// [`LookupError::Invalid`] for a misshapen number, [`LookupError::Store`] when the database
    /// fails.
    pub async fn history(
        &self,
        scope: &Scope,
        identifier: &str,
        amc: &str,
    ) -> Result<Vec<ConventionVersion>, LookupError> {
        let (number, amc) = read_keys(identifier, amc)?;
        Ok(self.store.convention_history(scope, number.as_str(), amc.as_str()).await?)
    }

    /// Returns, for each of these PS numbers, the numbers of the same professional that current
    /// conventions name: its FINESS, or the billing numbers recorded with that FINESS. Numbers
    /// that no convention links are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn linked_numbers(
        &self,
        scope: &Scope,
        numbers: &[String],
    ) -> Result<BTreeMap<String, BTreeSet<String>>, StoreError> {
        let mut linked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (own, other) in self.store.linked_numbers(scope, numbers, MAX_LINKED).await? {
            linked.entry(own).or_default().insert(other);
        }
        Ok(linked)
    }

    /// Returns the register in force and its age, `None` before the first import.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn register(&self) -> Result<Option<RegisterState>, StoreError> {
        let today = paris_date(self.clock.now());
        Ok(self.store.register().await?.map(|snapshot| RegisterState::of(snapshot, today)))
    }
}
