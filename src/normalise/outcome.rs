//! Makes outcomes of parts of a return of the caisse.

use super::Origin;
use crate::domain::civil_time::paris_date;
use crate::domain::exchange::civil;
use crate::domain::{
    Caisse, FreeText, Lane, Outcome, OutcomeKind, OutcomeSource, PartKind, Reason, Token, Transfer,
};
use crate::vault::{Identity, PersonRecord, Vault};
use noemie_parsers::noemie::{
    Assure, EnTete, Etat, NatureRejet, Part, Payeur, Rejet, Retour, Virement,
};
use noemie_parsers::types::Montant;
use time::Date;

/// Values of the header of a logical file, which hold for all its returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnSource {
    /// Day and identification of the file, in the words of its sender.
    pub(super) told_by: String,
    /// Day of the file; the day of the deposit where the header has none.
    pub(super) day: Date,
    /// Sender of the file.
    pub(super) issuer: String,
    /// Kind of the sender (000, columns 4 and 5).
    kind_of_issuer: String,
}

impl ReturnSource {
    /// Returns the source of the returns under a header; without header, the deposit speaks.
    #[must_use]
    pub fn of(header: Option<&EnTete>, origin: &Origin) -> Self {
        let received = paris_date(origin.received_at);
        let Some(header) = header else {
            let told_by = origin.exchange_id.to_string();
            return Self {
                told_by,
                day: received,
                issuer: String::new(),
                kind_of_issuer: String::new(),
            };
        };
        // AAMMJJ from a caisse, JJMMAA from an insurer: the reading nearest to the deposit.
        let readings = [header.date.aammjj(), header.date.jjmmaa()];
        let nearest = readings
            .into_iter()
            .flatten()
            .filter_map(civil)
            .min_by_key(|day| distance(*day, received));
        let issuer = header.numero_emetteur.clone();
        let (date, recipient) = (header.date.brute(), &header.numero_destinataire);
        let told_by = format!("{date} {} {issuer} {recipient}", header.identification);
        let kind_of_issuer = header.type_emetteur.clone();
        Self { told_by, day: nearest.unwrap_or(received), issuer, kind_of_issuer }
    }
}

fn distance(a: Date, b: Date) -> u64 {
    (a - b).whole_days().unsigned_abs()
}

/// Returns the identities of the invoices that a return may answer. Birth dates are JJMMAA by the
/// norm and AAMMJJ from some insurers, and the file does not say which.
#[must_use]
pub fn identities(retour: &Retour, lane: Lane, vault: &Vault) -> Vec<Token> {
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
            is_test: lane.is_test(),
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

/// Returns the person that a return names; `None` without NIR and birth date. The birth date is
/// read in the order of the norm, JJMMAA.
#[must_use]
pub fn person(retour: &Retour) -> Option<PersonRecord> {
    let assure = retour.assure.as_ref()?;
    let birth = assure.naissance.and_then(|n| n.jjmmaa().or_else(|| n.aammjj()));
    if assure.nir.is_none() && birth.is_none() {
        return None;
    }
    Some(PersonRecord {
        nir: assure.nir.map(|nir| nir.expose().to_owned()).unwrap_or_default(),
        nir_key: key(assure),
        birth_date: birth.map(|date| date.expose().to_owned()).unwrap_or_default(),
        birth_rank: assure.rang.to_string(),
        individual_nir: assure.nir_individuel.map(|n| n.expose().to_owned()).unwrap_or_default(),
        member_number: String::new(),
    })
}

fn key(assure: &Assure) -> String {
    assure.cle.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '?' }).collect()
}

/// Returns the outcome of each part of a return, in order. A return without parts that has rejects
/// (reference 900) rejects the parts that they concern.
#[must_use]
pub fn outcomes(retour: &Retour, source: &ReturnSource, origin: &Origin) -> Vec<Outcome> {
    let told: Vec<Told<'_>> = if retour.parts().next().is_some() {
        retour.parts().map(|(payeur, part)| Told::of(payeur, part)).collect()
    } else {
        rejected_parts(retour)
    };
    told.iter().zip(0..).map(|(told, rank)| outcome(retour, told, rank, source, origin)).collect()
}

/// Values of one part in a return.
struct Told<'a> {
    payeur: Payeur,
    kind: OutcomeKind,
    amount: Montant,
    part: Option<&'a Part>,
}

impl<'a> Told<'a> {
    fn of(payeur: Payeur, part: &'a Part) -> Self {
        let kind = match part.etat {
            Etat::Paye => OutcomeKind::Paid,
            Etat::Rejete => OutcomeKind::Rejected,
            Etat::Differe => OutcomeKind::Deferred,
            Etat::NonTraite => OutcomeKind::Untreated,
        };
        Self { payeur, kind, amount: part.paye, part: Some(part) }
    }
}

fn rejected_parts(retour: &Retour) -> Vec<Told<'static>> {
    let is_rejected = |payeur| rejects(retour, payeur).next().is_some();
    [Payeur::Amo, Payeur::Amc]
        .into_iter()
        .filter(|payeur| is_rejected(*payeur))
        .map(|payeur| Told {
            payeur,
            kind: OutcomeKind::Rejected,
            amount: Montant::ZERO,
            part: None,
        })
        .collect()
}

fn outcome(
    retour: &Retour,
    told: &Told<'_>,
    rank: u32,
    source: &ReturnSource,
    origin: &Origin,
) -> Outcome {
    let transfer = retour.contexte.virement.as_ref().map(|v| transfer(v, source.day));
    let payer = retour.contexte.virement.as_ref().map_or("", |v| v.organisme_payeur.as_str());
    let date_lot = retour.date_lot.as_ref().map(|d| d.brute()).unwrap_or_default();
    Outcome {
        source: OutcomeSource::Return,
        told_in: origin.exchange_id.0,
        told_by: source.told_by.clone(),
        ordinal: retour.ordinal,
        rank,
        claim_id: None,
        part: match told.payeur {
            Payeur::Amo => PartKind::Amo,
            Payeur::Amc => PartKind::Amc,
        },
        kind: told.kind,
        day: transfer.as_ref().map_or(source.day, |t| t.day),
        amount: told.amount,
        asked: told.part.map(|part| part.demande),
        payer: if payer.is_empty() { &source.issuer } else { payer }.to_owned(),
        on_behalf_of: told
            .part
            .and_then(|part| part.numero_amc)
            .map(|number| number.as_str().to_owned())
            .unwrap_or_default(),
        paying_caisse: Caisse::of_file(&source.kind_of_issuer, &source.issuer, payer),
        amc_handling: retour.traitement_amc.to_string().trim().to_owned(),
        transfer,
        lot: format!("{} {date_lot}", retour.lot).trim().to_owned(),
        reasons: reasons(retour, told),
    }
}

/// Returns the transfer around a return. A day that is no date, or far from the day of the file, is
/// kept as sent; the other order of its digits stands in when it makes a plausible day, else the
/// day of the file does.
pub(super) fn transfer(virement: &Virement, file_day: Date) -> Transfer {
    let date = virement.date_comptable;
    let plausible =
        |day: &Date| *day >= file_day - Transfer::OLDEST && *day <= file_day + Transfer::LATEST;
    let labels = format!("{} {}", virement.libelle_1, virement.libelle_2);
    let label = FreeText::new(labels.trim());
    match date.jjmmaa().and_then(civil).filter(plausible) {
        Some(day) => Transfer { day, raw_day: String::new(), label },
        None if date.absente() => Transfer { day: file_day, raw_day: String::new(), label },
        None => {
            let other = date.aammjj().and_then(civil).filter(plausible);
            Transfer { day: other.unwrap_or(file_day), raw_day: date.brute(), label }
        }
    }
}

/// Returns the reasons of an outcome: the rejects that concern the part, and the comments of a
/// deferral. A part paid as asked has none. Labels are free text and leave in events, so that a NIR
/// in them is masked.
fn reasons(retour: &Retour, told: &Told<'_>) -> Vec<Reason> {
    let is_full =
        told.kind == OutcomeKind::Paid && told.part.is_some_and(|part| part.paye >= part.demande);
    if is_full || told.kind == OutcomeKind::Untreated {
        return Vec::new();
    }
    let mut found: Vec<Reason> = rejects(retour, told.payeur)
        .map(|r| Reason {
            code: r.codification.as_str().into(),
            label: r.libelle.as_str().into(),
            line: line(r),
            act: r.prestation.as_str().into(),
            care_date: r.date_soins.and_then(|date| date.jjmmaa()).and_then(civil),
        })
        .collect();
    if told.kind == OutcomeKind::Deferred {
        let comment = |text: &str| Reason::of_invoice("COMMENTAIRE".into(), text.into());
        found.extend(retour.commentaires.iter().map(|c| comment(&c.texte)));
    }
    found.dedup();
    found
}

/// Returns the number of the line that a reject concerns; `None` when it concerns the invoice.
fn line(rejet: &Rejet) -> Option<u32> {
    let number = rejet.ligne.parse().ok().filter(|number| *number > 0);
    number.filter(|_| rejet.niveau != 'F')
}

/// Returns the rejects that concern a part: `O` the AMO part or both, `C` the AMC part, blank both.
fn rejects(retour: &Retour, payeur: Payeur) -> impl Iterator<Item = &Rejet> {
    let concerns = move |r: &&Rejet| payeur == Payeur::Amc || r.part != 'C';
    retour.rejets.iter().filter(|r| r.nature == NatureRejet::Rejet).filter(concerns)
}
