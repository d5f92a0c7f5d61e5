//! A staged deposit beside other deposits, another process, a failure and a deadlock.

use super::*;
use crate::support::wait::until;

/// Returns the number of files in an archive.
fn archived(dir: &Path) -> usize {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { archived(&path) } else { 1 }).sum()
}

pub async fn no_final_answer_depends_on_a_staged_deposit(db: TestDatabase) {
    let replica = replica(&db.store);
    let staged = cut_deposit(&db, &replica.ingest, &good(), 3).await;
    let before = archived(replica.dir.path());
    let mut rsp = Vec::new();
    generate::rsp(
        &good()[..],
        Forme::Crlf,
        &RspOptions { rejected: 0, deferred: 0, ..RspOptions::default() },
        &mut rsp,
    )
    .unwrap();
    // The same invoice, the same remittance under other bytes, and the return of the caisse.
    for bytes in [&small(), &damaged(), &rsp] {
        let outcome = deposit(&replica.ingest, bytes).await;
        assert!(is_blocked(&outcome, staged.id), "{outcome:?}");
    }
    assert_eq!(
        (db.number("SELECT count(*) FROM exchanges").await, archived(replica.dir.path())),
        (1, before),
        "no copy of them is kept"
    );
    // A file in the drop directory stays there.
    let drops = tempfile::tempdir().unwrap();
    let path = drops.path().join("oct-b/petit.b2");
    std::fs::create_dir(drops.path().join("oct-b")).unwrap();
    std::fs::write(&path, small()).unwrap();
    std::fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
        .unwrap();
    let mut drop_dir = DropDir::new(drops.path(), None, "test".to_owned(), NO_QUOTA);
    let mut taken = 0;
    for _ in 0..2 {
        taken += drop_dir.step(&replica.ingest, &CancellationToken::new()).await;
    }
    assert_eq!((taken, path.exists()), (0, true));
    assert_eq!(replica.ingest.resume().await.unwrap(), 1);
    // After the receipt each of them gets an answer.
    let again = deposit(&replica.ingest, &small()).await.unwrap().exchange;
    assert_eq!((again.accepted, again.duplicates), (0, 1));
    assert_eq!(
        deposit(&replica.ingest, &damaged()).await.unwrap().exchange.verdict,
        Verdict::Refused
    );
    assert!(deposit(&replica.ingest, &rsp).await.unwrap().exchange.accepted > 0);
    assert_eq!(verify(&replica.sources, None).await.unwrap().findings, []);
}

/// Of two staged deposits with common invoices the younger waits, and the older never does.
pub async fn the_later_of_two_staged_deposits_waits(db: TestDatabase) {
    let replica = replica(&db.store);
    let other = made(&Options { sender: "99900000000029".to_owned(), ..options(1) });
    let first = cut_deposit(&db, &replica.ingest, &good(), 3).await;
    // The younger deposit gets past the invoices of the older one, as if it had come first.
    db.execute("UPDATE claims SET identity = 'hidden ' || identity").await.unwrap();
    cut_deposit(&db, &replica.ingest, &other, 30).await;
    let second = db.store.staged_deposits(10).await.unwrap().pop().unwrap();
    assert!(second.id > first.id);
    // The older deposit meets the invoices of the younger from its next batch on.
    assert_eq!(replica.ingest.resume().await.unwrap(), 2, "neither waits for the other");
    let first = closed(&db, first.id).await;
    assert!(first.duplicates > 0 && first.accepted > 0, "{first:?}");
    let second = closed(&db, second.id).await;
    assert!(second.accepted >= 30, "{second:?}");
    assert_eq!(
        (first.accepted + first.duplicates, second.accepted + second.duplicates),
        (INVOICES, INVOICES)
    );
}

pub async fn a_staged_deposit_that_fails_has_a_backoff(db: TestDatabase) {
    let replica = replica(&db.store);
    let staged = cut_deposit(&db, &replica.ingest, &good(), 3).await;
    let (here, away) =
        (replica.dir.path().join(&staged.archive_name), replica.dir.path().join("away"));
    std::fs::rename(&here, &away).unwrap();
    assert_eq!(replica.ingest.resume().await.unwrap(), 0);
    std::fs::rename(&away, &here).unwrap();
    assert_eq!(replica.ingest.resume().await.unwrap(), 0, "the deposit is in backoff");
    // The lease of the failed attempt ends with its connection, a little later.
    super::free(&db).await;
    assert_eq!(
        replica.again(&db.store).resume().await.unwrap(),
        1,
        "a gateway that starts has no backoff"
    );
    closed(&db, staged.id).await;
}

pub async fn two_processes_do_not_write_the_same_deposit(db: TestDatabase) {
    let other = db.replica().await;
    let id = ExchangeId(uuid::Uuid::from_u128(7));
    let lease = db.store.try_deposit_lease(id).await.unwrap().expect("free");
    assert!(other.try_deposit_lease(id).await.unwrap().is_none());
    assert!(
        other.try_deposit_lease(ExchangeId(uuid::Uuid::from_u128(8))).await.unwrap().is_some(),
        "another staged deposit has another lease"
    );
    drop(lease);
    until("the lease is free", || async { other.try_deposit_lease(id).await.unwrap().is_some() })
        .await;
    // Should the lease be lost, the cursor lets one of the two go on.
    let replica = replica(&db.store);
    let staged = cut_deposit(&db, &replica.ingest, &good(), 6).await;
    let mut work = other.begin().await.unwrap();
    assert!(
        !work.advance_deposit_cursor(staged.id, staged.cursor - 3, staged.cursor).await.unwrap()
    );
    assert!(work.advance_deposit_cursor(staged.id, staged.cursor, staged.cursor).await.unwrap());
}

/// A real deadlock: the server rolls the batch back, and only this batch is written again. The
/// archived file is removed meanwhile, so that a deposit read from its start would fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_meets_a_deadlock_is_written_again_alone() {
    on_postgres(|db| async move {
        let replica = replica(&db.store);
        let staged = cut_deposit(&db, &replica.ingest, &good(), 3).await;
        let mut rival = PgConnection::connect(&db.url).await.unwrap();
        // The rival has a long deadlock timeout, so that the server ends the batch and not the rival.
        rival
            .execute("SET deadlock_timeout = '60s'; BEGIN; LOCK TABLE claim_lines IN SHARE MODE")
            .await
            .unwrap();
        let resuming = async { replica.ingest.resume().await.unwrap() };
        let meeting = async {
            // Until the batch waits for the table, with the cursor moved.
            until("the deposit waits for the table", || async {
                db.number("SELECT count(*) FROM pg_locks WHERE NOT granted").await > 0
            })
            .await;
            std::fs::remove_file(replica.dir.path().join(&staged.archive_name)).unwrap();
            rival
                .execute(
                    "UPDATE exchanges SET file_name = 'rival.b2' WHERE verdict IS NULL; COMMIT",
                )
                .await
                .unwrap();
        };
        let (resumed, ()) = tokio::join!(resuming, meeting);
        assert_eq!(resumed, 1);
        assert_eq!(closed(&db, staged.id).await.accepted, INVOICES);
        assert_eq!(
            db.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
                .await,
            1,
            "there was one"
        );
    })
    .await;
}
