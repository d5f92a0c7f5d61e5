//! A staged deposit is abandoned.

use super::*;

pub async fn an_abandoned_deposit_leaves_no_row_and_may_be_deposited_again(db: TestDatabase) {
    let replica = replica(&db.store);
    let staged = cut_deposit(&db, &replica.ingest, &damaged(), MIDDLE).await;
    let written = db.store.count_invoices(staged.id).await.unwrap();
    let removed = replica.ingest.abandon(staged.id).await.unwrap().expect("it was staged");
    let copies = Vec::new();
    let expected = RemovedRows { claims: written.0, quarantined: 1, freed: 0, copies, over: true };
    assert_eq!(removed, expected);
    db.holds_nothing_deposited().await;
    assert_eq!(replica.ingest.abandon(staged.id).await.unwrap(), None, "once");
    assert_eq!(replica.ingest.resume().await.unwrap(), 0);
    let again = deposit(&replica.ingest, &damaged()).await.unwrap();
    assert!(!again.repeated && again.exchange.id != staged.id);
    assert_eq!(closed(&db, again.exchange.id).await.accepted, INVOICES - 1);
    assert_eq!(
        replica.ingest.abandon(again.exchange.id).await.unwrap(),
        None,
        "a closed deposit stays"
    );
    assert_eq!(verify(&replica.sources, None).await.unwrap().findings, []);
}

/// A withdrawal that is cut, ever later, is finished by the same command, by a gateway that
/// resumes, or by a deposit of the same bytes.
pub async fn an_abandonment_that_is_cut_is_finished(db: TestDatabase) {
    let replica = replica(&db.store);
    for (way, looks) in [4, 12, 24, 36].into_iter().cycle().take(9).enumerate() {
        let staged = cut_deposit(&db, &replica.ingest, &good(), 9).await;
        let ended = cut_after(looks, replica.ingest.abandon(staged.id)).await.is_some();
        let marked = db
            .store
            .staged_deposit(staged.id)
            .await
            .unwrap()
            .is_some_and(|staged| staged.withdrawal.is_some());
        match way % 3 {
            0 if !ended && marked => drop(replica.ingest.abandon(staged.id).await.unwrap()),
            1 if !ended && marked => {
                while db.store.staged_deposit(staged.id).await.unwrap().is_some() {
                    assert_eq!(
                        replica.ingest.resume().await.unwrap(),
                        0,
                        "the deposit gets no receipt"
                    );
                }
            }
            _ if marked => {
                let receipt = deposit(&replica.ingest, &good()).await.unwrap();
                assert!(receipt.exchange.id != staged.id && receipt.exchange.accepted == INVOICES);
                return;
            }
            _ => drop(replica.ingest.abandon(staged.id).await.unwrap()),
        }
        db.holds_nothing_deposited().await;
    }
    panic!("no cut left a deposit being withdrawn");
}

pub async fn invoices_of_an_abandoned_deposit_are_free(db: TestDatabase) {
    let replica = replica(&db.store);
    let staged = cut_deposit(&db, &replica.ingest, &good(), 3).await;
    assert!(is_blocked(&deposit(&replica.ingest, &small()).await, staged.id));
    assert!(replica.ingest.abandon(staged.id).await.unwrap().unwrap().over);
    assert_eq!(deposit(&replica.ingest, &small()).await.unwrap().exchange.accepted, 1);
}

pub async fn duplicates_of_an_abandoned_deposit_wait_in_the_quarantine(db: TestDatabase) {
    let replica = replica(&db.store);
    let other = made(&Options { sender: "99900000000029".to_owned(), ..options(1) });
    let later = cut_deposit(&db, &replica.ingest, &other, 9).await;
    // A closed exchange has a duplicate of a claim of the staged deposit, as the older of two staged
    // deposits may have.
    let closed = deposit(
        &replica.ingest,
        &made(&Options { invoices: 2, damage: Some(Damage::NirKey), ..options(7) }),
    )
    .await
    .unwrap()
    .exchange;
    assert_eq!(closed.quarantined, 1);
    db.execute(
        "UPDATE quarantine SET duplicate_of = (SELECT id FROM claims WHERE ordinal = 2 \
        ORDER BY id LIMIT 1)",
    )
    .await
    .unwrap();
    assert_eq!(
        db.store.figures(time::OffsetDateTime::UNIX_EPOCH).await.unwrap().quarantine_waiting,
        0
    );
    assert_eq!(replica.ingest.abandon(later.id).await.unwrap().unwrap().freed, 1);
    assert_eq!(
        db.store.figures(time::OffsetDateTime::UNIX_EPOCH).await.unwrap().quarantine_waiting,
        1
    );
    let seen = verify(&replica.sources, None).await.unwrap();
    assert_eq!((seen.findings, seen.notes), (vec![], vec![]));
}
