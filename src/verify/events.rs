//! The events of a claim, and the parts that follow from them.

use crate::domain::life_cycle::is_reject;
use crate::domain::{
    Actor, Claim, ClaimEvent, ClaimPart, FactSource, FreeText, HoldDecision, HoldResolution,
    Outcome, PartKind, PartState, Reason, Role,
};
use crate::store::{
    RejectReport, StoredEvent, StoredHold, StoredInvoice, StoredOutcome, event_fields,
    outcome_fields,
};
use crate::vault::{RowCheck, Vault};
use noemie_parsers::types::Montant;
use std::collections::HashSet;
use uuid::Uuid;

/// Returns in words where events of a claim are missing. A copy of another sender's invoice has no
/// events until the desk releases it.
pub(super) fn holes(stored: &StoredInvoice) -> Vec<String> {
    let events = &stored.events;
    if stored.new.claim.hold.is_some() && events.is_empty() {
        return Vec::new();
    }
    let last = events.last().map_or(0, |event| event.sequence);
    let count = events.len();
    let is_whole = events.iter().zip(1..).all(|(event, sequence)| event.sequence == sequence);
    if count > 0 && is_whole {
        Vec::new()
    } else {
        vec![format!("{count} events, the last one of sequence {last}")]
    }
}

/// Returns in words how the events of a claim differ from the claim, the columns of an event from
/// its text, and the parts of the claim from the events.
pub(super) fn differences(vault: &Vault, stored: &StoredInvoice) -> Vec<String> {
    let mut claim = as_received(stored);
    let mut faults = hold(vault, stored);
    if stored.new.claim.hold.is_some() {
        faults.extend(outcomes(vault, stored));
        if !stored.events.is_empty() {
            faults.push("it has events although nobody released it".to_owned());
        }
        return faults;
    }
    let (mut rejects, mut told) = (Vec::new(), HashSet::new());
    let mut before: Option<ClaimEvent> = None;
    for row in &stored.events {
        if check(vault, stored, row) == RowCheck::Altered {
            faults.push(format!("event {}: it does not fit its keyed digest", row.sequence));
        }
        let Ok(event) = serde_json::from_str::<ClaimEvent>(&row.payload) else {
            faults.push(format!("event {}: its text is no event", row.sequence));
            continue;
        };
        if event.part == PartKind::Unknown || event.fact == PartState::Unknown {
            // A later version wrote the event, by rules that this version does not know.
            return faults;
        }
        if !is_in_columns(row, &event) {
            faults.push(format!("event {}: its columns differ from its text", row.sequence));
        }
        if event != expected(&mut claim, stored, row, &event) {
            faults.push(format!("event {}: its text differs from the claim", row.sequence));
        }
        if before.as_ref().is_some_and(|before| is_repeated(before, &event)) {
            faults.push(format!("event {}: it repeats the event before it", row.sequence));
        }
        told.insert(event.part);
        if event.part == PartKind::Amc && is_reject(event.fact) {
            rejects.push((row.sequence, row.exchange_id));
        }
        before = Some(event);
    }
    faults.extend(outcomes(vault, stored));
    let now = &stored.new.claim;
    for (name, is, wanted) in [("AMO", &now.amo, &claim.amo), ("AMC", &now.amc, &claim.amc)] {
        // Of a correction, the part without event of its own is proved by the outcomes alone.
        let has_event = now.corrects.is_none() || told.contains(&is.kind);
        if has_event && !is_same(is, wanted) {
            faults.push(format!("the {name} part differs from its last event"));
        }
    }
    faults.extend(report(stored, &rejects));
    faults
}

/// Returns in words which events were written under another vault key.
pub(super) fn of_other_key(vault: &Vault, stored: &StoredInvoice) -> Vec<String> {
    let other = stored.events.iter().filter(|row| check(vault, stored, row) == RowCheck::OtherKey);
    let told = stored.outcomes.iter().filter(|told| check_told(vault, told) == RowCheck::OtherKey);
    other
        .map(|row| format!("event {} is of another vault key", row.sequence))
        .chain(told.map(|_| "an outcome is of another vault key".to_owned()))
        .collect()
}

fn check(vault: &Vault, stored: &StoredInvoice, row: &StoredEvent) -> RowCheck {
    let subject = stored.new.claim.id.into();
    let fields = event_fields(&subject, row.sequence, row.event_id, &row.payload);
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    vault.check_row(&row.key_check, &fields)
}

/// Returns whether an event tells the fact of the event before it, of the same instant, again.
fn is_repeated(before: &ClaimEvent, event: &ClaimEvent) -> bool {
    let ClaimEvent { event_id, sequence, .. } = *event;
    before.occurred_at == event.occurred_at
        && *event == ClaimEvent { event_id, sequence, ..before.clone() }
}

/// Returns the claim as its first event shows it: at its deposit, or at the release of a copy that
/// was held.
fn as_received(stored: &StoredInvoice) -> Claim {
    let claim = &stored.new.claim;
    let since = released(stored).map_or(claim.received_at, |resolution| resolution.at);
    let part = |part: &ClaimPart| ClaimPart::untold(part.kind, part.asked, since);
    Claim { amo: part(&claim.amo), amc: part(&claim.amc), ..claim.clone() }
}

/// Returns the decision that released a copy of another sender's invoice; `None` for every other
/// claim.
fn released(stored: &StoredInvoice) -> Option<&HoldResolution> {
    let resolution = stored.hold.as_ref()?.held.resolution.as_ref()?;
    (resolution.decision == HoldDecision::Released).then_some(resolution)
}

/// Returns in words whether the row of a held attempt was altered.
fn hold(vault: &Vault, stored: &StoredInvoice) -> Vec<String> {
    let check = |hold: &StoredHold| {
        let fields: Vec<&str> = hold.fields.iter().map(String::as_str).collect();
        vault.check_row(&hold.key_check, &fields)
    };
    match stored.hold.as_ref().map(check) {
        Some(RowCheck::Altered) => vec!["its hold does not fit its keyed digest".to_owned()],
        _ => Vec::new(),
    }
}

/// Returns in words what does not fit between the parts of a claim and what was told about its
/// invoice.
fn outcomes(vault: &Vault, stored: &StoredInvoice) -> Vec<String> {
    let mut faults = Vec::new();
    let altered =
        stored.outcomes.iter().filter(|told| check_told(vault, told) == RowCheck::Altered);
    let altered = altered.count();
    if altered > 0 {
        faults.push(format!("{altered} outcomes do not fit their keyed digests"));
    }
    let now = &stored.new.claim;
    let mut told = as_received(stored);
    let outcomes: Vec<Outcome> = stored.outcomes.iter().map(|told| told.outcome.clone()).collect();
    told.apply(&outcomes, now.received_at);
    for (name, is, wanted) in [("AMO", &now.amo, told.amo), ("AMC", &now.amc, told.amc)] {
        if *is != (ClaimPart { updated_at: is.updated_at, ..wanted }) {
            faults.push(format!("the {name} part does not follow from what was told"));
        }
    }
    faults
}

fn check_told(vault: &Vault, told: &StoredOutcome) -> RowCheck {
    let fields = outcome_fields(&told.outcome);
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    vault.check_row(&told.key_check, &fields)
}

/// Applies an event to the claim, and returns the event that the claim then makes. Identifier,
/// author, instant and outcome are taken from the event.
fn expected(
    claim: &mut Claim,
    stored: &StoredInvoice,
    row: &StoredEvent,
    event: &ClaimEvent,
) -> ClaimEvent {
    let is_first = row.sequence == 1;
    let release = released(stored).filter(|_| is_first);
    let source = if let Some(release) = release {
        FactSource {
            actor: Actor::author(&release.author),
            exchange_id: Some(claim.exchange_id),
            at: release.at,
        }
    } else if is_first {
        FactSource {
            actor: Actor::depositor(&claim.sender, Role::Concentrator),
            exchange_id: Some(claim.exchange_id),
            at: claim.received_at,
        }
    } else {
        FactSource {
            actor: event.actor.clone(),
            exchange_id: event.exchange_id,
            at: event.occurred_at,
        }
    };
    if is_first && claim.corrects.is_some() {
        // Money told about an earlier attempt counts from the start; the outcomes prove it.
        claim.amo.state = event.amo_state;
        claim.amc.state = event.amc_state;
    }
    if !is_first || claim.corrects.is_some() {
        let reasons = event.reasons.iter().map(|reason| Reason {
            line: reason.line,
            ..Reason::of_invoice(reason.code.as_str().into(), reason.label.as_str().into())
        });
        let Some(before) = claim.part(event.part).cloned() else { return event.clone() };
        claim.set_part(ClaimPart {
            state: event.fact,
            paid: Montant::from_centimes(event.paid_centimes),
            flags: event.flags.clone(),
            transfer_reference: Some(FreeText::from(event.transfer_reference.as_str()))
                .filter(|reference| !reference.is_empty()),
            transfer_date: event.transfer_date,
            reasons: reasons.collect(),
            updated_at: event.occurred_at,
            ..before
        });
    }
    let part = if event.part == PartKind::Amo { &claim.amo } else { &claim.amc };
    let sequence = u64::try_from(row.sequence).unwrap_or_default();
    ClaimEvent::of(claim, part, event.event_id, sequence, &source)
}

/// Returns whether the columns of an event repeat its text.
fn is_in_columns(row: &StoredEvent, event: &ClaimEvent) -> bool {
    row.event_id == event.event_id.0
        && row.kind == event.fact.as_str()
        && row.exchange_id == event.exchange_id.map(|id| id.0)
        && row.routing_key == event.routing_key()
        && row.occurred_at == event.occurred_at
        && event.actor.name == row.actor_name.as_str()
        && row.actor_role == event.actor.role.as_str()
        && row.actor_proof == event.actor.proof.as_str()
}

/// Compares a part with the part that the events make. No event has the reason of the gap, whether
/// the part is awaited, and the acts of reasons: the outcomes prove them.
fn is_same(stored: &ClaimPart, wanted: &ClaimPart) -> bool {
    let without_act = |reason: &Reason| Reason {
        line: reason.line,
        ..Reason::of_invoice(reason.code.clone(), reason.label.clone())
    };
    let reasons = stored.reasons.iter().map(without_act).collect();
    let stored = ClaimPart { reasons, ..stored.clone() };
    stored == ClaimPart { gap: stored.gap, is_awaited: stored.is_awaited, ..wanted.clone() }
}

/// Checks how the rejects of the AMC part were reported: the last one by the return that brought
/// it, or in a file of the gateway, and each file for a reject of a decision that no earlier file
/// reports. `rejects` has the sequence and the exchange of each, `None` for a decision.
fn report(stored: &StoredInvoice, rejects: &[(i64, Option<Uuid>)]) -> Option<String> {
    let amc = stored.marks.iter().find(|marks| marks.kind == PartKind::Amc)?;
    let last = stored.events.last().map_or(0, |event| event.sequence);
    let wanted = match rejects.last() {
        None => None,
        Some((_, Some(exchange))) => Some(*exchange),
        Some((sequence, None)) => {
            let mut reports = stored.reports.iter();
            reports.find(|report| report.version >= *sequence).map(|report| report.return_id)
        }
    };
    let mut before = 0;
    let has_reject = |report: &RejectReport| {
        let from = std::mem::replace(&mut before, report.version);
        let is_its = |sequence: i64| from < sequence && sequence <= report.version;
        report.version <= last && rejects.iter().any(|(at, by)| by.is_none() && is_its(*at))
    };
    let is_right = amc.reported_in == wanted && stored.reports.iter().all(has_reject);
    (!is_right).then(|| "the report of the reject is missing, or another one".to_owned())
}
