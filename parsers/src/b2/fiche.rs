//! A record being filled: every zone through its table, a value that does not fit is an error and
//! never a silent cut.
//!
//! Empty numeric zones are zeros, empty text zones are blanks, the type and the complement letter
//! stand from the start. The prefix (PS, NIR, key, rank, invoice number) and the sequence numbers
//! are the business of [`super::Ecrivain`].

use super::erreur::ErreurEcriture;
use super::genre::Genre;
use super::{Record, t2s};
use crate::layout::{Famille, Layout, Picture, Zone, famille36, famille39};
use crate::remplir;
use crate::types::{Date, Montant, Nir};
use std::fmt;

/// A record being filled.
#[derive(Clone)]
pub struct Fiche {
    table: &'static Layout,
    octets: Record,
    faute: Option<&'static str>,
}

impl fmt::Debug for Fiche {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fiche")
            .field("table", &self.table.tag)
            .field("faute", &self.faute)
            .finish_non_exhaustive()
    }
}

impl Fiche {
    /// An empty record of that table.
    #[must_use]
    pub fn nouvelle(table: &'static Layout) -> Self {
        let mut octets = [b' '; 128];
        for zone in table.all_zones().filter(|z| z.picture.is_numeric()) {
            octets[bornes(zone)].fill(b'0');
        }
        let tag = table.tag.as_bytes();
        match tag {
            [principal, lettre] => {
                octets[0] = *principal;
                let colonne = if table.famille == Famille::Famille39 { 39 } else { 36 };
                octets[colonne - 1] = *lettre;
            }
            _ => octets[..tag.len()].copy_from_slice(tag),
        }
        Self { table, octets, faute: None }
    }

    /// A number, on the right with zeros.
    #[must_use]
    pub fn nombre(mut self, zone: &'static Zone, valeur: u64) -> Self {
        let entier = remplir::nombre(&mut self.octets[bornes(zone)], valeur);
        self.si(entier, zone)
    }

    /// An amount, which cannot be negative.
    #[must_use]
    pub fn montant(self, zone: &'static Zone, montant: Montant) -> Self {
        match u64::try_from(montant.centimes()) {
            Ok(centimes) => self.nombre(zone, centimes),
            Err(_) => self.si(false, zone),
        }
    }

    /// Text: capitals without accents, anything but A-Z and 0-9 a blank. In a numeric zone, the
    /// digits of a number.
    #[must_use]
    pub fn texte(mut self, zone: &'static Zone, texte: &str) -> Self {
        if zone.picture.is_numeric() {
            return self.chiffres(zone, texte);
        }
        let mut normalise = remplir::capitales(texte);
        for octet in &mut normalise {
            if !octet.is_ascii_alphanumeric() {
                *octet = b' ';
            }
        }
        let entier = remplir::a_gauche(&mut self.octets[bornes(zone)], &normalise);
        self.si(entier, zone)
    }

    /// Digits on the right with zeros, whatever the picture (numbers of senders and insurers stand
    /// so in text zones).
    #[must_use]
    pub fn chiffres(mut self, zone: &'static Zone, chiffres: &str) -> Self {
        let octets = chiffres.as_bytes();
        let bon = octets.iter().all(u8::is_ascii_digit)
            && remplir::a_droite(&mut self.octets[bornes(zone)], octets);
        self.si(bon, zone)
    }

    /// A number given without its key, which is computed and put behind it.
    #[must_use]
    pub fn avec_cle(self, zone: &'static Zone, sans_cle: &str) -> Self {
        match remplir::cle_type_1_2(sans_cle.as_bytes()) {
            Some(cle) => self.chiffres(zone, &format!("{sans_cle}{}", char::from(cle))),
            None => self.si(false, zone),
        }
    }

    /// A date, in the order the zone has it.
    #[must_use]
    pub fn date(mut self, zone: &'static Zone, date: Date) -> Self {
        let place = &mut self.octets[bornes(zone)];
        let [a, m, j] = [date.annee() % 100, u16::from(date.mois()), u16::from(date.jour())];
        let ordre = if zone.picture == Picture::Jjmmaa { [j, m, a] } else { [a, m, j] };
        let entier = place.len() == 6
            && place.chunks_mut(2).zip(ordre).all(|(case, n)| remplir::nombre(case, u64::from(n)));
        self.si(entier, zone)
    }

    /// A date and an hour AAMMJJHH.
    #[must_use]
    pub fn date_heure(self, zone: &'static Zone, date: Date, heure: u8) -> Self {
        let heure = if heure < 24 { heure } else { 99 };
        self.chiffres(zone, &format!("{}{heure:02}", date.aammjj()))
    }

    /// Exact bytes, as many as the zone has.
    #[must_use]
    pub fn octets(mut self, zone: &'static Zone, octets: &[u8]) -> Self {
        let bon = octets.len() == usize::from(zone.len);
        if bon {
            self.octets[bornes(zone)].copy_from_slice(octets);
        }
        self.si(bon, zone)
    }

    /// The insured's number of a type 2 and its key.
    #[must_use]
    pub fn assure(self, nir: &Nir) -> Self {
        self.nir(&famille36::NO_IMMATRICULATION_ASSURE, &famille36::CLE_NO_IMMATRICULATION, nir)
    }

    /// The beneficiary's own number of a 2S (same columns in both norms) and its key.
    #[must_use]
    pub fn individuel(self, nir: &Nir) -> Self {
        self.nir(&t2s::cp::NO_IMMATRICULATION_INDIVIDUEL, &t2s::cp::CLE, nir)
    }

    /// A NIR and its key, which is computed.
    #[must_use]
    pub fn nir(self, zone: &'static Zone, cle: &'static Zone, nir: &Nir) -> Self {
        self.octets(zone, nir.expose().as_bytes()).nombre(cle, u64::from(nir.cle().get()))
    }

    /// The invoice number of a type 2.
    #[must_use]
    pub fn numero(self, numero: u64) -> Self {
        let zone = if self.table.famille == Famille::Famille39 {
            &famille39::NO_FACTURE
        } else {
            &famille36::NO_FACTURE
        };
        self.nombre(zone, numero)
    }

    /// Its table.
    #[must_use]
    pub const fn table(&self) -> &'static Layout {
        self.table
    }

    /// What record it is, by its table.
    #[must_use]
    pub const fn genre(&self) -> Genre {
        match self.table.tag.as_bytes() {
            b"000" => Genre::EnTete,
            b"999" => Genre::FinFichier,
            b"1" => Genre::Lot,
            b"2" => Genre::Facture,
            b"3" => Genre::Ligne3,
            b"4" => Genre::Ligne4,
            b"5" => Genre::FinFacture,
            b"6" => Genre::FinLot,
            [b'2', lettre] => Genre::ComplementFacture(*lettre),
            [b'3', lettre] => Genre::Complement3(*lettre),
            [b'4', lettre] => Genre::Complement4(*lettre),
            _ => Genre::Inconnu(b' '),
        }
    }

    /// The 128 bytes, when every zone could be filled.
    ///
    /// # Errors
    /// When a value did not fit its zone.
    pub fn finir(&self) -> Result<Record, ErreurEcriture> {
        self.faute.map_or(Ok(self.octets), |zone| {
            Err(ErreurEcriture::Zone { table: self.table.tag, zone })
        })
    }

    fn si(mut self, bon: bool, zone: &'static Zone) -> Self {
        if !bon {
            self.faute.get_or_insert(zone.no);
        }
        self
    }
}

/// The place of a zone in a record.
pub(super) fn bornes(zone: &Zone) -> std::ops::Range<usize> {
    let debut = usize::from(zone.start) - 1;
    debut..debut + usize::from(zone.len)
}

#[cfg(test)]
mod tests {
    use super::super::{t000, t2, t4, t4c};
    use super::*;

    #[test]
    fn an_empty_record_has_its_type_and_its_letter() {
        let fiche = Fiche::nouvelle(&t4c::v2007::LAYOUT).finir().expect("empty");
        assert_eq!((fiche[0], fiche[35], &fiche[43..50]), (b'4', b'C', &b"0000000"[..]));
        assert_eq!(&Fiche::nouvelle(&t2s::cp::LAYOUT).finir().expect("empty")[35..39], b"000S");
        assert!(
            Fiche::nouvelle(&t000::layout::LAYOUT).finir().expect("empty").starts_with(b"000 ")
        );
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let vide = || Fiche::nouvelle(&t4::ps::LAYOUT);
        assert!(vide().nombre(&t4::ps::QUANTITE, 100).finir().is_err());
        assert!(
            vide().montant(&t4::ps::PRIX_UNITAIRE, Montant::from_centimes(-1)).finir().is_err()
        );
        assert!(vide().texte(&t4::ps::CODE_ACTE, "TROPLONG").finir().is_err());
        assert!(vide().texte(&t4::ps::TAUX, "6A").finir().is_err());
        assert!(vide().octets(&t4::ps::TAUX, b"65").finir().is_err());
    }

    #[test]
    fn keys_and_accents() {
        let fiche = Fiche::nouvelle(&t2::ps::LAYOUT)
            .avec_cle(&t2::ps::NO_PRESCRIPTEUR_CLE, "76031208")
            .finir()
            .expect("digits");
        assert_eq!(t2::ps::NO_PRESCRIPTEUR_CLE.of(&fiche), b"760312082");
        let fiche = Fiche::nouvelle(&t000::layout::LAYOUT)
            .texte(&t000::layout::ZONE_MESSAGE, "l'\u{e9}t\u{e9}")
            .finir()
            .expect("fits");
        assert!(t000::layout::ZONE_MESSAGE.of(&fiche).starts_with(b"L ETE "));
    }
}
