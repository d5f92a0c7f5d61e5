//! An invoice that ends: verified and handed out, or given up because its file broke inside it.

use super::super::controles;
use super::super::element::Element;
use super::super::facture::Facture;
use super::super::genre::Genre;
use super::{Etat, FACTURES_DE_LOT_MAX, Lecteur};
use crate::anomaly::{Anomaly, Code, Severity};
use std::io::Read;

impl<R: Read> Lecteur<R> {
    /// Hands out the invoice that is complete, drops the one that is not.
    pub(super) fn rendre_ou_abandonner(&mut self) {
        if self.etat == Etat::Finie { self.rendre_facture() } else { self.abandonner_facture() }
    }

    /// Verifies and hands out the current invoice.
    fn rendre_facture(&mut self) {
        let Some(mut facture) = self.facture.take() else { return };
        self.pieces_prevues = facture.pieces.len();
        controles::facture(&mut facture, self.en_tete.as_ref());
        if let Some(lot) = self.lot.as_ref().filter(|_| !facture.principale().douteux) {
            controles::ps_du_lot(&mut facture, lot);
        }
        if let Some(en_tete) = self.en_tete.as_ref().filter(|e| !e.initiale) {
            let at = facture.principale().position;
            let message = format!(
                "Facture d'un fichier ({}) sans la mention FACTURE INITIALE",
                en_tete.identification()
            );
            facture.anomalies.push(Anomaly::on_record(Code::NonInitiale, at, "2", message));
        }
        self.chercher_double(&mut facture);
        self.compte_lot.ajouter(&facture);
        if !facture.quarantined() {
            let totaux = facture.totaux();
            self.comptes.total += totaux.total;
            self.comptes.amo += totaux.amo;
            self.comptes.amc += totaux.amc;
        }
        self.sortie.push_back(Element::Facture(Box::new(facture)));
    }

    /// C14: one PS uses a number once in a lot.
    fn chercher_double(&mut self, facture: &mut Facture) {
        let main = facture.principale();
        let zone = facture.zone_numero(Genre::Facture);
        let mut key = [0; 18];
        key[..9].copy_from_slice(&main.record[1..10]);
        key[9..].copy_from_slice(zone.of(&main.record));
        if self.numeros.len() >= FACTURES_DE_LOT_MAX {
            let message = format!("Plus de {FACTURES_DE_LOT_MAX} factures dans un lot");
            facture.anomalies.push(Anomaly::on_record(Code::Limite, main.position, "2", message));
            self.finie = true;
        } else if !self.numeros.insert(key) {
            let message =
                format!("Le numéro de facture {} est déjà utilisé dans le lot", facture.numero());
            let anomaly = Anomaly::on_zone(
                Code::FactureDouble,
                main.position,
                "2",
                zone,
                &main.record,
                message,
            );
            facture.anomalies.push(anomaly);
        }
    }

    /// The file is already refused; what was read of the invoice is handed out as quarantined, so
    /// that its faults are told too.
    pub(super) fn abandonner_facture(&mut self) {
        if let Some(mut facture) = self.facture.take() {
            controles::facture(&mut facture, self.en_tete.as_ref());
            let at = facture.principale().position;
            let message = "Facture incomplète : son type 5 manque";
            let cut = Anomaly::on_record(Code::Imbrication, at, "2", message)
                .with_severity(Severity::Invoice);
            facture.anomalies.push(cut);
            self.sortie.push_back(Element::Facture(Box::new(facture)));
        }
    }
}
