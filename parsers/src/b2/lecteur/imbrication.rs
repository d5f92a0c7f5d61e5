//! What each record does to the nesting: opens, closes, belongs to the invoice, or stands at an
//! impossible place (P4, P5, P6).

use super::super::controles::{self, CompteLot};
use super::super::element::{Element, EnTete, FinFichier, FinLot, Lot};
use super::super::facture::{ENREGISTREMENTS_MAX, Facture, Piece};
use super::super::genre::Genre;
use super::super::t000;
use super::{Etat, FICHIERS_MAX, Lecteur};
use crate::anomaly::{Anomaly, Code, Place, Position};
use crate::physical::enregistrements::LONGUEUR;
use std::io::Read;

impl<R: Read> Lecteur<R> {
    pub(super) fn ouvrir_fichier(&mut self, at: Position, record: [u8; LONGUEUR], douteux: bool) {
        if self.etat != Etat::Dehors {
            self.imbrication(
                at,
                "000",
                "Un 000 alors que le fichier précédent n'est pas terminé par un 999",
            );
            self.abandonner_facture();
        }
        self.comptes.fichiers += 1;
        let en_tete = EnTete::new(at, self.comptes.fichiers, record);
        let mut found = Vec::new();
        if !douteux {
            self.verifier(Genre::EnTete, &record, at, Place::Enveloppe, &mut found);
            controles::en_tete(&en_tete, &mut found);
        }
        if !self.remises.insert(cle_de_remise(&record)) {
            let zone = &t000::layout::IDENTIFICATION_FICHIER;
            let message = "Deux remises du même fichier ont le même émetteur, la même date et la même identification";
            found.push(Anomaly::on_zone(Code::RemiseDejaRecue, at, "000", zone, &record, message));
        }
        if self.comptes.fichiers > FICHIERS_MAX {
            found.push(Anomaly::on_record(
                Code::Limite,
                at,
                "000",
                format!("Plus de {FICHIERS_MAX} fichiers logiques dans un fichier"),
            ));
            self.finie = true;
        }
        self.debut_fichier = self.comptes.enregistrements - 1;
        self.lots_du_fichier = 0;
        self.lots_vus.clear();
        self.en_tete = Some(en_tete.clone());
        self.lot = None;
        self.etat = Etat::Fichier;
        self.sortie.push_back(Element::EnTete(en_tete));
        self.signaler_tout(found);
    }

    pub(super) fn ouvrir_lot(&mut self, at: Position, record: [u8; LONGUEUR], douteux: bool) {
        match self.etat {
            Etat::Fichier => {}
            Etat::Dehors => self.imbrication(at, "1", "Un type 1 avant tout 000"),
            Etat::Lot(_) | Etat::Finie => self.imbrication(
                at,
                "1",
                "Un type 1 alors que le lot précédent n'est pas terminé par un 6",
            ),
            Etat::Entete | Etat::Lignes => {
                self.imbrication(
                    at,
                    "1",
                    "Un type 1 alors qu'une facture n'est pas terminée par un 5",
                );
            }
        }
        self.rendre_ou_abandonner();
        self.comptes.lots += 1;
        let rang = u32::try_from(self.comptes.lots).unwrap_or(u32::MAX);
        let lot = Lot::new(at, rang, record, self.en_tete.as_ref());
        let mut found = Vec::new();
        if !douteux {
            self.verifier(Genre::Lot, &record, at, Place::Enveloppe, &mut found);
            let fichier = self.en_tete.as_ref().and_then(|e| e.date);
            controles::lot(&lot, fichier, &mut self.lots_vus, &mut found);
        }
        self.compte_lot = CompteLot::default();
        self.numeros.clear();
        self.lot = Some(lot.clone());
        self.etat = Etat::Lot(true);
        self.sortie.push_back(Element::Lot(lot));
        self.signaler_tout(found);
    }

    pub(super) fn ouvrir_facture(&mut self, at: Position, record: [u8; LONGUEUR], douteux: bool) {
        match self.etat {
            Etat::Lot(_) | Etat::Finie => {}
            Etat::Dehors | Etat::Fichier => {
                self.imbrication(at, "2", "Un type 2 en dehors d'un lot")
            }
            Etat::Entete | Etat::Lignes => self.imbrication(
                at,
                "2",
                "Un type 2 alors que la facture précédente n'est pas terminée par un 5",
            ),
        }
        self.rendre_ou_abandonner();
        self.comptes.factures += 1;
        self.comptes.dans_factures += 1;
        let mut pieces = Vec::with_capacity(self.pieces_prevues);
        pieces.push(Piece { genre: Genre::Facture, position: at, record, douteux });
        self.facture = Some(Facture {
            rang: self.comptes.factures,
            fichier: self.comptes.fichiers,
            lot: self.lot.as_ref().map_or(0, |l| l.rang),
            tables: self.tables(),
            pieces,
            anomalies: Vec::new(),
        });
        self.etat = Etat::Entete;
    }

    /// A record 2x, 3, 4, 5 or unknown.
    pub(super) fn dans_facture(&mut self, genre: Genre, piece: Piece) {
        let open = matches!(self.etat, Etat::Entete | Etat::Lignes);
        let trailing = self.etat == Etat::Finie && matches!(genre, Genre::ComplementFin(_));
        if piece.position.record == 1 && matches!(genre, Genre::Inconnu(_)) {
            self.signaler(Anomaly::on_record(
                Code::NonReconnu,
                piece.position,
                "",
                "Le premier enregistrement n'est ni un 000 ni d'un type connu",
            ));
            return;
        }
        if self.facture.is_none() || !(open || trailing) {
            let what = if matches!(genre, Genre::Inconnu(_)) {
                "Type d'enregistrement inconnu, en dehors d'une facture"
            } else {
                "Un enregistrement de facture en dehors d'une facture"
            };
            self.imbrication(piece.position, &genre.nom(), what);
            return;
        }
        let fault = self.faute_de_place(genre, &piece);
        if genre.is_ligne() {
            self.comptes.lignes += 1;
        }
        self.etat = match genre {
            Genre::FinFacture | Genre::ComplementFin(_) => Etat::Finie,
            Genre::Ligne3 | Genre::Ligne4 => Etat::Lignes,
            _ => self.etat,
        };
        self.comptes.dans_factures += 1;
        let at = piece.position;
        let facture = self.facture.as_mut().expect("checked above");
        facture.pieces.push(piece);
        facture.anomalies.extend(fault);
        if facture.pieces.len() > ENREGISTREMENTS_MAX {
            let message = format!("Plus de {ENREGISTREMENTS_MAX} enregistrements dans une facture");
            self.signaler(Anomaly::on_record(Code::Limite, at, genre.nom(), message));
            self.abandonner_facture();
            self.finie = true;
        }
    }

    /// P4, P5 and P6 inside an invoice.
    fn faute_de_place(&self, genre: Genre, piece: &Piece) -> Option<Anomaly> {
        let tables = self.tables();
        let (code, message) = match (genre, self.etat) {
            (Genre::Inconnu(_), _) => {
                (Code::TypeInconnu, "Type d'enregistrement inconnu : il peut porter des montants")
            }
            (Genre::Ligne3, _) if tables.layout(genre).is_none() => {
                (Code::TypeInconnu, "Le type 3 n'existe pas dans cette norme")
            }
            (Genre::ComplementFacture(_), Etat::Lignes) => {
                (Code::ImbricationFacture, "Un complément de type 2 derrière les lignes")
            }
            (Genre::Complement3(_) | Genre::Complement4(_), Etat::Entete) => {
                (Code::ImbricationFacture, "Un complément avant sa ligne")
            }
            (g, _) if !tables.is_named(g) => {
                (Code::ComplementInconnu, "Complément inconnu, conservé tel quel")
            }
            _ => return None,
        };
        let mut anomaly = Anomaly::on_record(code, piece.position, genre.nom(), message);
        if code == Code::ComplementInconnu {
            let column = if piece.record[35].is_ascii_alphabetic() { 36 } else { 39 };
            anomaly.column = column;
            anomaly.offset += u64::from(column) - 1;
            anomaly.length = 1;
        }
        Some(anomaly)
    }

    pub(super) fn fermer_lot(&mut self, at: Position, record: [u8; LONGUEUR], douteux: bool) {
        match self.etat {
            Etat::Lot(_) | Etat::Finie => {}
            Etat::Dehors | Etat::Fichier => {
                self.imbrication(at, "6", "Un type 6 en dehors d'un lot")
            }
            Etat::Entete | Etat::Lignes => self.imbrication(
                at,
                "6",
                "Un type 6 alors qu'une facture n'est pas terminée par un 5",
            ),
        }
        self.rendre_ou_abandonner();
        let fin = FinLot { position: at, record };
        let mut found = Vec::new();
        if !douteux {
            self.verifier(Genre::FinLot, &record, at, Place::FinDeLot, &mut found);
            if let Some(lot) = &self.lot {
                controles::fin_lot(&fin, lot, &self.compte_lot, &mut found);
            }
        }
        self.lots_du_fichier += 1;
        self.lot = None;
        self.etat = if self.etat == Etat::Dehors { Etat::Dehors } else { Etat::Fichier };
        self.sortie.push_back(Element::FinLot(fin));
        self.signaler_tout(found);
    }

    pub(super) fn fermer_fichier(&mut self, at: Position, record: [u8; LONGUEUR], douteux: bool) {
        match self.etat {
            Etat::Fichier => {}
            Etat::Dehors => self.imbrication(at, "999", "Un 999 sans 000"),
            _ => self.imbrication(at, "999", "Un 999 alors qu'un lot n'est pas terminé par un 6"),
        }
        self.rendre_ou_abandonner();
        let fin = FinFichier { position: at, record };
        let mut found = Vec::new();
        if !douteux {
            self.verifier(Genre::FinFichier, &record, at, Place::Enveloppe, &mut found);
            if let Some(en_tete) = &self.en_tete {
                let records = self.comptes.enregistrements - self.debut_fichier;
                controles::fin_fichier(&fin, en_tete, records, self.lots_du_fichier, &mut found);
            }
        }
        self.en_tete = None;
        self.lot = None;
        self.etat = Etat::Dehors;
        // A 999 without 000 still ends something: what follows is after the end.
        self.comptes.fichiers = self.comptes.fichiers.max(1);
        self.sortie.push_back(Element::FinFichier(fin));
        self.signaler_tout(found);
    }
}

/// C5: sender, receiver, identification, date and message of a 000.
pub(in crate::b2) fn cle_de_remise(record: &[u8; LONGUEUR]) -> [u8; 81] {
    let mut key = [b' '; 81];
    key[..16].copy_from_slice(&record[3..19]);
    key[16..32].copy_from_slice(&record[25..41]);
    key[32..44].copy_from_slice(&record[49..61]);
    key[44..].copy_from_slice(&record[91..128]);
    key
}
