//! Claims as statuses, events, lines and persons.

use super::{count, day, small, timestamp};
use crate::domain::claim::PersonRecord;
use crate::domain::next_step::{due_at, is_overdue, next_step};
use crate::domain::{Claim, ClaimEvent, ClaimLine, ClaimPart, Quarantined, Reason};
use crate::grpc::proto;
use time::OffsetDateTime;

/// The state of an invoice that is not a claim yet: the only one which is not a `ClaimStatus`.
const QUARANTINED: &str = "quarantined";

/// The status of a claim, with the later copy of its invoice that waits in quarantine, if any.
pub(in crate::grpc) fn dre_status(
    claim: &Claim,
    quarantine: Option<&Quarantined>,
    now: OffsetDateTime,
) -> proto::DreStatus {
    let status = claim.status();
    proto::DreStatus {
        state: status.as_str().to_owned(),
        label: status.libelle().to_owned(),
        claim_id: claim.id.to_string(),
        exchange_id: claim.exchange_id.to_string(),
        sender: claim.sender.clone(),
        flow: claim.flow.as_str().to_owned(),
        ps: claim.ps.clone(),
        invoice_number: claim.invoice_number.clone(),
        invoice_complement: claim.invoice_complement.clone(),
        invoice_date: day(claim.invoice_date),
        lot: claim.lot.clone(),
        amc_number: claim.amc_number.clone(),
        amo_organism: claim.amo_organism.clone(),
        total_centimes: claim.total.centimes(),
        amo: Some(part(&claim.amo)),
        amc: Some(part(&claim.amc)),
        received_at: Some(timestamp(claim.received_at)),
        due_at: due_at(claim).map(timestamp),
        overdue: is_overdue(claim, now),
        next_step: next_step(claim, now),
        corrects: claim.corrects.map(|id| id.to_string()),
        quarantine: quarantine.map(super::quarantined),
    }
}

/// The status of an invoice that waits in quarantine.
pub(in crate::grpc) fn quarantined_status(invoice: &Quarantined) -> proto::DreStatus {
    let codes = invoice.codes.join(", ");
    proto::DreStatus {
        state: QUARANTINED.to_owned(),
        label: "Mise de côté, à corriger et à renvoyer".to_owned(),
        exchange_id: invoice.exchange_id.to_string(),
        ps: invoice.ps.clone(),
        invoice_number: invoice.invoice_number.clone(),
        lot: invoice.lot.clone(),
        next_step: format!("Corriger la facture ({codes}) et l'envoyer de nouveau."),
        quarantine: Some(super::quarantined(invoice)),
        ..proto::DreStatus::default()
    }
}

fn part(part: &ClaimPart) -> proto::PartStatus {
    proto::PartStatus {
        part: part.kind.as_str().to_owned(),
        state: part.state.as_str().to_owned(),
        label: part.state.libelle().to_owned(),
        asked_centimes: part.asked.centimes(),
        paid_centimes: part.paid.centimes(),
        transfer_reference: part.transfer_reference.clone().unwrap_or_default(),
        transfer_date: day(part.transfer_date),
        reasons: part.reasons.iter().map(reason).collect(),
        updated_at: Some(timestamp(part.updated_at)),
    }
}

fn reason(reason: &Reason) -> proto::Reason {
    proto::Reason { code: reason.code.clone(), label: reason.label.clone() }
}

/// Field for field what the JSON in the queues says: `tests/grpc_event_mapping.rs` compares them.
pub(in crate::grpc) fn event(event: ClaimEvent) -> proto::ClaimEvent {
    proto::ClaimEvent {
        event_id: event.event_id.to_string(),
        claim_id: event.claim_id.to_string(),
        sequence: count(event.sequence),
        fact: event.fact.as_str().to_owned(),
        part: event.part.as_str().to_owned(),
        flow: event.flow.as_str().to_owned(),
        occurred_at: Some(timestamp(event.occurred_at)),
        exchange_id: event.exchange_id.map(|id| id.to_string()),
        sender: event.sender,
        ps: event.ps,
        invoice_number: event.invoice_number,
        amc_number: event.amc_number,
        person: event.person.0,
        amo_state: event.amo_state.as_str().to_owned(),
        amc_state: event.amc_state.as_str().to_owned(),
        total_centimes: event.total_centimes,
        amo_centimes: event.amo_centimes,
        amc_centimes: event.amc_centimes,
        paid_centimes: event.paid_centimes,
        transfer_reference: event.transfer_reference,
        reasons: event
            .reasons
            .into_iter()
            .map(|r| proto::Reason { code: r.code, label: r.label })
            .collect(),
        corrects: event.corrects.map(|id| id.to_string()),
    }
}

/// The full claim.
pub(in crate::grpc) fn claim(
    claim: &Claim,
    lines: &[ClaimLine],
    person: Option<proto::Person>,
    person_withheld: String,
    now: OffsetDateTime,
) -> proto::GetClaimResponse {
    proto::GetClaimResponse {
        dre: Some(dre_status(claim, None, now)),
        norm_code: claim.norm_code.clone(),
        logical_file: small(claim.logical_file),
        ordinal: count(claim.ordinal),
        first_record: count(claim.first_record),
        record_count: small(claim.record_count),
        person_token: claim.person.0.clone(),
        lines: lines.iter().map(line).collect(),
        person,
        person_withheld,
    }
}

fn line(line: &ClaimLine) -> proto::ClaimLine {
    proto::ClaimLine {
        rank: small(line.rank),
        record_type: line.record_type.clone(),
        act_code: line.act_code.clone(),
        care_date: day(line.care_date),
        quantity: small(line.quantity),
        coefficient_hundredths: small(line.coefficient),
        unit_price_centimes: line.unit_price.centimes(),
        base_centimes: line.base.centimes(),
        rate_percent: small(line.rate),
        billed_centimes: line.billed.centimes(),
        amo_centimes: line.amo.centimes(),
        amc_centimes: line.amc.centimes(),
        qualifier: line.qualifier.clone(),
    }
}

pub(in crate::grpc) fn person(person: PersonRecord) -> proto::Person {
    proto::Person {
        nir: person.nir,
        nir_key: person.nir_key,
        birth_date: person.birth_date,
        birth_rank: person.birth_rank,
        individual_nir: person.individual_nir,
        member_number: person.member_number,
    }
}
