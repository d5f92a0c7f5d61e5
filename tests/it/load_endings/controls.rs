//! A staged deposit is closed by a version with other controls than the version that staged it.

use super::*;
use noemie_gateway::domain::Scope;

pub async fn a_claim_stands_that_this_version_would_put_aside(db: TestDatabase) {
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &good(), MIDDLE).await;
    replica.reads(&load, &damaged());
    assert_eq!(replica.door.resume().await.unwrap(), 1);
    let exchange = closed(&db, load.id).await;
    assert_eq!((exchange.verdict, exchange.accepted), (Verdict::Accepted, INVOICES));
    // The limits in 2X of the made file are past: a warning each, which costs no invoice.
    let findings = db.store.anomalies(&Scope::everything(), load.id, 1, 100).await.unwrap();
    assert!(
        findings.iter().all(|finding| finding.severity == Severity::Warning),
        "a finding that would cost a claim that stays is not reported: {findings:?}"
    );
    assert_eq!(exchange.anomalies, findings.len() as u64);
    assert_eq!(
        db.number("SELECT CAST(sum(total) AS BIGINT) FROM claims").await,
        exchange.total.centimes()
    );
    assert_eq!(replica.notes(&load, &good()).await, 0);
}

pub async fn an_invoice_stands_aside_that_this_version_would_take(db: TestDatabase) {
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &damaged(), MIDDLE).await;
    replica.reads(&load, &good());
    assert_eq!(replica.door.resume().await.unwrap(), 1);
    let exchange = closed(&db, load.id).await;
    assert_eq!(
        (exchange.verdict, exchange.accepted, exchange.quarantined),
        (Verdict::Partial, INVOICES - 1, 1)
    );
    let arl = deposit(&replica.door, &damaged()).await.unwrap();
    assert!(
        arl.repeated && String::from_utf8_lossy(&arl.arl_body).contains("MISE DE COTE"),
        "the ARL lists the invoice"
    );
    assert_eq!(replica.notes(&load, &damaged()).await, 0);
}

pub async fn what_is_not_written_yet_is_judged_by_this_version(db: TestDatabase) {
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &good(), 3).await;
    assert!(db.store.staged_progress(load.id).await.unwrap().last < MIDDLE.unsigned_abs());
    replica.reads(&load, &damaged());
    assert_eq!(replica.door.resume().await.unwrap(), 1);
    let exchange = closed(&db, load.id).await;
    assert_eq!(
        (exchange.verdict, exchange.accepted, exchange.quarantined),
        (Verdict::Partial, INVOICES - 1, 1)
    );
    assert_eq!(
        replica.notes(&load, &good()).await,
        1,
        "quarantined by one version, accepted by another"
    );
}

pub async fn a_file_that_this_version_refuses_loads_nothing(db: TestDatabase) {
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &good(), 3).await;
    replica.reads(&load, &good()[..1000]);
    assert_eq!(replica.door.resume().await.unwrap(), 1);
    let exchange = closed(&db, load.id).await;
    assert_eq!((exchange.verdict, exchange.accepted), (Verdict::Refused, 0));
    for rows in [
        "SELECT count(*) FROM claims",
        "SELECT count(*) FROM outbox",
        "SELECT count(*) FROM claim_lines",
        "SELECT count(*) FROM logical_files",
    ] {
        assert_eq!(db.number(rows).await, 0, "{rows}");
    }
    // The remittance is free: the corrected file is accepted.
    assert_eq!(deposit(&replica.door, &damaged()).await.unwrap().exchange.accepted, INVOICES - 1);
    assert_eq!(
        replica.notes(&load, &good()).await,
        1,
        "refused by one version, accepted by another"
    );
}

pub async fn books_that_cannot_balance_begin_anew(db: TestDatabase) {
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &good(), 6).await;
    db.execute("UPDATE claims SET record_count = record_count + 1 WHERE ordinal = 2")
        .await
        .unwrap();
    assert_eq!(replica.door.resume().await.unwrap(), 0);
    assert_eq!(db.number("SELECT count(*) FROM claims").await, 0, "the rows are deleted");
    assert_eq!(replica.door.resume().await.unwrap(), 0, "the deposit is in backoff");
    assert_eq!(replica.again(&db.store).resume().await.unwrap(), 1);
    assert_eq!(closed(&db, load.id).await.accepted, INVOICES);
}
