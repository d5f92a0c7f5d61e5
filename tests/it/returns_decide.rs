//! Decisions against both databases: what meets at once is recorded once.

#![allow(dead_code, unreachable_pub, reason = "the shared helpers serve other tests too")]

use crate::on_both;
use crate::support;

use futures::future::join_all;
use noemie_gateway::clock::SystemClock;
use noemie_gateway::domain::{Caller, ClaimId, Extent, PartKind, PartState, Reason, Scope};
use noemie_gateway::service::decisions::{DecideError, Decision, DecisionKind, decide};
use support::databases::TestDatabase;
use support::samples::deposit_many;

fn decision(claim_id: ClaimId, key: &str, kind: DecisionKind) -> Decision {
    Decision {
        claim_id,
        part: PartKind::Amc,
        kind,
        expected_version: None,
        idempotency_key: key.try_into().ok(),
        decided_by: Some("test".into()),
    }
}

fn reject(code: &str) -> DecisionKind {
    DecisionKind::Reject { reasons: vec![Reason::of_invoice(code.into(), "Rejet".into())] }
}

/// One key from eight sides: one event, and everybody gets it.
async fn one_key_at_once(db: TestDatabase) {
    let caller = Caller::local();
    let claim = deposit_many(&db.store, "d", 1).await[0].claim.id;
    let wanted = decision(claim, "key", DecisionKind::Accept);
    let calls = (0..8).map(|_| decide(db.store.as_ref(), &SystemClock, &caller, &wanted));
    let outcomes: Vec<_> =
        join_all(calls).await.into_iter().map(|outcome| outcome.expect("accepts")).collect();
    assert_eq!(outcomes.iter().filter(|outcome| !outcome.repeated).count(), 1);
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.event_id.is_some() && outcome.event_id == outcomes[0].event_id)
    );
    assert_eq!(db.store.claim_history(&Scope::everything(), claim).await.expect("reads").len(), 2);
}

/// Accept and reject at once: the last one counts; the sequence has no gap.
async fn two_minds_at_once(db: TestDatabase) {
    let caller = Caller::local();
    let claim = deposit_many(&db.store, "d", 1).await[0].claim.id;
    let (accepts, rejects) =
        (decision(claim, "a", DecisionKind::Accept), decision(claim, "r", reject("122")));
    let (accepted, rejected) = tokio::join!(
        decide(db.store.as_ref(), &SystemClock, &caller, &accepts),
        decide(db.store.as_ref(), &SystemClock, &caller, &rejects)
    );
    rejected.expect("a reject is possible before and after the acceptance");
    let state = db
        .store
        .claim(&Scope::everything(), claim)
        .await
        .expect("reads")
        .expect("is there")
        .amc
        .state;
    accepted.expect("an acceptance is possible after a reject");
    let last = [PartState::RejectedAfterAcceptance, PartState::Accepted];
    assert!(last.contains(&state), "the last of the two counts: {state:?}");
    let sequences: Vec<u64> = db
        .store
        .claim_history(&Scope::everything(), claim)
        .await
        .expect("reads")
        .iter()
        .map(|event| event.sequence)
        .collect();
    assert_eq!(sequences, (1..=sequences.len() as u64).collect::<Vec<_>>());
}

/// A claim outside the scope of the caller is answered like a claim that does not exist, with its
/// key and without, and stays as it is.
async fn a_claim_outside_the_scope_is_unknown(db: TestDatabase) {
    let claim = deposit_many(&db.store, "d", 1).await[0].claim.clone();
    let only = |value: &str| Extent::Only([value.to_owned()].into());
    let inside = Scope { senders: only(&claim.sender), ps: only(&claim.ps), ..Scope::default() };
    let outside = [
        Scope { senders: only("another"), ..Scope::default() },
        Scope { amc: Extent::Only([].into()), ..Scope::default() },
    ];
    for scope in outside {
        let caller = Caller { scope, ..Caller::local() };
        let wanted = decision(claim.id, "key", DecisionKind::Accept);
        let refused = decide(db.store.as_ref(), &SystemClock, &caller, &wanted).await;
        assert!(matches!(refused, Err(DecideError::UnknownClaim(id)) if id == claim.id));
    }
    assert_eq!(
        db.store.claim_history(&Scope::everything(), claim.id).await.expect("reads").len(),
        1
    );
    let caller = Caller { scope: inside, ..Caller::local() };
    let wanted = decision(claim.id, "key", DecisionKind::Accept);
    decide(db.store.as_ref(), &SystemClock, &caller, &wanted).await.expect("accepts");
    let stranger = Caller { scope: Scope { ps: only("0"), ..Scope::default() }, ..Caller::local() };
    let repeated = decide(db.store.as_ref(), &SystemClock, &stranger, &wanted).await;
    assert!(matches!(repeated, Err(DecideError::UnknownClaim(_))), "{repeated:?}");
}

/// One key for two claims at once: one of them is told that the key is used.
async fn one_key_for_two_claims(db: TestDatabase) {
    let caller = Caller::local();
    let claims = deposit_many(&db.store, "d", 2).await;
    let wanted: Vec<Decision> =
        claims.iter().map(|new| decision(new.claim.id, "key", DecisionKind::Accept)).collect();
    let outcomes = join_all(
        wanted.iter().map(|wanted| decide(db.store.as_ref(), &SystemClock, &caller, wanted)),
    )
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(
        outcomes.iter().filter(|outcome| matches!(outcome, Err(DecideError::KeyReused))).count(),
        1
    );
}

on_both!(
    one_key_at_once,
    two_minds_at_once,
    one_key_for_two_claims,
    a_claim_outside_the_scope_is_unknown
);
