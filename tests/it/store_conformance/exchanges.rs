//! Stories of exchanges: transactions, idempotency, books, quarantine.

use crate::support::databases::TestDatabase;
use crate::support::samples::*;
use noemie_gateway::domain::Scope;
use noemie_gateway::domain::*;
use noemie_gateway::store::{Database, StoreError, UnitOfWork};
use std::sync::Arc;
use tokio::sync::Barrier;

pub async fn migrating_twice_is_harmless(db: TestDatabase) {
    let kept = deposit_many(&db.store, "d", 2).await;
    db.store.migrate().await.unwrap();
    db.replica().await.migrate().await.unwrap();
    db.store.ping().await.unwrap();
    assert_eq!(
        db.store.claim(&Scope::everything(), kept[0].claim.id).await.unwrap(),
        Some(kept[0].claim.clone())
    );
}

pub async fn a_database_is_chosen_by_its_url(db: TestDatabase) {
    let home = tempfile::tempdir().unwrap();
    let embedded = Database::open(None, &home.path().join("data"), 4).await.unwrap();
    assert!(matches!(embedded, Database::Sqlite(_)));
    assert!(home.path().join("data/gateway.db").exists(), "the directory and the file are made");
    let same = Database::open(Some(&db.url), home.path(), 4).await.unwrap();
    assert_eq!(matches!(same, Database::Postgres(_)), db.is_postgres());
    let refused =
        Database::open(Some("mysql://user:secret@host/x"), home.path(), 4).await.unwrap_err();
    assert!(matches!(&refused, StoreError::UnsupportedUrl { scheme } if scheme == "mysql"));
    assert!(!refused.to_string().contains("secret"), "no password in an error");
}

pub async fn a_change_is_whole_or_nothing(db: TestDatabase) {
    let mut unit = db.store.begin().await.unwrap();
    let id = open(&mut unit, "d").await;
    let claims = vec![claim(id, 1, "i1")];
    assert_eq!(unit.insert_claims(&offered(&claims)).await.unwrap().len(), 1);
    unit.insert_events(&[event(&claims[0].claim, 1)]).await.unwrap();
    unit.close_exchange(&closing(id, "d", &claims), &plain_link).await.unwrap();
    assert_eq!(
        db.store.exchange(&Scope::everything(), id).await.unwrap(),
        None,
        "nothing shows before the commit"
    );
    assert_eq!(db.store.unpublished_events(10, &[]).await.unwrap(), vec![]);
    drop(unit);
    assert_eq!(db.store.exchange(&Scope::everything(), id).await.unwrap(), None);
    assert_eq!(db.store.claim(&Scope::everything(), claims[0].claim.id).await.unwrap(), None);
    assert_eq!(db.store.outbox_depth().await.unwrap().pending, 0);
    let kept = deposit_many(&db.store, "d", 1).await;
    assert_eq!(kept.len(), 1, "the same file can be deposited after the rollback");
}

pub async fn a_failed_step_spoils_the_change(db: TestDatabase) {
    let mut unit = db.store.begin().await.unwrap();
    let id = open(&mut unit, "d").await;
    let claims = vec![claim(id, 1, "i1")];
    unit.insert_claims(&offered(&claims)).await.unwrap();
    let first = event(&claims[0].claim, 1);
    unit.insert_events(std::slice::from_ref(&first)).await.unwrap();
    assert!(
        matches!(unit.insert_events(&[first]).await, Err(StoreError::Database { .. })),
        "an event id is unique"
    );
    assert!(matches!(
        unit.close_exchange(&closing(id, "d", &claims), &plain_link).await,
        Err(StoreError::Spoiled)
    ));
    assert!(matches!(unit.commit().await, Err(StoreError::Spoiled)), "no commit may look like one");
    assert_eq!(db.store.exchange(&Scope::everything(), id).await.unwrap(), None);
    assert_eq!(db.store.claim(&Scope::everything(), claims[0].claim.id).await.unwrap(), None);
}

pub async fn an_exchange_without_closing_is_not_committed(db: TestDatabase) {
    let mut unit = db.store.begin().await.unwrap();
    open(&mut unit, "d").await;
    assert!(matches!(unit.commit().await, Err(StoreError::Corrupt(_))));
    assert_eq!(db.number("SELECT count(*) FROM exchanges").await, 0);
}

pub async fn an_exchange_comes_back_as_written(db: TestDatabase) {
    let mut unit = db.store.begin().await.unwrap();
    let id = open(&mut unit, "d").await;
    let claims = vec![claim(id, 1, "i1"), claim(id, 2, "i2")];
    unit.insert_claims(&offered(&claims)).await.unwrap();
    let closing = closing(id, "d", &claims);
    unit.close_exchange(&closing, &plain_link).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(
        db.store.exchange(&Scope::everything(), id).await.unwrap().as_ref(),
        Some(&closing.exchange)
    );
    assert_eq!(
        db.store.exchange_by_digest("octest", "d", None).await.unwrap().as_ref(),
        Some(&closing.exchange)
    );
    assert_eq!(db.store.exchange_by_digest("other", "d", None).await.unwrap(), None);
    assert_eq!(db.store.ledger(&Scope::everything(), id).await.unwrap(), Some(closing.ledger));
    assert_eq!(db.store.arl(&Scope::everything(), id).await.unwrap(), Some(closing.arl));
    assert_eq!(db.store.exchange(&Scope::everything(), ExchangeId(new_id())).await.unwrap(), None);
}

pub async fn the_same_file_from_two_tasks_is_accepted_once(db: TestDatabase) {
    let replica = if db.is_postgres() { db.replica().await } else { db.store.clone() };
    let attempts = [db.store.clone(), replica].map(|store| {
        let db = db.clone();
        tokio::spawn(async move {
            let mut unit = store.begin().await.unwrap();
            let id = ExchangeId(new_id());
            if let Some(earlier) =
                unit.reserve_exchange("octest", "same", "", "", Lane::Real, id).await.unwrap()
            {
                return (earlier, false);
            }
            let claims = vec![claim(id, 1, "i1")];
            unit.insert_claims(&offered(&claims)).await.unwrap();
            db.until_blocked(1).await;
            unit.close_exchange(&closing(id, "same", &claims), &plain_link).await.unwrap();
            unit.commit().await.unwrap();
            (id, true)
        })
    });
    let [one, two] = attempts;
    let (one, two) = (one.await.unwrap(), two.await.unwrap());
    assert_eq!(one.0, two.0, "both answers name the same exchange");
    assert!(one.1 ^ two.1, "exactly one accepted it");
    assert_eq!(db.number("SELECT count(*) FROM exchanges").await, 1);
    assert_eq!(db.number("SELECT count(*) FROM claims").await, 1);
}

pub async fn a_rolled_back_exchange_frees_its_digest(db: TestDatabase) {
    let mut first = db.store.begin().await.unwrap();
    open(&mut first, "same").await;
    let store = db.store.clone();
    let second = tokio::spawn(async move { deposit_many(&store, "same", 1).await });
    db.until_blocked(1).await;
    assert!(!second.is_finished(), "the second one waits for the first one's end");
    drop(first);
    assert_eq!(second.await.unwrap().len(), 1);
}

pub async fn the_same_records_name_the_first_exchange(db: TestDatabase) {
    let mut unit = db.store.begin().await.unwrap();
    let [first, second, another] = [(); 3].map(|()| ExchangeId(new_id()));
    let reserve = async |unit: &mut Box<dyn UnitOfWork>, sender, digests: [&str; 2], lane, id| {
        let [digest, records] = digests;
        unit.reserve_exchange(sender, digest, records, "", lane, id).await.unwrap()
    };
    assert_eq!(reserve(&mut unit, "octest", ["d1", "r1"], Lane::Real, first).await, None);
    assert_eq!(reserve(&mut unit, "octest", ["d2", ""], Lane::Real, second).await, None);
    let again = reserve(&mut unit, "octest", ["d3", "r1"], Lane::Real, another).await;
    assert_eq!(again, Some(first), "other bytes with the same records");
    let bytes_first = reserve(&mut unit, "octest", ["d2", "r1"], Lane::Real, another).await;
    assert_eq!(bytes_first, Some(second), "the same bytes go before the same records");
    for (sender, records, lane) in
        [("octest", "r2", Lane::Real), ("other", "r1", Lane::Real), ("octest", "r1", Lane::Test)]
    {
        let digest = format!("{sender} {records} {lane:?}");
        let free = ExchangeId(new_id());
        assert_eq!(reserve(&mut unit, sender, [&digest, records], lane, free).await, None);
    }
    // Files whose records are not sure have no digest of them, and are told apart by their bytes.
    assert_eq!(reserve(&mut unit, "octest", ["d4", ""], Lane::Real, another).await, None);
}

pub async fn the_same_key_or_digest_names_the_first_exchange(db: TestDatabase) {
    let mut unit = db.store.begin().await.unwrap();
    let first = ExchangeId(new_id());
    assert_eq!(
        unit.reserve_exchange("octest", "d1", "", "key", Lane::Real, first).await.unwrap(),
        None
    );
    unit.close_exchange(&closing(first, "d1", &[]), &plain_link).await.unwrap();
    unit.commit().await.unwrap();
    let second = deposit_many(&db.store, "d2", 1).await[0].claim.exchange_id;

    let mut unit = db.store.begin().await.unwrap();
    let another = ExchangeId(new_id());
    assert_eq!(
        unit.reserve_exchange("octest", "d1", "", "", Lane::Real, another).await.unwrap(),
        Some(first),
        "same bytes"
    );
    assert_eq!(
        unit.reserve_exchange("octest", "d3", "", "key", Lane::Real, another).await.unwrap(),
        Some(first),
        "same key"
    );
    assert_eq!(
        unit.reserve_exchange("octest", "d2", "", "key", Lane::Real, another).await.unwrap(),
        Some(first),
        "the key goes before the bytes"
    );
    assert_eq!(
        unit.reserve_exchange("octest", "d2", "", "", Lane::Real, another).await.unwrap(),
        Some(second),
        "an empty key is no key"
    );
    assert_eq!(
        unit.reserve_exchange("other", "d1", "", "key", Lane::Real, another).await.unwrap(),
        None,
        "another sender is another deposit"
    );
    assert_eq!(
        db.store.exchange(&Scope::everything(), first).await.unwrap().unwrap().idempotency_key,
        "key"
    );
}

pub async fn a_ledger_that_does_not_balance_is_refused(db: TestDatabase) {
    let mut unit = db.store.begin().await.unwrap();
    let id = open(&mut unit, "d").await;
    let mut closing = closing(id, "d", &[]);
    closing.ledger.read += 1;
    let refused = unit.close_exchange(&closing, &plain_link).await;
    assert!(
        matches!(refused, Err(StoreError::Unbalanced(ledger)) if ledger == closing.ledger),
        "{refused:?}"
    );
    assert!(unit.commit().await.is_err());
    assert_eq!(db.store.exchange(&Scope::everything(), id).await.unwrap(), None);
}

pub async fn the_ledger_is_recounted_against_the_claims(db: TestDatabase) {
    let mut unit = db.store.begin().await.unwrap();
    let id = open(&mut unit, "d").await;
    let claims = vec![claim(id, 1, "i1"), claim(id, 2, "i2")];
    unit.insert_claims(&offered(&claims[..1])).await.unwrap();
    let refused = unit.close_exchange(&closing(id, "d", &claims), &plain_link).await;
    assert!(
        matches!(refused, Err(StoreError::Unbalanced(_))),
        "two claims said, one written: {refused:?}"
    );
}

pub async fn the_database_itself_refuses_a_wrong_ledger(db: TestDatabase) {
    deposit_many(&db.store, "d", 1).await;
    assert!(db.execute("UPDATE ledgers SET read_records = read_records + 1").await.is_err());
    assert_eq!(
        db.execute("UPDATE ledgers SET read_records = read_records + 1, envelope = envelope + 1")
            .await
            .unwrap(),
        1
    );
}

pub fn logical_file(file_id: &str) -> LogicalFile {
    LogicalFile {
        ordinal: 1,
        issuer: "OC123".into(),
        recipient: "AM456".into(),
        message: "CP".into(),
        file_id: file_id.into(),
        created: "250310".into(),
        norm: "CP".into(),
    }
}

pub async fn a_logical_file_is_found_again(db: TestDatabase) {
    let mut unit = db.store.begin().await.unwrap();
    let id = open(&mut unit, "d").await;
    assert_eq!(unit.find_logical_file(Lane::Real, &logical_file("000001")).await.unwrap(), None);
    let mut closing = closing(id, "d", &[]);
    let twice = LogicalFile { ordinal: 2, ..logical_file("000001") };
    closing.logical_files =
        vec![logical_file("000001"), twice, LogicalFile { ordinal: 3, ..logical_file("000002") }];
    unit.close_exchange(&closing, &plain_link).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = db.store.begin().await.unwrap();
    assert_eq!(
        unit.find_logical_file(
            Lane::Real,
            &LogicalFile { ordinal: 9, norm: "ES".into(), ..logical_file("000001") }
        )
        .await
        .unwrap(),
        Some(id)
    );
    assert_eq!(
        unit.find_logical_file(
            Lane::Real,
            &LogicalFile { created: "250311".into(), ..logical_file("000001") }
        )
        .await
        .unwrap(),
        None
    );
}

pub async fn two_deposits_of_one_logical_file_at_once_keep_one(db: TestDatabase) {
    let (both, is_postgres) = (Arc::new(Barrier::new(2)), db.is_postgres());
    let attempt = |digest: &'static str| {
        let (store, both) = (db.store.clone(), Arc::clone(&both));
        tokio::spawn(async move {
            let mut unit = store.begin().await?;
            let id = open(&mut unit, digest).await;
            if unit.find_logical_file(Lane::Real, &logical_file("000001")).await?.is_some() {
                return Ok(false);
            }
            // Both transactions see no earlier file. SQLite has one writer at a time.
            if is_postgres {
                both.wait().await;
            }
            let mut closing = closing(id, digest, &[]);
            closing.logical_files = vec![logical_file("000001")];
            unit.close_exchange(&closing, &plain_link).await?;
            unit.commit().await?;
            Ok::<bool, StoreError>(true)
        })
    };
    let (one, two) = (attempt("d1"), attempt("d2"));
    let outcomes = [one.await.unwrap(), two.await.unwrap()];
    assert_eq!(outcomes.iter().filter(|o| matches!(o, Ok(true))).count(), 1, "{outcomes:?}");
    assert!(
        outcomes.iter().all(|o| o.as_ref().err().is_none_or(StoreError::worth_a_retry)),
        "the loser may begin again: {outcomes:?}"
    );
    assert_eq!(db.number("SELECT count(*) FROM logical_files").await, 1);
}
