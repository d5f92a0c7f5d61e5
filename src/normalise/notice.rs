//! Makes an answer of a payment notice, which is written as the invoice that it speaks of.

use super::answer::{Answer, NamedLot};
use super::{DepositContext, invoice};
use crate::domain::civil_time::paris_date;
use crate::domain::exchange::civil;
use crate::domain::{FreeText, Outcome, OutcomeKind, OutcomeSource, PartKind, Reason, Transfer};
use noemie_parsers::b2::{AvisPaiement, Facture, Lot};
use noemie_parsers::types::Montant;

/// Returns the answer of a payment notice in its lot. Kind `N` is an account of the AMC part; any
/// other kind is kept and shown, and changes nothing.
pub(super) fn answer(
    context: &DepositContext,
    facture: &Facture,
    avis: &AvisPaiement,
    lot: &Lot,
) -> Answer {
    let identite = facture.identite();
    let first = facture.principale().position;
    let entities = facture.pieces.len() as u64;
    Answer {
        ordinal: facture.rang,
        record: first.record,
        entities,
        ps: identite.ps,
        invoice_number: identite.numero,
        complement: identite.complement,
        person: Some(invoice::person(facture)),
        identities: vec![invoice::identity_token(facture, context.origin.lane, &context.vault)],
        lot: NamedLot {
            number: lot.numero().trim().to_owned(),
            dates: lot.date().and_then(civil).into_iter().collect(),
        },
        outcomes: vec![outcome(context, facture, avis, lot)],
    }
}

fn outcome(context: &DepositContext, facture: &Facture, avis: &AvisPaiement, lot: &Lot) -> Outcome {
    let origin = &context.origin;
    let is_paid = avis.nature == 'N';
    let amc = facture.numero_amc().map(|n| n.as_str().to_owned()).unwrap_or_default();
    let day = lot.date().and_then(civil).unwrap_or_else(|| paris_date(origin.received_at));
    let cancelled = || {
        let code = FreeText::new(&format!("AVIS-{}", avis.nature));
        Reason::of_invoice(code, "Avis de paiement annulé : non appliqué".into())
    };
    Outcome {
        source: OutcomeSource::Notice,
        told_in: origin.exchange_id.0,
        told_by: format!("{} {}", origin.exchange_id, facture.fichier),
        ordinal: facture.rang,
        rank: 0,
        claim_id: None,
        part: PartKind::Amc,
        kind: if is_paid { OutcomeKind::Paid } else { OutcomeKind::Untreated },
        day,
        amount: if is_paid { facture.totaux().amc } else { Montant::ZERO },
        asked: None,
        payer: amc.clone(),
        on_behalf_of: amc,
        paying_caisse: None,
        amc_handling: String::new(),
        transfer: Some(Transfer {
            day,
            raw_day: String::new(),
            label: FreeText::new(&avis.reference),
        }),
        lot: lot.numero().trim().to_owned(),
        reasons: if is_paid { Vec::new() } else { vec![cancelled()] },
    }
}
