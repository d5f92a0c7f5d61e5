//! Pages of the work list, each answer with its candidates.

use super::Matches;
use super::view::{UnmatchedView, candidates};
use crate::domain::near_match::bare;
use crate::domain::near_match::{Answered, spellings};
use crate::domain::{AnswerPlace, Caller, Claim, ExchangeId, KeptReturn, Outcome};
use crate::store::{StoreError, UnmatchedFilter};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;
use time::OffsetDateTime;

/// Answers of a page at most: each has up to 10 candidates.
const MAX_ROWS: usize = 100;
/// Answers read for one page at most, when candidates are a filter. The page may then be short, and
/// has a token to go on.
const MAX_READ: usize = 1_000;
/// Claims read for the answers of one page at most.
const MAX_CLAIMS: usize = 2_000;
/// Hexadecimal digits of a filter in a token.
const DIGEST_LEN: usize = 16;

/// Filter of the work list; an empty field does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnmatchedQuery {
    /// Depositor of the file.
    pub sender: Option<String>,
    /// PS number as sent.
    pub ps: Option<String>,
    /// Exchange.
    pub exchange_id: Option<ExchangeId>,
    /// Received on or after this instant.
    pub received_from: Option<OffsetDateTime>,
    /// Only answers with a candidate, or only those without.
    pub has_candidates: Option<bool>,
    /// Only answers that a person matched, instead of those that wait.
    pub is_by_hand: bool,
}

/// Position after the last answer of a page, bound to the filter of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmatchedToken {
    after: AnswerPlace,
    filter: String,
}

impl fmt::Display for UnmatchedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AnswerPlace { exchange_id, ordinal } = self.after;
        write!(f, "{}-{ordinal}-{}", exchange_id.0.simple(), self.filter)
    }
}

impl FromStr for UnmatchedToken {
    type Err = WorkListError;

    fn from_str(text: &str) -> Result<Self, WorkListError> {
        let mut fields = text.split('-');
        match (fields.next(), fields.next(), fields.next(), fields.next()) {
            (Some(exchange), Some(ordinal), Some(filter), None) => Ok(Self {
                after: AnswerPlace {
                    exchange_id: exchange.parse().map_err(|_| WorkListError::OtherToken)?,
                    ordinal: ordinal.parse().map_err(|_| WorkListError::OtherToken)?,
                },
                filter: filter.to_owned(),
            }),
            _ => Err(WorkListError::OtherToken),
        }
    }
}

/// Reason why a page is not given.
#[derive(Debug, thiserror::Error)]
pub enum WorkListError {
    /// The token was not made by this service, or for another filter.
    #[error("the page token is none of this listing and filter")]
    OtherToken,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A page of the work list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmatchedPage {
    /// Answers, the latest exchange first.
    pub items: Vec<UnmatchedView>,
    /// Token of the next page; `None` on the last page.
    pub next: Option<UnmatchedToken>,
}

impl Matches {
    /// Returns a page of the work list: answers without claim, those that a person matched although
    /// a claim of their identity is there, or only those that a person matched.
    ///
    /// # Errors
    /// [`WorkListError::OtherToken`] for a token of another filter.
    pub async fn list(
        &self,
        caller: &Caller,
        query: &UnmatchedQuery,
        after: Option<&UnmatchedToken>,
        limit: usize,
    ) -> Result<UnmatchedPage, WorkListError> {
        tracing::trace!(caller = caller.name, "answers without claim listed");
        let digest = digest(query);
        if after.is_some_and(|token| token.filter != digest) {
            return Err(WorkListError::OtherToken);
        }
        let limit = limit.clamp(1, MAX_ROWS);
        let mut last = after.map(|token| token.after);
        let (mut items, mut read) = (Vec::new(), 0);
        let token = |place: AnswerPlace| UnmatchedToken { after: place, filter: digest.clone() };
        while read < MAX_READ {
            let mut kept = self.kept(caller, query, last, limit + 1).await?;
            let is_last_page = kept.len() <= limit;
            kept.truncate(limit);
            read += kept.len();
            for view in self.views(caller, kept).await? {
                if items.len() == limit {
                    return Ok(UnmatchedPage { items, next: last.map(token) });
                }
                last = Some(view.kept.place());
                let has_candidates = !view.candidates.is_empty();
                if query.has_candidates.is_none_or(|wanted| wanted == has_candidates) {
                    items.push(view);
                }
            }
            if is_last_page {
                return Ok(UnmatchedPage { items, next: None });
            }
            if items.len() == limit {
                break;
            }
        }
        Ok(UnmatchedPage { items, next: last.map(token) })
    }

    async fn kept(
        &self,
        caller: &Caller,
        query: &UnmatchedQuery,
        after: Option<AnswerPlace>,
        limit: usize,
    ) -> Result<Vec<KeptReturn>, StoreError> {
        let filter = UnmatchedFilter {
            sender: query.sender.clone(),
            ps: query.ps.clone(),
            exchange_id: query.exchange_id,
            received_from: query.received_from,
            is_by_hand: query.is_by_hand,
        };
        self.store.kept_returns(&caller.scope, &filter, after, limit).await
    }

    /// Returns answers with their outcomes and candidates: one statement for each kind of row,
    /// whatever the number of answers.
    async fn views(
        &self,
        caller: &Caller,
        kept: Vec<KeptReturn>,
    ) -> Result<Vec<UnmatchedView>, StoreError> {
        let places: Vec<AnswerPlace> = kept.iter().map(KeptReturn::place).collect();
        let outcomes = self.store.told_in_answers(&caller.scope, &places).await?;
        let mut told: HashMap<AnswerPlace, Vec<Outcome>> = HashMap::new();
        for outcome in outcomes {
            let place =
                AnswerPlace { exchange_id: ExchangeId(outcome.told_in), ordinal: outcome.ordinal };
            told.entry(place).or_default().push(outcome);
        }
        let numbers: BTreeSet<String> = kept.iter().map(|k| k.answer.ps.clone()).collect();
        let numbers: Vec<String> = numbers.into_iter().filter(|ps| !ps.is_empty()).collect();
        let linked = self.conventionnement.linked_numbers(&caller.scope, &numbers).await?;
        let claims = self.claims_of(caller, &kept, &linked).await?;
        let (now, no_link) = (self.clock.now(), BTreeSet::new());
        let view = |kept: KeptReturn| {
            let outcomes = told.remove(&kept.place()).unwrap_or_default();
            let linked_ps = linked.get(&kept.answer.ps).unwrap_or(&no_link);
            let of_number = claims.get(bare(&kept.answer.invoice_number));
            let of_number = of_number.map_or(&[][..], Vec::as_slice);
            let answered = Answered { kept: &kept, outcomes: &outcomes, linked_ps };
            let candidates = candidates(answered, of_number, &self.vault);
            let days = (now - kept.received_at).whole_days();
            UnmatchedView { kept, outcomes, candidates, days }
        };
        Ok(kept.into_iter().map(view).collect())
    }

    /// Returns the claims that answers may be about, by their invoice number without zeros.
    async fn claims_of(
        &self,
        caller: &Caller,
        kept: &[KeptReturn],
        linked: &BTreeMap<String, BTreeSet<String>>,
    ) -> Result<HashMap<String, Vec<Claim>>, StoreError> {
        let mut wanted: BTreeSet<(String, String)> = BTreeSet::new();
        for answer in kept.iter().map(|kept| &kept.answer) {
            if answer.ps.is_empty() || answer.invoice_number.trim().is_empty() {
                continue;
            }
            let others = linked.get(&answer.ps).into_iter().flatten();
            for ps in others.chain([&answer.ps]) {
                let spelt = spellings(&answer.invoice_number).into_iter();
                wanted.extend(spelt.map(|number| (number, ps.clone())));
            }
        }
        let wanted: Vec<(String, String)> = wanted.into_iter().collect();
        let mut found: HashMap<String, Vec<Claim>> = HashMap::new();
        for claim in self.store.claims_numbered(&caller.scope, &wanted, MAX_CLAIMS).await? {
            found.entry(bare(&claim.invoice_number).to_owned()).or_default().push(claim);
        }
        Ok(found)
    }
}

/// Returns the digest of a filter, by which a token of another filter is refused.
fn digest(query: &UnmatchedQuery) -> String {
    let text = format!("{query:?}");
    blake3::hash(text.as_bytes()).to_hex()[..DIGEST_LEN].to_owned()
}
