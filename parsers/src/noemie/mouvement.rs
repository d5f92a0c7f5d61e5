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
    /// 261, and the 262 that follow it.
    Forfait {
        /// Code of the payment, 5 digits.
        code: String,
        /// Labels of the 262, trimmed.
        libelles: Vec<String>,
    },
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
    /// A movement opened by a 250 or a 261; `None` for any other entity.
    pub(super) fn lire(entite: &Entite, contexte: Arc<Contexte>) -> Option<Self> {
        let nature = match &entite.code {
            b"250" => retenue(&entite.octets),
            b"261" => NatureMouvement::Forfait {
                code: picture::texte(e261::layout::CODE_PAIEMENT.of(&entite.octets)),
                libelles: Vec::new(),
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
        if let NatureMouvement::Forfait { libelles, .. } = &mut self.nature {
            libelles.push(picture::texte(e262::layout::LIBELLE.of(&entite.octets)));
        }
        self.entites.push(entite.clone());
    }
}

fn retenue(octets: &[u8]) -> NatureMouvement {
    use e250::layout as t;
    let texte = |zone: &Zone| picture::texte(zone.of(octets));
    NatureMouvement::Retenue {
        reference: texte(&t::REFERENCE_DETTE),
        date: DateBrute::lire(t::DATE_ENREGISTREMENT_DETTE.of(octets)),
        dette: texte(&t::NATURE_DETTE),
        operation: texte(&t::NATURE_OPERATION),
        solde: picture::montant(t::SOLDE_DETTE.of(octets)).ok().flatten().unwrap_or_default(),
    }
}
