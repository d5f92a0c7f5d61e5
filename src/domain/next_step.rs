//! The next step of a claim: a French sentence for the professional that says who acts and by when.

use super::civil_time::paris_date;
use super::life_cycle::is_waiting;
use super::{Claim, ClaimPart, PartKind, PartState};
use time::{Date, OffsetDateTime};

/// Returns the end of the promise for the AMC part; `None` when the part waits for no answer.
#[must_use]
pub fn due_at(claim: &Claim) -> Option<OffsetDateTime> {
    is_waiting(claim.amc.state).then_some(claim.due_at)
}

/// Returns whether the AMC part still waits after the end of its promise.
#[must_use]
pub fn is_overdue(claim: &Claim, now: OffsetDateTime) -> bool {
    due_at(claim).is_some_and(|due| due < now)
}

/// Returns the sentence about the AMC part, or about the AMO part when nothing is asked of the AMC.
/// Days are those of Paris.
#[must_use]
pub fn next_step(claim: &Claim, now: OffsetDateTime) -> String {
    let speaking = if claim.amc.state == PartState::NotRequested { &claim.amo } else { &claim.amc };
    let due = (speaking.kind == PartKind::Amc).then(|| due_at(claim)).flatten();
    let payer = match speaking.kind {
        PartKind::Amo => "l'assurance maladie obligatoire",
        PartKind::Amc => "l'organisme complémentaire",
        PartKind::Unknown => "l'organisme",
    };
    let step = of_part(speaking, payer);
    match due {
        Some(due) if due < now => {
            format!("{step} ; échéance dépassée depuis le {}.", day(paris_date(due)))
        }
        Some(due) => format!("{step}, au plus tard le {}.", day(paris_date(due))),
        None => format!("{step}."),
    }
}

fn of_part(part: &ClaimPart, payer: &str) -> String {
    match part.state {
        PartState::Received => format!("Réponse de {payer} attendue"),
        PartState::Accepted => format!("Virement de {payer} attendu"),
        PartState::Deferred => format!("Décision de {payer} attendue, ne pas renvoyer la facture"),
        PartState::Rejected | PartState::RejectedAfterAcceptance => {
            "Corriger la facture selon les motifs de rejet et l'envoyer de nouveau".to_owned()
        }
        PartState::Paid => match (&part.transfer_reference, part.transfer_date) {
            (Some(reference), Some(date)) => {
                format!("Rien à faire : payée par le virement {reference} du {}", day(date))
            }
            _ => "Rien à faire : payée".to_owned(),
        },
        PartState::Recovered => {
            format!("Paiement repris par {payer} : voir avec son service de gestion")
        }
        PartState::NotRequested => "Rien n'est demandé".to_owned(),
        PartState::Unknown => {
            format!("Réponse de {payer} dans un état que cette version ne connaît pas")
        }
    }
}

fn day(date: Date) -> String {
    format!("{:02}/{:02}/{:04}", date.day(), u8::from(date.month()), date.year())
}
