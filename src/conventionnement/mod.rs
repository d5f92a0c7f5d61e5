//! Conventionnement: who has a convention with whom, for what, on which day, and what the register
//! of establishments says of them.
//!
//! ```text
//! FINESS extract ──► finess_import ──┐                        ┌── special_amc (rules, before any search)
//!                     lines, *_row   ├─► store::conventions ──┤
//! conventions CSV ─► convention_import┘                       └── lookup ─► choice (which convention) ─► answer (code, sentence)
//! ```
//!
//! Promises: an import is applied whole or leaves everything as it was, and names every fault; an
//! answer says by which number it was found, why, and how old the register is. Must not know: SQL,
//! gRPC, claims.

use crate::clock::SharedClock;
use crate::store::StoreError;
use crate::store::conventions::{ConventionStore, ConventionVersion};
use std::sync::Arc;
use time::Date;

mod answer;
mod choice;
mod convention_import;
mod convention_row;
mod finess_import;
mod finess_row;
mod identifier;
mod import;
mod lines;
mod lookup;
mod problem;
mod special_amc;

pub use crate::store::conventions::{
    ConventionDiff, ConventionRow, ConventionState, EstablishmentRow, RegisterDiff,
};
pub use answer::{Answer, LookupAnswer, MatchedBy, RegisterState};
pub use convention_import::{ConventionImport, ConventionOutcome};
pub use finess_import::{FinessImport, FinessOutcome};
pub use import::ImportError;
pub use lines::Encoding;
pub use lookup::{LookupError, LookupQuery};
pub use problem::{MAX_PROBLEMS_KEPT, Problem, Problems};

/// Share of the establishments in force that an extract may lose, in percent. From one year to the
/// next about 1.5 % of the hospitals disappear; more than three times that is a truncated file.
pub const DEFAULT_MAX_LOSS_PERCENT: u8 = 5;

/// The register and the conventions, with a clock.
pub struct Conventionnement {
    store: Arc<dyn ConventionStore>,
    clock: SharedClock,
    max_loss_percent: u8,
}

impl Conventionnement {
    /// Over a store.
    #[must_use]
    pub fn new(store: Arc<dyn ConventionStore>, clock: SharedClock) -> Self {
        Self { store, clock, max_loss_percent: DEFAULT_MAX_LOSS_PERCENT }
    }

    /// Changes the share of establishments that an extract may lose.
    #[must_use]
    pub fn with_max_loss_percent(mut self, percent: u8) -> Self {
        self.max_loss_percent = percent;
        self
    }

    /// Every version ever recorded of the conventions of a number with an AMC: by type, domain,
    /// start, then by record date.
    ///
    /// # Errors
    /// [`LookupError::Invalid`] for a number that is not well formed, [`LookupError::Store`] when
    /// the database fails.
    pub async fn history(
        &self,
        identifier: &str,
        amc: &str,
    ) -> Result<Vec<ConventionVersion>, LookupError> {
        let (number, amc) = lookup::read_keys(identifier, amc)?;
        Ok(self.store.convention_history(number.as_str(), amc.as_str()).await?)
    }

    /// The register in force and its age, `None` before the first import.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn register(&self) -> Result<Option<RegisterState>, StoreError> {
        let today = self.clock.now().date();
        Ok(self.store.register().await?.map(|snapshot| RegisterState::of(snapshot, today)))
    }
}

/// JJ/MM/AAAA.
fn french_date(date: Date) -> String {
    format!("{:02}/{:02}/{}", date.day(), u8::from(date.month()), date.year())
}
