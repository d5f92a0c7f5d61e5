//! Who waits for what on PostgreSQL, and for how long: for locks of other changes, and for
//! connections that the flood has taken.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

use crate::support;
use crate::support::wait::{eventually, until};

use noemie_gateway::archive::Archive;
use noemie_gateway::clock::{FixedClock, SystemClock};
use noemie_gateway::conventionnement::{Conventionnement, ImportError};
use noemie_gateway::domain::{Caller, Channel, ClaimId, ExchangeId, Lane, PartKind};
use noemie_gateway::error_chain::Chain;
use noemie_gateway::generate::{self, Options, Profile};
use noemie_gateway::ingest::{Deposit, Ingest, IngestError, Limits, Receipt};
use noemie_gateway::service::decisions::{DecideError, Decision, DecisionKind, decide};
use noemie_gateway::store::{Database, SharedStore};
use noemie_gateway::vault::Vault;
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::databases::{TestDatabase, on_postgres};
use support::samples::{NOW, deposit_many, new_id};

/// How long a change of these tests waits for a lock.
const LOCK_WAIT: Duration = Duration::from_millis(300);
/// Longer than [`LOCK_WAIT`], shorter than any other limit.
const SOON: Duration = Duration::from_secs(5);

/// A replica with this many connections, whose changes give way after [`LOCK_WAIT`]: the URL has
/// the last word on settings of the session.
async fn replica(db: &TestDatabase, connections: u32) -> Database {
    let said = if db.url.contains('?') { '&' } else { '?' };
    let url = format!("{}{said}options=-c%20lock_timeout%3D{}", db.url, LOCK_WAIT.as_millis());
    Database::open(Some(&url), Path::new("no-data-directory"), connections).await.unwrap()
}

fn acceptance(claim_id: ClaimId) -> Decision {
    Decision {
        claim_id,
        part: PartKind::Amc,
        kind: DecisionKind::Accept,
        expected_version: None,
        idempotency_key: None,
        decided_by: Some("test".into()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_waits_too_long_for_another_gives_way() {
    on_postgres(|db| async move {
        let claim = deposit_many(&db.store, "d", 1).await[0].claim.id;
        let store = replica(&db, 1).await.store();
        let mut long = db.store.begin().await.unwrap();
        long.lock_claim(claim).await.unwrap();
        for _ in 0..3 {
            let (start, mut short) = (Instant::now(), store.begin().await.unwrap());
            let refused = short.lock_claim(claim).await.unwrap_err();
            assert!(refused.worth_a_retry() && refused.is_unavailable(), "{refused:?}");
            assert_eq!(
                refused.to_string(),
                "database busy with another change, try again, while locking a claim"
            );
            assert!(
                start.elapsed() >= LOCK_WAIT && start.elapsed() < SOON,
                "{:?}",
                start.elapsed()
            );
        }
        long.commit().await.unwrap();
        let mut short = store.begin().await.unwrap();
        assert!(short.lock_claim(claim).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_about_a_busy_claim_waits_then_says_so() {
    on_postgres(|db| async move {
        let claim = deposit_many(&db.store, "d", 1).await[0].claim.id;
        let store = replica(&db, 4).await.store();
        let mut long = db.store.begin().await.unwrap();
        long.lock_claim(claim).await.unwrap();
        let refused = decide(store.as_ref(), &SystemClock, &Caller::local(), &acceptance(claim))
            .await
            .unwrap_err();
        assert!(
            matches!(&refused, DecideError::Store(cause) if cause.is_unavailable()),
            "{refused:?}"
        );
        // Longer than one wait, and over before the last try.
        let decided = tokio::spawn({
            let store = Arc::clone(&store);
            async move {
                decide(store.as_ref(), &SystemClock, &Caller::local(), &acceptance(claim)).await
            }
        });
        until_second_attempt(&db).await;
        drop(long);
        assert!(decided.await.unwrap().unwrap().event_id.is_some());
    })
    .await;
}

/// Waits until a statement waits for a lock, and then until a later one does: the first attempt has
/// timed out, and the retry is waiting.
async fn until_second_attempt(db: &TestDatabase) {
    let waiting_since = "SELECT coalesce(max((extract(epoch FROM query_start) * 1000000)::bigint), \
        0) \
                         FROM pg_stat_activity \
                         WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let first = eventually("an attempt waits for the lock", || async {
        Some(db.number(waiting_since).await).filter(|since| *since > 0)
    })
    .await;
    until("the retry waits for the lock", || async { db.number(waiting_since).await > first })
        .await;
}

/// Returns the `Ingest` of a replica over a store.
fn ingest(store: &SharedStore, dir: &Path) -> Ingest {
    let vault = Arc::new(Vault::from_master_key([9; 32]));
    Ingest::new(
        Arc::clone(store),
        Arc::clone(&vault),
        Arc::new(Archive::new(dir, vault)),
        Arc::new(SystemClock),
        Limits::default(),
    )
}

async fn deposit(ingest: &Ingest, bytes: &[u8]) -> Result<Receipt, IngestError> {
    let deposit = Deposit {
        sender: "oct-a".parse().unwrap(),
        channel: Channel::Cli,
        file_name: "a.b2".into(),
        idempotency_key: None,
    };
    let mut incoming = ingest.open(deposit).unwrap();
    incoming.write(bytes).unwrap();
    ingest.accept(incoming).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_behind_a_long_change_begins_again_until_it_passes() {
    on_postgres(|db| async move {
        let directory = tempfile::tempdir().unwrap();
        let ingest = ingest(&replica(&db, 4).await.store(), directory.path());
        let mut bytes = Vec::new();
        generate::dre(
            &Options { profile: Profile::Pharmacie, invoices: 4, seed: 1, ..Options::default() },
            &mut bytes,
        )
        .unwrap();
        let digest = blake3::hash(&bytes).to_hex().to_string();
        // The same file, in the hands of a replica that takes long over it, and that gives it up in
        // the end.
        let mut long = db.store.begin().await.unwrap();
        assert_eq!(
            long.reserve_exchange("oct-a", &digest, "", "", Lane::Real, ExchangeId(new_id()))
                .await
                .unwrap(),
            None
        );
        let refused = deposit(&ingest, &bytes).await.unwrap_err();
        assert!(
            matches!(&refused, IngestError::Store(cause) if cause.is_unavailable()),
            "{refused:?}"
        );
        let (deposited, ()) = tokio::join!(deposit(&ingest, &bytes), async {
            until_second_attempt(&db).await;
            drop(long);
        });
        assert_eq!(deposited.unwrap().exchange.accepted, 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_beside_another_one_says_busy() {
    on_postgres(|db| async move {
        let service = Conventionnement::new(
            replica(&db, 4).await.conventions(),
            Arc::new(FixedClock::new(NOW)),
        );
        let mut other = PgConnection::connect(&db.url).await.unwrap();
        let mut importing = other.begin().await.unwrap();
        importing.execute("LOCK TABLE finess_snapshots IN SHARE ROW EXCLUSIVE MODE").await.unwrap();
        let extract = || {
            std::fs::File::open(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/testdata/finess/ok_20240101.csv"
            ))
            .unwrap()
        };
        let refused = service.import_finess(extract(), &"extract".into(), false).await.unwrap_err();
        assert!(
            matches!(&refused, ImportError::Store(cause) if cause.is_unavailable()),
            "{refused:?}"
        );
        let told = Chain(&refused).to_string();
        assert!(
            told.starts_with(
                "storing the import: database busy with another change, try \
            again, while locking the register: "
            ),
            "{told}"
        );
        importing.rollback().await.unwrap();
        service.import_finess(extract(), &"extract".into(), false).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_work_stops_neither_probes_nor_the_relay() {
    on_postgres(|db| async move {
        let events = deposit_many(&db.store, "d", 3).await.len();
        let store = replica(&db, 2).await.store();
        let flood = [store.begin().await.unwrap(), store.begin().await.unwrap()];
        let start = Instant::now();
        store.ping().await.unwrap();
        store.figures(NOW).await.unwrap();
        let mut lease = store.try_relay_lease().await.unwrap().expect("nobody relays");
        assert!(lease.still_held().await);
        let waiting: Vec<i64> = store
            .unpublished_events(100, &[])
            .await
            .unwrap()
            .iter()
            .map(|event| event.event_no)
            .collect();
        assert_eq!(waiting.len(), events);
        store.count_failed_attempt(&waiting).await.unwrap();
        store.mark_published(&waiting, NOW).await.unwrap();
        assert_eq!(store.outbox_depth().await.unwrap().pending, 0);
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        drop(flood);
    })
    .await;
}
