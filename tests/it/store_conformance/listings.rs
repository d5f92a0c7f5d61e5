//! Stories of listings: pages, filters, figures.

use crate::support::databases::TestDatabase;
use crate::support::samples::*;
use noemie_gateway::domain::Scope;
use noemie_gateway::domain::*;
use noemie_gateway::domain::{PartKind, PartState};
use noemie_gateway::store::{ClaimFilter, FlagFilter, SharedStore, StoreFigures};
use std::collections::{BTreeMap, BTreeSet};
use time::Duration;
use time::macros::date;

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

/// A sender whose claims are all older than 10,001 others of the same states: the first keys of the
/// state hold none of its claims, and its own last claims none of the rejected ones.
pub async fn a_page_is_whole_wherever_its_claims_lie(db: TestDatabase) {
    const NEWER: u64 = 10_001;
    let make = |id, sender: &str, count: u64, age, rejected: u64| -> Vec<NewClaim> {
        let make = |n| {
            let mut new = claim(id, n, &format!("{sender}{n}"));
            let amo = if n <= rejected { PartState::Rejected } else { PartState::Paid };
            (new.claim.amo, new.claim.amc) =
                (part(PartKind::Amo, amo, 1), part(PartKind::Amc, PartState::Paid, 1));
            new.claim.sender = sender.into();
            new.claim.received_at = at(age) + Duration::microseconds(i64::try_from(n).unwrap());
            new
        };
        (1..=count).map(make).collect()
    };
    let old = deposit(&db.store, "old", |id| make(id, "old", 1_200, 0, 5)).await;
    deposit(&db.store, "new", |id| make(id, "new", NEWER, 60, NEWER)).await;
    let of_sender = ClaimFilter { sender: Some("old".into()), ..ClaimFilter::default() };
    let state = |part, state| ClaimFilter {
        part: Some(part),
        part_state: Some(state),
        ..of_sender.clone()
    };
    let rejected = state(PartKind::Amo, PartState::Rejected);
    let paid = state(PartKind::Amc, PartState::Paid);
    for (filter, expected) in [(rejected, &old[..5]), (paid, &old[..])] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = db.store.claims(&Scope::everything(), &filter, after, 100).await.unwrap();
            seen.extend(page.items.iter().map(|claim| claim.id));
            after = page.next;
            if after.is_none() {
                break;
            }
            assert_eq!(page.items.len(), 100);
        }
        let expected: Vec<ClaimId> = expected.iter().rev().map(|new| new.claim.id).collect();
        assert_eq!(seen, expected, "{filter:?}");
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
        all[0].claim.due_at = Some(at(10));
        all[1].claim.due_at = Some(at(10));
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

/// Each filter by what became of a part finds its claims and no others, alone and with a PS that has
/// few claims, whatever index answers it; a claim of which both parts fit is listed once.
pub async fn filters_of_parts(db: TestDatabase) {
    let kept = deposit(&db.store, "d", |id| {
        let mut all: Vec<_> = (1..=6).map(|n| claim(id, n, &format!("i{n}"))).collect();
        let paid = |kind, day, label: &str, flags: &[Flag]| ClaimPart {
            transfer_date: Some(day),
            transfer_reference: Some(label.into()),
            flags: flags.to_vec(),
            ..part(kind, PartState::Paid, 500)
        };
        let (first, later) = (date!(2026 - 11 - 01), date!(2026 - 11 - 15));
        all[0].claim.amo = paid(PartKind::Amo, first, "VIR A", &[Flag::PaidTwice]);
        all[0].claim.amc = paid(PartKind::Amc, later, "VIR A", &[Flag::OverAsked, Flag::PaidTwice]);
        all[1].claim.amc = paid(PartKind::Amc, first, "VIR B", &[Flag::OverAsked]);
        all[2].claim.amo = paid(PartKind::Amo, later, "VIR B", &[]);
        all[3].claim.amc = part(PartKind::Amc, PartState::Rejected, 500);
        all[4].claim.lot = "A17".into();
        all[4].claim.amc_number = "0099900099".into();
        all[5].claim.person = Token("other person".into());
        all[5].claim.ps = "987654321".into();
        all
    })
    .await;
    let c: Vec<ClaimId> = kept.iter().map(|c| c.claim.id).collect();
    let none = ClaimFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let amo = Some(PartKind::Amo);
    let of_part = |part, state| ClaimFilter { part, part_state: Some(state), ..none() };
    let of_flag = |part, flag| ClaimFilter { part, flag: Some(flag), ..none() };
    let paid =
        |part, from, before| ClaimFilter { part, paid_from: from, paid_before: before, ..none() };
    let day = |day| Some(date!(2026 - 11 - 01).replace_day(day).unwrap());
    let cases: Vec<(ClaimFilter, &[usize])> = vec![
        (of_part(None, PartState::Paid), &[0, 1]),
        (of_part(amo, PartState::Paid), &[0, 2]),
        (of_part(None, PartState::Received), &[2, 4, 5]),
        (of_part(amo, PartState::Received), &[1, 3, 4, 5]),
        (of_part(None, PartState::Rejected), &[3]),
        (of_part(None, PartState::Overpaid), &[]),
        (of_flag(None, FlagFilter::Any), &[0, 1]),
        (of_flag(amo, FlagFilter::Any), &[0]),
        (of_flag(None, FlagFilter::One(Flag::PaidTwice)), &[0]),
        (of_flag(None, FlagFilter::One(Flag::OverAsked)), &[0, 1]),
        (of_flag(amo, FlagFilter::One(Flag::OverAsked)), &[]),
        (ClaimFilter { transfer: text("VIR A"), ..none() }, &[0]),
        (ClaimFilter { transfer: text("VIR B"), ..none() }, &[1, 2]),
        (ClaimFilter { transfer: text("VIR B"), part: amo, ..none() }, &[2]),
        (ClaimFilter { transfer: text("VIR"), ..none() }, &[]),
        (paid(None, day(1), None), &[0, 1]),
        (paid(None, day(2), None), &[0]),
        (paid(None, None, day(15)), &[1]),
        (paid(amo, day(1), day(16)), &[0, 2]),
        (ClaimFilter { lot: text("A17"), ..none() }, &[4]),
        (ClaimFilter { amc_number: text("0099900099"), ..none() }, &[4]),
        (ClaimFilter { person: text("other person"), ..none() }, &[5]),
        (ClaimFilter { status: Some(ClaimStatus::Paid), ..none() }, &[0]),
        (ClaimFilter { status: Some(ClaimStatus::PartlyPaid), ..none() }, &[1, 2]),
    ];
    for (filter, wanted) in cases {
        let all: BTreeSet<ClaimId> = wanted.iter().map(|i| c[*i]).collect();
        assert_eq!(ids(&db.store, filter.clone()).await, all, "{filter:?}");
        let of_ps: BTreeSet<ClaimId> = wanted.iter().filter(|i| **i != 5).map(|i| c[*i]).collect();
        let with_ps = ClaimFilter { ps: text("123456782"), ..filter.clone() };
        assert_eq!(ids(&db.store, with_ps).await, of_ps, "of a PS: {filter:?}");
        let with_sender = ClaimFilter { sender: text("nobody"), ..filter.clone() };
        assert_eq!(ids(&db.store, with_sender).await, BTreeSet::new(), "of nobody: {filter:?}");
    }
}

/// A PS with more claims than are read one by one: the pages come from the index of the filter, and
/// leave out the claims of other PS.
pub async fn filters_of_a_ps_with_many_claims(db: TestDatabase) {
    let kept = deposit(&db.store, "d", |id| {
        let make = |n: u64| {
            let mut new = claim(id, n, &format!("i{n}"));
            new.claim.lot = if n.is_multiple_of(200) { "A17" } else { "001" }.into();
            if n.is_multiple_of(400) {
                new.claim.amc = part(PartKind::Amc, PartState::Rejected, 500);
            }
            if n == 1_200 {
                new.claim.ps = "987654321".into();
            }
            new
        };
        (1..=1_300).map(make).collect()
    })
    .await;
    let of = |ordinals: &[usize]| ordinals.iter().map(|n| kept[n - 1].claim.id).collect();
    let ps = Some("123456782".to_owned());
    let rejected = ClaimFilter { part_state: Some(PartState::Rejected), ..ClaimFilter::default() };
    let lot = ClaimFilter { lot: Some("A17".to_owned()), ..ClaimFilter::default() };
    let both = ClaimFilter { lot: lot.lot.clone(), ..rejected.clone() };
    let cases: [(ClaimFilter, BTreeSet<ClaimId>, BTreeSet<ClaimId>); 3] = [
        (rejected, of(&[400, 800, 1_200]), of(&[400, 800])),
        (lot, of(&[200, 400, 600, 800, 1_000, 1_200]), of(&[200, 400, 600, 800, 1_000])),
        (both, of(&[400, 800, 1_200]), of(&[400, 800])),
    ];
    for (filter, all, of_ps) in cases {
        assert_eq!(ids(&db.store, filter.clone()).await, all, "{filter:?}");
        let with_ps = ClaimFilter { ps: ps.clone(), ..filter.clone() };
        assert_eq!(ids(&db.store, with_ps).await, of_ps, "of a PS: {filter:?}");
    }
}

/// With a filter by payment dates the latest payment comes first, over pages, whatever the order in
/// which the claims came.
pub async fn payments_come_latest_first_in_pages(db: TestDatabase) {
    let kept = deposit(&db.store, "d", |id| {
        let make = |n: u64| {
            let mut new = claim(id, n, &format!("i{n}"));
            let day = u8::try_from(1 + n * 7 % 5).unwrap();
            new.claim.received_at = NOW + Duration::seconds(i64::try_from(n).unwrap());
            new.claim.amc = ClaimPart {
                transfer_date: Some(date!(2026 - 11 - 01).replace_day(day).unwrap()),
                ..part(PartKind::Amc, PartState::Paid, 500)
            };
            new
        };
        (1..=11).map(make).collect()
    })
    .await;
    let day = |claim: &Claim| (claim.amc.transfer_date, claim.id);
    let mut expected: Vec<_> = kept.iter().map(|new| day(&new.claim)).collect();
    expected.sort_unstable();
    expected.reverse();
    let filter = ClaimFilter { paid_from: Some(date!(2026 - 11 - 01)), ..ClaimFilter::default() };
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = db.store.claims(&Scope::everything(), &filter, after, 4).await.unwrap();
        seen.extend(page.items.iter().map(day));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
}

pub async fn exchanges_by_sender_in_pages(db: TestDatabase) {
    for n in 0..5 {
        let sender = if n == 2 { "octautre" } else { "octest" };
        let mut unit = db.store.begin().await.unwrap();
        let id = ExchangeId(new_id());
        let digest = format!("d{n}");
        assert_eq!(
            unit.reserve_exchange(sender, &digest, "", "", Lane::Real, id).await.unwrap(),
            None
        );
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
