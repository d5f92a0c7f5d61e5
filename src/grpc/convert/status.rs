//! Converts claims, events, lines and persons.

use super::{count, day, quarantined, small, timestamp};
use crate::domain::money::Movement;
use crate::domain::{
    Actor, ClaimEvent, ClaimLine, ClaimPart, DecisionAuthor, PartKind, Reason, RecordedDecision,
    RejectFamily,
};
use crate::grpc::caller::STATED_NAME;
use crate::grpc::proto;
use crate::service::decisions::{Recorded, Warning};
use crate::service::view::{ClaimView, FullClaim, PersonRecord, Withheld};
use std::sync::Arc;

/// Converts the view of an invoice.
pub(in crate::grpc) fn dre_status(view: ClaimView) -> proto::DreStatus {
    let status = proto::DreStatus {
        state: view.state.to_owned(),
        label: view.label.to_owned(),
        exchange_id: view.exchange_id.to_string(),
        ps: view.ps,
        invoice_number: view.invoice_number,
        lot: view.lot,
        due_at: view.due_at.map(timestamp),
        overdue: view.overdue,
        test: view.lane.is_test(),
        next_step: view.next_step,
        quarantine: view.quarantine.as_ref().map(quarantined),
        movements: view.movements.into_iter().map(movement).collect(),
        ..proto::DreStatus::default()
    };
    let Some(claim) = view.claim else { return status };
    proto::DreStatus {
        claim_id: claim.id.to_string(),
        sender: claim.sender,
        flow: claim.flow.as_str().to_owned(),
        invoice_complement: claim.invoice_complement,
        invoice_date: day(claim.invoice_date),
        amc_number: claim.amc_number,
        amo_organism: claim.amo_organism,
        total_centimes: claim.total.centimes(),
        amo: Some(part(&claim.amo)),
        amc: Some(part(&claim.amc)),
        received_at: Some(timestamp(claim.received_at)),
        corrects: claim.corrects.map(|id| id.to_string()),
        corrected_by: claim.corrected_by.map(|id| id.to_string()),
        version: count(claim.version),
        ..status
    }
}

/// Converts a view that other streams may show too.
pub(in crate::grpc) fn shared_status(view: Arc<ClaimView>) -> proto::DreStatus {
    dre_status(Arc::unwrap_or_clone(view))
}

fn movement((part, movement): (PartKind, Movement)) -> proto::Movement {
    proto::Movement {
        part: part.as_str().to_owned(),
        day: day(Some(movement.day)),
        label: movement.label.into(),
        amount_centimes: movement.amount.centimes(),
        payer: movement.payer,
        on_behalf_of: movement.on_behalf_of,
    }
}

fn part(part: &ClaimPart) -> proto::PartStatus {
    proto::PartStatus {
        part: part.kind.as_str().to_owned(),
        state: part.state.as_str().to_owned(),
        label: part.state.libelle().to_owned(),
        asked_centimes: part.asked.centimes(),
        paid_centimes: part.paid.centimes(),
        transfer_reference: part.transfer_reference.clone().unwrap_or_default().into(),
        transfer_date: day(part.transfer_date),
        reasons: part.reasons.iter().map(reason).collect(),
        updated_at: Some(timestamp(part.updated_at)),
        gap: part.gap.map(|gap| coded(gap.as_str(), gap.libelle())),
        flags: part.flags.iter().map(|flag| coded(flag.as_str(), flag.libelle())).collect(),
        meanings: part.families().into_iter().map(meaning).collect(),
    }
}

fn meaning(family: RejectFamily) -> proto::ReasonMeaning {
    proto::ReasonMeaning {
        family: family.as_str().to_owned(),
        meaning: family.meaning().to_owned(),
        to_do: family.to_do().to_owned(),
    }
}

pub(super) fn coded(code: &str, label: &str) -> proto::Reason {
    proto::Reason { code: code.to_owned(), label: label.to_owned(), ..proto::Reason::default() }
}

pub(super) fn reason(reason: &Reason) -> proto::Reason {
    proto::Reason {
        code: reason.code.to_string(),
        label: reason.label.to_string(),
        line: reason.line.map(small),
        act: reason.act.to_string(),
        care_date: day(reason.care_date),
    }
}

/// Converts an event. The message has the fields of the JSON in the queues, which
/// `tests/it/grpc_event_mapping.rs` compares.
pub(in crate::grpc) fn event(event: ClaimEvent) -> proto::ClaimEvent {
    proto::ClaimEvent {
        event_id: event.event_id.to_string(),
        subject: event.subject.to_string(),
        claim_id: event.claim_id.to_string(),
        sequence: count(event.sequence),
        fact: event.fact.as_str().to_owned(),
        part: event.part.as_str().to_owned(),
        flow: event.flow.as_str().to_owned(),
        occurred_at: Some(timestamp(event.occurred_at)),
        actor: Some(actor(event.actor)),
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
            .map(|r| proto::Reason {
                code: r.code,
                label: r.label,
                line: r.line.map(small),
                ..proto::Reason::default()
            })
            .collect(),
        corrects: event.corrects.map(|id| id.to_string()),
        transfer_date: event.transfer_date.map(|day| day.to_string()),
        due_at: event.due_at.map(timestamp),
        test: event.test,
        flags: event.flags.iter().map(|flag| flag.as_str().to_owned()).collect(),
    }
}

fn actor(actor: Actor) -> proto::Actor {
    proto::Actor {
        name: actor.name.into(),
        role: actor.role.as_str().to_owned(),
        proof: actor.proof.as_str().to_owned(),
    }
}

/// Converts a claim with its lines and its person.
pub(in crate::grpc) fn full_claim(full: FullClaim) -> proto::GetClaimResponse {
    let (person, person_withheld) = match full.person {
        Ok(person) => (Some(self::person(person)), String::new()),
        Err(Withheld::NameMissing) => {
            (None, format!("say who asks, in the metadata {STATED_NAME}"))
        }
        Err(Withheld::PurposeMissing) => {
            (None, "say why the person is read, in purpose".to_owned())
        }
    };
    let details = full.view.claim.clone();
    let answer = proto::GetClaimResponse {
        dre: Some(dre_status(full.view)),
        lines: full.lines.iter().map(line).collect(),
        decisions: full.decisions.into_iter().map(decision).collect(),
        person,
        person_withheld,
        ..proto::GetClaimResponse::default()
    };
    let Some(claim) = details else { return answer };
    proto::GetClaimResponse {
        date_limite_reponse_amc: claim.date_limite_reponse_amc,
        norm_code: claim.norm_code,
        logical_file: small(claim.logical_file),
        ordinal: count(claim.ordinal),
        first_record: count(claim.first_record),
        record_count: small(claim.record_count),
        person_token: claim.person.0,
        ..answer
    }
}

/// Converts a decision about a claim.
fn decision(decision: RecordedDecision) -> proto::ClaimDecision {
    let DecisionAuthor { caller_name, proof, role, stated } = decision.author;
    proto::ClaimDecision {
        decision_id: decision.id.to_string(),
        kind: decision.kind.as_str().to_owned(),
        label: decision.kind.libelle().to_owned(),
        part: decision.part.as_str().to_owned(),
        event_id: decision.event_id.map(|id| id.to_string()),
        author: stated.map(String::from).unwrap_or_default(),
        caller: caller_name,
        caller_role: role.as_str().to_owned(),
        caller_proof: proof.as_str().to_owned(),
        decided_at: Some(timestamp(decision.decided_at)),
    }
}

/// Converts the outcome of a decision.
pub(in crate::grpc) fn recorded(recorded: Recorded) -> proto::RecordDecisionResponse {
    let warning = |w: Warning| coded(w.as_str(), w.libelle());
    proto::RecordDecisionResponse {
        event_id: recorded.event_id.map(|id| id.to_string()),
        repeated: recorded.repeated,
        version: recorded.view.claim.as_ref().map_or(0, |claim| count(claim.version)),
        dre: Some(dre_status(recorded.view)),
        warnings: recorded.warnings.into_iter().map(warning).collect(),
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

fn person(person: PersonRecord) -> proto::Person {
    proto::Person {
        nir: person.nir,
        nir_key: person.nir_key,
        birth_date: person.birth_date,
        birth_rank: person.birth_rank,
        individual_nir: person.individual_nir,
        member_number: person.member_number,
    }
}
