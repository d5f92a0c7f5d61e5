//! Held attempts: copies of invoices that another sender sent before.

use super::codec::{Instant, clean, code};
use super::error::StoreError;
use super::journal_chains::{Seal, optional};
use crate::domain::{
    ClaimId, DecisionAuthor, FreeText, HeldAttempt, HoldResolution, Page, PageToken, Scope,
};
use async_trait::async_trait;
use sqlx::FromRow;
use uuid::Uuid;

/// Reads held attempts.
#[async_trait]
pub trait HeldAttempts: Send + Sync {
    /// Returns a page of the attempts about which the desk has to decide, most urgent first. A page
    /// token has the limit of the desk as its instant.
    async fn held_attempts(
        &self,
        scope: &Scope,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<HeldAttempt>, StoreError>;
}

/// Writes held attempts, inside a transaction.
#[async_trait]
pub trait HeldAttemptWrites: Send {
    /// Inserts held attempts.
    async fn insert_held(&mut self, held: &[HeldAttempt]) -> Result<(), StoreError>;

    /// Returns a held attempt, decided or not.
    async fn held_attempt(&mut self, claim: ClaimId) -> Result<Option<HeldAttempt>, StoreError>;

    /// Writes the decision about a held attempt.
    async fn resolve_held(&mut self, held: &HeldAttempt) -> Result<(), StoreError>;

    /// Sets the earlier attempt that a released one replaces.
    async fn set_corrects(&mut self, claim: ClaimId, corrects: ClaimId) -> Result<(), StoreError>;
}

/// Columns of a held attempt, in the order in which they are written; `key_check` follows.
macro_rules! held_columns {
    () => {
        "claim_id, held_at, decide_by, resolution, resolved_at, caller_name, caller_proof, \
         caller_role, stated_author, why"
    };
}
/// The condition that a claim `c` is no copy that is held or dismissed.
macro_rules! is_treated {
    () => {
        "NOT EXISTS (SELECT 1 FROM held_attempts h WHERE h.claim_id = c.id \
         AND (h.resolution IS NULL OR h.resolution <> 'released'))"
    };
}
pub(in crate::store) use {held_columns, is_treated};

#[derive(FromRow)]
pub(in crate::store) struct HeldRow {
    pub(in crate::store) claim_id: Uuid,
    pub(in crate::store) held_at: Instant,
    pub(in crate::store) decide_by: Instant,
    pub(in crate::store) resolution: Option<String>,
    pub(in crate::store) resolved_at: Option<Instant>,
    pub(in crate::store) caller_name: Option<String>,
    pub(in crate::store) caller_proof: Option<String>,
    pub(in crate::store) caller_role: Option<String>,
    pub(in crate::store) stated_author: Option<String>,
    pub(in crate::store) why: Option<String>,
}

impl HeldRow {
    /// Returns the row of a held attempt.
    pub(in crate::store) fn of(held: &HeldAttempt) -> Self {
        let resolution = held.resolution.as_ref();
        let author = resolution.map(|r| &r.author);
        Self {
            claim_id: held.claim_id.0,
            held_at: Instant(held.held_at),
            decide_by: Instant(held.decide_by),
            resolution: resolution.map(|r| r.decision.as_str().to_owned()),
            resolved_at: resolution.map(|r| Instant(r.at)),
            caller_name: author.map(|a| clean(&a.caller_name).into_owned()),
            caller_proof: author.map(|a| a.proof.as_str().to_owned()),
            caller_role: author.map(|a| a.role.as_str().to_owned()),
            stated_author: author.and_then(|a| a.stated.as_ref()).map(ToString::to_string),
            why: resolution.map(|r| r.why.to_string()),
        }
    }

    /// Returns the keyed digest of the row.
    pub(in crate::store) fn key_check(&self, seal: &Seal) -> String {
        seal.link(&self.fields().iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn fields(&self) -> Vec<String> {
        vec![
            "held_attempt".to_owned(),
            self.claim_id.to_string(),
            self.held_at.micros().to_string(),
            self.decide_by.micros().to_string(),
            optional(self.resolution.as_deref()),
            optional(self.resolved_at.map(|at| at.micros().to_string()).as_deref()),
            optional(self.caller_name.as_deref()),
            optional(self.caller_proof.as_deref()),
            optional(self.caller_role.as_deref()),
            optional(self.stated_author.as_deref()),
            optional(self.why.as_deref()),
        ]
    }
}

/// A held attempt as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHold {
    /// The held attempt.
    pub held: HeldAttempt,
    /// Every column but the keyed digest, as the digest signs them.
    pub fields: Vec<String>,
    /// Keyed digest of the row.
    pub key_check: String,
}

/// A held attempt with its keyed digest.
#[derive(FromRow)]
pub(in crate::store) struct SealedHold {
    #[sqlx(flatten)]
    row: HeldRow,
    key_check: String,
}

impl From<SealedHold> for StoredHold {
    fn from(sealed: SealedHold) -> Self {
        let fields = sealed.row.fields();
        Self { held: sealed.row.into(), fields, key_check: sealed.key_check }
    }
}

impl From<HeldRow> for HeldAttempt {
    fn from(r: HeldRow) -> Self {
        let author = DecisionAuthor {
            caller_name: r.caller_name.unwrap_or_default(),
            proof: code(&r.caller_proof.unwrap_or_default()),
            role: code(&r.caller_role.unwrap_or_default()),
            stated: r.stated_author.map(FreeText::from),
        };
        let why = FreeText::from(r.why.unwrap_or_default());
        Self {
            claim_id: ClaimId(r.claim_id),
            held_at: r.held_at.0,
            decide_by: r.decide_by.0,
            resolution: r.resolution.zip(r.resolved_at).map(|(decision, at)| HoldResolution {
                decision: code(&decision),
                at: at.0,
                author,
                why,
            }),
        }
    }
}
