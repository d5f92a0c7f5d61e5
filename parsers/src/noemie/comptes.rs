//! What was counted while reading a file: the figures a sender and a receiver compare.

use super::rejet::NatureRejet;
use super::retour::{Etat, Payeur, Retour};
use crate::anomaly::Severity;
use crate::types::Montant;

/// Number of parts by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ParEtat {
    /// P.
    pub paye: u64,
    /// R.
    pub rejete: u64,
    /// D.
    pub differe: u64,
    /// Blank.
    pub non_traite: u64,
}

/// Number of 290 by the last letter of their codification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ParNature {
    /// R.
    pub rejets: u64,
    /// S.
    pub signalements: u64,
    /// C.
    pub certifications: u64,
    /// I.
    pub informations: u64,
}

/// Figures of a physical file. Sums, states and lines leave quarantined invoices out; `somme_999`
/// is what the senders wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comptes {
    /// Physical records, 000 and 999 included.
    pub enregistrements: u64,
    /// Entities, unknown ones and 990 included.
    pub entites: u64,
    /// Logical files.
    pub fichiers: u64,
    /// Level-01 groups.
    pub lots: u64,
    /// Invoices, quarantined ones included.
    pub factures: u64,
    /// Quarantined invoices.
    pub quarantaines: u64,
    /// Patients told apart (103 or 120).
    pub beneficiaires: u64,
    /// Act lines (210).
    pub lignes: u64,
    /// In centimes.
    pub amo_demande: Montant,
    /// In centimes, signed.
    pub amo_paye: Montant,
    /// In centimes.
    pub amc_demande: Montant,
    /// In centimes, signed.
    pub amc_paye: Montant,
    /// Taken back by 250, in centimes, positive when the payee loses it.
    pub recupere: Montant,
    /// Paid by 261, in centimes.
    pub forfaits: Montant,
    /// Sum of the sums of the 999, in centimes, signed.
    pub somme_999: Montant,
    /// States of the 198.
    pub etats_amo: ParEtat,
    /// States of the 199.
    pub etats_amc: ParEtat,
    /// Natures of the 290.
    pub reponses: ParNature,
    /// Findings, those past [`super::ANOMALIES_MAX`] included.
    pub anomalies: u64,
    /// The worst finding: the verdict of the file.
    pub verdict: Option<Severity>,
}

impl ParEtat {
    fn compter(&mut self, etat: Etat) {
        match etat {
            Etat::Paye => self.paye += 1,
            Etat::Rejete => self.rejete += 1,
            Etat::Differe => self.differe += 1,
            Etat::NonTraite => self.non_traite += 1,
        }
    }
}

impl Comptes {
    /// Invoices that may be loaded when the file is not refused.
    #[must_use]
    pub fn acceptees(&self) -> u64 {
        self.factures - self.quarantaines
    }

    pub(super) fn ajouter(&mut self, retour: &Retour) {
        self.factures += 1;
        if retour.quarantined() {
            self.quarantaines += 1;
            return;
        }
        self.beneficiaires += retour.beneficiaires;
        self.lignes += retour.lignes;
        self.recupere += retour.recupere;
        self.forfaits += retour.forfaits;
        for (payeur, part) in retour.parts() {
            let (demande, paye, etats) = match payeur {
                Payeur::Amo => (&mut self.amo_demande, &mut self.amo_paye, &mut self.etats_amo),
                Payeur::Amc => (&mut self.amc_demande, &mut self.amc_paye, &mut self.etats_amc),
            };
            *demande += part.demande;
            *paye += part.paye;
            etats.compter(part.etat);
        }
        self.compter_les_reponses(retour);
    }

    /// Only the 290: a 294 repeats what the state of its part already says.
    fn compter_les_reponses(&mut self, retour: &Retour) {
        for rejet in retour.rejets.iter().filter(|r| r.niveau == ' ' && r.part == ' ') {
            match rejet.nature {
                NatureRejet::Rejet => self.reponses.rejets += 1,
                NatureRejet::Signalement => self.reponses.signalements += 1,
                NatureRejet::Certification => self.reponses.certifications += 1,
                NatureRejet::Information => self.reponses.informations += 1,
                NatureRejet::Inconnue => {}
            }
        }
    }
}
