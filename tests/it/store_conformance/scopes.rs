//! Stories of scopes: a row outside is as absent as one that does not exist.

use super::findings::quarantined;
use crate::support::databases::TestDatabase;
use crate::support::samples::*;
use noemie_gateway::domain::*;
use noemie_gateway::store::{ClaimFilter, SharedStore};
use std::collections::BTreeSet;

const NOUNS: usize = 15;

/// Deposits one claim, one quarantined invoice and one finding, publishes the event.
async fn fill(store: &SharedStore) -> (ExchangeId, Claim) {
    let mut unit = store.begin().await.unwrap();
    let id = open(&mut unit, "d").await;
    let claims = [claim(id, 1, "i1")];
    unit.insert_claims(&offered(&claims)).await.unwrap();
    unit.insert_events(&[event(&claims[0].claim, 1)]).await.unwrap();
    unit.insert_quarantined(&[quarantined(id, 2, "000000002")]).await.unwrap();
    unit.insert_anomalies(id, 1, &[super::findings::finding(1)]).await.unwrap();
    unit.close_exchange(&closing(id, "d", &claims), &plain_link).await.unwrap();
    unit.commit().await.unwrap();
    let event = store.unpublished_events(10, &[]).await.unwrap().remove(0);
    store.mark_published(&[event.event_no], NOW).await.unwrap();
    let [NewClaim { claim, .. }] = claims;
    (id, claim)
}

/// Which readings show the rows of [`fill`]: of the exchange (4), of return files (3), of the
/// quarantine (3), of the claim (5).
async fn seen(store: &SharedStore, scope: &Scope, id: ExchangeId, claim: &Claim) -> [bool; NOUNS] {
    let all = Scope::everything();
    let arl = store.arl(&all, id).await.unwrap().unwrap();
    let waiting = store.quarantined(&all, id, 1).await.unwrap().remove(0);
    [
        store.exchange(scope, id).await.unwrap().is_some(),
        !store.exchanges(scope, None, None, 10).await.unwrap().items.is_empty(),
        store.ledger(scope, id).await.unwrap().is_some(),
        !store.anomalies(scope, id, 0, 10).await.unwrap().is_empty(),
        store.arl(scope, id).await.unwrap().is_some(),
        store.return_file(scope, arl.id).await.unwrap().is_some(),
        !store.return_files(scope, None, None, None, 10).await.unwrap().items.is_empty(),
        !store.quarantined(scope, id, 10).await.unwrap().is_empty(),
        !store
            .quarantined_by_invoice(scope, &waiting.ps, &waiting.invoice_number)
            .await
            .unwrap()
            .is_empty(),
        !store.latest_quarantined(scope, None, false, 10).await.unwrap().is_empty(),
        store.claim(scope, claim.id).await.unwrap().is_some(),
        !store.claim_lines(scope, claim.id).await.unwrap().is_empty(),
        !store.claims(scope, &ClaimFilter::default(), None, 10).await.unwrap().items.is_empty(),
        !store.claim_history(scope, claim.id).await.unwrap().is_empty(),
        !store.published_events(scope, 0, 10).await.unwrap().events.is_empty(),
    ]
}

fn only(values: &[&str]) -> Extent {
    Extent::Only(values.iter().map(|value| (*value).to_owned()).collect())
}

/// The four dimensions, each limited to the values given for it.
fn limited(values: &[&str]) -> [Scope; 4] {
    let all = Scope::everything;
    [
        Scope { senders: only(values), ..all() },
        Scope { ps: only(values), ..all() },
        Scope { amc: only(values), ..all() },
        Scope { organisms: only(values), ..all() },
    ]
}

pub async fn a_row_outside_the_scope_is_absent(db: TestDatabase) {
    let (id, claim) = fill(&db.store).await;
    let waiting = db.store.quarantined(&Scope::everything(), id, 1).await.unwrap().remove(0);
    let inside = [
        claim.sender.as_str(),
        claim.ps.as_str(),
        waiting.ps.as_str(),
        claim.amc_number.as_str(),
        claim.amo_organism.as_str(),
    ];
    let store = &db.store;
    assert_eq!(seen(store, &Scope::everything(), id, &claim).await, [true; NOUNS]);
    for scope in limited(&inside) {
        assert_eq!(seen(store, &scope, id, &claim).await, [true; NOUNS], "{scope:?}");
    }
    let [senders, ps, amc, organisms] = limited(&["elsewhere"]);
    assert_eq!(seen(store, &senders, id, &claim).await, [false; NOUNS]);
    // An exchange and its ARL have no PS: the dimension hides the quarantine and the claims.
    let shown = |nouns: usize| std::array::from_fn(|noun| noun < nouns);
    assert_eq!(seen(store, &ps, id, &claim).await, shown(7));
    assert_eq!(seen(store, &amc, id, &claim).await, shown(10));
    assert_eq!(seen(store, &organisms, id, &claim).await, shown(10));
    for scope in limited(&[]) {
        assert_eq!(seen(store, &scope, id, &claim).await, [false; NOUNS], "{scope:?}");
    }
}

pub async fn pages_are_whole_under_a_scope(db: TestDatabase) {
    let kept = deposit(&db.store, "d", |id| {
        let make = |n: u64| {
            let mut new = claim(id, n, &format!("i{n}"));
            if n.is_multiple_of(3) {
                new.claim.ps = "987654321".into();
            }
            new
        };
        (1..=20).map(make).collect()
    })
    .await;
    let mine: BTreeSet<ClaimId> =
        kept.iter().filter(|new| new.claim.ps == "987654321").map(|new| new.claim.id).collect();
    let scope = Scope { ps: only(&["987654321"]), ..Scope::everything() };
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = db.store.claims(&scope, &ClaimFilter::default(), after, 4).await.unwrap();
        seen.extend(page.items.iter().map(|claim| claim.id));
        after = page.next;
        if after.is_none() {
            break;
        }
        assert_eq!(page.items.len(), 4);
    }
    assert_eq!(seen.len(), mine.len());
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), mine);
}
