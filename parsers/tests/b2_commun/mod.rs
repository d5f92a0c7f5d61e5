//! What the tests of the B2 reader share: fixtures, and a reading written down so that two readings
//! can be compared.

#![allow(dead_code, reason = "each test file uses a part of it")]

use noemie_parsers::anomaly::{Anomaly, Severity};
use noemie_parsers::b2::{Comptes, Element, Facture, Lecteur, recopier};
use noemie_parsers::physical::enregistrements::Forme;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// A file of `testdata/b2`.
pub(crate) struct Fixture {
    pub(crate) nom: String,
    pub(crate) octets: Vec<u8>,
    pub(crate) forme: Forme,
}

/// The form that a file name says: `name.crlf.b2`.
pub(crate) fn forme(nom: &str) -> Forme {
    match nom.split('.').rev().nth(1) {
        Some("crlf") => Forme::Crlf,
        Some("lf") => Forme::Lf,
        _ => Forme::Blocs,
    }
}

/// Every fixture of the repository, in the order of their names.
pub(crate) fn fixtures() -> Vec<Fixture> {
    let mut all = Vec::new();
    for dossier in ["ok", "err"] {
        let chemin =
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/b2")).join(dossier);
        for entree in fs::read_dir(chemin).expect("fixtures are part of the repository") {
            let chemin = entree.expect("a directory entry").path();
            let nom =
                format!("{dossier}/{}", chemin.file_name().expect("a file").to_string_lossy());
            if nom.ends_with(".b2") {
                all.push(Fixture {
                    forme: forme(&nom),
                    octets: fs::read(chemin).expect("a fixture"),
                    nom,
                });
            }
        }
    }
    all.sort_by(|a, b| a.nom.cmp(&b.nom));
    all
}

/// One fixture.
pub(crate) fn fixture(nom: &str) -> Fixture {
    let chemin = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/b2")).join(nom);
    Fixture {
        forme: forme(nom),
        octets: fs::read(chemin).expect("fixtures are part of the repository"),
        nom: nom.to_owned(),
    }
}

/// A reading.
pub(crate) struct Lecture {
    pub(crate) elements: Vec<Element>,
    pub(crate) comptes: Comptes,
}

impl Lecture {
    pub(crate) fn factures(&self) -> impl Iterator<Item = &Facture> {
        self.elements
            .iter()
            .filter_map(|e| if let Element::Facture(f) = e { Some(&**f) } else { None })
    }

    pub(crate) fn anomalies(&self) -> Vec<&Anomaly> {
        self.elements.iter().flat_map(anomalies_de).collect()
    }

    pub(crate) fn verdict(&self) -> Option<Severity> {
        self.anomalies().iter().map(|a| a.severity).max()
    }
}

fn anomalies_de(element: &Element) -> &[Anomaly] {
    match element {
        Element::Facture(f) => &f.anomalies,
        Element::Anomalies(found) => found,
        _ => &[],
    }
}

pub(crate) fn lire_de(source: impl Read, forme: Forme) -> Lecture {
    let mut lecteur = Lecteur::new(source, forme);
    let mut elements = Vec::new();
    while let Some(element) = lecteur.suivant().expect("memory does not fail") {
        elements.push(element);
    }
    Lecture { elements, comptes: *lecteur.comptes() }
}

pub(crate) fn lire(octets: &[u8], forme: Forme) -> Lecture {
    lire_de(octets, forme)
}

/// The file as it is written back.
pub(crate) fn recopie(octets: &[u8], forme: Forme) -> Vec<u8> {
    let mut encore = Vec::new();
    recopier(&mut Lecteur::new(octets, forme), &mut encore).expect("memory does not fail");
    encore
}

/// Everything a reading says, records included.
pub(crate) fn journal_de(source: impl Read, forme: Forme) -> Vec<String> {
    let lecture = lire_de(source, forme);
    let mut lignes: Vec<String> = lecture
        .elements
        .iter()
        .map(|e| format!("{e:?} {:?}", e.records().collect::<Vec<_>>()))
        .collect();
    lignes.push(format!("{:?}", lecture.comptes));
    lignes
}

pub(crate) fn journal(octets: &[u8], forme: Forme) -> Vec<String> {
    journal_de(octets, forme)
}

/// A source that gives at most `pas` bytes at a time.
pub(crate) struct Morceaux<'a> {
    pub(crate) reste: &'a [u8],
    pub(crate) pas: usize,
}

impl Read for Morceaux<'_> {
    fn read(&mut self, sortie: &mut [u8]) -> io::Result<usize> {
        let n = self.pas.min(sortie.len()).min(self.reste.len());
        let (avant, apres) = self.reste.split_at(n);
        sortie[..n].copy_from_slice(avant);
        self.reste = apres;
        Ok(n)
    }
}
