//! Records 000 and 999, decoded.

use super::e000::layout as t000;
use super::e999::layout as t999;
use super::flux::Borne;
use super::montants::signe;
use super::valeurs::DateBrute;
use crate::anomaly::Position;
use crate::layout::Zone;
use crate::picture;
use crate::types::Montant;

/// Length of a record 000 or 999.
pub const BORNE: usize = 128;

/// The header of a logical file. Everything is text, trimmed, as the sender wrote it: nothing in it
/// is needed to read the entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnTete {
    /// Where it stands.
    pub position: Position,
    /// Two letters: CP, OC, SI ...
    pub type_emetteur: String,
    /// 14 characters at most.
    pub numero_emetteur: String,
    /// Name of the producing program.
    pub programme_emetteur: String,
    /// Two letters.
    pub type_destinataire: String,
    /// 14 characters at most.
    pub numero_destinataire: String,
    /// Name of the receiving program.
    pub programme_destinataire: String,
    /// MU, RJ, TR, RT ...
    pub application: String,
    /// Identification of the file, 6 characters at most.
    pub identification: String,
    /// Date of creation: AAMMJJ from a caisse, JJMMAA from an insurer.
    pub date: DateBrute,
    /// `408`, `580`, `900` ...
    pub reference: String,
    /// Blank or `R` real, `T` test, `D` demonstration.
    pub type_flux: char,
    /// The whole record, filled with blanks or cut to 128 when the file is damaged.
    pub octets: [u8; BORNE],
}

/// The trailer of a logical file, beside what was counted while reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinFichier {
    /// Where it stands.
    pub position: Position,
    /// Physical records announced, 000 and 999 included.
    pub enregistrements: Option<u64>,
    /// Physical records counted.
    pub enregistrements_comptes: u64,
    /// Level-01 groups announced.
    pub lots: Option<u64>,
    /// Level-01 groups counted.
    pub lots_comptes: u64,
    /// Sum announced, in centimes, signed.
    pub somme: Option<Montant>,
    /// Sum of what the entities pay (198, 199, 261, 250), in centimes, signed.
    pub somme_calculee: Montant,
    /// As in the header.
    pub type_flux: char,
    /// The whole record, filled with blanks or cut to 128 when the file is damaged.
    pub octets: [u8; BORNE],
}

pub(super) fn sur_128(octets: &[u8]) -> [u8; BORNE] {
    let mut plein = [b' '; BORNE];
    let n = octets.len().min(BORNE);
    plein[..n].copy_from_slice(&octets[..n]);
    plein
}

impl EnTete {
    pub(super) fn lire(borne: &Borne) -> Self {
        let octets = sur_128(&borne.octets);
        let texte = |zone: &Zone| picture::texte(zone.of(&octets));
        Self {
            position: borne.position,
            type_emetteur: texte(&t000::TYPE_EMETTEUR),
            numero_emetteur: texte(&t000::NUMERO_EMETTEUR),
            programme_emetteur: texte(&t000::PROGRAMME_EMETTEUR),
            type_destinataire: texte(&t000::TYPE_DESTINATAIRE),
            numero_destinataire: texte(&t000::NUMERO_DESTINATAIRE),
            programme_destinataire: texte(&t000::PROGRAMME_DESTINATAIRE),
            application: texte(&t000::APPLICATION_TYPE_ECHANGE),
            identification: texte(&t000::IDENTIFICATION_FICHIER),
            date: DateBrute::lire(t000::DATE_CREATION.of(&octets)),
            reference: texte(&t000::NORME_REFERENCE_ECHANGE),
            type_flux: char::from(t000::TYPE_FLUX.of(&octets)[0]),
            octets,
        }
    }
}

impl FinFichier {
    pub(super) fn lire(borne: &Borne) -> Self {
        let octets = sur_128(&borne.octets);
        let nombre = |zone: &Zone| picture::nombre(zone.of(&octets)).ok().flatten();
        Self {
            position: borne.position,
            enregistrements: nombre(&t999::NOMBRE_ENREGISTREMENTS),
            enregistrements_comptes: 0,
            lots: nombre(&t999::NOMBRE_LOTS),
            lots_comptes: 0,
            somme: signe(t999::CUMUL_MONTANTS.of(&octets), t999::SIGNE.of(&octets)),
            somme_calculee: Montant::ZERO,
            type_flux: char::from(t999::TYPE_FLUX.of(&octets)[0]),
            octets,
        }
    }
}
