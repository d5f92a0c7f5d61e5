//! Finds invoices that a file repeats. A deposit accepts the first of them and answers `DEJA_RECUE`
//! for the others; a dry run does the same.

use noemie_parsers::anomaly::Severity;
use noemie_parsers::b2::{CleIdentite, Facture};
use noemie_parsers::outcome::{ALREADY_RECEIVED, Finding};
use std::collections::HashMap;

/// Most invoices of a file that are remembered, so that memory does not grow with the file. A DRE
/// of so many invoices has about 200 MB.
pub(crate) const MAX_REMEMBERED: usize = 200_000;

/// Invoices that a deposit of the file would take, with the first record of each.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    taken: HashMap<CleIdentite, u64>,
    is_full: bool,
}

impl Repeats {
    /// Returns the finding of an invoice that repeats one before it. A payment notice is no
    /// invoice, and a quarantined invoice is not remembered.
    pub(crate) fn see(&mut self, facture: &Facture) -> Option<Finding> {
        let is_notice = facture.tables.dre && facture.avis_paiement().is_some();
        if is_notice || facture.quarantined() {
            return None;
        }
        let (key, record) = (facture.cle_identite(), facture.principale().position.record);
        if let Some(first) = self.taken.get(&key) {
            let message = format!(
                "Facture déjà reçue : la même est dans ce fichier à l'enregistrement {first}"
            );
            let invoice = facture.numero();
            let (code, severity) = (ALREADY_RECEIVED, Severity::Invoice);
            return Some(Finding::on_invoice(code, severity, record, "2", message, invoice));
        }
        self.is_full |= self.taken.len() >= MAX_REMEMBERED;
        if !self.is_full {
            self.taken.insert(key, record);
        }
        None
    }

    /// Returns whether the file has more invoices than are remembered.
    pub(crate) const fn is_full(&self) -> bool {
        self.is_full
    }
}
