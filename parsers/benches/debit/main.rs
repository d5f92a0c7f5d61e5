//! How many bytes a second: decoding, validation, returns, digest, all over files built here by the crate's own writers.
//!
//! Times are those of the thread on its processor. Absolute figures still move with the machine; compare lines of one run. `docs/performance.md` says what was seen.

mod constantes;
mod decodage;
mod fichiers;
mod temps;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use noemie_parsers::b2::{Element, Lecteur};
use noemie_parsers::noemie::{self, Packaging, Reader};
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
    assert_eq!(decodage::par_table(records), decodage::a_la_main(records), "both read the same values");
    assert_eq!(constantes::par_constantes(records), decodage::a_la_main(records), "both read the same values");
    let mut groupe = c.benchmark_group("decode");
    groupe.throughput(Throughput::Bytes(octets.len() as u64));
    groupe.bench_function("table", |b| b.iter(|| decodage::par_table(black_box(records))));
    groupe.bench_function("constants", |b| b.iter(|| constantes::par_constantes(black_box(records))));
    groupe.bench_function("by_hand", |b| b.iter(|| decodage::a_la_main(black_box(records))));
    groupe.finish();
}

/// Every control of norm B2, in each form, and the digest of the same bytes.
fn valider(c: &mut Criterion<TempsCpu>) {
    let mut groupe = c.benchmark_group("b2");
    for forme in [Forme::Blocs, Forme::Crlf] {
        let octets = fichiers::b2(FACTURES, forme);
        assert_eq!(lire_b2(&octets, forme), (FACTURES, 0), "what is written is read without an anomaly");
        groupe.throughput(Throughput::Bytes(octets.len() as u64));
        groupe.bench_function(format!("validate_{}", forme.as_str()), |b| b.iter(|| lire_b2(black_box(&octets), forme)));
        groupe.bench_function(format!("digest_{}", forme.as_str()), |b| b.iter(|| blake3::hash(black_box(&octets))));
    }
    groupe.finish();
}

/// Invoices and anomalies of a file.
fn lire_b2(octets: &[u8], forme: Forme) -> (u64, usize) {
    let mut lecteur = Lecteur::new(octets, forme);
    let mut anomalies = 0;
    while let Some(element) = lecteur.suivant().expect("memory does not fail") {
        anomalies += match &element {
            Element::Facture(f) => f.anomalies.len(),
            Element::Anomalies(found) => found.len(),
            _ => 0,
        };
    }
    (lecteur.comptes().factures, anomalies)
}

/// Every control of a NOEMIE return, in both packagings.
fn retours(c: &mut Criterion<TempsCpu>) {
    let mut groupe = c.benchmark_group("noemie");
    for (nom, packaging) in [("read_lines", Packaging::Lignes), ("read_blocks", Packaging::Blocs)] {
        let octets = fichiers::noemie(FACTURES, packaging);
        assert_eq!(lire_noemie(&octets, packaging), (FACTURES, 0), "what is written is read without an anomaly");
        groupe.throughput(Throughput::Bytes(octets.len() as u64));
        groupe.bench_function(nom, |b| b.iter(|| lire_noemie(black_box(&octets), packaging)));
    }
    groupe.finish();
}

/// Invoices and anomalies of a return.
fn lire_noemie(octets: &[u8], packaging: Packaging) -> (u64, u64) {
    let mut reader = Reader::new(octets, packaging);
    while let Some(element) = reader.next_element().expect("memory does not fail") {
        black_box::<noemie::Element>(element);
    }
    (reader.comptes().factures, reader.comptes().anomalies)
}

criterion_group! {
    name = debit;
    config = Criterion::default().with_measurement(TempsCpu).sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(1));
    targets = decoder, valider, retours
}
criterion_main!(debit);
