//! Stories of listings: pages, filters, figures.

use crate::support::databases::TestDatabase;
use crate::support::samples::*;
use noemie_gateway::domain::Scope;
use noemie_gateway::domain::*;
use noemie_gateway::domain::{PartKind, PartState};
use noemie_gateway::store::{ClaimFilter, SharedStore, StoreFigures};
use std::collections::{BTreeMap, BTreeSet};
use time::Duration;

async fn ids(store: &SharedStore, filter: ClaimFilter) -> BTreeSet<ClaimId> {
    let page = store.claims(&Scope::everything(), &filter, None, 1_000).await.unwrap();
    assert_eq!(page.next, None);
    page.items.iter().map(|c| c.id).collect()
}

/// All 64 pairs of states: the filter finds a claim under its status and under no other.
pub async fn every_status_filter_follows_the_life_cycle(db: TestDatabase) {
    let kept = deposit(&db.store, "d", |id| {
        let make = |(n, (amo, amc)): (u64, (PartState, PartState))| {
            let mut new = claim(id, n, &format!("i{n}"));
            (new.claim.amo, new.claim.amc) =
                (part(PartKind::Amo, amo, 1), part(PartKind::Amc, amc, 1));
            new
        };
        let pairs = PartState::ALL
            .iter()
            .flat_map(|amo| PartState::ALL.iter().map(move |amc| (*amo, *amc)));
        (1..).zip(pairs).map(make).collect()
    })
    .await;
    assert_eq!(kept.len(), PartState::ALL.len().pow(2));
    let mut expected: BTreeMap<ClaimStatus, BTreeSet<ClaimId>> = BTreeMap::new();
    for new in &kept {
        expected.entry(new.claim.status()).or_default().insert(new.claim.id);
    }
    for status in ClaimStatus::ALL {
        let found =
            ids(&db.store, ClaimFilter { status: Some(*status), ..ClaimFilter::default() }).await;
        assert_eq!(Some(&found), expected.get(status), "{status:?}");
    }
}

pub async fn pages_neither_lose_nor_repeat(db: TestDatabase) {
    // Several claims share their instant, and instants differ by one microsecond.
    let kept = deposit(&db.store, "d", |id| {
        let make = |n: u64| {
            let mut new = claim(id, n, &format!("i{n}"));
            new.claim.received_at = NOW + Duration::microseconds(i64::try_from(n / 4).unwrap());
            new
        };
        (1..=25).map(make).collect()
    })
    .await;
    let mut expected: Vec<_> = kept.iter().map(|c| (c.claim.received_at, c.claim.id)).collect();
    expected.sort_unstable();
    expected.reverse();
    let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page =
            db.store.claims(&Scope::everything(), &ClaimFilter::default(), after, 6).await.unwrap();
        seen.extend(page.items.iter().map(|c| (c.received_at, c.id)));
        pages += 1;
        if pages == 2 {
            // What arrives meanwhile is newer, and does not move what follows.
            deposit(&db.store, "late", |id| {
                let mut new = claim(id, 1, "late");
                new.claim.received_at = at(60);
                vec![new]
            })
            .await;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
        assert_eq!(page.items.len(), 6);
    }
    assert_eq!(seen, expected);
    assert_eq!(pages, 5);
    let all =
        db.store.claims(&Scope::everything(), &ClaimFilter::default(), None, 26).await.unwrap();
    assert_eq!(
        (all.items.len(), all.next),
        (26, None),
        "a page that holds everything is the last one"
    );
}

pub async fn filters_of_claims(db: TestDatabase) {
    let first = deposit(&db.store, "d1", |id| {
        let mut all: Vec<_> = (1..=4).map(|n| claim(id, n, &format!("i{n}"))).collect();
        all[1].claim.sender = "octautre".into();
        all[2].claim.ps = "987654321".into();
        all[3].claim.received_at = at(3_600);
        all[0].claim.due_at = at(10);
        all[1].claim.due_at = at(10);
        all[1].claim.amc = part(PartKind::Amc, PartState::Paid, 500);
        all
    })
    .await;
    let second = deposit(&db.store, "d2", |id| vec![claim(id, 1, "other")]).await;
    let c: Vec<ClaimId> = first.iter().chain(&second).map(|c| c.claim.id).collect();
    let none = ClaimFilter::default();
    let expect = async |filter: ClaimFilter, wanted: &[usize]| {
        let wanted: BTreeSet<ClaimId> = wanted.iter().map(|i| c[*i]).collect();
        assert_eq!(ids(&db.store, filter.clone()).await, wanted, "{filter:?}");
    };
    expect(none.clone(), &[0, 1, 2, 3, 4]).await;
    expect(ClaimFilter { sender: Some("octautre".into()), ..none.clone() }, &[1]).await;
    expect(ClaimFilter { ps: Some("987654321".into()), ..none.clone() }, &[2]).await;
    expect(ClaimFilter { invoice_number: Some("000000001".into()), ..none.clone() }, &[0, 4]).await;
    expect(ClaimFilter { exchange_id: Some(second[0].claim.exchange_id), ..none.clone() }, &[4])
        .await;
    expect(ClaimFilter { received_from: Some(at(3_600)), ..none.clone() }, &[3]).await;
    expect(ClaimFilter { received_before: Some(at(3_600)), ..none.clone() }, &[0, 1, 2, 4]).await;
    expect(ClaimFilter { overdue_at: Some(at(11)), ..none.clone() }, &[0]).await;
    expect(ClaimFilter { overdue_at: Some(at(10)), ..none.clone() }, &[]).await;
    let hostile = "octest' OR '1'='1".to_owned();
    expect(ClaimFilter { sender: Some(hostile), ..none.clone() }, &[]).await;
    let several = ClaimFilter {
        ps: Some("123456782".into()),
        invoice_number: Some("000000001".into()),
        status: Some(ClaimStatus::Received),
        ..none
    };
    expect(several, &[0, 4]).await;
}

pub async fn exchanges_by_sender_in_pages(db: TestDatabase) {
    for n in 0..5 {
        let sender = if n == 2 { "octautre" } else { "octest" };
        let mut unit = db.store.begin().await.unwrap();
        let id = ExchangeId(new_id());
        let digest = format!("d{n}");
        assert_eq!(unit.reserve_exchange(sender, &digest, "", id).await.unwrap(), None);
        let mut closing = closing(id, &digest, &[]);
        closing.exchange.received_at = at(n);
        unit.close_exchange(&closing, &plain_link).await.unwrap();
        unit.commit().await.unwrap();
    }
    let digests =
        |page: &Page<Exchange>| page.items.iter().map(|e| e.digest.clone()).collect::<Vec<_>>();
    let first = db.store.exchanges(&Scope::everything(), Some("octest"), None, 3).await.unwrap();
    assert_eq!(digests(&first), ["d4", "d3", "d1"]);
    let last =
        db.store.exchanges(&Scope::everything(), Some("octest"), first.next, 3).await.unwrap();
    assert_eq!((digests(&last), last.next), (vec!["d0".to_owned()], None));
    assert_eq!(
        digests(&db.store.exchanges(&Scope::everything(), None, None, 10).await.unwrap()),
        ["d4", "d3", "d2", "d1", "d0"]
    );
}

pub async fn page_tokens_come_back_and_strange_ones_show_nothing(db: TestDatabase) {
    deposit_many(&db.store, "d", 3).await;
    let page =
        db.store.claims(&Scope::everything(), &ClaimFilter::default(), None, 2).await.unwrap();
    let token = page.next.unwrap();
    assert_eq!(token.to_string().parse::<PageToken>().unwrap(), token, "as text and back");
    let rest = db
        .store
        .claims(&Scope::everything(), &ClaimFilter::default(), Some(token), 2)
        .await
        .unwrap();
    assert_eq!(rest.items.len(), 1);
    for at_micros in [i64::MIN, -1, 0] {
        let nothing = db
            .store
            .claims(
                &Scope::everything(),
                &ClaimFilter::default(),
                Some(PageToken { at_micros, id: new_id() }),
                2,
            )
            .await
            .unwrap();
        assert_eq!((nothing.items.len(), nothing.next), (0, None), "{at_micros}");
    }
    db.store
        .claims(
            &Scope::everything(),
            &ClaimFilter::default(),
            Some(PageToken { at_micros: i64::MAX, id: new_id() }),
            2,
        )
        .await
        .unwrap();
    let least =
        db.store.claims(&Scope::everything(), &ClaimFilter::default(), None, 0).await.unwrap();
    assert_eq!(least.items.len(), 1, "a page shows at least one row, else it would never end");
}

pub async fn figures_count_what_waits(db: TestDatabase) {
    assert_eq!(db.store.figures(NOW).await.unwrap(), StoreFigures::default());
    deposit(&db.store, "d", |id| {
        let states = [
            PartState::Received,
            PartState::Accepted,
            PartState::Deferred,
            PartState::Paid,
            PartState::Rejected,
            PartState::NotRequested,
        ];
        let make = |(n, state): (u64, PartState)| {
            let mut new = claim(id, n, &format!("i{n}"));
            new.claim.amc = part(PartKind::Amc, state, 500);
            new
        };
        (1..).zip(states).map(make).collect()
    })
    .await;
    let before = db.store.figures(NOW).await.unwrap();
    assert_eq!((before.overdue, before.latest_receipt_at), (0, Some(NOW)));
    let late = NOW + Duration::days(5);
    assert_eq!(db.store.figures(late).await.unwrap(), StoreFigures { overdue: 3, ..before });
    let listed =
        ids(&db.store, ClaimFilter { overdue_at: Some(late), ..ClaimFilter::default() }).await;
    assert_eq!(listed.len(), 3, "the listing and the figure agree");
}
