//! The next step of a claim: a French sentence for the professional that says who acts and by when,
//! for both parts.

use super::civil_time::{french_day, paris_date};
use super::{Claim, ClaimPart, GapReason, Hold, PartKind, PartState};
use noemie_parsers::codes::family::RejectFamily;
use time::OffsetDateTime;

/// Returns the end of the promise for the AMC part; `None` when the part waits for no answer, and
/// in the test lane.
#[must_use]
pub fn due_at(claim: &Claim) -> Option<OffsetDateTime> {
    claim.due_at.filter(|_| claim.amc.is_awaited)
}

/// Returns whether the AMC part still waits after the end of its promise.
#[must_use]
pub fn is_overdue(claim: &Claim, now: OffsetDateTime) -> bool {
    due_at(claim).is_some_and(|due| due < now)
}

/// Returns the sentence about the parts of which something is asked, the AMC part first. Days are
/// those of Paris. « Rien à faire » is said only when every part is paid as asked and nothing asks
/// for a person. The sentence about a claim of the test lane says so first.
#[must_use]
pub fn next_step(claim: &Claim, now: OffsetDateTime) -> String {
    let step = of_parts(claim, now);
    if claim.lane.is_test() {
        return format!("Test, rien ne sera payé : {}", uncapitalised(&step));
    }
    step
}

fn of_parts(claim: &Claim, now: OffsetDateTime) -> String {
    if let Some(later) = claim.corrected_by {
        return format!("Remplacée par un nouvel envoi de la facture : suivre la demande {later}.");
    }
    match claim.hold {
        Some(Hold::Dismissed) => return "Facture déjà transmise : ne pas la renvoyer.".to_owned(),
        Some(_) => {
            return "Copie d'une facture transmise par un autre émetteur : la gestion du \
                conventionnement doit la traiter ou l'écarter."
                .to_owned();
        }
        None => {}
    }
    let asked: Vec<&ClaimPart> = [&claim.amc, &claim.amo]
        .into_iter()
        .filter(|part| part.state != PartState::NotRequested)
        .collect();
    if asked.is_empty() {
        return "Rien n'est demandé.".to_owned();
    }
    if asked.iter().all(|part| part.state == PartState::Paid && part.flags.is_empty()) {
        return format!("Rien à faire : {}.", paid(&asked));
    }
    let mut sentence = String::new();
    for part in asked {
        let step = with_limit(of_part(part), claim, part, now);
        if sentence.is_empty() {
            sentence = step;
        } else {
            sentence.push_str(" ; ");
            sentence.push_str(&uncapitalised(&step));
        }
    }
    sentence.push('.');
    sentence
}

/// Returns the transfers of parts that are paid: one of them when both name the same.
fn paid(parts: &[&ClaimPart]) -> String {
    let of = |part: &&ClaimPart| match (&part.transfer_reference, part.transfer_date) {
        (Some(reference), Some(date)) => {
            Some(format!("le virement {reference} du {}", french_day(date)))
        }
        _ => None,
    };
    let mut transfers: Vec<String> = parts.iter().filter_map(of).collect();
    transfers.dedup();
    if transfers.is_empty() {
        "payée".to_owned()
    } else {
        format!("payée par {}", transfers.join(" et par "))
    }
}

/// Returns the last transfer of a part: « virement VIR 12 du 27/11/2026 ».
fn transfer(part: &ClaimPart) -> Option<String> {
    let (reference, date) = (part.transfer_reference.as_ref()?, part.transfer_date?);
    Some(format!("virement {reference} du {}", french_day(date)))
}

fn with_limit(step: String, claim: &Claim, part: &ClaimPart, now: OffsetDateTime) -> String {
    match due_at(claim).filter(|_| part.kind == PartKind::Amc) {
        Some(due) if due < now => {
            format!("{step} ; échéance dépassée depuis le {}", french_day(paris_date(due)))
        }
        Some(due) => format!("{step}, au plus tard le {}", french_day(paris_date(due))),
        None => step,
    }
}

fn of_part(part: &ClaimPart) -> String {
    let payer = match part.kind {
        PartKind::Amo => "l'assurance maladie obligatoire",
        PartKind::Amc => "l'organisme complémentaire",
        PartKind::Unknown => "l'organisme",
    };
    let step = match part.state {
        PartState::Received if part.is_awaited => format!("Réponse de {payer} attendue"),
        PartState::Accepted if part.is_awaited => format!("Virement de {payer} attendu"),
        PartState::Received | PartState::Accepted => {
            format!("Aucun montant payé par {payer}, voir avec son service de gestion")
        }
        PartState::Deferred => format!("Décision de {payer} attendue, ne pas renvoyer la facture"),
        PartState::Rejected | PartState::RejectedAfterAcceptance
            if part.families() == [RejectFamily::Duplicate] =>
        {
            format!(
                "Déjà réglée ou reçue selon {payer} : rapprocher le règlement, ne pas renvoyer la \
                 facture"
            )
        }
        PartState::Rejected | PartState::RejectedAfterAcceptance => {
            "Corriger la facture selon les motifs de rejet et l'envoyer de nouveau".to_owned()
        }
        PartState::Paid => match transfer(part) {
            Some(transfer) => format!("Payée par {payer} ({transfer})"),
            None => format!("Payée par {payer}"),
        },
        PartState::PartlyPaid => {
            let gap = part.gap.unwrap_or(GapReason::Awaited);
            let next = if gap == GapReason::Awaited {
                "le reste est attendu".to_owned()
            } else {
                format!("{}, voir avec son service de gestion", gap.libelle().to_lowercase())
            };
            let (paid, asked) = (part.paid, part.asked);
            format!("Payée en partie par {payer} : {paid} € sur {asked} € ; {next}")
        }
        PartState::Overpaid => format!(
            "Payée par {payer} au-delà du montant demandé : {} € pour {} €, voir avec son \
             service de gestion",
            part.paid, part.asked
        ),
        PartState::Recovered => {
            format!("Paiement repris par {payer} : voir avec son service de gestion")
        }
        PartState::NotRequested => "Rien n'est demandé".to_owned(),
        PartState::Superseded | PartState::HeldOtherSender | PartState::Dismissed => {
            part.state.libelle().to_owned()
        }
        PartState::Unknown => {
            format!("Réponse de {payer} dans un état que cette version ne connaît pas")
        }
    };
    let flags: Vec<String> = part.flags.iter().map(|f| f.libelle().to_lowercase()).collect();
    if flags.is_empty() { step } else { format!("{step} (à vérifier : {})", flags.join(", ")) }
}

fn uncapitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
