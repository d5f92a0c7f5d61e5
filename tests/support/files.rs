//! Files that the gateway reads and writes: drop directory, return files, DRE and NOEMIE.

use noemie_parsers::b2::{Element, Lecteur};
use noemie_parsers::noemie::{self, Packaging, Reader};
use noemie_parsers::physical::enregistrements::Forme;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the path of a sender's file in the drop directory, and makes the directory.
pub fn drop_path(dir: &Path, sender: &str, name: &str) -> PathBuf {
    let inbox = dir.join("data/in").join(sender);
    fs::create_dir_all(&inbox).expect("the sender's directory");
    inbox.join(name)
}

/// Returns the files of a recipient whose names begin with a text, by name.
pub fn out_files(dir: &Path, recipient: &str, begins: &str) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(dir.join("data/out").join(recipient)) else {
        return BTreeMap::new();
    };
    let named = entries
        .map(|e| e.expect("an entry").path())
        .filter_map(|p| Some((p.file_name()?.to_str()?.to_owned(), p)));
    named
        .filter(|(name, _)| name.starts_with(begins))
        .map(|(name, path)| (name, fs::read(path).expect("reads")))
        .collect()
}

/// Key of an invoice of a DRE file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Invoice {
    pub ps: String,
    pub number: String,
}

/// Returns the invoices of a DRE file in lines.
pub fn invoices(dre: &[u8]) -> Vec<Invoice> {
    let mut reader = Lecteur::new(dre, Forme::Crlf);
    let mut found = Vec::new();
    while let Some(element) = reader.suivant().expect("reads") {
        if let Element::Facture(facture) = element {
            found.push(Invoice { ps: facture.identite().ps, number: facture.numero() });
        }
    }
    found
}

/// Reads a NOEMIE file in lines. Returns its invoices, and the message of each anomaly.
pub fn read_noemie(bytes: &[u8]) -> (Vec<noemie::Retour>, Vec<String>) {
    let mut reader = Reader::new(bytes, Packaging::Lignes);
    let (mut returns, mut wrong) = (Vec::new(), Vec::new());
    while let Some(element) = reader.next_element().expect("reads") {
        match element {
            noemie::Element::Retour(retour) => {
                wrong.extend(retour.anomalies.iter().map(|a| a.message.clone()));
                returns.push(*retour);
            }
            noemie::Element::Anomalies(anomalies) => {
                wrong.extend(anomalies.into_iter().map(|a| a.message))
            }
            _ => {}
        }
    }
    assert_eq!(reader.comptes().fichiers, 1, "one logical file, 000 to 999");
    (returns, wrong)
}
