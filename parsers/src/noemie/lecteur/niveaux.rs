//! The reader between a header and its trailer: which group an entity opens or closes, and who
//! receives it (control Q15).

use super::{ENTITES_MAX, Element, Logique, Reader};
use crate::anomaly::{Anomaly, Code, Position};
use crate::noemie::arbre::{Contenu, Groupe};
use crate::noemie::contexte::{Contexte, FinVirement};
use crate::noemie::controles::{self, Situation};
use crate::noemie::entite::{Entite, FEUILLE};
use crate::noemie::montants;
use crate::noemie::mouvement::Mouvement;
use crate::noemie::retour::Retour;
use crate::types::Montant;
use std::io::Read;
use std::sync::Arc;

impl<R: Read> Reader<R> {
    pub(super) fn entite(&mut self, entite: Entite) {
        self.comptes.entites += 1;
        self.exiger_un_entete(entite.lieu.position);
        if entite.code != *b"262" {
            self.livrer_le_forfait();
        }
        if entite.code == *b"990" {
            self.fermer(entite);
        } else if self.est_feuille(&entite) {
            self.feuille(entite);
        } else {
            self.groupe(entite);
        }
    }

    fn reference(&self) -> &str {
        self.fichier.as_ref().map_or("", Logique::reference)
    }

    /// Level 99; and 110 and 120 of reference 900, written with level 05 but never closed (an
    /// insurer's writer).
    fn est_feuille(&self, entite: &Entite) -> bool {
        entite.niveau == FEUILLE
            || (matches!(&entite.code, b"110" | b"120") && self.reference() == "900")
    }

    /// Whether a group is the one an invoice is made of. 045 is the innermost group of reference
    /// 687, with the 100 as a leaf.
    fn ouvre_une_facture(&self, entite: &Entite) -> bool {
        let acceptation = self.reference() == "687";
        self.facture.is_none()
            && match &entite.code {
                b"100" | b"102" => true,
                b"110" => !acceptation,
                b"045" => acceptation,
                _ => false,
            }
    }

    fn niveau(&self) -> u8 {
        self.pile.last().map_or(0, |g| g.niveau)
    }

    fn contenu(&mut self) -> Option<&mut Contenu> {
        let fichier = self.fichier.as_mut().map(|f| &mut f.contenu);
        self.pile.last_mut().map(|g| &mut g.contenu).or(fichier)
    }

    fn groupe(&mut self, entite: Entite) {
        self.imbriquer(&entite);
        if let Some(contenu) = self.contenu() {
            contenu.compter_sous_groupe();
        }
        if entite.niveau == 1 {
            self.comptes.lots += 1;
            if let Some(fichier) = &mut self.fichier {
                fichier.lots += 1;
            }
        }
        let facture = self.ouvre_une_facture(&entite);
        if facture {
            self.pire_facture = None;
            self.facture = Some(Box::new(Retour::ouvrir(self.comptes.factures + 1, &entite)));
        }
        let contexte_avant = Arc::clone(&self.contexte);
        self.pile.push(Groupe {
            niveau: entite.niveau,
            facture,
            virement: Contexte::ouvre_un_virement(&entite.code),
            contexte_avant,
            contenu: Contenu::default(),
        });
        self.recevoir(entite);
    }

    /// Makes room for a group: closes what its level closes, tells what should not have been (Q15).
    fn imbriquer(&mut self, entite: &Entite) {
        let ouvert = self.niveau();
        if entite.niveau == 0 || entite.niveau > ouvert + 1 {
            self.signaler(entite.anomalie(
                Code::Niveaux,
                format!("niveau {:02} sous le niveau {ouvert:02}", entite.niveau),
            ));
        } else if entite.niveau <= ouvert {
            self.signaler(entite.anomalie(
                Code::Niveaux,
                format!(
                    "niveau {:02} alors que le niveau {ouvert:02} n'est pas ferme",
                    entite.niveau
                ),
            ));
        }
        while self.pile.last().is_some_and(|g| g.niveau >= entite.niveau) {
            self.depiler();
        }
    }

    fn feuille(&mut self, entite: Entite) {
        if self.pile.is_empty() {
            self.signaler(entite.anomalie(Code::Niveaux, "entité hors de tout niveau"));
        }
        if let Some(contenu) = self.contenu() {
            contenu.compter_feuille(entite.niveau == FEUILLE);
        }
        self.recevoir(entite);
    }

    /// Controls an entity, counts what it pays, and gives it to the invoice, the context or the
    /// movements.
    fn recevoir(&mut self, entite: Entite) {
        self.controler(&entite);
        if let Some(contenu) = self.contenu() {
            contenu.payer(&entite.octets, entite.table.is_some());
        }
        if Contexte::concerne(&entite.code) {
            Arc::make_mut(&mut self.contexte).noter(&entite);
        }
        if self.facture.is_some() {
            self.ranger(entite);
        } else {
            self.hors_facture(&entite);
        }
    }

    fn controler(&mut self, entite: &Entite) {
        let situation = Situation {
            dans_facture: self.facture.is_some(),
            reference_687: self.reference() == "687",
        };
        for faute in controles::controler(entite, situation) {
            self.signaler(faute);
        }
    }

    fn ranger(&mut self, entite: Entite) {
        let Some(facture) = &mut self.facture else { return };
        if facture.entites.len() < ENTITES_MAX {
            facture.noter(&entite);
            facture.entites.push(entite);
        } else {
            self.signaler(
                entite.anomalie(
                    Code::Limite,
                    format!("plus de {ENTITES_MAX} entités dans une facture"),
                ),
            );
        }
    }

    /// Money of an invoice that no invoice holds (its 102 is unknown or lost) must not pass in
    /// silence.
    fn hors_facture(&mut self, entite: &Entite) {
        if matches!(&entite.code, b"198" | b"199" | b"210") {
            self.signaler(
                entite.anomalie(Code::Niveaux, "montant de facture hors de toute facture"),
            );
        } else {
            self.mouvement(entite);
        }
    }

    fn mouvement(&mut self, entite: &Entite) {
        if entite.code == *b"262"
            && let Some(forfait) = &mut self.forfait
        {
            if forfait.entites.len() < ENTITES_MAX {
                forfait.detailler(entite);
            } else {
                self.signaler(entite.anomalie(
                    Code::Limite,
                    format!("plus de {ENTITES_MAX} details dans un paiement"),
                ));
            }
            return;
        }
        let Some(mouvement) = Mouvement::lire(entite, Arc::clone(&self.contexte)) else { return };
        if entite.code == *b"261" {
            self.comptes.forfaits += mouvement.montant;
            self.forfait = Some(mouvement);
        } else {
            self.comptes.recupere += -mouvement.montant;
            self.sortie.push_back(Element::Mouvement(mouvement));
        }
    }

    fn livrer_le_forfait(&mut self) {
        if let Some(forfait) = self.forfait.take() {
            self.sortie.push_back(Element::Mouvement(forfait));
        }
    }

    fn fermer(&mut self, fin: Entite) {
        self.controler(&fin);
        let ouvert = self.niveau();
        if fin.niveau != ouvert || self.pile.is_empty() {
            self.signaler(fin.anomalie(
                Code::Niveaux,
                format!(
                    "fin du niveau {:02} alors que le niveau {ouvert:02} est ouvert",
                    fin.niveau
                ),
            ));
            if self.pile.iter().any(|g| g.niveau == fin.niveau) {
                while self.niveau() > fin.niveau {
                    self.depiler();
                }
                self.fermer_le_groupe(montants::cumul(&fin.octets));
            }
            return;
        }
        let contenu = self.pile.last().map(|g| g.contenu).unwrap_or_default();
        for faute in contenu.controler(&fin) {
            self.signaler(faute);
        }
        let cumul = montants::cumul(&fin.octets);
        if self.facture.is_some() {
            self.ranger(fin);
        }
        self.fermer_le_groupe(cumul);
    }

    /// Closes the innermost group without a 990 of its own.
    fn depiler(&mut self) {
        self.fermer_le_groupe(None);
    }

    /// Closes the innermost group, and the invoice or the transfer it may be. `cumul` is the sum of
    /// its 990.
    fn fermer_le_groupe(&mut self, cumul: Option<Montant>) {
        self.livrer_le_forfait();
        let Some(groupe) = self.pile.pop() else { return };
        if groupe.facture {
            self.livrer_la_facture();
        }
        if groupe.virement && self.contexte.virement.is_some() {
            self.livrer_le_virement(cumul);
        }
        self.contexte = groupe.contexte_avant;
        if let Some(contenu) = self.contenu() {
            contenu.absorber(&groupe.contenu);
        }
    }

    /// Gives the end of a transfer. The groups around it hold several payees or days, so that their
    /// sums are of no single transfer.
    fn livrer_le_virement(&mut self, cumul: Option<Montant>) {
        for autour in &mut self.pile {
            autour.virement = false;
        }
        let contexte = Arc::clone(&self.contexte);
        self.sortie.push_back(Element::FinVirement(FinVirement { contexte, cumul }));
    }

    fn livrer_la_facture(&mut self) {
        let Some(mut facture) = self.facture.take() else { return };
        facture.contexte = Arc::clone(&self.contexte);
        for mouvement in &mut facture.mouvements {
            mouvement.contexte = Arc::clone(&self.contexte);
        }
        if facture.nature_assurance.is_empty() {
            facture.nature_assurance = self.contexte.nature_assurance.clone().unwrap_or_default();
        }
        self.comptes.ajouter(&facture);
        self.sortie.push_back(Element::Retour(facture));
    }

    pub(super) fn tout_fermer(&mut self, position: Position, borne: &str) {
        if !self.pile.is_empty() {
            let message = format!("{} niveaux ne sont pas fermes", self.pile.len());
            self.signaler(Anomaly::on_record(Code::Niveaux, position, borne, message));
        }
        self.vider_la_pile();
    }

    pub(super) fn vider_la_pile(&mut self) {
        self.livrer_le_forfait();
        while !self.pile.is_empty() {
            self.depiler();
        }
    }
}
