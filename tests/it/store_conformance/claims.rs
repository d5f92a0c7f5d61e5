//! Stories of claims: identity, duplicates, corrections, changes of parts.

use crate::support::databases::TestDatabase;
use crate::support::samples::*;
use noemie_gateway::domain::Scope;
use noemie_gateway::domain::*;
use noemie_gateway::domain::{PartKind, PartState};
use noemie_gateway::store::{PartChange, StoreError};
use noemie_parsers::types::Montant;
use std::collections::HashMap;
use time::macros::date;

/// The key of the samples' invoice of a rank.
fn key(ordinal: u64, identity: &str) -> InvoiceKey {
    InvoiceKey::new("123456782", &format!("{ordinal:09}"), Token(identity.into()))
}

pub async fn a_claim_comes_back_as_written(db: TestDatabase) {
    let kept = deposit(&db.store, "d", |id| {
        let mut new = claim(id, 1, "i1");
        new.claim.corrects = Some(ClaimId(new_id()));
        new.claim.amo = part(PartKind::Amo, PartState::NotRequested, 0);
        new.claim.amc = ClaimPart {
            paid: Montant::from_centimes(-250),
            transfer_reference: Some("VIR 42".into()),
            transfer_date: Some(date!(2025 - 03 - 09)),
            reasons: vec![reason(), reason()],
            ..part(PartKind::Amc, PartState::Paid, 500)
        };
        new.claim.lot_date = None;
        new.claim.token_version = 7;
        vec![new]
    })
    .await;
    let [new] = &kept[..] else { panic!("one claim") };
    assert_eq!(
        db.store.claim(&Scope::everything(), new.claim.id).await.unwrap().as_ref(),
        Some(&new.claim)
    );
    assert_eq!(db.store.claim_lines(&Scope::everything(), new.claim.id).await.unwrap(), new.lines);
    let mut unit = db.store.begin().await.unwrap();
    assert_eq!(unit.lock_claim(new.claim.id).await.unwrap().as_ref(), Some(&new.claim));
    assert_eq!(unit.lock_claim(ClaimId(new_id())).await.unwrap(), None);
    assert_eq!(
        unit.lock_attempts(&[new.claim.invoice_key(), key(1, "none")]).await.unwrap(),
        vec![new.claim.clone()]
    );
    assert_eq!(unit.lock_attempts(&[]).await.unwrap(), vec![]);
}

pub async fn an_invoice_twice_in_a_batch_is_kept_once(db: TestDatabase) {
    let mut offered = Vec::new();
    let kept = deposit(&db.store, "d", |id| {
        let mut again = claim(id, 3, "same");
        again.claim.invoice_number = "000000001".into();
        offered = vec![claim(id, 1, "same"), claim(id, 2, "other"), again];
        offered.clone()
    })
    .await;
    assert_eq!(
        kept.iter().map(|c| c.claim.id).collect::<Vec<_>>(),
        vec![offered[0].claim.id, offered[1].claim.id],
        "the first one stays"
    );
    assert_eq!(
        db.store.claim_lines(&Scope::everything(), offered[2].claim.id).await.unwrap(),
        vec![],
        "no lines of what was left out"
    );
    assert_eq!(db.number("SELECT count(*) FROM claim_parts").await, 4);
}

/// PS and number lead the index and do not make the invoice: the person does as well.
pub async fn invoices_of_one_number_differ_by_their_identity(db: TestDatabase) {
    let of_one_number = |id| {
        let mut other = claim(id, 2, "i2");
        other.claim.invoice_number = "000000001".into();
        vec![claim(id, 1, "i1"), other]
    };
    let kept = deposit(&db.store, "d1", of_one_number).await;
    assert_eq!(kept.len(), 2);
    reject(&db, &kept[0].claim).await;
    let mut unit = db.store.begin().await.unwrap();
    let padded = InvoiceKey::new(" 123456782 ", "000000001  ", Token("i1".into()));
    for (asked, found) in [
        (key(1, "i1"), Some(0)),
        (padded, Some(0)),
        (key(1, "i2"), Some(1)),
        (key(1, "i3"), None),
        (key(2, "i2"), None),
    ] {
        let claims = unit.lock_attempts(std::slice::from_ref(&asked)).await.unwrap();
        assert_eq!(
            claims.first().map(|c| c.id),
            found.map(|at: usize| kept[at].claim.id),
            "{asked:?}"
        );
    }
}

pub async fn an_invoice_known_from_another_file_is_left_out(db: TestDatabase) {
    let first = deposit(&db.store, "d1", |id| vec![claim(id, 1, "i1")]).await;
    let second = deposit(&db.store, "d2", |id| vec![claim(id, 1, "i1"), claim(id, 2, "i2")]).await;
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].claim.identity, Token("i2".into()));
    let mut unit = db.store.begin().await.unwrap();
    assert_eq!(unit.lock_attempts(&[key(1, "i1")]).await.unwrap()[0].id, first[0].claim.id);
}

pub async fn the_same_invoice_from_two_files_at_once_is_kept_once(db: TestDatabase) {
    let attempt = |digest: &'static str| {
        let store = db.store.clone();
        tokio::spawn(
            async move { deposit(&store, digest, |id| vec![claim(id, 1, "i1")]).await.len() },
        )
    };
    let (one, two) = (attempt("d1"), attempt("d2"));
    assert_eq!(one.await.unwrap() + two.await.unwrap(), 1);
    assert_eq!(db.number("SELECT count(*) FROM claims WHERE live").await, 1);
}

async fn reject(db: &TestDatabase, claim: &Claim) {
    let mut unit = db.store.begin().await.unwrap();
    let part = rejected(claim, at(60));
    unit.update_parts(&[PartChange { claim_id: claim.id, part }]).await.unwrap();
    unit.commit().await.unwrap();
}

pub async fn a_rejected_claim_may_be_sent_again(db: TestDatabase) {
    let first = deposit(&db.store, "d1", |id| vec![claim(id, 1, "i1")]).await.remove(0).claim;
    reject(&db, &first).await;
    let again = |digest, received| {
        let (store, first) = (db.store.clone(), first.id);
        async move {
            deposit(&store, digest, |id| {
                let mut new = claim(id, 1, "i1");
                (new.claim.corrects, new.claim.received_at) = (Some(first), received);
                vec![new]
            })
            .await
        }
    };
    let second = again("d2", at(120)).await.remove(0).claim;
    assert_eq!(second.corrects, Some(first.id));
    assert!(again("d3", at(180)).await.is_empty(), "the new claim is live again");
    let mut unit = db.store.begin().await.unwrap();
    let attempts = unit.lock_attempts(&[key(1, "i1")]).await.unwrap();
    assert_eq!(
        attempts.iter().map(|c| (c.id, c.corrected_by)).collect::<Vec<_>>(),
        vec![(first.id, Some(second.id)), (second.id, None)],
        "every attempt, oldest first"
    );
    drop(unit);
    assert_eq!(
        db.store.claim(&Scope::everything(), first.id).await.unwrap().unwrap().amc.reasons,
        vec![reason()],
        "the first one keeps its reject"
    );
}

/// The latest is the one received last, the larger id among equals, whichever of them is live.
pub async fn the_latest_claim_is_found_among_live_and_rejected_ones(db: TestDatabase) {
    let sent =
        async |digest: &'static str, identity: &'static str, received: i64, rejects: bool| {
            let claims = deposit(&db.store, digest, |id| {
                let mut new = claim(id, 1, identity);
                new.claim.received_at = at(received);
                vec![new]
            });
            let claim = claims.await.remove(0).claim;
            if rejects {
                reject(&db, &claim).await;
            }
            claim.id
        };
    sent("d1", "resent", 0, true).await;
    sent("d2", "resent", 10, true).await;
    let resent = sent("d3", "resent", 20, false).await;
    sent("d4", "given-up", 0, true).await;
    let given_up = sent("d5", "given-up", 10, true).await;
    sent("d6", "same-instant", 5, true).await;
    let same_instant = sent("d7", "same-instant", 5, false).await;
    // A clock that went back: the live claim is not the latest.
    let early = sent("d8", "back-in-time", 30, true).await;
    sent("d9", "back-in-time", 10, false).await;
    let live = sent("d10", "sent-once", 0, false).await;
    let mut unit = db.store.begin().await.unwrap();
    let invoices = ["resent", "given-up", "same-instant", "back-in-time", "sent-once", "unknown"]
        .map(|i| key(1, i));
    // The last attempt of an invoice stays in the map.
    let attempts = unit.lock_attempts(&invoices).await.unwrap();
    let by_invoice: HashMap<&Token, ClaimId> =
        attempts.iter().map(|c| (&c.identity, c.id)).collect();
    let mut latest: Vec<ClaimId> = by_invoice.into_values().collect();
    latest.sort_unstable();
    let mut expected = [resent, given_up, same_instant, early, live];
    expected.sort_unstable();
    assert_eq!(latest, expected);
}

pub async fn a_reject_of_either_part_frees_the_invoice(db: TestDatabase) {
    let make = |id| {
        let mut new = claim(id, 1, "i1");
        new.claim.amc = part(PartKind::Amc, PartState::NotRequested, 0);
        vec![new]
    };
    let first = deposit(&db.store, "d1", make).await.remove(0).claim;
    assert!(deposit(&db.store, "d2", make).await.is_empty());
    let mut unit = db.store.begin().await.unwrap();
    let part = ClaimPart { state: PartState::RejectedAfterAcceptance, ..first.amo.clone() };
    unit.update_parts(&[PartChange { claim_id: first.id, part }]).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(deposit(&db.store, "d3", make).await.len(), 1);

    let both = deposit(&db.store, "d4", |id| vec![claim(id, 2, "i2")]).await.remove(0).claim;
    let mut unit = db.store.begin().await.unwrap();
    let part = ClaimPart { state: PartState::Rejected, ..both.amo.clone() };
    unit.update_parts(&[PartChange { claim_id: both.id, part }]).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(
        deposit(&db.store, "d5", |id| vec![claim(id, 2, "i2")]).await.len(),
        1,
        "the AMO's reject alone frees the invoice too"
    );
}

pub async fn parts_change_and_nothing_else_does(db: TestDatabase) {
    let kept = deposit_many(&db.store, "d", 3).await;
    let (one, two) = (&kept[0].claim, &kept[1].claim);
    let accepted = ClaimPart { state: PartState::Accepted, updated_at: at(10), ..one.amc.clone() };
    let paid = ClaimPart {
        state: PartState::Paid,
        paid: Montant::from_centimes(500),
        transfer_reference: Some("VIR".into()),
        transfer_date: Some(date!(2025 - 03 - 11)),
        updated_at: at(20),
        ..one.amc.clone()
    };
    let amo = ClaimPart {
        state: PartState::Deferred,
        reasons: vec![reason()],
        updated_at: at(20),
        ..two.amo.clone()
    };
    let changes = [(one.id, accepted), (two.id, amo.clone()), (one.id, paid.clone())];
    let mut unit = db.store.begin().await.unwrap();
    unit.update_parts(&changes.map(|(claim_id, part)| PartChange { claim_id, part }))
        .await
        .unwrap();
    unit.commit().await.unwrap();
    let read = async |c: &Claim| db.store.claim(&Scope::everything(), c.id).await.unwrap().unwrap();
    assert_eq!(
        read(one).await,
        Claim { amc: paid, ..one.clone() },
        "the last change of a part stays"
    );
    assert_eq!(read(two).await, Claim { amo, ..two.clone() });
    assert_eq!(read(&kept[2].claim).await, kept[2].claim);
}

pub async fn a_part_of_no_claim_is_an_error(db: TestDatabase) {
    let mut unit = db.store.begin().await.unwrap();
    let change = PartChange {
        claim_id: ClaimId(new_id()),
        part: part(PartKind::Amc, PartState::Accepted, 1),
    };
    assert!(matches!(unit.update_parts(&[change]).await, Err(StoreError::Corrupt(_))));
    drop(unit);
    let mut unit = db.store.begin().await.unwrap();
    unit.update_parts(&[]).await.unwrap();
    unit.commit().await.unwrap();
}

/// Two workers decide the same claim at once: the second one waits, and then sees the first
/// decision, not the state before.
pub async fn a_second_reader_for_change_sees_the_first_change(db: TestDatabase) {
    let first = deposit(&db.store, "d", |id| vec![claim(id, 1, "i1")]).await.remove(0).claim;
    let mut unit = db.store.begin().await.unwrap();
    let seen = unit.lock_claim(first.id).await.unwrap().unwrap();
    let readers: Vec<_> = [true, false]
        .into_iter()
        .map(|by_id| {
            let (store, id) = (db.store.clone(), first.id);
            tokio::spawn(async move {
                let mut unit = store.begin().await.unwrap();
                if by_id {
                    unit.lock_claim(id).await.unwrap()
                } else {
                    unit.lock_attempts(&[key(1, "i1")]).await.unwrap().pop()
                }
            })
        })
        .collect();
    db.until_blocked(2).await;
    assert!(readers.iter().all(|r| !r.is_finished()), "both wait for the lock");
    unit.update_parts(&[PartChange { claim_id: seen.id, part: rejected(&seen, at(5)) }])
        .await
        .unwrap();
    unit.commit().await.unwrap();
    for reader in readers {
        assert_eq!(reader.await.unwrap().unwrap().amc.state, PartState::Rejected);
    }
}

pub async fn large_batches_pass(db: TestDatabase) {
    let kept = deposit_many(&db.store, "d", 1_203).await;
    assert_eq!(kept.len(), 1_203);
    assert_eq!(db.number("SELECT count(*) FROM claim_lines").await, 2 * 1_203);
    let mut unit = db.store.begin().await.unwrap();
    let invoices: Vec<InvoiceKey> = kept.iter().map(|c| c.claim.invoice_key()).collect();
    assert_eq!(unit.lock_attempts(&invoices).await.unwrap().len(), 1_203);
    let changes: Vec<PartChange> = kept
        .iter()
        .map(|c| PartChange { claim_id: c.claim.id, part: rejected(&c.claim, at(1)) })
        .collect();
    unit.update_parts(&changes).await.unwrap();
    let ids: Vec<ClaimId> = kept.iter().map(|c| c.claim.id).collect();
    assert_eq!(unit.next_sequences(&ids).await.unwrap().len(), 1_203);
    unit.commit().await.unwrap();
    assert_eq!(db.number("SELECT count(*) FROM claims WHERE live").await, 0);
    assert_eq!(db.store.unpublished_events(2_000, &[]).await.unwrap().len(), 1_203);
}
