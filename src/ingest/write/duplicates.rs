//! Invoices whose claim is known: duplicates, corrections, copies of another sender's invoice.

use super::totals::Totals;
use crate::domain::UnwrittenInvoice;
use crate::domain::life_cycle::{is_live, is_paid};
use crate::domain::{Claim, ClaimId, Finding, FindingCode, Quarantined, Severity};
use crate::normalise::{ALREADY_PAID, ALREADY_RECEIVED, DepositContext};

/// Claim that a duplicate repeats.
#[derive(Clone, Copy)]
pub(super) struct Original {
    id: ClaimId,
    is_paid: bool,
}

impl Original {
    pub(super) fn of(claim: &Claim) -> Self {
        Self { id: claim.id, is_paid: is_paid(claim.amc.state) }
    }
}

/// What becomes of an invoice, given the attempts that are known of it.
pub(super) enum Place {
    /// The invoice is new.
    New,
    /// It corrects an attempt: a part of that one is rejected, or its money was taken back.
    Corrects(ClaimId),
    /// It repeats an attempt of the same sender.
    Repeats(Original),
    /// Another sender sent the invoice before.
    Copies,
}

impl Place {
    /// Returns the place of an invoice of a sender. `attempts` are those of the invoice, oldest
    /// first. No convention says yet who transmits for whom, so that every other sender's copy is
    /// held.
    pub(super) fn of(sender: &str, attempts: &[&Claim]) -> Self {
        let own = attempts.iter().rev().find(|claim| claim.sender == sender);
        let current = attempts.iter().rev().find(|claim| claim.is_current());
        match (current, own) {
            (Some(current), _) if current.sender == sender => {
                if is_live(current.amo.state, current.amc.state) {
                    Self::Repeats(Original::of(current))
                } else {
                    Self::Corrects(current.id)
                }
            }
            (_, Some(own)) if own.hold.is_some() => Self::Repeats(Original::of(own)),
            (Some(_), _) => Self::Copies,
            (None, _) => Self::New,
        }
    }
}

/// Returns the quarantined row of a duplicate.
pub(super) fn duplicate(
    claim: &Claim,
    original: Original,
    context: &DepositContext,
) -> Quarantined {
    let code = if original.is_paid { ALREADY_PAID } else { ALREADY_RECEIVED };
    Quarantined {
        exchange_id: context.origin.exchange_id,
        ordinal: claim.ordinal,
        ps: claim.ps.clone(),
        invoice_number: claim.invoice_number.clone(),
        lot: claim.lot.clone(),
        codes: vec![code.to_owned()],
        first_record: claim.first_record,
        record_count: claim.record_count,
        offset: 0,
        duplicate_of: Some(original.id),
        resolved_by: None,
        at: context.origin.received_at,
    }
}

/// Counts a duplicate and reports it in the ARL and among the anomalies.
pub(super) fn report(duplicate: &Quarantined, totals: &mut Totals) {
    let is_paid = duplicate.codes.iter().any(|code| code == ALREADY_PAID);
    let (code, text) = if is_paid {
        (ALREADY_PAID, "Facture déjà payée")
    } else {
        (ALREADY_RECEIVED, "Facture déjà reçue")
    };
    let message = duplicate
        .duplicate_of
        .map_or_else(|| text.to_owned(), |original| format!("{text} : demande {original}"));
    totals.count_duplicate(u64::from(duplicate.record_count));
    totals.list_unwritten(UnwrittenInvoice {
        ps: duplicate.ps.clone(),
        lot: duplicate.lot.clone(),
        invoice_number: duplicate.invoice_number.clone(),
        reasons: vec![(code.to_owned(), message.clone())],
    });
    totals.add_finding(Finding::on_invoice(
        FindingCode::new(code, "C14"),
        Severity::Invoice,
        duplicate.first_record,
        "2",
        message,
        duplicate.invoice_number.clone(),
    ));
}
