//! Findings show no part of a NIR, also when the type of a record is damaged so that its NIR stands
//! in the amounts of another record.

#![allow(missing_docs, reason = "a test")]

use noemie_parsers::b2::{Element, Genre, Lecteur, t2s};
use noemie_parsers::physical::enregistrements::Forme;
use std::collections::BTreeSet;
use std::path::Path;

/// Length of a record with its line end.
const STEP: usize = 129;
/// Digits in a row that no finding may have: shorter than the zones of amounts.
const WINDOW: usize = 7;

/// Every part of the NIR of a sound file.
fn parts(bytes: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut add = |nir: &[u8]| {
        let windows = nir.windows(WINDOW).filter(|part| part.iter().all(u8::is_ascii_digit));
        found.extend(windows.map(|part| String::from_utf8_lossy(part).into_owned()));
    };
    let mut reader = Lecteur::new(bytes, Forme::Lf);
    while let Some(element) = reader.suivant().expect("memory does not fail") {
        let Element::Facture(facture) = element else { continue };
        add(&facture.identite().nir_brut);
        for piece in facture.pieces.iter().filter(|p| p.genre == Genre::ComplementFacture(b'S')) {
            add(t2s::ps::NO_IMMATRICULATION_INDIVIDUEL.of(&piece.record));
        }
    }
    // Runs of one digit stand in many numbers.
    found.retain(|part| part.bytes().collect::<BTreeSet<_>>().len() > 2);
    assert!(!found.is_empty());
    found
}

#[test]
fn no_finding_shows_a_part_of_a_nir() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/b2/ok");
    let mut shown = Vec::new();
    for entry in std::fs::read_dir(dir).expect("the samples") {
        let path = entry.expect("an entry").path();
        if !path.to_string_lossy().ends_with(".lf.b2") {
            continue;
        }
        let sound = std::fs::read(&path).expect("readable");
        let parts = parts(&sound);
        for record in 0..sound.len() / STEP {
            for kind in b'1'..=b'9' {
                let mut damaged = sound.clone();
                damaged[record * STEP] = kind;
                let report = noemie_xray::validate(&damaged[..], "file").expect("readable");
                for finding in report.anomalies {
                    let told = format!("{} {:?}", finding.message, finding.value);
                    let dense: String =
                        told.chars().filter(|c| !matches!(c, ',' | '.' | ' ')).collect();
                    if parts.iter().any(|part| dense.contains(part.as_str())) {
                        let (name, record) = (path.display(), record + 1);
                        shown.push(format!("{name}, {record} as {}: {told}", char::from(kind)));
                    }
                }
            }
        }
    }
    assert!(shown.is_empty(), "{}:\n{}", shown.len(), shown[..shown.len().min(20)].join("\n"));
}
