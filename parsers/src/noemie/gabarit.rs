//! Filling a record or an entity by its table: numbers on the right with zeros, text on the left
//! with blanks, capitals without accents.
//!
//! The writer is strict where the reader is tolerant: a number that does not fit is an error, never
//! cut. Only text is cut.

use super::entite::{Entite, FEUILLE};
use crate::layout::{Layout, Zone};
use crate::remplir;
use crate::types::{Montant, NumeroPs};
use std::fmt;
use thiserror::Error;

/// What cannot be written. No error carries the value: it may be a person's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ErreurEcriture {
    /// A value does not fit its zone.
    #[error("value does not fit zone {zone} of {table}")]
    Zone {
        /// Record or entity.
        table: &'static str,
        /// Number of the zone.
        zone: &'static str,
    },
    /// Bytes that are not a whole record or entity of their table.
    #[error("bytes are not a {table}")]
    Octets {
        /// Record or entity expected.
        table: &'static str,
    },
    /// A record where an entity is expected, a 990 (the writer makes them), or an entity where a
    /// 000 is expected.
    #[error("{table} cannot stand here")]
    Place {
        /// Record or entity given.
        table: &'static str,
    },
    /// A group is opened at another level than the next one.
    #[error("level {demande} opened where level {attendu} is next")]
    Niveau {
        /// Level that can be opened.
        attendu: u8,
        /// Level asked.
        demande: u8,
    },
    /// A leaf or an end of level outside any group.
    #[error("no level is open")]
    AucunNiveau,
    /// The file ends with open groups.
    #[error("{0} levels are still open")]
    NiveauxOuverts(usize),
}

/// A record or an entity being filled.
#[derive(Clone)]
pub struct Gabarit {
    table: &'static Layout,
    octets: Vec<u8>,
    erreur: Option<ErreurEcriture>,
}

impl fmt::Debug for Gabarit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gabarit")
            .field("table", &self.table.tag)
            .field("erreur", &self.erreur)
            .finish_non_exhaustive()
    }
}

impl Gabarit {
    /// An empty record or leaf of that table: zeros in numeric zones, blanks elsewhere, code and
    /// `@` in place.
    #[must_use]
    pub fn nouveau(table: &'static Layout) -> Self {
        let mut gabarit = Self { table, octets: vec![b' '; usize::from(table.len)], erreur: None };
        for zone in table.all_zones().filter(|z| z.picture.is_numeric()) {
            gabarit.zone(zone).fill(b'0');
        }
        gabarit.octets[..3].copy_from_slice(table.tag.as_bytes());
        if gabarit.est_entite() {
            gabarit.fixer_niveau(FEUILLE);
            gabarit.octets[usize::from(table.len) - 1] = b'@';
        }
        gabarit
    }

    /// The same bytes as one that was read.
    ///
    /// # Errors
    /// When they do not have the code, the length or the delimiter of the table.
    pub fn copie(table: &'static Layout, octets: &[u8]) -> Result<Self, ErreurEcriture> {
        let gabarit = Self { table, octets: octets.to_vec(), erreur: None };
        let entier =
            octets.len() == usize::from(table.len) && octets.starts_with(table.tag.as_bytes());
        if entier && (!gabarit.est_entite() || octets.ends_with(b"@")) {
            Ok(gabarit)
        } else {
            Err(ErreurEcriture::Octets { table: table.tag })
        }
    }

    /// The same entity as one that was read.
    ///
    /// # Errors
    /// When its table is not known, or its bytes are damaged.
    pub fn copie_de(entite: &Entite) -> Result<Self, ErreurEcriture> {
        let table = entite.table.ok_or(ErreurEcriture::Octets { table: "known entity" })?;
        Self::copie(table, &entite.octets)
    }

    /// A number, on the right with zeros.
    #[must_use]
    pub fn nombre(self, zone: &'static Zone, valeur: u64) -> Self {
        self.a_droite(zone, valeur.to_string().as_bytes())
    }

    /// Text in a text zone (capitals without accents, cut when too long), or the characters of a
    /// number in a numeric zone.
    #[must_use]
    pub fn texte(mut self, zone: &'static Zone, texte: &str) -> Self {
        if zone.picture.is_numeric() {
            return self.a_droite(zone, texte.as_bytes());
        }
        // Labels are cut: nothing but a label is longer than its zone.
        let _entier = remplir::a_gauche(self.zone(zone), &remplir::capitales(texte));
        self
    }

    /// Exact bytes, as many as the zone has.
    #[must_use]
    pub fn octets(mut self, zone: &'static Zone, octets: &[u8]) -> Self {
        if octets.len() == usize::from(zone.len) {
            self.zone(zone).copy_from_slice(octets);
            return self;
        }
        self.refuser(zone)
    }

    /// An amount and its sign, P or N. In centimes.
    #[must_use]
    pub fn montant_signe(
        self,
        zone: &'static Zone,
        signe: &'static Zone,
        montant: Montant,
    ) -> Self {
        let lettre = if montant < Montant::ZERO { b"N" } else { b"P" };
        self.nombre(zone, montant.centimes().unsigned_abs()).octets(signe, lettre)
    }

    /// An amount without sign, which cannot be negative. In centimes.
    #[must_use]
    pub fn montant(self, zone: &'static Zone, montant: Montant) -> Self {
        match u64::try_from(montant.centimes()) {
            Ok(centimes) => self.nombre(zone, centimes),
            Err(_) => self.refuser(zone),
        }
    }

    pub(super) fn table(&self) -> &'static Layout {
        self.table
    }

    /// Whether it is an entity, and not a 000 or 999.
    pub(super) fn est_entite(&self) -> bool {
        super::entite::table(self.table.tag.as_bytes()).is_some()
    }

    pub(super) fn fixer_niveau(&mut self, niveau: u8) {
        self.octets[3] = b'0' + niveau / 10 % 10;
        self.octets[4] = b'0' + niveau % 10;
    }

    /// The bytes, when every zone could be filled.
    ///
    /// # Errors
    /// When a value did not fit its zone.
    pub fn finir(self) -> Result<Vec<u8>, ErreurEcriture> {
        self.erreur.map_or(Ok(self.octets), Err)
    }

    fn zone(&mut self, zone: &Zone) -> &mut [u8] {
        let debut = usize::from(zone.start) - 1;
        let fin = (debut + usize::from(zone.len)).min(self.octets.len());
        &mut self.octets[debut.min(fin)..fin]
    }

    fn refuser(mut self, zone: &'static Zone) -> Self {
        let table = self.table.tag;
        self.erreur.get_or_insert(ErreurEcriture::Zone { table, zone: zone.no });
        self
    }

    fn a_droite(mut self, zone: &'static Zone, chiffres: &[u8]) -> Self {
        // Numbers of Corsican structures keep their letter.
        let permis =
            chiffres.iter().all(u8::is_ascii_digit) || NumeroPs::from_bytes(chiffres).is_some();
        if permis && remplir::a_droite(self.zone(zone), chiffres) {
            return self;
        }
        self.refuser(zone)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{e102, e198, e294};
    use super::*;

    #[test]
    fn text_is_capitals_cut_to_the_zone() {
        let octets = Gabarit::nouveau(&e294::layout::LAYOUT)
            .texte(&e294::layout::LIBELLE_REJET, &"Œuvre refusée@ l’été ".repeat(9))
            .finir();
        let octets = octets.expect("text always fits");
        assert!(
            e294::layout::LIBELLE_REJET.of(&octets).starts_with(b"OEUVRE REFUSEE  L'ETE OEUVRE")
        );
        assert_eq!((octets.len(), octets.last()), (153, Some(&b'@')));
    }

    #[test]
    fn numbers_are_never_cut() {
        use e198::layout as t;
        let vide = || Gabarit::nouveau(&t::LAYOUT);
        let plein = vide()
            .montant_signe(&t::MONTANT_AMO_PAYE, &t::SIGNE, Montant::from_centimes(-4250))
            .finir()
            .expect("fits");
        assert_eq!(plein, b"1989900000000 00004250N@");
        assert!(vide().nombre(&t::MONTANT_AMO_PAYE, 100_000_000).finir().is_err());
        assert!(vide().montant(&t::MONTANT_AMO_PAYE, Montant::from_centimes(-1)).finir().is_err());
        assert!(vide().texte(&t::MONTANT_AMO_PAYE, "12,50").finir().is_err());
    }

    #[test]
    fn copies_are_checked() {
        let octets = Gabarit::nouveau(&e102::layout::LAYOUT).finir().expect("empty");
        assert!(Gabarit::copie(&e102::layout::LAYOUT, &octets).is_ok());
        assert!(Gabarit::copie(&e102::layout::LAYOUT, &octets[..39]).is_err());
        assert!(Gabarit::copie(&e198::layout::LAYOUT, &octets).is_err());
    }
}
