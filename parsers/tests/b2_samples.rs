//! The team's sample files, when they are beside the repository: counts, totals, verdicts and
//! positions of their manifests.

mod b2_commun;

use b2_commun::{Lecture, lire, recopie};
use noemie_parsers::anomaly::{Code, Severity};
use noemie_parsers::detect::{Norme, detecter};
use noemie_parsers::physical::enregistrements::Forme;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn samples() -> Option<PathBuf> {
    let dossier = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/samples"));
    dossier.is_dir().then(|| dossier.to_owned())
}

/// The B2 files of a manifest.
fn manifeste(dossier: &Path) -> Vec<Value> {
    let texte = fs::read(dossier.join("manifest.json")).expect("a manifest beside the samples");
    let json: Value = serde_json::from_slice(&texte).expect("JSON");
    let files = json["files"].as_array().expect("a list of files").clone();
    files
        .into_iter()
        .filter(|f| {
            f["format"].as_str().is_none_or(|f| f == "b2")
                && !f["file"].as_str().unwrap_or_default().contains("noemie")
        })
        .collect()
}

fn forme(octets: &[u8]) -> Option<Forme> {
    match detecter(octets).norme {
        Some(Norme::B2(forme)) => Some(forme),
        _ => None,
    }
}

fn check(nom: &str, expected: &Value, lecture: &Lecture) {
    let c = &lecture.comptes;
    let quarantined: Vec<String> =
        lecture.factures().filter(|f| f.quarantined()).map(|f| f.numero()).collect();
    let read = [
        ("invoices", c.factures),
        ("lines", c.lignes),
        ("lots", c.lots),
        ("records", c.enregistrements),
        ("total", c.total.centimes().unsigned_abs()),
        ("amo", c.amo.centimes().unsigned_abs()),
        ("amc", c.amc.centimes().unsigned_abs()),
        ("accepted", c.factures - quarantined.len() as u64),
    ];
    for (what, read) in read {
        if let Some(expect) = expected[what].as_u64() {
            assert_eq!(read, expect, "{nom}: {what}");
        }
    }
    if let Some(expect) = expected["quarantined"].as_array() {
        assert_eq!(
            &quarantined.into_iter().map(Value::from).collect::<Vec<_>>(),
            expect,
            "{nom}: quarantined"
        );
    }
}

#[test]
fn valid_samples_are_read_whole_and_written_back() {
    let Some(dossier) = samples() else { return };
    for file in manifeste(&dossier) {
        let nom = file["file"].as_str().expect("a name");
        let octets = fs::read(dossier.join(nom)).expect("a sample");
        let Some(forme) = forme(&octets) else { continue };
        let lecture = lire(&octets, forme);
        assert!(lecture.anomalies().is_empty(), "{nom}: {:?}", lecture.anomalies());
        check(nom, &file["expected"], &lecture);
        assert!(recopie(&octets, forme) == octets, "{nom} is written back byte for byte");
    }
}

#[test]
fn damaged_samples_cost_what_their_manifest_says() {
    let Some(dossier) = samples().map(|d| d.join("bad")) else { return };
    for file in manifeste(&dossier) {
        let nom = file["file"].as_str().expect("a name");
        let octets = fs::read(dossier.join(nom)).expect("a sample");
        let damage = &file["damage"];
        let Some(forme) = forme(&octets) else {
            assert_eq!(damage["control"], Code::NonReconnu.control(), "{nom}");
            continue;
        };
        let lecture = lire(&octets, forme);
        assert_eq!(lecture.verdict().map(Severity::as_str), file["verdict"].as_str(), "{nom}");
        if file["verdict"] != "file" {
            check(nom, &file["expected"], &lecture);
        }
        let columns: Vec<u64> = damage["reported_columns"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .collect();
        let found = lecture.anomalies().into_iter().any(|a| {
            Some(a.code.control()) == damage["control"].as_str()
                && damage["record"].as_u64().is_none_or(|r| r == a.record)
                && (columns.is_empty() || columns.contains(&u64::from(a.column)))
        });
        assert!(found, "{nom}: {damage} not in {:?}", lecture.anomalies());
    }
}
