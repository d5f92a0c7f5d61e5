//! Stories of return files, decisions and the access journal.

use crate::support::databases::TestDatabase;
use crate::support::samples::*;
use noemie_gateway::domain::PartState;
use noemie_gateway::domain::Scope;
use noemie_gateway::domain::*;
use noemie_gateway::store::{OperationStep, PartChange, Stage};

fn rejects_file(recipient: &str, seconds: i64) -> ReturnFile {
    let id = ReturnId(new_id());
    let file_name = format!("rejets-{id}.noemie");
    ReturnFile {
        id,
        kind: ReturnKind::Rejects580,
        exchange_id: None,
        file_name,
        created_at: at(seconds),
        ..arl(ExchangeId(new_id()), recipient)
    }
}

async fn write(db: &TestDatabase, file: &ReturnFile, told: &[ClaimId]) {
    let mut unit = db.store.begin().await.unwrap();
    unit.insert_return_file(file, told).await.unwrap();
    unit.commit().await.unwrap();
}

pub async fn returns_are_delivered_once(db: TestDatabase) {
    let exchange = deposit_many(&db.store, "d", 1).await[0].claim.exchange_id;
    let later = rejects_file("octest", 60);
    write(&db, &later, &[]).await;
    let waiting = db.store.return_files_to_deliver(10).await.unwrap();
    assert_eq!(
        waiting.iter().map(|r| r.kind).collect::<Vec<_>>(),
        [ReturnKind::Arl, ReturnKind::Rejects580],
        "oldest first"
    );
    assert_eq!(db.store.return_files_to_deliver(1).await.unwrap(), waiting[..1]);
    db.store.mark_delivered(waiting[0].id, at(100)).await.unwrap();
    db.store.mark_delivered(waiting[0].id, at(200)).await.unwrap();
    assert_eq!(db.store.return_files_to_deliver(10).await.unwrap(), vec![later.clone()]);
    assert_eq!(
        db.store.arl(&Scope::everything(), exchange).await.unwrap().as_ref(),
        Some(&waiting[0]),
        "a delivered file can still be read"
    );
    assert_eq!(db.store.return_file(&Scope::everything(), later.id).await.unwrap(), Some(later));
    assert_eq!(db.store.return_file(&Scope::everything(), ReturnId(new_id())).await.unwrap(), None);
}

pub async fn returns_in_pages_by_recipient_and_kind(db: TestDatabase) {
    let mut files = Vec::new();
    for seconds in 0..5 {
        files.push(rejects_file(if seconds == 1 { "octautre" } else { "octest" }, seconds));
        write(&db, &files[files.len() - 1], &[]).await;
    }
    deposit_many(&db.store, "d", 1).await;
    let first = db
        .store
        .return_files(&Scope::everything(), Some("octest"), Some(ReturnKind::Rejects580), None, 3)
        .await
        .unwrap();
    assert_eq!(first.items, [files[4].clone(), files[3].clone(), files[2].clone()]);
    let last = db
        .store
        .return_files(
            &Scope::everything(),
            Some("octest"),
            Some(ReturnKind::Rejects580),
            first.next,
            3,
        )
        .await
        .unwrap();
    assert_eq!((last.items, last.next), (vec![files[0].clone()], None));
    assert_eq!(
        db.store
            .return_files(&Scope::everything(), Some("octest"), Some(ReturnKind::Arl), None, 10)
            .await
            .unwrap()
            .items
            .len(),
        1
    );
    assert_eq!(
        db.store
            .return_files(&Scope::everything(), None, None, None, 10)
            .await
            .unwrap()
            .items
            .len(),
        6
    );
}

pub async fn rejects_are_told_once(db: TestDatabase) {
    let kept = deposit_many(&db.store, "d", 4).await;
    let mut unit = db.store.begin().await.unwrap();
    let mut changes: Vec<PartChange> = [2, 0, 1]
        .into_iter()
        .map(|n: usize| PartChange {
            claim_id: kept[n].claim.id,
            part: rejected(&kept[n].claim, at(10 - i64::try_from(n).unwrap())),
        })
        .collect();
    changes[2].part.state = PartState::RejectedAfterAcceptance;
    unit.update_parts(&changes).await.unwrap();
    unit.commit().await.unwrap();

    let mut unit = db.store.begin().await.unwrap();
    let waiting = unit.rejects_to_return(10).await.unwrap();
    assert_eq!(
        waiting.iter().map(|c| c.id).collect::<Vec<_>>(),
        [2, 1, 0].map(|n: usize| kept[n].claim.id),
        "oldest first"
    );
    assert_eq!(waiting[0].amc.reasons, vec![reason()]);
    let told = [waiting[0].id, waiting[1].id];
    unit.insert_return_file(&rejects_file("octest", 20), &told).await.unwrap();
    drop(unit);

    // What another change still holds is skipped, and a dropped change lets go a moment later: look
    // until both are free again.
    let mut unit = loop {
        let mut unit = db.store.begin().await.unwrap();
        match unit.rejects_to_return(2).await.unwrap().len() {
            2 => break unit,
            _ => tokio::task::yield_now().await,
        }
    };
    unit.insert_return_file(&rejects_file("octest", 20), &told).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = db.store.begin().await.unwrap();
    assert_eq!(
        unit.rejects_to_return(10).await.unwrap().iter().map(|c| c.id).collect::<Vec<_>>(),
        [kept[0].claim.id]
    );
}

/// A reject of the AMC part, with a key and a stated author.
fn recorded(claim_id: ClaimId, key: &str) -> RecordedDecision {
    RecordedDecision {
        id: DecisionId(new_id()),
        claim_id,
        part: PartKind::Amc,
        kind: DecisionCode::Reject,
        event_id: Some(EventId(new_id())),
        idempotency_key: Some(key.into()),
        request_digest: "r1".into(),
        author: DecisionAuthor::of(&Caller::local(), Some("Marie".into())),
        decided_at: NOW,
    }
}

pub async fn a_decision_is_recorded_once(db: TestDatabase) {
    let claim_id = deposit_many(&db.store, "d", 1).await[0].claim.id;
    let decision = recorded(claim_id, "k1");
    let mut unit = db.store.begin().await.unwrap();
    assert_eq!(unit.recorded_decision("local", "k1").await.unwrap(), None);
    unit.insert_decision(&decision).await.unwrap();
    unit.commit().await.unwrap();

    let mut unit = db.store.begin().await.unwrap();
    assert_eq!(unit.recorded_decision("local", "k1").await.unwrap(), Some(decision.clone()));
    assert_eq!(unit.recorded_decision("local", "k2").await.unwrap(), None);
    assert_eq!(unit.recorded_decision("other", "k1").await.unwrap(), None, "keys have an owner");
    let other = RecordedDecision { request_digest: "r2".into(), ..recorded(claim_id, "k1") };
    let refused = unit.insert_decision(&other).await.unwrap_err();
    assert!(refused.worth_a_retry(), "who lost the race reads the first decision at the next try");
    drop(unit);
    let mut unit = db.store.begin().await.unwrap();
    assert_eq!(unit.recorded_decision("local", "k1").await.unwrap(), Some(decision));
}

pub async fn decisions_come_back_with_their_authors(db: TestDatabase) {
    let claims = deposit_many(&db.store, "d", 2).await;
    let (claim, other) = (&claims[0].claim, claims[1].claim.id);
    let with_key = recorded(claim.id, "k1");
    // Two decisions without key, author or event: no key is no key in common.
    let without = |seconds| RecordedDecision {
        kind: DecisionCode::Accept,
        event_id: None,
        idempotency_key: None,
        author: DecisionAuthor::of(&Caller::local(), None),
        decided_at: at(seconds),
        ..recorded(claim.id, "")
    };
    let (first, second) = (without(5), without(6));
    let mut unit = db.store.begin().await.unwrap();
    for decision in [&second, &with_key, &first, &recorded(other, "k2")] {
        unit.insert_decision(decision).await.unwrap();
    }
    unit.commit().await.unwrap();
    let read =
        async |scope: &Scope, limit| db.store.decisions(scope, claim.id, limit).await.unwrap();
    let all = [with_key, first, second];
    assert_eq!(read(&Scope::everything(), 10).await, all, "oldest first");
    assert_eq!(read(&Scope::everything(), 2).await, all[1..], "the last ones");
    let of =
        |amc: &str| Scope { amc: Extent::Only([amc.to_owned()].into()), ..Scope::everything() };
    assert_eq!(read(&of(&claim.amc_number), 10).await, all);
    assert_eq!(read(&of("0099900022"), 10).await, [], "outside the scope");
}

pub async fn the_access_journal_is_written(db: TestDatabase) {
    let claim_id = deposit_many(&db.store, "d", 1).await[0].claim.id;
    let mut unit = db.store.begin().await.unwrap();
    unit.insert_access(claim_id, &"worker-1".into(), &"liquidation".into(), NOW).await.unwrap();
    unit.insert_access(claim_id, &"worker-1".into(), &"liquidation".into(), at(1)).await.unwrap();
    assert_eq!(db.number("SELECT count(*) FROM access_journal").await, 0);
    unit.commit().await.unwrap();
    assert_eq!(
        db.number(
            "SELECT count(*) FROM access_journal WHERE caller = 'worker-1' AND \
        purpose = 'liquidation'"
        )
        .await,
        2
    );
}

pub async fn the_journal_of_operations_keeps_its_steps(db: TestDatabase) {
    let step = |operation_id, step, seconds, stage| OperationStep {
        operation_id,
        step,
        at: at(seconds),
        actor: "marie".into(),
        action: "dlq.drop".into(),
        stage,
        subject: "claims.dead".into(),
        detail: serde_json::json!({"events": [operation_id], "messages": 1}),
    };
    let (first, second) = (new_id(), new_id());
    let steps = [
        step(first, 0, 0, Stage::Asked),
        step(first, 1, 0, Stage::Batch),
        step(second, 0, 1, Stage::Asked),
        step(first, 2, 2, Stage::Failed),
    ];
    for step in &steps {
        db.store.insert_operation_step(step).await.unwrap();
    }
    assert!(db.store.insert_operation_step(&steps[0]).await.is_err(), "a step is written once");
    let mut newest = db.store.operation_steps(10).await.unwrap();
    newest.reverse();
    assert_eq!(newest, steps);
    assert_eq!(db.store.operation_steps(1).await.unwrap(), [steps[3].clone()]);
}
