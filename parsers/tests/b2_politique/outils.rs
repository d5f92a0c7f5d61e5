//! A valid file as a list of records, its damages, and the verdict that they must get.

use crate::b2_commun::{Lecture, fixture, lire, recopie};
use noemie_parsers::anomaly::{Anomaly, Severity};
use noemie_parsers::b2::Facture;
use noemie_parsers::physical::enregistrements::Forme;
use std::collections::BTreeSet;

pub(crate) const FORMES: [Forme; 3] = [Forme::Blocs, Forme::Crlf, Forme::Lf];

/// The invoices of both fixtures, in their order.
pub(crate) const UNE: &str = "083464096";
pub(crate) const DEUX: &str = "083464097";

/// A finding that must be told: control, record, column (0: any).
pub(crate) type Constat = (&'static str, u64, u32);

/// A file being damaged.
///
/// Norm PS: 1 000, 2 type 1, invoice UNE in 3-12 (2 2S 2B 2C 2P 2X 4 4C 4C 5), DEUX in 13-20 (2 2S
/// 2P 2X 4 4C 4C 5), 21 type 6, 22 999. Norm CP: 1 000, 2 type 1, UNE in 3-13 (2 2S 2P 2X 3 3S 3 4
/// 4S 4M 5), DEUX in 14-21 (2 2S 2P 2X 3 3S 3 5), 22 type 6, 23 999.
#[derive(Clone)]
pub(crate) struct Essai {
    nom: String,
    pub(crate) records: Vec<Vec<u8>>,
}

pub(crate) fn ps(nom: &str) -> Essai {
    Essai { nom: format!("ps, {nom}"), records: decoupe("ok/two_ps.blocks.b2") }
}

pub(crate) fn cp(nom: &str) -> Essai {
    Essai { nom: format!("cp, {nom}"), records: decoupe("ok/two_cp.blocks.b2") }
}

fn decoupe(nom: &str) -> Vec<Vec<u8>> {
    fixture(nom).octets.chunks(128).map(<[u8]>::to_vec).collect()
}

impl Essai {
    /// Bytes at a column of a record, both 1-based.
    pub(crate) fn pose(mut self, record: usize, colonne: usize, octets: impl AsRef<[u8]>) -> Self {
        let octets = octets.as_ref();
        self.records[record - 1][colonne - 1..][..octets.len()].copy_from_slice(octets);
        self
    }

    /// The same bytes at the same column of several records.
    pub(crate) fn partout(
        mut self,
        records: impl IntoIterator<Item = usize>,
        colonne: usize,
        octets: &str,
    ) -> Self {
        for record in records {
            self = self.pose(record, colonne, octets);
        }
        self
    }

    pub(crate) fn ote(mut self, record: usize) -> Self {
        self.records.remove(record - 1);
        self
    }

    /// A record at that place.
    pub(crate) fn insere(mut self, record: usize, octets: Vec<u8>) -> Self {
        self.records.insert(record - 1, octets);
        self
    }

    /// A copy of a record at that place.
    pub(crate) fn recopie(self, de: usize, vers: usize) -> Self {
        let octets = self.records[de - 1].clone();
        self.insere(vers, octets)
    }

    pub(crate) fn echange(mut self, a: usize, b: usize) -> Self {
        self.records.swap(a - 1, b - 1);
        self
    }

    /// Counters of the 5, counters and totals of the 6, counters of the 999, as the records now
    /// are.
    pub(crate) fn compte(mut self) -> Self {
        let (mut debut, mut lots, mut details, mut ouverte, mut cp) = (0, 0u64, 0u64, false, false);
        let mut lot = [0u64; 7];
        for i in 0..self.records.len() {
            let r = self.records[i].clone();
            let lettre = r[35].is_ascii_alphabetic() || (cp && matches!(r[38], b'S' | b'E' | b'T'));
            match r[0] {
                b'1' => (cp, lot) = (matches!(&r[78..80], b"CP" | b"ES"), [0; 7]),
                b'2' => {
                    lot[0] += u64::from(!ouverte);
                    lot[2] += 1;
                    (ouverte, details) = (true, if ouverte { details } else { 0 });
                }
                b'3' | b'4' => {
                    details += 1;
                    lot[1] += u64::from(!lettre);
                }
                b'5' => {
                    pose(&mut self.records[i], 39, 3, details);
                    lot[3] += 1;
                    ouverte = false;
                    totaliser(&mut lot, &r, cp);
                }
                b'6' => {
                    lots += 1;
                    for ((colonne, largeur), n) in
                        [(11, 3), (14, 4), (18, 4), (22, 3), (25, 9), (34, 9), (43, 9)]
                            .into_iter()
                            .zip(lot)
                    {
                        pose(&mut self.records[i], colonne, largeur, n);
                    }
                }
                _ if r.starts_with(b"000") => (debut, lots) = (i, 0),
                _ if r.starts_with(b"999") => {
                    pose(&mut self.records[i], 56, 8, (i - debut + 1) as u64);
                    pose(&mut self.records[i], 83, 3, lots);
                }
                _ => {}
            }
        }
        self
    }

    pub(crate) fn octets(&self, forme: Forme) -> Vec<u8> {
        let fin: &[u8] = match forme {
            Forme::Blocs => b"",
            Forme::Crlf => b"\r\n",
            Forme::Lf => b"\n",
        };
        self.records.iter().flat_map(|r| [r, fin].concat()).collect()
    }

    pub(crate) fn accepte(&self, constats: &[Constat]) {
        self.met_de_cote(&[], constats);
    }

    /// Accepted or partial: exactly these invoices are quarantined, with exactly these controls.
    pub(crate) fn met_de_cote(&self, quarantaine: &[&str], constats: &[Constat]) {
        let intact = self.intact();
        for forme in FORMES {
            let (nom, lu) =
                (format!("{} ({})", self.nom, forme.as_str()), lire(&self.octets(forme), forme));
            juge(&nom, &lu, constats);
            let vues: Vec<String> =
                lu.factures().filter(|f| f.quarantined()).map(Facture::numero).collect();
            assert_eq!(vues, quarantaine, "{nom}: {}", dit(&lu));
            let attendu = if quarantaine.is_empty() {
                (!constats.is_empty()).then_some(Severity::Warning)
            } else {
                Some(Severity::Invoice)
            };
            assert_eq!(lu.verdict(), attendu, "{nom}: {}", dit(&lu));
            assert_eq!(lu.comptes.enregistrements, self.records.len() as u64, "{nom}");
            assert!(
                recopie(&self.octets(forme), forme) == self.octets(forme),
                "{nom}: not written back as it was"
            );
            let pieces = |f: &Facture| f.pieces.iter().map(|p| p.record).collect::<Vec<_>>();
            let touchee = |f: &Facture| {
                quarantaine.contains(&f.numero().as_str()) || !self.contient(&pieces(f))
            };
            for voisine in intact.factures().filter(|f| !touchee(f)) {
                assert!(
                    lu.factures().any(|f| !f.quarantined() && pieces(f) == pieces(voisine)),
                    "{nom}: {} is lost",
                    voisine.numero()
                );
            }
        }
    }

    pub(crate) fn refuse(&self, constats: &[Constat]) {
        for forme in FORMES {
            let (nom, lu) =
                (format!("{} ({})", self.nom, forme.as_str()), lire(&self.octets(forme), forme));
            place(&nom, &lu, constats);
            assert_eq!(lu.verdict(), Some(Severity::File), "{nom}: {}", dit(&lu));
        }
    }

    /// Whether these records follow each other in the damaged file.
    fn contient(&self, records: &[[u8; 128]]) -> bool {
        let at = |i: usize| {
            self.records[i..].len() >= records.len()
                && self.records[i..].iter().zip(records).all(|(a, b)| a == b)
        };
        let suite =
            |i: usize| self.records.get(i + records.len()).is_none_or(|r| !r.starts_with(b"5"));
        (0..self.records.len()).any(|i| at(i) && suite(i))
    }

    fn intact(&self) -> Lecture {
        let base = if self.nom.starts_with("ps") { ps("") } else { cp("") };
        lire(&base.octets(Forme::Blocs), Forme::Blocs)
    }
}

/// Adds the totals of a type 5 to those of its lot.
fn totaliser(lot: &mut [u64; 7], r: &[u8], cp: bool) {
    let zones: [&[usize]; 3] =
        if cp { [&[115, 58], &[50, 66], &[82, 90]] } else { [&[58], &[66], &[82]] };
    for (total, colonnes) in lot[4..].iter_mut().zip(zones) {
        for colonne in colonnes {
            let zone = std::str::from_utf8(&r[colonne - 1..colonne + 7]).unwrap_or_default();
            *total += zone.trim_end().parse::<u64>().unwrap_or_default();
        }
    }
}

/// A number on the right with zeros; its last digits when it does not fit.
pub(crate) fn pose(record: &mut [u8], colonne: usize, largeur: usize, n: u64) {
    let texte = format!("{n:0largeur$}");
    record[colonne - 1..colonne - 1 + largeur]
        .copy_from_slice(&texte.as_bytes()[texte.len() - largeur..]);
}

/// What was told, for the message of a failed assertion.
pub(crate) fn dit(lu: &Lecture) -> String {
    let une = |a: &&Anomaly| {
        format!("\n  {} {:?} {}:{} {}", a.code, a.severity, a.record, a.column, a.message)
    };
    lu.anomalies().iter().take(30).map(une).collect()
}

/// Every finding is told at its place.
fn place(nom: &str, lu: &Lecture, constats: &[Constat]) {
    for (controle, record, colonne) in constats {
        let la = |a: &&Anomaly| {
            a.code.control() == *controle
                && a.record == *record
                && (*colonne == 0 || a.column == *colonne)
        };
        assert!(
            lu.anomalies().iter().any(la),
            "{nom}: {controle} is not told at {record}:{colonne}: {}",
            dit(lu)
        );
    }
}

/// Every finding is told at its place, and no other control is.
fn juge(nom: &str, lu: &Lecture, constats: &[Constat]) {
    place(nom, lu, constats);
    let vus: BTreeSet<&str> = lu.anomalies().iter().map(|a| a.code.control()).collect();
    let attendus: BTreeSet<&str> = constats.iter().map(|c| c.0).collect();
    assert_eq!(vus, attendus, "{nom}: {}", dit(lu));
}
