//! A database that was restored from an older copy, beside the files that were delivered since.

use super::*;
use noemie_gateway::clock::FixedClock;
use noemie_gateway::outgoing::deliver;
use noemie_gateway::store::{Author, Journal, Stage};
use noemie_gateway::verify::verify_with_deliveries;
use noemie_gateway::witness::Due;
use support::raw::Raw;

async fn a_receipt_that_the_database_lost_is_named_with_its_sender(db: TestDatabase) {
    let filled = Filled::new(&db).await;
    let out = tempfile::tempdir().unwrap();
    let Sources { store, vault, clock, .. } = &filled.sources;
    assert_eq!(deliver::step(store, vault, clock, out.path()).await.unwrap(), 5);
    let whole = verify_with_deliveries(&filled.sources, None, out.path()).await.unwrap();
    assert_eq!(whole.findings, []);
    // The older copy knows nothing of the last deposit, a return of a caisse.
    forget_deposit(&db, 5).await;
    assert!(!kinds(&filled.verify().await).contains(&Kind::ReceiptLost));
    let seen = verify_with_deliveries(&filled.sources, None, out.path()).await.unwrap();
    let lost: Vec<_> = seen.findings.iter().filter(|f| f.code == Kind::ReceiptLost).collect();
    let [lost] = lost[..] else { panic!("{:?}", seen.findings) };
    assert!(lost.detail.contains("delivered to oct-a"), "{}", lost.detail);
    assert!(lost.detail.contains(".enc in the archive"), "{}", lost.detail);
    assert!(lost.detail.contains("ask oct-a to send the file again"), "{}", lost.detail);
}

/// Removes the last receipt, of this rank, with its link, as a copy made before it has none.
async fn forget_deposit(db: &TestDatabase, rank: u64) {
    let mut raw = Raw::connect(&db.url).await;
    let of_rank = format!("(SELECT exchange_id FROM receipt_chain WHERE sequence = {rank})");
    for table in ["returns", "ledgers", "anomalies"] {
        raw.done(format!("DELETE FROM {table} WHERE exchange_id IN {of_rank}")).await;
    }
    let before = rank - 1;
    for statement in [
        format!("DELETE FROM exchanges WHERE id IN {of_rank}"),
        format!("DELETE FROM receipt_chain WHERE sequence = {rank}"),
        format!(
            "UPDATE receipt_chain_tip SET sequence = {before}, link = \
             (SELECT link FROM receipt_chain WHERE sequence = {before})"
        ),
    ] {
        raw.done(statement).await;
    }
}

async fn a_cut_tail_of_the_chain_shows_in_the_witness(db: TestDatabase) {
    let filled = Filled::new(&db).await;
    // Witness lines name the installation.
    support::samples::mark(&db.store, &filled.sources.vault, &[1]).await;
    let Sources { store, vault, archive, clock } = &filled.sources;
    let (store, vault, archive) = (Arc::clone(store), Arc::clone(vault), Arc::clone(archive));
    let ingest = Ingest::new(store, vault, archive, Arc::clone(clock), Limits::default());
    // A refused file leaves no claim that would show its loss.
    deposit(&ingest, &made(&options(8))[..1000]).await;
    let witness = filled.sources.witness();
    let line = witness.append(Due::WhenNew).await.unwrap().expect("a line");
    assert_eq!((line.incarnation, line.receipts), (1, 6));
    assert_eq!(filled.verify().await.findings, []);

    // The chain fits without its last receipt: only the witness knows of it.
    forget_deposit(&db, 6).await;
    assert_eq!(kinds(&filled.verify().await), [Kind::WitnessDiffers]);
    // Its raw file is a lost deposit beside a witness that differs, also without an ARL in `out/`.
    let out = tempfile::tempdir().unwrap();
    let seen = verify_with_deliveries(&filled.sources, None, out.path()).await.unwrap();
    assert_eq!(kinds(&seen), [Kind::WitnessDiffers, Kind::ReceiptLost]);
    let [told] = &seen.to_tell[..] else { panic!("{:?}", seen.to_tell) };
    assert!(told.sender.starts_with("issuer "), "{told:?}");
    assert!(told.send_again[0].reference.starts_with("file "), "{told:?}");
    for due in [Due::WhenNew, Due::Hourly] {
        let kept = witness.append(due).await;
        let hides = due == Due::WhenNew;
        assert_eq!(kept.is_err(), hides, "{kept:?}");
    }
    // Another receipt takes the rank of the lost one.
    deposit(&ingest, &made(&options(9))[..1000]).await;
    let seen = filled.verify().await;
    assert_eq!(kinds(&seen), [Kind::WitnessDiffers]);
    let detail = &seen.findings[0].detail;
    assert!(detail.contains("receipt 6 has another link"), "{detail}");
}

async fn a_cut_journal_and_an_altered_line_show_in_the_witness(db: TestDatabase) {
    let filled = Filled::new(&db).await;
    // Witness lines name the installation.
    support::samples::mark(&db.store, &filled.sources.vault, &[1]).await;
    let Sources { store, clock, .. } = &filled.sources;
    let (store, clock) = (Arc::clone(store) as _, Arc::clone(clock));
    let author = Author { store, clock, name: "Marie".into() };
    let mut journal = Journal::open(&author, "dlq.replay", "claims.dead".to_owned());
    for stage in [Stage::Asked, Stage::Done] {
        journal.write(stage, serde_json::json!({})).await.unwrap();
    }
    let witness = filled.sources.witness();
    witness.append(Due::WhenNew).await.unwrap().expect("a line");
    assert_eq!(filled.verify().await.findings, []);
    let mut raw = Raw::connect(&db.url).await;
    for statement in [
        "DELETE FROM operations_journal WHERE chain_no = 2",
        "UPDATE journal_chains SET sequence = 1, link = (SELECT link FROM operations_journal) \
         WHERE chain = 'operations'",
    ] {
        raw.done(statement.to_owned()).await;
    }
    let seen = filled.verify().await;
    assert_eq!(kinds(&seen), [Kind::WitnessDiffers]);
    let detail = &seen.findings[0].detail;
    assert!(detail.contains("journal operations 2, the database 1"), "{detail}");
    // Another row takes the number of the lost one.
    let mut journal = Journal::open(&author, "dlq.drop", "claims.dead".to_owned());
    journal.write(Stage::Asked, serde_json::json!({})).await.unwrap();
    let seen = filled.verify().await;
    assert_eq!(kinds(&seen), [Kind::WitnessDiffers]);
    let detail = &seen.findings[0].detail;
    assert!(detail.contains("other rows at the same numbers"), "{detail}");

    // A line that was altered counts for nothing, and is named; half a line is a power cut.
    let path = filled.dir.path().join("witness");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"operations\":2", "\"operations\":1")).unwrap();
    assert_eq!(kinds(&filled.verify().await), [Kind::WitnessAltered]);
    std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    assert_eq!(filled.verify().await.findings, []);
    witness.append(Due::WhenNew).await.unwrap().expect("a line of its own");
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
    assert_eq!(filled.verify().await.findings, []);
}

async fn a_line_is_written_each_hour_by_one_replica(db: TestDatabase) {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock::new(time::macros::datetime!(2026-11-30 09:00 UTC)));
    let sources = Sources { clock: Arc::clone(&clock) as _, ..sources_in(&dir, &db) };
    support::samples::mark(&sources.store, &sources.vault, &[1]).await;
    let replica = db.replica().await;
    support::samples::seal(&replica, &sources.vault);
    let other = Sources { store: replica, ..sources.clone() }.witness();
    let witness = sources.witness();
    assert!(witness.append(Due::WhenNew).await.unwrap().is_none(), "there is no receipt yet");
    assert!(witness.append(Due::Hourly).await.unwrap().is_some());
    assert!(witness.append(Due::WhenNew).await.unwrap().is_none(), "there is nothing new");
    assert!(other.append(Due::Hourly).await.unwrap().is_none());
    clock.advance(3600);
    if db.is_postgres() {
        let lease = db.store.try_witness_lease().await.unwrap().expect("free");
        assert!(other.append(Due::Hourly).await.unwrap().is_none(), "another replica writes");
        lease.release().await;
    }
    assert!(other.append(Due::Hourly).await.unwrap().is_some());
    assert!(witness.append(Due::Hourly).await.unwrap().is_none(), "written by the other");
    let path = dir.path().join("witness");
    let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);

    // Each line is an event as well, and verify names a change of any of its columns.
    let events = db.store.unpublished_events(10, &[]).await.unwrap();
    let names: Vec<_> = events.iter().map(|event| (event.name(), event.sequence)).collect();
    assert_eq!(
        names,
        [("installation.witness".to_owned(), 1), ("installation.witness".to_owned(), 2)]
    );
    assert_eq!(verify(&sources, None).await.unwrap().findings, []);
    let mut raw = Raw::connect(&db.url).await;
    let table = raw.tables().await.into_iter().find(|table| table.name == "events").unwrap();
    for column in &table.columns {
        let row = raw.row(&table, column, "sequence = 1").await;
        let value = match column.name.as_str() {
            "event_no" | "sequence" => format!("{} + 5", row.value(&table, column)),
            "occurred_at" if db.is_postgres() => "now()".to_owned(),
            "occurred_at" => "1".to_owned(),
            "event_id" | "subject_id" | "exchange_id" if db.is_postgres() => {
                "'00000000-0000-4000-8000-000000000001'".to_owned()
            }
            "event_id" | "subject_id" | "exchange_id" => {
                "X'00000000000040008000000000000001'".to_owned()
            }
            "payload" => "replace(payload, '\"receipts\":0', '\"receipts\":7')".to_owned(),
            _ => "'worker'".to_owned(),
        };
        raw.update(&table, &row, column, &value).await.unwrap();
        let seen = verify(&sources, None).await.unwrap();
        assert!(!seen.is_clean(), "{} may change", column.name);
        raw.restore(&table, &row, column, &value).await;
    }
}

on_both! {
    a_receipt_that_the_database_lost_is_named_with_its_sender,
    a_cut_tail_of_the_chain_shows_in_the_witness,
    a_cut_journal_and_an_altered_line_show_in_the_witness,
    a_line_is_written_each_hour_by_one_replica,
}
