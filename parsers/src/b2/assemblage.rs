//! What the writer adds to the records of an invoice: the shared prefix, the sequence numbers, and
//! the type 5.

use super::controles;
use super::erreur::ErreurEcriture;
use super::facture::Piece;
use super::fiche::{Fiche, bornes};
use super::genre::{Genre, NormeLot, Tables};
use super::{Record, t5};
use crate::layout::{Famille, Zone, famille36, famille39};
use crate::types::{Montant, Nir};
use crate::{picture, remplir};

/// The columns that the records of an invoice share.
pub(super) struct Prefixe {
    /// Columns 2-26: PS, filler, NIR, key.
    pub(super) commun: [u8; 25],
    rang: [u8; 3],
    numero: [u8; 9],
}

impl Prefixe {
    pub(super) fn de(principale: &Fiche, tables: Tables) -> Result<Self, ErreurEcriture> {
        let mut record = principale.finir()?;
        let nir = Nir::from_bytes(famille36::NO_IMMATRICULATION_ASSURE.of(&record));
        let nir = nir.ok_or(ErreurEcriture::Zone {
            table: "2",
            zone: famille36::NO_IMMATRICULATION_ASSURE.no,
        })?;
        let _tient = remplir::nombre(
            &mut record[bornes(&famille36::CLE_NO_IMMATRICULATION)],
            u64::from(nir.cle().get()),
        );
        let cp = tables.norme == NormeLot::Cp;
        let numero = if cp { &famille39::NO_FACTURE } else { &famille36::NO_FACTURE };
        let rang = if cp { famille39::RANG_BENEFICIAIRE.of(&record) } else { b"000" };
        Ok(Self {
            commun: record[1..26].try_into().unwrap_or([b' '; 25]),
            rang: rang.try_into().unwrap_or(*b"000"),
            numero: numero.of(&record).try_into().unwrap_or([b'0'; 9]),
        })
    }

    pub(super) fn poser(&self, record: &mut Record, genre: Genre, norme: NormeLot) {
        record[1..26].copy_from_slice(&self.commun);
        if genre.famille(norme) == Famille::Famille39 {
            record[bornes(&famille39::RANG_BENEFICIAIRE)].copy_from_slice(&self.rang);
            record[bornes(&famille39::NO_FACTURE)].copy_from_slice(&self.numero);
        } else {
            record[bornes(&famille36::NO_FACTURE)].copy_from_slice(&self.numero);
        }
    }
}

/// Numbers a record among its like: lines over the invoice (two digits, zeros from the hundredth
/// on), complements behind their line.
pub(super) fn sequence(
    record: &mut Record,
    fiche: &Fiche,
    avant: &[Piece],
) -> Result<(), ErreurEcriture> {
    let Some(zone) = fiche.table().zones.iter().find(|z| z.name == "Séquence") else {
        return Ok(());
    };
    let genre = fiche.genre();
    let place = &mut record[bornes(zone)];
    if genre.is_ligne() {
        let rang = avant.iter().filter(|p| p.genre == genre).count() as u64 + 1;
        let _tient = remplir::nombre(place, if rang > 99 { 0 } else { rang });
        return Ok(());
    }
    let depuis = avant.iter().rposition(|p| p.genre.is_ligne()).map_or(avant, |i| &avant[i..]);
    let rang = depuis.iter().filter(|p| p.genre == genre).count() as u64 + 1;
    if remplir::nombre(place, rang) {
        Ok(())
    } else {
        Err(ErreurEcriture::Zone { table: fiche.table().tag, zone: zone.no })
    }
}

/// The type 5 of these records: its totals by the table of controls C30 and C31, its counter by
/// C32.
pub(super) fn fin_facture(pieces: &[Piece], tables: Tables) -> Result<Record, ErreurEcriture> {
    let cp = tables.norme == NormeLot::Cp;
    let details = pieces.iter().filter(|p| p.genre.is_detail()).count() as u64;
    let mut fiche = if cp {
        Fiche::nouvelle(&t5::cp::LAYOUT).nombre(&t5::cp::NOMBRE_ENREGISTREMENTS_TYPES_3_4, details)
    } else {
        Fiche::nouvelle(&t5::ps::LAYOUT).nombre(&t5::ps::NOMBRE_ENREGISTREMENTS_TYPE_4, details)
    };
    for (total, genre, zone) in controles::sommes(tables.norme) {
        let termes = pieces.iter().filter(|p| p.genre == *genre).map(|p| lu(zone, &p.record));
        fiche = fiche.montant(total, termes.sum());
    }
    let record = fiche.finir()?;
    let (zone, participation) = if cp {
        use t5::cp as t;
        let factures =
            lu(&t::MONTANT_TOTAL_FACTURE_PH, &record) + lu(&t::TOTAL_HONORAIRES_FACTURES, &record);
        let amo = lu(&t::TOTAL_REMBOURSABLE_AMO_PH, &record)
            + lu(&t::TOTAL_REMBOURSABLE_AMO_HONORAIRES, &record);
        (&t::TOTAL_PARTICIPATION_ASSURE_AVANT_OC, factures - amo)
    } else {
        use t5::ps as t;
        (
            &t::TOTAL_PARTICIPATION_ASSURE_AVANT_OC,
            lu(&t::TOTAL_MONTANTS_FACTURES, &record) - lu(&t::TOTAL_REMBOURSABLE_AMO, &record),
        )
    };
    fiche.montant(zone, participation).finir()
}

/// The amount of a zone that was just filled.
fn lu(zone: &Zone, record: &Record) -> Montant {
    picture::montant(zone.of(record)).ok().flatten().unwrap_or_default()
}
