//! Property: what the real lane shows is what it shows when no test file ever came.

use super::{caller, listed, marked, waiting};
use crate::money::hand::{Gateway, Invoice, Return, Says, described, invoices};
use crate::support::databases::{TestDatabase, on_sqlite};
use noemie_gateway::clock::{Clock, SystemClock};
use noemie_gateway::domain::{ClaimEvent, Lane, PartKind};
use noemie_gateway::generate::{self, Damage, Options, Profile};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::fmt::Write as _;

/// A file that is deposited, and whether it is marked as a test.
#[derive(Debug, Clone, Copy)]
struct Deposited {
    file: File,
    is_test: bool,
}

/// A file by what it says. Equal files of both lanes differ in their mark alone.
#[derive(Debug, Clone, Copy)]
enum File {
    /// The DRE of a seed, with a fault in an invoice or without, under one of two file ids.
    Dre { seed: u64, is_faulty: bool, is_renamed: bool },
    /// The caisse pays the AMO part of an invoice.
    Pays { seed: u64, invoice: usize },
    /// The caisse rejects the AMC part of an invoice.
    Rejects { seed: u64, invoice: usize },
}

fn dre(seed: u64, is_faulty: bool, is_renamed: bool) -> Vec<u8> {
    let damage = is_faulty.then_some(Damage::NirKey);
    let options =
        Options { profile: Profile::Pharmacie, invoices: 3, seed, damage, ..Options::default() };
    let mut bytes = Vec::new();
    generate::dre(&options, &mut bytes).expect("written");
    let text = String::from_utf8(bytes).expect("ASCII");
    let id = text[49..55].to_owned();
    if is_renamed { text.replace(&id, "ZZZZZ9").into_bytes() } else { text.into_bytes() }
}

fn bytes(file: File) -> Vec<u8> {
    let answer = |seed: u64, invoice: usize, id, say: fn(&Invoice) -> (Says, Option<_>)| {
        let read = invoices(&dre(seed, false, false));
        let (says, reject) = say(&read[invoice]);
        let told = vec![(&read[invoice], vec![says])];
        Return { id, day: "271126", label: "VIREMENT", told, reject }.bytes()
    };
    match file {
        File::Dre { seed, is_faulty, is_renamed } => dre(seed, is_faulty, is_renamed),
        File::Pays { seed, invoice } => {
            answer(seed, invoice, 1 + u32::try_from(invoice).expect("small"), |i| {
                (Says::paid(PartKind::Amo, i.amo, i.amo), None)
            })
        }
        File::Rejects { seed, invoice } => {
            answer(seed, invoice, 7 + u32::try_from(invoice).expect("small"), |i| {
                let says = Says { part: PartKind::Amc, state: 'R', asked: i.amc, paid: 0 };
                (says, Some(("AAA000122R", 'C')))
            })
        }
    }
}

/// Describes what the real lane shows, without identifiers and instants, which each run makes anew.
async fn real_lane(gateway: &Gateway, db: &TestDatabase, receipts: &str) -> String {
    let mut shown = receipts.to_owned();
    for view in listed(&gateway.claims, Lane::Real).await.into_iter().rev() {
        let claim = view.claim.expect("a claim");
        let attempt = (claim.corrects.is_some(), claim.corrected_by.is_some());
        let _infallible = writeln!(
            shown,
            "claim {} {} {}: {} | {} {attempt:?} due {} {}",
            view.ps,
            view.invoice_number,
            view.state,
            described(&claim.amo),
            described(&claim.amc),
            view.due_at.is_some(),
            claim.person
        );
    }
    let scope = caller(Lane::Real).scope;
    for is_waiting in [true, false] {
        let rows = db.store.latest_quarantined(&scope, None, is_waiting, 1_000).await;
        let mut rows: Vec<String> = rows
            .expect("reads")
            .iter()
            .map(|q| format!("{} {:?} {}", q.invoice_number, q.codes, q.resolved_by.is_some()))
            .collect();
        rows.sort();
        let _infallible = writeln!(shown, "quarantine {rows:?}");
    }
    for event in waiting(db).await {
        let read: ClaimEvent = serde_json::from_str(&event.payload).expect("an event");
        if event.routing_key.starts_with("claim.test.") {
            continue;
        }
        assert!(!read.test);
        let _infallible = writeln!(
            shown,
            "event {} {} {} {} {}/{} paid {} {:?}",
            event.routing_key,
            read.sequence,
            read.invoice_number,
            read.part.as_str(),
            read.amo_state.as_str(),
            read.amc_state.as_str(),
            read.paid_centimes,
            read.flags
        );
    }
    let later = SystemClock.now() + time::Duration::days(90);
    let figures = db.store.figures(later).await.expect("reads");
    let _infallible = writeln!(shown, "figures {} {}", figures.quarantine_waiting, figures.overdue);
    shown
}

/// Deposits files in order and describes the real lane. With `marks_are_obeyed` false every sender
/// is set to real, which is a gateway that does not know the test lane.
async fn run(db: TestDatabase, files: &[Deposited], marks_are_obeyed: bool) -> String {
    let mut gateway = Gateway::open(&db);
    if !marks_are_obeyed {
        let senders = ["oct-test".to_owned(), "cpam-test".to_owned()];
        gateway.ingest = gateway.ingest.with_real_senders(senders.into());
    }
    let mut receipts = String::new();
    for Deposited { file, is_test } in files {
        let sender = if matches!(file, File::Dre { .. }) { "oct-test" } else { "cpam-test" };
        let mark = if *is_test { b'T' } else { b'R' };
        let receipt = gateway.deposit(sender, &marked(&bytes(*file), mark)).await;
        if !is_test {
            let e = &receipt.exchange;
            let counts = [e.invoices, e.accepted, e.quarantined, e.duplicates, e.unmatched];
            let sums = [e.total, e.amo, e.amc].map(|sum| sum.centimes());
            let (verdict, again) = (e.verdict.as_str(), receipt.repeated);
            let _infallible =
                writeln!(receipts, "receipt {file:?} {verdict} {again} {counts:?} {sums:?}");
        }
    }
    gateway.verify().await;
    real_lane(&gateway, &db, &receipts).await
}

/// Compares the real lane with and without the test files.
async fn check(files: Vec<Deposited>, marks_are_obeyed: bool) -> Result<(), TestCaseError> {
    let real: Vec<Deposited> = files.iter().copied().filter(|f| !f.is_test).collect();
    let mut shown = Vec::new();
    for files in [&files, &real] {
        on_sqlite(|db| async { shown.push(run(db, files, marks_are_obeyed).await) }).await;
    }
    let without = shown.pop();
    prop_assert_eq!(shown.pop(), without);
    Ok(())
}

fn deposited() -> impl Strategy<Value = Deposited> {
    let file = prop_oneof![
        3 => (1u64..3, any::<bool>(), any::<bool>())
            .prop_map(|(seed, is_faulty, is_renamed)| File::Dre { seed, is_faulty, is_renamed }),
        2 => (1u64..3, 0usize..3).prop_map(|(seed, invoice)| File::Pays { seed, invoice }),
        1 => (1u64..3, 0usize..3).prop_map(|(seed, invoice)| File::Rejects { seed, invoice }),
    ];
    (file, any::<bool>()).prop_map(|(file, is_test)| Deposited { file, is_test })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

#[test]
fn nothing_of_the_real_lane_depends_on_a_test_file() {
    let mut runner = TestRunner::new(Config { cases: 24, ..Config::default() });
    let runtime = runtime();
    runner
        .run(&prop::collection::vec(deposited(), 1..8), |files| {
            runtime.block_on(check(files, true))
        })
        .expect("the property holds");
}

/// The mutant: a gateway that does not obey the marks. Each story breaks the property in another
/// way, so that each of its comparisons can fail.
#[test]
fn the_property_fails_where_marks_are_not_obeyed() {
    let dre = |is_faulty, is_test| Deposited {
        file: File::Dre { seed: 1, is_faulty, is_renamed: false },
        is_test,
    };
    let pays = Deposited { file: File::Pays { seed: 1, invoice: 0 }, is_test: true };
    let renamed = Deposited {
        file: File::Dre { seed: 1, is_faulty: false, is_renamed: true },
        is_test: true,
    };
    let stories = [
        vec![dre(false, true)],
        vec![dre(false, true), dre(false, false)],
        vec![dre(false, false), pays],
        vec![pays, dre(false, false)],
        vec![dre(true, false), renamed],
    ];
    let runtime = runtime();
    for story in stories {
        runtime.block_on(check(story.clone(), true)).expect("holds in the gateway");
        assert!(runtime.block_on(check(story.clone(), false)).is_err(), "{story:?}");
    }
}
