//! Readings of claims: status, listing, history, and the full claim with its person.

use super::error::ServiceError;
use super::view::{ClaimView, FullClaim, Withheld};
use crate::clock::SharedClock;
use crate::domain::identifier::{self, compact};
use crate::domain::{
    Caller, Claim, ClaimEvent, ClaimId, ClaimStatus, Extent, FilterDigest, FreeText, Outcome, Page,
    PageToken, PartKind, PartState, Quarantined,
};
use crate::store::SharedStore;
pub use crate::store::{ClaimFilter, FlagFilter};
use crate::vault::{PersonRecord, Vault};
use std::collections::HashMap;
use std::sync::Arc;
use time::{Date, OffsetDateTime};

/// Most decisions of a claim that an answer names, the last ones.
const MAX_DECISIONS: usize = 100;

/// Number of other claims of one PS and invoice number that an answer names.
const MAX_OTHERS: usize = 10;

/// Filter of a listing; an empty field does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimQuery {
    /// Filters that do not depend on the time of the question.
    pub filter: ClaimFilter,
    /// Only claims whose AMC part waits past its limit.
    pub overdue: bool,
}

impl ClaimQuery {
    /// Returns the digest that binds the page tokens of the listing to its filter.
    #[must_use]
    pub fn digest(&self) -> FilterDigest {
        let f = &self.filter;
        let id = f.exchange_id.map(|id| id.to_string());
        let instant =
            |at: Option<OffsetDateTime>| at.map(|at| at.unix_timestamp_nanos().to_string());
        let day = |day: Option<Date>| day.map(|day| day.to_string());
        let flag = f.flag.map(|flag| match flag {
            FlagFilter::Any => "any",
            FlagFilter::One(flag) => flag.as_str(),
        });
        FilterDigest::new("claims")
            .with("sender", f.sender.as_deref())
            .with("ps", f.ps.as_deref())
            .with("invoice_number", f.invoice_number.as_deref())
            .with("exchange_id", id.as_deref())
            .with("lot", f.lot.as_deref())
            .with("amc_number", f.amc_number.as_deref())
            .with("person", f.person.as_deref())
            .with("status", f.status.map(ClaimStatus::as_str))
            .with("part", f.part.map(PartKind::as_str))
            .with("part_state", f.part_state.map(PartState::as_str))
            .with("flag", flag)
            .with("transfer", f.transfer.as_deref())
            .with("paid_from", day(f.paid_from).as_deref())
            .with("paid_before", day(f.paid_before).as_deref())
            .with("received_from", instant(f.received_from).as_deref())
            .with("received_before", instant(f.received_before).as_deref())
            .with("overdue", self.overdue.then_some("true"))
    }
}

/// The claims and quarantined invoices that share a PS number and an invoice number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceViews {
    /// Claims, newest first.
    pub claims: Vec<ClaimView>,
    /// Invoices that wait in quarantine, in the order in which they were quarantined.
    pub quarantined: Vec<ClaimView>,
}

/// The view that answers for an invoice, and the other claims of the same number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundInvoice {
    /// The newest claim, or the latest quarantined invoice when there is no claim.
    pub view: ClaimView,
    /// The other claims, newest first.
    pub others: Vec<ClaimId>,
}

/// The reader of the person of a claim and the purpose, as the caller states them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonRequest<'a> {
    /// Name stated by the caller.
    pub stated_name: Option<&'a FreeText>,
    /// Purpose; empty when not given.
    pub purpose: &'a FreeText,
}

/// Reads claims for callers.
#[derive(Clone)]
pub struct Claims {
    store: SharedStore,
    vault: Arc<Vault>,
    clock: SharedClock,
}

impl Claims {
    /// Makes the readings over a store.
    #[must_use]
    pub fn new(store: SharedStore, vault: Arc<Vault>, clock: SharedClock) -> Self {
        Self { store, vault, clock }
    }

    /// Returns a claim as it is now, without a look at the quarantine.
    pub async fn get(
        &self,
        caller: &Caller,
        id: ClaimId,
    ) -> Result<Option<ClaimView>, ServiceError> {
        let now = self.clock.now();
        let Some(claim) = self.read(caller, id).await? else { return Ok(None) };
        self.view(caller, &claim, &[], now).await.map(Some)
    }

    /// Returns the claims of these ids as they are now, without a look at the quarantine. An id
    /// that names no claim inside the scope is absent.
    pub async fn by_ids(
        &self,
        caller: &Caller,
        ids: &[ClaimId],
    ) -> Result<HashMap<ClaimId, ClaimView>, ServiceError> {
        tracing::trace!(caller = caller.name, claims = ids.len(), "claims read");
        let now = self.clock.now();
        let claims = self.store.claims_by_id(&caller.scope, ids).await?;
        let mut outcomes: HashMap<ClaimId, Vec<Outcome>> = HashMap::new();
        for (id, outcome) in self.store.outcomes_of_invoices(ids).await? {
            outcomes.entry(id).or_default().push(outcome);
        }
        let mut views = HashMap::with_capacity(claims.len());
        for claim in claims {
            let claim = as_told(caller, claim);
            let outcomes = outcomes.remove(&claim.id).unwrap_or_default();
            let mut view = with_movements(&claim, &[], &outcomes, now);
            self.name_acts(caller, &mut view, claim.id).await?;
            views.insert(claim.id, view);
        }
        Ok(views)
    }

    /// Returns a claim with the latest quarantined copy of its invoice.
    pub async fn get_with_quarantine(
        &self,
        caller: &Caller,
        id: ClaimId,
    ) -> Result<Option<ClaimView>, ServiceError> {
        let now = self.clock.now();
        let Some(claim) = self.read(caller, id).await? else { return Ok(None) };
        let in_its_lane = caller.clone().in_lane(claim.lane);
        // Both reads run at the same time: a status waits for two reads in turn, not three.
        let (waiting, view) = tokio::try_join!(
            self.waiting(&in_its_lane, &claim.ps, &claim.invoice_number),
            self.view(caller, &claim, &[], now),
        )?;
        Ok(Some(view.with_quarantine(&claim, &waiting)))
    }

    /// Returns at most `limit` claims and every quarantined invoice of a PS and invoice number,
    /// which are read as people type them.
    pub async fn by_invoice(
        &self,
        caller: &Caller,
        ps: &str,
        invoice_number: &str,
        limit: usize,
    ) -> Result<InvoiceViews, ServiceError> {
        let now = self.clock.now();
        let (ps, invoice_number) = (compact(ps), identifier::invoice_number(invoice_number));
        let filter = ClaimFilter {
            ps: Some(ps.clone()),
            invoice_number: Some(invoice_number.clone()),
            ..ClaimFilter::default()
        };
        let lane = caller.scope.lane.unwrap_or_default();
        let (waiting, page) = tokio::try_join!(
            self.waiting(caller, &ps, &invoice_number),
            self.page(caller, &filter, None, limit),
        )?;
        let mut claims = page.items;
        // A held or dismissed copy answers for no invoice.
        claims.sort_by_key(|claim| claim.hold.is_some());
        let mut views = Vec::with_capacity(claims.len());
        for claim in &claims {
            views.push(self.view(caller, claim, &waiting, now).await?);
        }
        Ok(InvoiceViews {
            claims: views,
            quarantined: waiting.iter().map(|q| ClaimView::of_quarantined(q, lane)).collect(),
        })
    }

    /// Returns the view that answers for a PS and invoice number, `None` when there is neither a
    /// claim nor a quarantined invoice.
    pub async fn find_invoice(
        &self,
        caller: &Caller,
        ps: &str,
        invoice_number: &str,
    ) -> Result<Option<FoundInvoice>, ServiceError> {
        let found = self.by_invoice(caller, ps, invoice_number, MAX_OTHERS + 1).await?;
        let mut claims = found.claims.into_iter();
        if let Some(view) = claims.next() {
            let others = claims.filter_map(|other| other.claim.map(|claim| claim.id)).collect();
            return Ok(Some(FoundInvoice { view, others }));
        }
        let instant = |view: &ClaimView| view.quarantine.as_ref().map(|invoice| invoice.at);
        let latest = found.quarantined.into_iter().max_by_key(instant);
        Ok(latest.map(|view| FoundInvoice { view, others: Vec::new() }))
    }

    /// Returns a page of claims, newest first; with a filter by payment dates, the latest payment
    /// first; overdue ones, the latest limit first.
    pub async fn list(
        &self,
        caller: &Caller,
        query: ClaimQuery,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<ClaimView>, ServiceError> {
        let now = self.clock.now();
        let filter = ClaimFilter {
            ps: query.filter.ps.map(|ps| compact(&ps)),
            invoice_number: query.filter.invoice_number.map(|n| identifier::invoice_number(&n)),
            overdue_at: query.overdue.then_some(now),
            ..query.filter
        };
        let page = self.page(caller, &filter, after, limit).await?;
        let views = page.items.iter().map(|claim| ClaimView::of_claim(claim, &[], now));
        Ok(Page { items: views.collect(), next: page.next })
    }

    /// Returns every event of a claim, in order; empty when there is no such claim, because a claim
    /// is written with its first event.
    pub async fn history(
        &self,
        caller: &Caller,
        id: ClaimId,
    ) -> Result<Vec<ClaimEvent>, ServiceError> {
        tracing::trace!(caller = caller.name, claim_id = %id, "history read");
        Ok(self.store.claim_history(&caller.scope, id).await?)
    }

    /// Returns a claim with its lines, its decisions and its person.
    ///
    /// The person is given only after the access journal is committed: no reading without a row
    /// that names caller, claim and purpose.
    pub async fn full(
        &self,
        caller: &Caller,
        id: ClaimId,
        request: PersonRequest<'_>,
    ) -> Result<Option<FullClaim>, ServiceError> {
        let Some(claim) = self.read(caller, id).await? else { return Ok(None) };
        let lines = self.store.claim_lines(&caller.scope, id).await?;
        let decisions = self.store.decisions(&caller.scope, id, MAX_DECISIONS).await?;
        let person = match request {
            PersonRequest { stated_name: None, .. } => Err(Withheld::NameMissing),
            PersonRequest { purpose, .. } if purpose.is_empty() => Err(Withheld::PurposeMissing),
            PersonRequest { stated_name: Some(name), purpose } => {
                Ok(self.read_person(caller, &claim, name, purpose).await?)
            }
        };
        let view = self.view(caller, &claim, &[], self.clock.now()).await?;
        Ok(Some(FullClaim { view, lines, decisions, person }))
    }

    /// Returns the view of one claim, with its movements of money and the acts of its reasons.
    async fn view(
        &self,
        caller: &Caller,
        claim: &Claim,
        waiting: &[Quarantined],
        now: OffsetDateTime,
    ) -> Result<ClaimView, ServiceError> {
        let outcomes = self.store.outcomes_of_invoice(claim).await?;
        let mut view = with_movements(claim, waiting, &outcomes, now);
        self.name_acts(caller, &mut view, claim.id).await?;
        Ok(view)
    }

    /// Fills in act and date of care of the reasons that name a line of the claim.
    async fn name_acts(
        &self,
        caller: &Caller,
        view: &mut ClaimView,
        id: ClaimId,
    ) -> Result<(), ServiceError> {
        if view.lacks_acts() {
            view.name_acts(&self.store.claim_lines(&caller.scope, id).await?);
        }
        Ok(())
    }

    async fn read_person(
        &self,
        caller: &Caller,
        claim: &Claim,
        stated_name: &FreeText,
        purpose: &FreeText,
    ) -> Result<PersonRecord, ServiceError> {
        let mut work = self.store.begin().await?;
        let name = journal_name(caller, stated_name);
        work.insert_access(claim.id, &name, purpose, self.clock.now()).await?;
        work.commit().await?;
        Ok(self.vault.unseal_person(&claim.vault, claim.id.0)?)
    }

    async fn read(&self, caller: &Caller, id: ClaimId) -> Result<Option<Claim>, ServiceError> {
        tracing::trace!(caller = caller.name, claim_id = %id, "claim read");
        let claim = self.store.claim(&caller.scope, id).await?;
        Ok(claim.map(|claim| as_told(caller, claim)))
    }

    async fn page(
        &self,
        caller: &Caller,
        filter: &ClaimFilter,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<Claim>, ServiceError> {
        tracing::trace!(caller = caller.name, "claims listed");
        let page = self.store.claims(&caller.scope, filter, after, limit).await?;
        let items = page.items.into_iter().map(|claim| as_told(caller, claim)).collect();
        Ok(Page { items, next: page.next })
    }

    async fn waiting(
        &self,
        caller: &Caller,
        ps: &str,
        invoice_number: &str,
    ) -> Result<Vec<Quarantined>, ServiceError> {
        tracing::trace!(caller = caller.name, "quarantine read");
        Ok(self.store.quarantined_by_invoice(&caller.scope, ps, invoice_number).await?)
    }
}

/// Returns what may be wrong with the number of a PS that was not found, in French, from its form
/// alone.
#[must_use]
pub fn hint(ps: &str) -> Option<String> {
    identifier::ps_hint(ps)
}

/// Returns the view of a claim with the movements that the outcomes of its invoice make.
fn with_movements(
    claim: &Claim,
    waiting: &[Quarantined],
    outcomes: &[Outcome],
    now: OffsetDateTime,
) -> ClaimView {
    let movements = claim.movements(outcomes);
    ClaimView { movements, ..ClaimView::of_claim(claim, waiting, now) }
}

/// Returns a claim as its reader is told of it: only one who sees every sender is told that a copy
/// of another sender's invoice is held.
fn as_told(caller: &Caller, claim: Claim) -> Claim {
    match caller.scope.senders {
        Extent::All => claim,
        Extent::Only(_) => claim.as_told_to_sender(),
    }
}

/// Returns the name that the access journal keeps: the name stated by the caller, the proven name
/// and its proof.
fn journal_name(caller: &Caller, stated_name: &FreeText) -> FreeText {
    format!("{stated_name}, stated by {} ({})", caller.name, caller.proof.as_str()).into()
}
