//! Makes a claim of an accepted invoice.

use crate::domain::exchange::civil;
use crate::domain::{
    Calendar, Claim, ClaimId, ClaimLine, ClaimPart, ExchangeId, Flow, KeyId, Lane, NewClaim,
    PartKind, Token, calendar, civil_time,
};
use crate::vault::{Identity, PersonRecord, TOKEN_VERSION, Vault};
use noemie_parsers::b2::{Facture, Flux, Genre, Ligne, Lot};
use time::OffsetDateTime;

/// Exchange, sender and instant of a deposit: every claim of the deposit has them.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Exchange of the deposit.
    pub exchange_id: ExchangeId,
    /// Sender of the deposit.
    pub sender: String,
    /// Instant at which the gateway received it.
    pub received_at: OffsetDateTime,
    /// Lane of the deposit.
    pub lane: Lane,
    /// Calendar of the installation, for the business days of the due date.
    pub calendar: Calendar,
}

/// Returns the token of an invoice's identity: PS, number, NIR, key, birth date, rank, complement
/// of the titre. The invoice date is not part of the identity, because senders change it when they
/// send an invoice again; the lane is.
#[must_use]
pub fn identity_token(facture: &Facture, lane: Lane, vault: &Vault) -> Token {
    let id = facture.identite();
    let nir = id.nir.map(|n| n.expose().to_owned()).unwrap_or_default();
    Token(vault.identity_token(&Identity {
        ps: &id.ps,
        invoice_number: &id.numero,
        nir: &nir,
        nir_key: &ascii(&id.cle),
        birth_date: &id.naissance.expose(),
        birth_rank: &ascii(&[id.rang]),
        complement: &id.complement,
        is_test: lane.is_test(),
    }))
}

/// Returns the claim of an accepted invoice, in its lot of a logical file of flow `flux`.
#[must_use]
pub fn claim(
    facture: &Facture,
    flux: Flux,
    lot: &Lot,
    origin: &Origin,
    vault: &Vault,
    id: ClaimId,
) -> NewClaim {
    let identite = facture.identite();
    let totaux = facture.totaux();
    let person = person(facture);
    let first = facture.principale().position;
    let claim = Claim {
        id,
        exchange_id: origin.exchange_id,
        lane: origin.lane,
        flow: if flux == Flux::Dre { Flow::Dre } else { Flow::B2Amo },
        sender: origin.sender.clone(),
        logical_file: facture.fichier,
        lot: lot.numero(),
        lot_date: lot.date().and_then(civil),
        ordinal: facture.rang,
        first_record: first.record,
        record_count: u32::try_from(facture.pieces.len()).unwrap_or(u32::MAX),
        identity: identity_token(facture, origin.lane, vault),
        person: Token(vault.person_token(&person.nir, &person.nir_key, origin.lane.is_test())),
        token_version: TOKEN_VERSION,
        vault: vault.seal_person(&person, id.0),
        key_id: KeyId(vault.key_id()),
        ps: identite.ps,
        norm_code: lot.code_norme(),
        invoice_number: identite.numero,
        invoice_complement: identite.complement,
        invoice_date: facture.date().and_then(civil),
        amc_number: facture.numero_amc().map(|n| n.as_str().to_owned()).unwrap_or_default(),
        amo_organism: facture.organisme_amo(),
        total: totaux.total,
        received_at: origin.received_at,
        due_at: (!origin.lane.is_test()).then(|| due_at(facture, origin)),
        date_limite_reponse_amc: facture.date_limite_reponse_amc(),
        corrects: None,
        corrected_by: None,
        version: 1,
        hold: None,
        amo: ClaimPart::untold(PartKind::Amo, totaux.amo, origin.received_at),
        amc: ClaimPart::untold(PartKind::Amc, totaux.amc, origin.received_at),
    };
    let lines = facture.lignes().zip(1..).map(|(l, rank)| line(&l, rank)).collect();
    NewClaim { claim, lines }
}

fn ascii(bytes: &[u8]) -> String {
    bytes.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '?' }).collect()
}

/// Returns the person of an invoice or of a payment notice.
pub(super) fn person(facture: &Facture) -> PersonRecord {
    let id = facture.identite();
    PersonRecord {
        nir: id.nir.map(|n| n.expose().to_owned()).unwrap_or_default(),
        nir_key: ascii(&id.cle),
        birth_date: id.naissance.expose(),
        birth_rank: ascii(&[id.rang]),
        individual_nir: facture.nir_individuel().unwrap_or_default(),
        member_number: facture.adherent(),
    }
}

/// Returns the end of the insurer's promise (4 business days), or the limit that the operator wrote
/// in 2X when that limit comes before. A limit that was past at the reception binds nobody: the
/// first pass names it (`L2-LIMITE-REPONSE`).
fn due_at(facture: &Facture, origin: &Origin) -> OffsetDateTime {
    let promise = origin.calendar.deadline(origin.received_at, calendar::DRE_DAYS);
    response_limit(facture)
        .filter(|limit| *limit > origin.received_at && *limit < promise)
        .unwrap_or(promise)
}

/// Returns the limit of 2X: the sender writes an hour of Paris.
fn response_limit(facture: &Facture) -> Option<OffsetDateTime> {
    let (date, hour) = facture.limite_reponse()?;
    civil_time::at_paris_hour(civil(date)?, hour)
}

fn line(ligne: &Ligne, rank: u32) -> ClaimLine {
    let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    ClaimLine {
        rank,
        record_type: if ligne.genre == Genre::Ligne3 { "3" } else { "4" }.to_owned(),
        act_code: ligne.code_acte.clone(),
        care_date: ligne.date.and_then(civil),
        quantity: small(ligne.quantite),
        coefficient: small(ligne.coefficient),
        unit_price: ligne.prix_unitaire,
        base: ligne.base,
        rate: small(ligne.taux),
        billed: ligne.depense,
        amo: ligne.amo,
        amc: ligne.amc,
        qualifier: ligne.qualificatif.clone(),
    }
}
