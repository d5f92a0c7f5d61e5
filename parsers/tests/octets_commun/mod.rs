//! What must hold for any bytes: shared by the fuzz targets (`parsers/fuzz`) and by the bounded run
//! of the tests.

use noemie_parsers::anomaly::{Anomaly, Code, Severity};
use noemie_parsers::b2::{self, Lecteur, recopier};
use noemie_parsers::detect::{Norme, detecter};
use noemie_parsers::noemie::retour_concentrateur::{LecteurAvis, Notice};
use noemie_parsers::noemie::{self, Packaging, Reader};
use noemie_parsers::physical::enregistrements::{Forme, MARQUE_OCTETS};
use std::io::Read;

/// A source that gives seven bytes at a time: the cut of the source never shows.
struct Goutte<'a>(&'a [u8]);

impl Read for Goutte<'_> {
    fn read(&mut self, sortie: &mut [u8]) -> std::io::Result<usize> {
        let n = self.0.len().min(7).min(sortie.len());
        sortie[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

fn places(anomalies: &[Anomaly], octets: &[u8]) {
    for a in anomalies {
        assert!(a.offset <= octets.len() as u64 + 128, "{a:?} is past the end");
        assert!(!a.message.is_empty());
    }
}

/// Reads as norm B2: what was read, in words, and its worst finding.
fn b2_de(source: impl Read, octets: &[u8], forme: Forme) -> (Vec<String>, Option<Severity>) {
    let mut lecteur = Lecteur::new(source, forme);
    let (mut dits, mut pire, mut rendues, mut bourrage) = (Vec::new(), None, 0, false);
    while let Some(element) = lecteur.suivant().expect("memory does not fail") {
        let anomalies = match &element {
            b2::Element::Facture(f) => {
                rendues += 1;
                // Whatever an invoice holds, it can be asked for anything.
                let (_, _, _, _) = (f.identite(), f.totaux(), f.date(), f.numero_amc());
                &f.anomalies[..]
            }
            b2::Element::Anomalies(a) => a,
            _ => &[],
        };
        places(anomalies, octets);
        bourrage |= anomalies.iter().any(|a| a.code == Code::ApresFin);
        pire = pire.max(anomalies.iter().map(|a| a.severity).max());
        dits.push(format!("{element:?}"));
    }
    let comptes = lecteur.comptes();
    assert!(
        comptes.enregistrements <= octets.len() as u64 + 1 && comptes.factures == rendues,
        "{comptes:?}, {rendues} invoices"
    );
    dits.push(format!("{comptes:?}"));
    if pire < Some(Severity::File) && !bourrage {
        let mut encore = Vec::with_capacity(octets.len());
        recopier(&mut Lecteur::new(octets, forme), &mut encore).expect("memory does not fail");
        // A byte order mark is passed and belongs to no record.
        let records = octets.strip_prefix(MARQUE_OCTETS).unwrap_or(octets);
        assert!(encore == records, "a file that is not refused is written back as it was");
    }
    (dits, pire)
}

/// Any bytes, read as norm B2 in every form.
pub(crate) fn b2(octets: &[u8]) {
    for forme in [Forme::Blocs, Forme::Crlf, Forme::Lf] {
        let (dits, pire) = b2_de(octets, octets, forme);
        assert!(
            pire == Some(Severity::File) || octets.len() >= 256,
            "{} bytes cannot be a whole file",
            octets.len()
        );
        if octets.len() < 4_000 {
            assert!(b2_de(Goutte(octets), octets, forme).0 == dits, "the cut of the source shows");
        }
    }
}

fn noemie_de(source: impl Read, octets: &[u8], packaging: Packaging) -> Vec<String> {
    let mut lecteur = Reader::new(source, packaging);
    let mut dits = Vec::new();
    while let Some(element) = lecteur.next_element().expect("memory does not fail") {
        match &element {
            noemie::Element::Retour(r) => places(&r.anomalies, octets),
            noemie::Element::Anomalies(a) => places(a, octets),
            _ => {}
        }
        dits.push(format!("{element:?}"));
    }
    let comptes = lecteur.comptes();
    assert!(
        comptes.factures <= comptes.entites && comptes.quarantaines <= comptes.factures,
        "{comptes:?}"
    );
    dits.push(format!("{comptes:?}"));
    dits
}

/// Any bytes, read as NOEMIE in both packagings.
pub(crate) fn noemie(octets: &[u8]) {
    for packaging in [Packaging::Lignes, Packaging::Blocs] {
        let dits = noemie_de(octets, octets, packaging);
        if octets.len() < 4_000 {
            assert!(
                noemie_de(Goutte(octets), octets, packaging) == dits,
                "the cut of the source shows"
            );
        }
    }
}

/// Any bytes, recognised and read as notices.
pub(crate) fn physique(octets: &[u8]) {
    let detection = detecter(octets);
    assert!(!octets.is_empty() || detection.norme.is_none());
    match detection.norme {
        Some(Norme::B2(forme)) => drop(b2_de(octets, octets, forme)),
        Some(Norme::NoemieLignes) => drop(noemie_de(octets, octets, Packaging::Lignes)),
        Some(Norme::NoemieBlocs) => drop(noemie_de(octets, octets, Packaging::Blocs)),
        Some(Norme::Concentrateur(_)) | None => {}
    }
    for notice in LecteurAvis::new(octets) {
        match notice.expect("memory does not fail") {
            Notice::Avis(a) => places(&a.anomalies, octets),
            Notice::Anomalie(a) => places(&[a], octets),
        }
    }
}
