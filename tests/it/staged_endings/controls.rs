//! A staged deposit is closed by a version with other controls than the version that staged it.

use super::*;
use noemie_gateway::domain::Scope;

pub async fn a_claim_stays_that_this_version_would_quarantine(db: TestDatabase) {
    let replica = replica(&db.store);
    let staged = cut_deposit(&db, &replica.ingest, &good(), MIDDLE).await;
    replica.reads(&staged, &damaged());
    assert_eq!(replica.ingest.resume().await.unwrap(), 1);
    let exchange = closed(&db, staged.id).await;
    assert_eq!((exchange.verdict, exchange.accepted), (Verdict::Accepted, INVOICES));
    // The limits in 2X of the made file are past: a warning each, which costs no invoice.
    let findings = db.store.anomalies(&Scope::everything(), staged.id, 1, 100).await.unwrap();
    assert!(
        findings.iter().all(|finding| finding.severity == Severity::Warning),
        "a finding that would cost a claim that stays is not reported: {findings:?}"
    );
    assert_eq!(exchange.anomalies, findings.len() as u64);
    assert_eq!(
        db.number("SELECT CAST(sum(total) AS BIGINT) FROM claims").await,
        exchange.total.centimes()
    );
    assert_eq!(replica.notes(&staged, &good()).await, 0);
}

pub async fn an_invoice_stays_quarantined_that_this_version_would_accept(db: TestDatabase) {
    let replica = replica(&db.store);
    let staged = cut_deposit(&db, &replica.ingest, &damaged(), MIDDLE).await;
    replica.reads(&staged, &good());
    assert_eq!(replica.ingest.resume().await.unwrap(), 1);
    let exchange = closed(&db, staged.id).await;
    assert_eq!(
        (exchange.verdict, exchange.accepted, exchange.quarantined),
        (Verdict::Partial, INVOICES - 1, 1)
    );
    let arl = deposit(&replica.ingest, &damaged()).await.unwrap();
    assert!(
        arl.repeated && String::from_utf8_lossy(&arl.arl_body).contains("MISE DE COTE"),
        "the ARL lists the invoice"
    );
    assert_eq!(replica.notes(&staged, &damaged()).await, 0);
}

pub async fn invoices_not_written_yet_are_judged_by_this_version(db: TestDatabase) {
    let replica = replica(&db.store);
    let staged = cut_deposit(&db, &replica.ingest, &good(), 3).await;
    assert!(db.store.staged_progress(staged.id).await.unwrap().last < MIDDLE.unsigned_abs());
    replica.reads(&staged, &damaged());
    assert_eq!(replica.ingest.resume().await.unwrap(), 1);
    let exchange = closed(&db, staged.id).await;
    assert_eq!(
        (exchange.verdict, exchange.accepted, exchange.quarantined),
        (Verdict::Partial, INVOICES - 1, 1)
    );
    assert_eq!(
        replica.notes(&staged, &good()).await,
        1,
        "quarantined by one version, accepted by another"
    );
}

pub async fn a_file_that_this_version_refuses_has_no_claims(db: TestDatabase) {
    let replica = replica(&db.store);
    let staged = cut_deposit(&db, &replica.ingest, &good(), 3).await;
    replica.reads(&staged, &good()[..1000]);
    assert_eq!(replica.ingest.resume().await.unwrap(), 1);
    let exchange = closed(&db, staged.id).await;
    assert_eq!((exchange.verdict, exchange.accepted), (Verdict::Refused, 0));
    for rows in [
        "SELECT count(*) FROM claims",
        "SELECT count(*) FROM events",
        "SELECT count(*) FROM outbox",
        "SELECT count(*) FROM claim_lines",
        "SELECT count(*) FROM logical_files",
    ] {
        assert_eq!(db.number(rows).await, 0, "{rows}");
    }
    // The remittance is free: the corrected file is accepted.
    assert_eq!(deposit(&replica.ingest, &damaged()).await.unwrap().exchange.accepted, INVOICES - 1);
    assert_eq!(
        replica.notes(&staged, &good()).await,
        1,
        "refused by one version, accepted by another"
    );
}

pub async fn a_ledger_that_cannot_balance_is_written_anew(db: TestDatabase) {
    let replica = replica(&db.store);
    let staged = cut_deposit(&db, &replica.ingest, &good(), 6).await;
    db.execute("UPDATE claims SET record_count = record_count + 1 WHERE ordinal = 2")
        .await
        .unwrap();
    assert_eq!(replica.ingest.resume().await.unwrap(), 0);
    assert_eq!(db.number("SELECT count(*) FROM claims").await, 0, "the rows are deleted");
    assert_eq!(replica.ingest.resume().await.unwrap(), 0, "the deposit is in backoff");
    assert_eq!(replica.again(&db.store).resume().await.unwrap(), 1);
    assert_eq!(closed(&db, staged.id).await.accepted, INVOICES);
}
