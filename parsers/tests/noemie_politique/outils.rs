//! A valid return as a list of entities, its damages, and the verdict that they must get.

use crate::noemie_commun::{Lu, corps, lire};
use noemie_parsers::anomaly::{Anomaly, Severity};
use noemie_parsers::noemie::{Packaging, table};
use std::collections::BTreeSet;

/// A finding that must be told: control, entity (0-based, see [`Essai`]), column in it.
pub(crate) type Constat = (&'static str, usize, usize);

/// Place of the 999 as an entity, for a [`Constat`].
pub(crate) const FIN: usize = usize::MAX;

/// A file being damaged. Entities of the fixture, 0-based:
///
/// 0 020, 1 040, 2 071, 3 081, 4 102 (invoice 1), 5 103, 6 198, 7 199, 8 990, 9 102 (2), 10 103, 11
/// 198, 12 199, 13 294, 14 295, 15 990, 16 102 (3), 17 103, 18 198, 19 199, 20 990, 21 990 (04), 22
/// 081, 23 261, 24 262, 25 990, 26 081, 27 250, 28 990, 29-31 990 (03 02 01).
#[derive(Clone)]
pub(crate) struct Essai {
    nom: String,
    pub(crate) entete: Vec<u8>,
    pub(crate) entites: Vec<Vec<u8>>,
    pub(crate) fin: Vec<u8>,
    /// Number of records written in the 999, when it is not the true one.
    compte: Option<u64>,
}

pub(crate) fn essai(nom: &str) -> Essai {
    let corps = corps();
    let flux: String = corps[1..corps.len() - 1].concat();
    let mut reste = flux.as_bytes();
    let mut entites = Vec::new();
    while !reste.is_empty() {
        let (entite, suite) = reste.split_at(usize::from(table(&reste[..3]).expect("known").len));
        entites.push(entite.to_vec());
        reste = suite;
    }
    let borne = |texte: &String| texte.as_bytes().to_vec();
    Essai {
        nom: nom.to_owned(),
        entete: borne(&corps[0]),
        entites,
        fin: borne(&corps[corps.len() - 1]),
        compte: None,
    }
}

impl Essai {
    pub(crate) fn pose(mut self, entite: usize, colonne: usize, octets: impl AsRef<[u8]>) -> Self {
        let octets = octets.as_ref();
        self.entites[entite][colonne - 1..][..octets.len()].copy_from_slice(octets);
        self
    }

    pub(crate) fn dans_la_fin(mut self, colonne: usize, octets: impl AsRef<[u8]>) -> Self {
        self.fin[colonne - 1..][..octets.as_ref().len()].copy_from_slice(octets.as_ref());
        self
    }

    pub(crate) fn ote(mut self, entite: usize) -> Self {
        self.entites.remove(entite);
        self
    }

    pub(crate) fn insere(mut self, entite: usize, octets: impl AsRef<[u8]>) -> Self {
        self.entites.insert(entite, octets.as_ref().to_vec());
        self
    }

    pub(crate) fn compte(mut self, n: u64) -> Self {
        self.compte = Some(n);
        self
    }

    fn fin_comptee(&self, records: usize) -> Vec<u8> {
        let mut fin = self.fin.clone();
        if fin.len() == 128 {
            fin[55..63].copy_from_slice(
                format!("{:08}", self.compte.unwrap_or(records as u64)).as_bytes(),
            );
        }
        fin
    }

    /// Lines of one entity each; or blocks.
    pub(crate) fn octets(&self, packaging: Packaging) -> Vec<u8> {
        if packaging == Packaging::Lignes {
            let fin = self.fin_comptee(self.entites.len() + 2);
            let corps = [&self.entete].into_iter().chain(&self.entites).chain([&fin]);
            return corps
                .flat_map(|c| [format!("{:04}", c.len()).as_bytes(), c, b"\r\n"].concat())
                .collect();
        }
        let flux = self.entites.concat();
        let blocs = flux.len().div_ceil(127);
        let mut octets = self.entete.clone();
        for (i, bloc) in flux.chunks(127).enumerate() {
            octets.push(if i + 1 == blocs { b'1' } else { b'0' });
            octets.extend_from_slice(bloc);
            octets.resize(128 * (i + 2), b' ');
        }
        octets.extend_from_slice(&self.fin_comptee(blocs + 2));
        octets
    }

    /// Record and column of a place in an entity.
    fn lieu(&self, packaging: Packaging, entite: usize, colonne: usize) -> (u64, u32) {
        let (entite, flux) = (entite.min(self.entites.len()), self.entites.concat().len());
        let lieu = match (packaging, entite == self.entites.len()) {
            (Packaging::Lignes, _) => (entite + 2, colonne),
            (Packaging::Blocs, true) => (flux.div_ceil(127) + 2, colonne),
            (Packaging::Blocs, false) => {
                let rang = self.entites[..entite].concat().len() + colonne - 1;
                (rang / 127 + 2, rang % 127 + 2)
            }
        };
        (lieu.0 as u64, lieu.1 as u32)
    }

    pub(crate) fn accepte(&self, constats: &[Constat]) {
        self.met_de_cote(&[], constats);
    }

    /// Accepted or partial: exactly these invoices are quarantined, with exactly these controls;
    /// the others are those of the intact file.
    pub(crate) fn met_de_cote(&self, quarantaine: &[&str], constats: &[Constat]) {
        let severite = if !quarantaine.is_empty() {
            Some(Severity::Invoice)
        } else {
            (!constats.is_empty()).then_some(Severity::Warning)
        };
        for (nom, packaging, lu) in self.lectures() {
            self.juge(&nom, packaging, &lu, constats);
            let vus: BTreeSet<&str> = lu.anomalies().iter().map(|a| a.code.control()).collect();
            assert_eq!(vus, constats.iter().map(|c| c.0).collect(), "{nom}: {}", dit(&lu));
            assert_eq!(
                (lu.comptes.verdict, lu.quarantaine()),
                (severite, quarantaine.to_vec()),
                "{nom}: {}",
                dit(&lu)
            );
            assert_eq!(
                (lu.comptes.factures, lu.comptes.lots, lu.comptes.fichiers),
                (3, 1, 1),
                "{nom}"
            );
            let intact = lire(&essai("").octets(packaging), packaging);
            let octets = |r: &noemie_parsers::noemie::Retour| {
                r.entites.iter().map(|e| e.octets.clone()).collect::<Vec<_>>()
            };
            for voisin in intact
                .retours()
                .filter(|r| !quarantaine.is_empty() && !quarantaine.contains(&r.numero.as_str()))
            {
                let la = |r: &noemie_parsers::noemie::Retour| {
                    !r.quarantined() && octets(r) == octets(voisin)
                };
                assert!(lu.retours().any(la), "{nom}: {} is lost", voisin.numero);
            }
        }
    }

    pub(crate) fn refuse(&self, constats: &[Constat]) {
        for (nom, packaging, lu) in self.lectures() {
            self.juge(&nom, packaging, &lu, constats);
            assert_eq!(lu.comptes.verdict, Some(Severity::File), "{nom}: {}", dit(&lu));
        }
    }

    fn lectures(&self) -> impl Iterator<Item = (String, Packaging, Lu)> {
        let deux = crate::noemie_commun::PACKAGINGS
            .map(|p| (format!("{} ({p:?})", self.nom), p, lire(&self.octets(p), p)));
        deux.into_iter()
    }

    fn juge(&self, nom: &str, packaging: Packaging, lu: &Lu, constats: &[Constat]) {
        for (controle, entite, colonne) in constats {
            let (record, colonne) = self.lieu(packaging, *entite, *colonne);
            let la = |a: &&Anomaly| {
                a.code.control() == *controle && (a.record, a.column) == (record, colonne)
            };
            assert!(
                lu.anomalies().iter().any(la),
                "{nom}: {controle} is not told at {record}:{colonne}: {}",
                dit(lu)
            );
        }
    }
}

/// What was told, for the message of a failed assertion.
pub(crate) fn dit(lu: &Lu) -> String {
    let une = |a: &&Anomaly| {
        format!("\n  {} {:?} {}:{} {}", a.code, a.severity, a.record, a.column, a.message)
    };
    lu.anomalies().iter().take(30).map(une).collect()
}

impl Essai {
    /// Bytes that no entity starts with, in front of an entity.
    pub(crate) fn insert_brut(mut self, entite: usize) -> Self {
        self.entites[entite].splice(0..0, *b"XYZ");
        self
    }
}
