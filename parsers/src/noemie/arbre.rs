//! The groups open at one point of a file, and what their 990 says of them (controls Q6 and Q7).

use super::contexte::Contexte;
use super::e990::layout as t990;
use super::entite::Entite;
use super::montants::{self, signe};
use crate::anomaly::{Anomaly, Code};
use crate::picture;
use crate::types::Montant;
use std::sync::Arc;

/// One open group.
#[derive(Debug)]
pub(super) struct Groupe {
    pub(super) niveau: u8,
    /// Whether its 990 closes the invoice.
    pub(super) facture: bool,
    /// Whether it tells of a transfer: a 040, 070 or 071 around which no inner one did.
    pub(super) virement: bool,
    /// Context to restore when it closes.
    pub(super) contexte_avant: Arc<Contexte>,
    pub(super) contenu: Contenu,
}

/// What a group holds, for the counter and the sum of its 990.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Contenu {
    /// Groups of the next level.
    sous_groupes: u64,
    /// Leaves of level 99.
    feuilles: u64,
    /// Signed sum of what is paid, in centimes.
    pub(super) somme: Montant,
    /// Some amounts are in entities whose place in the sums is not known.
    pub(super) incompris: bool,
    lignes: bool,
    parts: bool,
}

impl Contenu {
    pub(super) fn compter_sous_groupe(&mut self) {
        self.sous_groupes += 1;
    }

    pub(super) fn compter_feuille(&mut self, feuille: bool) {
        self.feuilles += u64::from(feuille);
    }

    /// Adds what an entity pays.
    pub(super) fn payer(&mut self, octets: &[u8], connue: bool) {
        let code = octets.get(..3).unwrap_or_default();
        match montants::verse(code, octets) {
            Some(verse) => self.somme += verse,
            None => self.incompris = true,
        }
        self.lignes |= code == b"210";
        self.parts |= matches!(code, b"198" | b"199");
        self.incompris |= !connue;
    }

    /// Adds a closed group below this one.
    pub(super) fn absorber(&mut self, dessous: &Self) {
        self.somme += dessous.somme;
        self.incompris |= dessous.somme_inconnue();
    }

    /// Whether the sum cannot be compared: unknown entities, or act lines without parts (old trees,
    /// where the sum was never seen).
    pub(super) fn somme_inconnue(&self) -> bool {
        self.incompris || (self.lignes && !self.parts)
    }

    /// The counter a 990 should carry: sub-groups, or leaves for the innermost group.
    pub(super) fn compteur(&self) -> u64 {
        if self.sous_groupes > 0 { self.sous_groupes } else { self.feuilles }
    }

    /// Compares a 990 with what it closes. Unreadable zones are not compared: they have their own
    /// finding.
    pub(super) fn controler(&self, fin: &Entite) -> Vec<Anomaly> {
        let mut fautes = Vec::new();
        let compteur =
            picture::nombre(t990::COMPTEUR.of(&fin.octets)).map(Option::unwrap_or_default);
        let attendu = self.compteur();
        if let Ok(lu) = compteur
            && lu != attendu
        {
            fautes.push(fin.sur_zone(
                Code::RetourCompteur,
                &t990::COMPTEUR,
                format!("le compteur vaut {lu} au lieu de {attendu}"),
            ));
        }
        let somme = signe(t990::CUMUL_MONTANTS.of(&fin.octets), t990::SIGNE.of(&fin.octets));
        if let Some(lue) = somme
            && lue != self.somme
            && !self.somme_inconnue()
        {
            fautes.push(fin.sur_zone(
                Code::RetourCumul,
                &t990::CUMUL_MONTANTS,
                format!("le cumul vaut {lue} au lieu de {}", self.somme),
            ));
        }
        fautes
    }
}
