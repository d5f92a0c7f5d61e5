//! The 128-character notices of a concentrator (not NOEMIE): the table of their zones, and their
//! reader.
//!
//! Source S8 alone (M). One line a notice, CR LF or LF. Only record type 2 is described: the other
//! types are told and left out.

use super::valeurs::DateBrute;
use crate::anomaly::{Anomaly, Code, Position, Severity};
use crate::layout::{Zone, record};
use crate::picture;
use crate::types::{Montant, Nir};
use layout as t;
use nom::bytes::complete::{tag, take_till};
use nom::combinator::opt;
use nom::sequence::terminated;
use nom::{IResult, Parser};
use std::io::{self, Read};

use crate::physical::noemie_tampon::Tampon;

record! {
    /// Retour de concentrateur (avis de reglement).
    layout: "2" "concentrator" [128] Aucun "Retour de concentrateur (avis de règlement)" {
        TYPE: "1", "type", 1, 1, N, O, "S8", "'2'";
        ORGANISME: "2", "organisme", 2, 12, X, O, "S8", "payer";
        TYPE_RETOUR: "3", "type de retour", 14, 2, N, O, "S8", "tens: 1 payment, 2 reject, 3 recovery, 6 contested; units: 1 AMO, 2 AMC, 3 both";
        NUMERO_FACTURE: "4", "numéro de facture", 16, 9, X, O, "S8", "";
        DATE_FACTURATION: "5", "date de facturation", 25, 6, Aammjj, O, "S8", "AAMMJJ";
        MATRICULE_CLE: "6", "matricule + clé", 31, 15, Perso, O, "S8", "";
        FACTURE_AMO: "7", "facture AMO", 46, 8, Montant, O, "S8", "cents";
        FACTURE_AMC: "8", "facture AMC", 54, 8, Montant, O, "S8", "cents";
        PAYE_AMO: "9", "payé AMO", 62, 8, Montant, O, "S8", "cents";
        PAYE_AMC: "10", "payé AMC", 70, 8, Montant, O, "S8", "cents";
        CODE_REJET: "11", "code rejet", 78, 3, X, F, "S8", "";
        LIBELLE: "12", "libellé", 81, 37, X, F, "S8", "";
        LOT: "13", "lot", 118, 3, X, F, "S8", "";
        JOUR_COMPTABLE: "14", "jour comptable", 121, 6, N, F, "S8", "AAMMJJ (L)";
        FILLER: "15", "filler", 127, 2, X, F, "S8", "not described";
    }
}

/// Length of a notice.
pub const AVIS: usize = 128;
/// Longest line looked at: a longer one is cut, told, and the rest of it read as the next line,
/// which is told too.
const LIGNE_MAX: usize = 4_096;

/// What was done (tens of the type of return).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// 1.
    Paiement,
    /// 2.
    Rejet,
    /// 3.
    Recuperation,
    /// 6.
    Contestation,
}

/// For which part (units of the type of return).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartAvis {
    /// 1.
    Amo,
    /// 2.
    Amc,
    /// 3.
    AmoEtAmc,
}

/// The type of return; kept raw when it is not described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeAvis {
    /// Both digits are known.
    Connu(Suite, PartAvis),
    /// The two characters.
    Inconnu([u8; 2]),
}

impl TypeAvis {
    fn lire(zone: &[u8]) -> Self {
        let brut: [u8; 2] = zone.try_into().unwrap_or(*b"  ");
        let suite = match brut[0] {
            b'1' => Suite::Paiement,
            b'2' => Suite::Rejet,
            b'3' => Suite::Recuperation,
            b'6' => Suite::Contestation,
            _ => return Self::Inconnu(brut),
        };
        match brut[1] {
            b'1' => Self::Connu(suite, PartAvis::Amo),
            b'2' => Self::Connu(suite, PartAvis::Amc),
            b'3' => Self::Connu(suite, PartAvis::AmoEtAmc),
            _ => Self::Inconnu(brut),
        }
    }
}

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Avis {
    /// Where it stands.
    pub position: Position,
    /// Payer, trimmed.
    pub organisme: String,
    /// What was done, for which part.
    pub type_retour: TypeAvis,
    /// Invoice number, trimmed.
    pub numero: String,
    /// AAMMJJ.
    pub date_facturation: DateBrute,
    /// NIR of the insured.
    pub nir: Option<Nir>,
    /// Its key as found.
    pub cle: [u8; 2],
    /// Billed to the AMO, in centimes.
    pub facture_amo: Montant,
    /// Billed to the AMC, in centimes.
    pub facture_amc: Montant,
    /// Paid by the AMO, in centimes.
    pub paye_amo: Montant,
    /// Paid by the AMC, in centimes.
    pub paye_amc: Montant,
    /// Code of the reject, trimmed.
    pub code_rejet: String,
    /// Its label, trimmed.
    pub libelle: String,
    /// Lot, trimmed.
    pub lot: String,
    /// Accounting day, AAMMJJ (L).
    pub jour_comptable: DateBrute,
    /// What was found in it.
    pub anomalies: Vec<Anomaly>,
}

impl Avis {
    /// Whether it must not be loaded.
    #[must_use]
    pub fn quarantined(&self) -> bool {
        self.anomalies.iter().any(|a| a.severity >= Severity::Invoice)
    }

    fn lire(position: Position, ligne: &[u8]) -> Self {
        let texte = |zone: &Zone| picture::texte(zone.of(ligne));
        let montant =
            |zone: &Zone| picture::montant(zone.of(ligne)).ok().flatten().unwrap_or_default();
        let (nir, cle) = t::MATRICULE_CLE.of(ligne).split_at_checked(13).unwrap_or_default();
        Self {
            position,
            organisme: texte(&t::ORGANISME),
            type_retour: TypeAvis::lire(t::TYPE_RETOUR.of(ligne)),
            numero: texte(&t::NUMERO_FACTURE),
            date_facturation: DateBrute::lire(t::DATE_FACTURATION.of(ligne)),
            nir: Nir::from_bytes(nir),
            cle: cle.try_into().unwrap_or(*b"  "),
            facture_amo: montant(&t::FACTURE_AMO),
            facture_amc: montant(&t::FACTURE_AMC),
            paye_amo: montant(&t::PAYE_AMO),
            paye_amc: montant(&t::PAYE_AMC),
            code_rejet: texte(&t::CODE_REJET),
            libelle: texte(&t::LIBELLE),
            lot: texte(&t::LOT),
            jour_comptable: DateBrute::lire(t::JOUR_COMPTABLE.of(ligne)),
            anomalies: controler(position, ligne),
        }
    }
}

/// Non-digits (Q11). No value is shown: a line of the right length but shifted would show a piece
/// of the NIR.
fn controler(position: Position, ligne: &[u8]) -> Vec<Anomaly> {
    let fautives = t::LAYOUT
        .all_zones()
        .filter(|z| z.picture.is_numeric() && picture::nombre(z.of(ligne)).is_err());
    let faute = |zone| {
        let message = "la zone doit être faite de chiffres ou blanche";
        Anomaly {
            value: None,
            ..Anomaly::on_zone(Code::RetourNonNumerique, position, "2", zone, ligne, message)
        }
    };
    fautives.map(faute).collect()
}

/// One line of a file of notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A notice.
    Avis(Box<Avis>),
    /// A line that is not one.
    Anomalie(Anomaly),
}

/// Figures of a file of notices. Sums leave quarantined notices out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ComptesAvis {
    /// Lines.
    pub enregistrements: u64,
    /// Notices, quarantined ones included.
    pub factures: u64,
    /// Quarantined notices.
    pub quarantaines: u64,
    /// In centimes.
    pub amo_paye: Montant,
    /// In centimes.
    pub amc_paye: Montant,
    /// The worst finding: the verdict of the file.
    pub verdict: Option<Severity>,
}

/// Reads the notices of a file, one line at a time.
#[derive(Debug)]
pub struct LecteurAvis<R> {
    tampon: Tampon<R>,
    comptes: ComptesAvis,
    /// Whether the byte order mark of the file was reported.
    marque_dite: bool,
    fini: bool,
}

fn ligne(input: &[u8]) -> IResult<&[u8], &[u8]> {
    terminated(take_till(|b| b == b'\n'), opt(tag("\n"))).parse(input)
}

impl<R: Read> LecteurAvis<R> {
    /// Reads a file from its start.
    pub fn new(source: R) -> Self {
        Self {
            tampon: Tampon::new(source),
            comptes: ComptesAvis::default(),
            marque_dite: false,
            fini: false,
        }
    }

    /// What was counted so far; final once the iterator has ended.
    pub fn comptes(&self) -> &ComptesAvis {
        &self.comptes
    }

    fn suivante(&mut self) -> io::Result<Option<Notice>> {
        self.tampon.fenetre(LIGNE_MAX)?;
        if self.tampon.marque() && !std::mem::replace(&mut self.marque_dite, true) {
            return Ok(Some(self.faute(Anomaly::byte_order_mark())));
        }
        let offset = self.tampon.offset();
        let fenetre = self.tampon.fenetre(LIGNE_MAX)?;
        if fenetre.is_empty() {
            return Ok(None);
        }
        let vue = &fenetre[..fenetre.len().min(LIGNE_MAX)];
        let (reste, lue) = ligne(vue).expect("a line is any bytes");
        let lus = vue.len() - reste.len();
        let lue = lue.strip_suffix(b"\r").unwrap_or(lue).to_vec();
        self.tampon.avancer(lus);
        self.comptes.enregistrements += 1;
        let position = Position { record: self.comptes.enregistrements, offset };
        Ok(Some(self.interpreter(position, &lue)))
    }

    fn interpreter(&mut self, position: Position, ligne: &[u8]) -> Notice {
        if ligne.len() != AVIS {
            let message = format!("la ligne a {} caractères au lieu de {AVIS}", ligne.len());
            return self.faute(Anomaly::on_record(Code::RetourCadrage, position, "", message));
        }
        if t::TYPE.of(ligne) != b"2" {
            return self.faute(Anomaly::on_record(
                Code::EntiteInconnue,
                position,
                "",
                "type d'enregistrement non decrit, laisse de cote",
            ));
        }
        let avis = Avis::lire(position, ligne);
        self.compter(&avis);
        Notice::Avis(Box::new(avis))
    }

    fn faute(&mut self, anomalie: Anomaly) -> Notice {
        self.comptes.verdict = self.comptes.verdict.max(Some(anomalie.severity));
        Notice::Anomalie(anomalie)
    }

    fn compter(&mut self, avis: &Avis) {
        let comptes = &mut self.comptes;
        comptes.factures += 1;
        comptes.verdict = comptes.verdict.max(avis.anomalies.iter().map(|a| a.severity).max());
        if avis.quarantined() {
            comptes.quarantaines += 1;
        } else {
            comptes.amo_paye += avis.paye_amo;
            comptes.amc_paye += avis.paye_amc;
        }
    }

    /// The end; a file without any line is told once.
    fn terminer(&mut self) -> Option<Notice> {
        self.fini = true;
        let vide = self.comptes.enregistrements == 0;
        vide.then(|| {
            self.faute(Anomaly::on_record(
                Code::FichierVide,
                Position::default(),
                "",
                "le fichier n'a aucune ligne",
            ))
        })
    }
}

impl<R: Read> Iterator for LecteurAvis<R> {
    type Item = io::Result<Notice>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.fini {
            return None;
        }
        match self.suivante() {
            Ok(Some(notice)) => Some(Ok(notice)),
            Ok(None) => self.terminer().map(Ok),
            Err(e) => {
                self.fini = true;
                Some(Err(e))
            }
        }
    }
}
