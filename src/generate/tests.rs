//! Tests of the generator: its files are read back without an anomaly, each damage is found at its
//! position, and the fixtures of `testdata` are the files that it makes.

mod returns;

use super::*;
use noemie_parsers::anomaly::{Anomaly, Code, Severity};
use noemie_parsers::b2::{Element, Lecteur};
use noemie_parsers::detect;
use noemie_parsers::marquage::Marquage;
use noemie_parsers::noemie::Packaging;
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};

const FORMES: [Forme; 3] = [Forme::Blocs, Forme::Crlf, Forme::Lf];

fn generated(options: &Options) -> (Vec<u8>, Summary) {
    let mut bytes = Vec::new();
    let summary = dre(options, &mut bytes).expect("generated");
    assert_eq!(summary.bytes, bytes.len() as u64);
    (bytes, summary)
}

/// Reads a file as a gateway does: detection, then every element.
fn read(bytes: &[u8], forme: Forme) -> (Comptes, Vec<Anomaly>, Vec<String>) {
    let (mut anomalies, mut quarantined) = (Vec::new(), Vec::new());
    if detect::detecter(bytes).norme.is_none() {
        let code = if bytes.is_empty() {
            noemie_parsers::anomaly::Code::FichierVide
        } else {
            noemie_parsers::anomaly::Code::NonReconnu
        };
        let at =
            noemie_parsers::anomaly::Position { record: u64::from(!bytes.is_empty()), offset: 0 };
        return (Comptes::default(), vec![Anomaly::on_record(code, at, "", "")], quarantined);
    }
    let mut reader = Lecteur::new(bytes, forme);
    while let Some(element) = reader.suivant().expect("memory does not fail") {
        match element {
            Element::Facture(facture) => {
                if facture.quarantined() {
                    quarantined.push(facture.numero());
                }
                anomalies.extend(facture.anomalies);
            }
            Element::Anomalies(found) => anomalies.extend(found),
            _ => {}
        }
    }
    (*reader.comptes(), anomalies, quarantined)
}

/// Checks the counts of a reader against the summary, over accepted invoices.
fn check_counts(summary: &Summary, comptes: &Comptes, quarantined: usize) {
    assert_eq!(
        (summary.records, summary.logical_files, summary.lots, summary.invoices, summary.lines),
        (comptes.enregistrements, comptes.fichiers, comptes.lots, comptes.factures, comptes.lignes)
    );
    assert_eq!(
        (summary.total, summary.amo, summary.amc),
        (comptes.total, comptes.amo, comptes.amc)
    );
    assert_eq!(summary.accepted, comptes.factures - quarantined as u64);
}

#[test]
fn every_profile_in_every_form_is_read_without_an_anomaly() {
    for profile in Profile::ALL {
        for forme in FORMES {
            let options = Options {
                profile,
                forme,
                invoices: 300,
                seed: 42,
                invoices_per_lot: 40,
                lots_per_file: 3,
                ..Options::default()
            };
            let (bytes, summary) = generated(&options);
            let (comptes, anomalies, _) = read(&bytes, forme);
            assert!(anomalies.is_empty(), "{profile:?} {forme:?} {:?}", anomalies.first());
            check_counts(&summary, &comptes, 0);
            assert_eq!(summary.invoices, 300);
        }
    }
}

#[test]
fn one_seed_gives_one_file() {
    let options = Options { invoices: 60, ..Options::default() };
    assert_eq!(generated(&options), generated(&options));
    assert_ne!(generated(&options).0, generated(&Options { seed: 2, ..options }).0);
}

#[test]
fn invoice_numbers_are_unique() {
    let (bytes, _) = generated(&Options { invoices: 3_000, ..Options::default() });
    let mut reader = Lecteur::new(&bytes[..], Forme::Crlf);
    let mut numbers = std::collections::HashSet::new();
    while let Some(element) = reader.suivant().expect("memory does not fail") {
        if let Element::Facture(facture) = element {
            assert!(numbers.insert(facture.numero()));
        }
    }
    assert_eq!(numbers.len(), 3_000);
}

#[test]
fn what_was_read_is_written_back_byte_for_byte() {
    for forme in FORMES {
        let (bytes, _) = generated(&Options { forme, ..Options::default() });
        let mut again = Vec::new();
        noemie_parsers::b2::recopier(&mut Lecteur::new(&bytes[..], forme), &mut again)
            .expect("memory does not fail");
        assert!(again == bytes);
    }
}

#[test]
fn options_out_of_bounds_are_refused() {
    let refused = |options: Options| {
        assert!(matches!(dre(&options, std::io::sink()), Err(GenerateError::Options(_))))
    };
    refused(Options { invoices: 0, ..Options::default() });
    refused(Options { invoices_per_lot: 1_000, ..Options::default() });
    refused(Options { lots_per_file: 0, ..Options::default() });
    refused(Options { created: Date::new(1999, 1, 1).expect("exists"), ..Options::default() });
    refused(Options { invoices: 10_001, damage: Some(Damage::NirKey), ..Options::default() });
    assert!(
        dre(&Options { amc: "0099900012".to_owned(), ..Options::default() }, std::io::sink())
            .is_err(),
        "a wrong key would be a warning"
    );
}

/// Checks that a damaged file has the announced severity at the announced position.
fn check_damage(kind: Damage, profile: Profile, forme: Forme) -> bool {
    let options = Options {
        profile,
        forme,
        invoices: 40,
        seed: 9,
        invoices_per_lot: 8,
        damage: Some(kind),
        ..Options::default()
    };
    let mut bytes = Vec::new();
    let summary = match dre(&options, &mut bytes) {
        Ok(summary) => summary,
        Err(GenerateError::Impossible(_)) => return false,
        Err(other) => panic!("{other}"),
    };
    let what = format!("{kind:?} {profile:?} {forme:?}");
    let damaged = summary.damaged.as_ref().expect("a damage was asked");
    let (comptes, anomalies, quarantined) = read(&bytes, forme);
    assert_eq!(
        anomalies.iter().map(|a| a.severity).max(),
        Some(damaged.verdict),
        "{what}: {anomalies:?}"
    );
    let found = anomalies.iter().find(|a| {
        a.code.control() == damaged.control
            && a.record == damaged.record
            && (damaged.columns.0..=damaged.columns.1).contains(&a.column)
    });
    assert!(found.is_some(), "{what}: {damaged:?} not in {anomalies:?}");
    if damaged.verdict != Severity::File {
        assert_eq!(quarantined, damaged.quarantined.iter().cloned().collect::<Vec<_>>(), "{what}");
        check_counts(&summary, &comptes, quarantined.len());
    }
    true
}

#[test]
fn every_damage_is_found_where_it_was_made() {
    for kind in Damage::ALL {
        for forme in FORMES {
            let possible =
                Profile::ALL.iter().filter(|profile| check_damage(*kind, **profile, forme)).count();
            assert!(possible >= 2, "{kind:?} is possible in {possible} profiles");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_seed_is_read_without_an_anomaly(
        seed: u64,
        profile in 0..Profile::ALL.len(),
        forme in 0..3usize,
        invoices in 1..120u64,
        invoices_per_lot in 1..50u64,
    ) {
        let (profile, forme) = (Profile::ALL[profile], FORMES[forme]);
        let options =
            Options { profile, forme, invoices, seed, invoices_per_lot, ..Options::default() };
        let (bytes, summary) = generated(&options);
        let (comptes, anomalies, _) = read(&bytes, forme);
        prop_assert!(anomalies.is_empty(), "{:?}", anomalies.first());
        check_counts(&summary, &comptes, 0);
    }
}

/// Fixtures: path under `testdata`, and options.
fn fixtures() -> Vec<(String, Options)> {
    let mut all = Vec::new();
    for profile in Profile::ALL {
        let forme = if profile == Profile::Clinique { Forme::Blocs } else { Forme::Crlf };
        let invoices = if profile == Profile::Mixte { 24 } else { 4 };
        let options = Options {
            profile,
            forme,
            invoices,
            seed: 2026,
            invoices_per_lot: 3,
            ..Options::default()
        };
        all.push((format!("b2/ok/{}.{}.b2", profile.as_str(), forme.as_str()), options));
    }
    for (profile, name) in [(Profile::Pharmacie, "two_ps"), (Profile::Clinique, "two_cp")] {
        for forme in FORMES {
            let options = Options { profile, forme, invoices: 2, seed: 7, ..Options::default() };
            all.push((format!("b2/ok/{name}.{}.b2", forme.as_str()), options));
        }
    }
    for kind in Damage::ALL {
        let forme = if *kind == Damage::Line127 { Forme::Lf } else { Forme::Crlf };
        let options = Options {
            profile: Profile::Mixte,
            forme,
            invoices: 9,
            seed: 3,
            damage: Some(*kind),
            ..Options::default()
        };
        all.push((format!("b2/err/{}.{}.b2", kind.as_str(), forme.as_str()), options));
    }
    all
}

/// Returns the expected result beside a fixture.
fn expected(options: &Options, s: &Summary) -> String {
    let damage = s.damaged.as_ref().map(|d| {
        serde_json::json!({
            "kind": d.kind.as_str(), "control": d.control, "record": d.record,
            "record_type": d.record_type, "column": d.column,
            "columns": [d.columns.0, d.columns.1], "offset": d.offset, "quarantined": d.quarantined,
        })
    });
    let verdict = s.damaged.as_ref().map_or("ok", |d| d.verdict.as_str());
    let counts = (verdict != "file").then(|| {
        serde_json::json!({
            "records": s.records, "logical_files": s.logical_files, "lots": s.lots,
            "invoices": s.invoices, "lines": s.lines, "accepted": s.accepted,
            "total": s.total.centimes(), "amo": s.amo.centimes(), "amc": s.amc.centimes(),
        })
    });
    let made = format!(
        "profile {}, {} invoices, seed {}, {}",
        options.profile.as_str(),
        options.invoices,
        options.seed,
        options.forme.as_str()
    );
    let json = serde_json::json!({
        "made": made, "form": options.forme.as_str(), "bytes": s.bytes, "verdict": verdict,
        "expected": counts, "damage": damage,
    });
    format!("{}\n", serde_json::to_string_pretty(&json).expect("a value"))
}

/// Compares a fixture with what the generator makes; writes it when `NOEMIE_FIXTURES=write`.
fn same(path: &Path, bytes: &[u8]) {
    if std::env::var_os("NOEMIE_FIXTURES").is_some_and(|v| v == "write") {
        fs::create_dir_all(path.parent().expect("a file")).expect("testdata can be written");
        fs::write(path, bytes).expect("testdata can be written");
    }
    let found = fs::read(path)
        .unwrap_or_else(|e| panic!("{}: {e}; make it with NOEMIE_FIXTURES=write", path.display()));
    assert!(
        found == bytes,
        "{} is not what the generator makes; NOEMIE_FIXTURES=write makes it again",
        path.display()
    );
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// Fixtures are marked as tests.
#[test]
fn fixtures_are_what_the_generator_makes() {
    for (path, options) in fixtures() {
        let options = Options { mark: Marquage::Test, ..options };
        let (bytes, summary) = generated(&options);
        let path = testdata().join(path);
        same(&path, &bytes);
        same(&path.with_extension("json"), expected(&options, &summary).as_bytes());
    }
}
