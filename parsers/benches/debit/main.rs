//! How many bytes a second: decoding, validation, returns, digest, all over files built here by the
//! crate's own writers.
//!
//! Times are those of the thread on its processor. Absolute figures still move with the machine;
//! compare lines of one run. `docs/performance.md` says what was seen.

mod constantes;
mod decodage;
mod fichiers;
mod lecture;
mod temps;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use noemie_parsers::noemie::Packaging;
use noemie_parsers::physical::enregistrements::Forme;
use std::hint::black_box;
use std::time::Duration;
use temps::TempsCpu;

/// Invoices of the files: about 1.2 MB of B2, more than a second-level cache holds.
const FACTURES: u64 = 1_000;

/// The zones of every record, read by the table and by hand.
fn decoder(c: &mut Criterion<TempsCpu>) {
    let octets = fichiers::b2(FACTURES, Forme::Blocs);
    let (records, _) = octets.as_chunks::<128>();
    assert_eq!(
        decodage::par_table(records),
        decodage::a_la_main(records),
        "both read the same values"
    );
    assert_eq!(
        constantes::par_constantes(records),
        decodage::a_la_main(records),
        "both read the same values"
    );
    let mut groupe = c.benchmark_group("decode");
    groupe.throughput(Throughput::Bytes(octets.len() as u64));
    groupe.bench_function("table", |b| b.iter(|| decodage::par_table(black_box(records))));
    groupe
        .bench_function("constants", |b| b.iter(|| constantes::par_constantes(black_box(records))));
    groupe.bench_function("by_hand", |b| b.iter(|| decodage::a_la_main(black_box(records))));
    groupe.finish();
}

/// Every control of norm B2, in each form, and the digest of the same bytes.
fn valider(c: &mut Criterion<TempsCpu>) {
    let mut groupe = c.benchmark_group("b2");
    for forme in [Forme::Blocs, Forme::Crlf] {
        let octets = fichiers::b2(FACTURES, forme);
        assert_eq!(
            lecture::b2(&octets, forme),
            (FACTURES, 0),
            "what is written is read without an anomaly"
        );
        groupe.throughput(Throughput::Bytes(octets.len() as u64));
        groupe.bench_function(format!("validate_{}", forme.as_str()), |b| {
            b.iter(|| lecture::b2(black_box(&octets), forme))
        });
        groupe.bench_function(format!("digest_{}", forme.as_str()), |b| {
            b.iter(|| blake3::hash(black_box(&octets)))
        });
    }
    groupe.finish();
}

/// Every control of a NOEMIE return, in both packagings.
fn retours(c: &mut Criterion<TempsCpu>) {
    let mut groupe = c.benchmark_group("noemie");
    for (nom, packaging) in [("read_lines", Packaging::Lignes), ("read_blocks", Packaging::Blocs)] {
        let octets = fichiers::noemie(FACTURES, packaging);
        assert_eq!(
            lecture::noemie(&octets, packaging),
            (FACTURES, 0),
            "what is written is read without an anomaly"
        );
        groupe.throughput(Throughput::Bytes(octets.len() as u64));
        groupe.bench_function(nom, |b| b.iter(|| lecture::noemie(black_box(&octets), packaging)));
    }
    groupe.finish();
}

criterion_group! {
    name = debit;
    config = Criterion::default().with_measurement(TempsCpu).sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(1));
    targets = decoder, valider, retours
}
criterion_main!(debit);
