//! Stories of findings, quarantined invoices and unmatched returns.

use super::exchanges::logical_file;
use crate::support::databases::TestDatabase;
use crate::support::samples::*;
use noemie_gateway::domain::Scope;
use noemie_gateway::domain::*;
use noemie_gateway::store::{UnmatchedReturn, is_quarantined_copy};

/// A finding of a record.
pub fn finding(ordinal: u64) -> Finding {
    Finding {
        code: FindingCode::new("B2-KEY", "C30"),
        severity: Severity::Invoice,
        record: Some(ordinal + 3),
        record_type: "2".into(),
        column: Some(21),
        offset: 128 * ordinal,
        length: 13,
        field: "7 NIR".into(),
        value: Some("1************".into()),
        message: "Clé du NIR fausse".into(),
        invoice: Some("000000001".into()),
    }
}

pub async fn anomalies_come_back_in_order(db: TestDatabase) {
    // The file has none of these: they come back as absent, not as 0 or an empty text.
    let bare = Finding { record: None, column: None, value: None, invoice: None, ..finding(130) };
    let mut unit = db.store.begin().await.unwrap();
    let id = open(&mut unit, "d").await;
    let all: Vec<Finding> = (1..130).map(finding).chain([bare]).collect();
    unit.insert_anomalies(id, 1, &all[..100]).await.unwrap();
    unit.insert_anomalies(id, 101, &all[100..]).await.unwrap();
    unit.close_exchange(&closing(id, "d", &[]), &plain_link).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(db.store.anomalies(&Scope::everything(), id, 0, 1_000).await.unwrap(), all);
    assert_eq!(db.store.anomalies(&Scope::everything(), id, 101, 10).await.unwrap(), all[100..110]);
    assert_eq!(
        db.store.anomalies(&Scope::everything(), ExchangeId(new_id()), 0, 10).await.unwrap(),
        vec![]
    );
}

pub fn quarantined(exchange_id: ExchangeId, ordinal: u64, invoice_number: &str) -> Quarantined {
    Quarantined {
        exchange_id,
        ordinal,
        ps: "123456782".into(),
        invoice_number: invoice_number.into(),
        lot: "001".into(),
        codes: vec!["B2-KEY".into(), "B2-SUM".into()],
        first_record: 3,
        record_count: 4,
        offset: 384,
        duplicate_of: None,
        resolved_by: None,
        at: NOW,
    }
}

pub async fn quarantine_waits_until_resolved(db: TestDatabase) {
    let mut unit = db.store.begin().await.unwrap();
    let id = open(&mut unit, "d1").await;
    let duplicate =
        Quarantined { duplicate_of: Some(ClaimId(new_id())), ..quarantined(id, 2, "000000001") };
    let aside = vec![quarantined(id, 1, "000000001"), duplicate, quarantined(id, 3, "000000003")];
    unit.insert_quarantined(&aside).await.unwrap();
    unit.close_exchange(&closing(id, "d1", &[]), &plain_link).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(db.store.quarantined(&Scope::everything(), id, 10).await.unwrap(), aside);
    assert_eq!(db.store.quarantined(&Scope::everything(), id, 2).await.unwrap(), aside[..2]);
    assert_eq!(
        db.store
            .quarantined_by_invoice(&Scope::everything(), "123456782", "000000001")
            .await
            .unwrap(),
        aside[..1]
    );
    assert_eq!(db.store.figures(NOW).await.unwrap().quarantine_waiting, 2);

    let mut unit = db.store.begin().await.unwrap();
    let later = open(&mut unit, "d2").await;
    let mut resent = claim(later, 1, "i1");
    (resent.claim.ps, resent.claim.invoice_number) = ("123456782".into(), "000000001".into());
    let replacement = resent.claim.id;
    let claims = [resent, claim(later, 2, "i2")];
    unit.insert_claims(&offered(&claims)).await.unwrap();
    unit.insert_quarantined(&[quarantined(later, 3, "000000001")]).await.unwrap();
    unit.resolve_quarantined(later).await.unwrap();
    unit.close_exchange(&closing(later, "d2", &claims), &plain_link).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(
        db.store.quarantined(&Scope::everything(), later, 10).await.unwrap()[0].resolved_by,
        None,
        "what the same file puts aside still waits"
    );
    assert_eq!(
        db.store
            .quarantined_by_invoice(&Scope::everything(), "123456782", "000000001")
            .await
            .unwrap()
            .len(),
        1,
        "and nothing else"
    );
    let now = db.store.quarantined(&Scope::everything(), id, 10).await.unwrap();
    assert_eq!(
        now.iter().map(|q| q.resolved_by).collect::<Vec<_>>(),
        vec![Some(replacement), None, None]
    );
    let listed = async |sender, is_waiting, limit| {
        let all = Scope::everything();
        let found = db.store.latest_quarantined(&all, sender, is_waiting, limit).await.unwrap();
        found.iter().map(|q| (q.exchange_id, q.ordinal)).collect::<Vec<_>>()
    };
    let of_first = [1, 2, 3].map(|ordinal| (id, ordinal));
    assert_eq!(listed(None, false, 10).await, [&[(later, 3)], &of_first[..]].concat());
    assert_eq!(listed(None, true, 10).await, [(later, 3), (id, 3)]);
    assert_eq!(listed(None, true, 1).await, [(later, 3)]);
    assert_eq!(listed(Some("nobody"), false, 10).await, []);
    let sender = db.store.exchange(&Scope::everything(), id).await.unwrap().unwrap().sender;
    assert_eq!(listed(Some(&sender), false, 10).await.len(), 4);
    assert_eq!(db.store.figures(NOW).await.unwrap().quarantine_waiting, 2);
}

/// A NUL in a zone of the file is legal in no text column of PostgreSQL; it must not cost the file.
pub async fn a_nul_in_a_zone_costs_nothing(db: TestDatabase) {
    let mut unit = db.store.begin().await.unwrap();
    let id = open(&mut unit, "d").await;
    let mut claims = vec![claim(id, 1, "i1")];
    claims[0].claim.lot = "0\x001".into();
    claims[0].lines[0].act_code = "A\0I".into();
    assert_eq!(unit.insert_claims(&offered(&claims)).await.unwrap().len(), 1);
    unit.insert_events(&[event(&claims[0].claim, 1)]).await.unwrap();
    unit.insert_quarantined(&[quarantined(id, 1, "00000\x00001")]).await.unwrap();
    unit.insert_unmatched_returns(
        id,
        &[UnmatchedReturn {
            ordinal: 1,
            other_identity: Token(String::new()),
            identity: Token("i".into()),
            token_version: 1,
            ps: "\0".into(),
            invoice_number: "\0".into(),
            invoice_complement: "\0".into(),
            amc_number: "\0".into(),
            summary: "\0".into(),
            vault: vec![0, 1],
            key_id: KeyId(String::new()),
            is_quarantined: true,
        }],
    )
    .await
    .unwrap();
    let odd = LogicalFile { message: "C\0".into(), ..logical_file("000001") };
    assert_eq!(unit.find_logical_file(Lane::Real, &odd).await.unwrap(), None);
    let mut closing = closing(id, "d", &claims);
    closing.logical_files = vec![odd.clone()];
    closing.exchange.file_name = "a\0b".into();
    unit.close_exchange(&closing, &plain_link).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(
        db.store.claim(&Scope::everything(), claims[0].claim.id).await.unwrap().unwrap().lot,
        "0\u{FFFD}1"
    );
    assert_eq!(
        db.store
            .quarantined_by_invoice(&Scope::everything(), "123456782", "00000\x00001")
            .await
            .unwrap()
            .len(),
        1,
        "found under the number as sent"
    );
    let trace =
        db.store.stored_invoices(id, &[claims[0].claim.invoice_key()]).await.unwrap().remove(0);
    assert_eq!(trace.new, trace.expected_for(&claims[0]), "and is what was read");
    let aside = db.store.quarantined_by_ordinals(id, (1, 1)).await.unwrap().remove(0);
    let read = |number: &str| Claim {
        ps: aside.ps.clone(),
        lot: aside.lot.clone(),
        invoice_number: number.into(),
        first_record: aside.first_record,
        record_count: aside.record_count,
        ..claims[0].claim.clone()
    };
    assert!(
        is_quarantined_copy(&aside, &read("00000\x00001"))
            && !is_quarantined_copy(&aside, &read("000000001"))
    );
    assert_eq!(
        db.store.begin().await.unwrap().find_logical_file(Lane::Real, &odd).await.unwrap(),
        Some(id)
    );
}

/// What `verify` and the sweep of the archive ask of many exchanges at once.
pub async fn links_and_archived_files_are_found_among_many(db: TestDatabase) {
    let first = deposit_many(&db.store, "a", 1).await[0].claim.exchange_id;
    let mut unit = db.store.begin().await.unwrap();
    let second = open(&mut unit, "b").await;
    let mut closing = closing(second, "b", &[]);
    closing.exchange.archive_name = "archive-2".into();
    unit.close_exchange(&closing, &plain_link).await.unwrap();
    unit.commit().await.unwrap();
    let mut links = db.store.chain_sequences(&[second, ExchangeId(new_id()), first]).await.unwrap();
    links.sort_by_key(|(_, rank)| *rank);
    assert_eq!(links, [(first, 1), (second, 2)]);
    let names = ["archive-2", "archive-3"].map(str::to_owned);
    assert_eq!(db.store.archive_names_in_use(&names).await.unwrap(), ["archive-2"]);
    assert!(
        db.store.chain_sequences(&[]).await.unwrap().is_empty()
            && db.store.archive_names_in_use(&[]).await.unwrap().is_empty()
    );
}

pub async fn unmatched_returns_are_kept(db: TestDatabase) {
    let unmatched = |ordinal: u64| UnmatchedReturn {
        ordinal,
        other_identity: Token(String::new()),
        identity: Token(format!("i{ordinal}")),
        token_version: 7,
        ps: "123456782".into(),
        invoice_number: "000000001".into(),
        invoice_complement: String::new(),
        amc_number: "0099900011".into(),
        summary: "Part AMO payée, 10,00 €".into(),
        vault: vec![0, 255],
        key_id: KeyId("00000000".into()),
        is_quarantined: false,
    };
    let mut unit = db.store.begin().await.unwrap();
    let id = open(&mut unit, "d").await;
    unit.insert_unmatched_returns(id, &[unmatched(1), unmatched(2)]).await.unwrap();
    let mut closing = closing(id, "d", &[]);
    closing.exchange.norm = Some(Norm::Noemie);
    closing.exchange.unmatched = 2;
    closing.ledger = Ledger { read: 6, unmatched: 4, envelope: 2, ..Ledger::default() };
    unit.close_exchange(&closing, &plain_link).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(
        db.number(
            "SELECT count(*) FROM unmatched_returns WHERE ordinal IN (1, 2) AND token_version = 7"
        )
        .await,
        2
    );
    assert_eq!(db.store.ledger(&Scope::everything(), id).await.unwrap().unwrap().unmatched, 4);
}
