//! Makes outcomes of parts of a return of the caisse.

use crate::domain::exchange::civil;
use crate::domain::{FreeText, PartKind, PartState, Reason, Token};
use crate::vault::{Identity, Vault};
use noemie_parsers::noemie::{Assure, Etat, NatureRejet, Part, Payeur, Rejet, Retour};
use noemie_parsers::types::Montant;
use time::Date;

/// Outcome that a payer announces for one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Part.
    pub kind: PartKind,
    /// State that the part takes.
    pub state: PartState,
    /// Amount moved by this return, negative for a recovery.
    pub moved: Montant,
    /// Label of the transfer.
    pub transfer_reference: Option<FreeText>,
    /// Date of the transfer.
    pub transfer_date: Option<Date>,
    /// Reasons.
    pub reasons: Vec<Reason>,
}

/// Returns the identities of the invoices that a return may answer. Birth dates are JJMMAA by the
/// norm and AAMMJJ from some insurers, and the file does not say which.
#[must_use]
pub fn identities(retour: &Retour, vault: &Vault) -> Vec<Token> {
    let (Some(ps), Some(assure)) =
        (retour.contexte.destinataire.as_ref().and_then(|d| d.ps), retour.assure.as_ref())
    else {
        return Vec::new();
    };
    let (Some(nir), Some(naissance)) = (assure.nir, assure.naissance) else { return Vec::new() };
    let token = |birth_date: &str| {
        Token(vault.identity_token(&Identity {
            ps: ps.as_str(),
            invoice_number: &retour.numero,
            nir: nir.expose(),
            nir_key: &key(assure),
            birth_date,
            birth_rank: &assure.rang.to_string(),
            complement: &retour.complement,
        }))
    };
    let mut found: Vec<Token> = [naissance.jjmmaa(), naissance.aammjj()]
        .into_iter()
        .flatten()
        .map(|d| token(&d.expose()))
        .collect();
    found.dedup();
    found
}

fn key(assure: &Assure) -> String {
    assure.cle.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '?' }).collect()
}

/// Returns the outcomes of the parts that the return names.
#[must_use]
pub fn outcomes(retour: &Retour) -> Vec<Outcome> {
    let parts = [
        (PartKind::Amo, Payeur::Amo, &retour.part_amo),
        (PartKind::Amc, Payeur::Amc, &retour.part_amc),
    ];
    parts
        .into_iter()
        .filter_map(|(kind, payeur, part)| outcome(retour, kind, payeur, part.as_ref()?))
        .collect()
}

fn outcome(retour: &Retour, kind: PartKind, payeur: Payeur, part: &Part) -> Option<Outcome> {
    let state = match part.etat {
        Etat::Paye if part.paye < Montant::ZERO => PartState::Recovered,
        Etat::Paye => PartState::Paid,
        Etat::Rejete => PartState::Rejected,
        Etat::Differe => PartState::Deferred,
        Etat::NonTraite => return None,
    };
    let transfer = retour
        .contexte
        .virement
        .as_ref()
        .filter(|_| matches!(state, PartState::Paid | PartState::Recovered));
    Some(Outcome {
        kind,
        state,
        moved: part.paye,
        transfer_reference: transfer
            .map(|v| FreeText::new(&v.libelle_1))
            .filter(|label| !label.is_empty()),
        transfer_date: transfer.and_then(|v| v.date_comptable.jjmmaa()).and_then(civil),
        reasons: if state == PartState::Paid && part.paye >= part.demande {
            Vec::new()
        } else {
            reasons(retour, payeur, state)
        },
    })
}

/// Returns the reasons of an outcome: the rejects that concern the part (`O` the AMO part or both,
/// `C` the AMC part, blank both), and the comments of a deferral. Labels are free text and leave in
/// events, so that a NIR in them is masked.
fn reasons(retour: &Retour, payeur: Payeur, state: PartState) -> Vec<Reason> {
    let concerns = |r: &&Rejet| match payeur {
        Payeur::Amo => r.part != 'C',
        Payeur::Amc => true,
    };
    let rejects = retour.rejets.iter().filter(|r| r.nature == NatureRejet::Rejet).filter(concerns);
    let mut found: Vec<Reason> = rejects
        .map(|r| Reason { code: r.codification.as_str().into(), label: r.libelle.as_str().into() })
        .collect();
    if state == PartState::Deferred {
        found.extend(
            retour
                .commentaires
                .iter()
                .map(|c| Reason { code: "COMMENTAIRE".into(), label: c.texte.as_str().into() }),
        );
    }
    found.dedup();
    found
}
