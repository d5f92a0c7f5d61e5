//! A file read to its end, each element dropped where it is met.

use noemie_parsers::b2::{Element, Lecteur};
use noemie_parsers::noemie::{self, Packaging, Reader};
use noemie_parsers::physical::enregistrements::Forme;
use std::hint::black_box;

/// Invoices and anomalies of a file of norm B2.
pub(crate) fn b2(octets: &[u8], forme: Forme) -> (u64, u64) {
    let mut lecteur = Lecteur::new(octets, forme);
    let mut anomalies = 0;
    while let Some(element) = lecteur.suivant().expect("memory does not fail") {
        anomalies += match &element {
            Element::Facture(f) => f.anomalies.len() as u64,
            Element::Anomalies(found) => found.len() as u64,
            _ => 0,
        };
    }
    (lecteur.comptes().factures, anomalies)
}

/// Invoices and anomalies of a return.
pub(crate) fn noemie(octets: &[u8], packaging: Packaging) -> (u64, u64) {
    let mut reader = Reader::new(octets, packaging);
    while let Some(element) = reader.next_element().expect("memory does not fail") {
        black_box::<noemie::Element>(element);
    }
    (reader.comptes().factures, reader.comptes().anomalies)
}
