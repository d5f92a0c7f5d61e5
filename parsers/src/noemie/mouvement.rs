//! Money that belongs to no invoice: recoveries (250) and flat payments (261 with its 262).

use super::contexte::Contexte;
use super::entite::Entite;
use super::montants;
use super::valeurs::DateBrute;
use super::{e250, e261, e262};
use crate::layout::Zone;
use crate::picture;
use crate::types::Montant;
use std::sync::Arc;

/// What a movement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NatureMouvement {
    /// 250.
    Retenue {
        /// Number of the line, 2 digits.
        ligne: String,
        /// Reference of the debt, 10 characters at most.
        reference: String,
        /// Date of the debt, JJMMAA.
        date: DateBrute,
        /// ACC, IND, VMI ... (three letters).
        dette: String,
        /// PAI, RPR, ANT ... (three letters).
        operation: String,
        /// What remains due, in centimes.
        solde: Montant,
    },
    /// 261, and the 262 that follow it; or a 262 without 261, which pays nothing.
    Forfait {
        /// Code of the payment, 5 digits; empty without 261.
        code: String,
        /// The 262.
        details: Vec<DetailForfait>,
    },
}

/// A detail of a flat payment (262), without the person that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailForfait {
    /// Codification, 5 characters at most.
    pub codification: String,
    /// Label, trimmed.
    pub libelle: String,
    /// H week, M month, T quarter, S half-year, A year, P one-off.
    pub periodicite: char,
    /// First day of the period, JJMMAA.
    pub debut: DateBrute,
    /// Last day of the period, JJMMAA.
    pub fin: DateBrute,
    /// In centimes. The 261 carries the sum of its details.
    pub montant: Montant,
}

/// A movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mouvement {
    /// Groups around it.
    pub contexte: Arc<Contexte>,
    /// What it is.
    pub nature: NatureMouvement,
    /// In centimes; negative when the payee loses it (250 with sign N).
    pub montant: Montant,
    /// The entities as found, at most [`super::ENTITES_MAX`].
    pub entites: Vec<Entite>,
}

impl Mouvement {
    /// A movement opened by a 250, a 261 or a 262 without 261; `None` for any other entity.
    pub(super) fn lire(entite: &Entite, contexte: Arc<Contexte>) -> Option<Self> {
        let nature = match &entite.code {
            b"250" => retenue(&entite.octets),
            b"261" => NatureMouvement::Forfait {
                code: picture::texte(e261::layout::CODE_PAIEMENT.of(&entite.octets)),
                details: Vec::new(),
            },
            b"262" => NatureMouvement::Forfait {
                code: String::new(),
                details: vec![detail(&entite.octets)],
            },
            _ => return None,
        };
        let montant = montants::verse(&entite.code, &entite.octets).unwrap_or_default();
        Some(Self { contexte, nature, montant, entites: vec![entite.clone()] })
    }

    /// Takes a 262.
    pub(super) fn detailler(&mut self, entite: &Entite) {
        if self.entites.len() >= super::ENTITES_MAX {
            return;
        }
        if let NatureMouvement::Forfait { details, .. } = &mut self.nature {
            details.push(detail(&entite.octets));
        }
        self.entites.push(entite.clone());
    }
}

fn detail(octets: &[u8]) -> DetailForfait {
    use e262::layout as t;
    DetailForfait {
        codification: picture::texte(t::CODIFICATION.of(octets)),
        libelle: picture::texte(t::LIBELLE.of(octets)),
        periodicite: t::PERIODICITE.of(octets).first().map_or(' ', |b| char::from(*b)),
        debut: DateBrute::lire(t::DEBUT_PERIODE.of(octets)),
        fin: DateBrute::lire(t::FIN_PERIODE.of(octets)),
        montant: picture::montant(t::MONTANT.of(octets)).ok().flatten().unwrap_or_default(),
    }
}

fn retenue(octets: &[u8]) -> NatureMouvement {
    use e250::layout as t;
    let texte = |zone: &Zone| picture::texte(zone.of(octets));
    NatureMouvement::Retenue {
        ligne: texte(&t::NUMERO_LIGNE),
        reference: texte(&t::REFERENCE_DETTE),
        date: DateBrute::lire(t::DATE_ENREGISTREMENT_DETTE.of(octets)),
        dette: texte(&t::NATURE_DETTE),
        operation: texte(&t::NATURE_OPERATION),
        solde: picture::montant(t::SOLDE_DETTE.of(octets)).ok().flatten().unwrap_or_default(),
    }
}
