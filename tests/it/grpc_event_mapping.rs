//! The JSON of an event in the queues is the proto3 JSON mapping of `ClaimEvent`: read back by the
//! descriptors of the package, as a stranger's client would, and compared field by field with the
//! message that gRPC callers get.

use noemie_gateway::domain::event::ReasonEntry;
use noemie_gateway::domain::{
    Actor, ClaimEvent, ClaimId, EventId, ExchangeId, Flag, Flow, PartKind, PartState, Proof, Role,
    Token,
};
use noemie_gateway::grpc::proto;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor};
use time::macros::{date, datetime};
use uuid::Uuid;

/// An event with every field filled, each with a value of its own.
fn full() -> ClaimEvent {
    ClaimEvent {
        event_id: EventId(Uuid::from_u128(1)),
        subject: ClaimId(Uuid::from_u128(2)).into(),
        claim_id: ClaimId(Uuid::from_u128(2)),
        sequence: 9_007_199_254_740_993,
        fact: PartState::RejectedAfterAcceptance,
        part: PartKind::Amc,
        flow: Flow::B2Amo,
        test: true,
        occurred_at: datetime!(2026-11-21 10:20:30.123456 +1),
        actor: Actor { name: "cpam-22".into(), role: Role::Caisse, proof: Proof::Stated },
        exchange_id: Some(ExchangeId(Uuid::from_u128(3))),
        sender: "oct-ouest".into(),
        ps: "992001362".into(),
        invoice_number: "000000123".into(),
        amc_number: "0099900011".into(),
        person: Token("f00d".into()),
        amo_state: PartState::Paid,
        amc_state: PartState::RejectedAfterAcceptance,
        total_centimes: 12_345,
        amo_centimes: 8_000,
        amc_centimes: 4_345,
        paid_centimes: -17,
        transfer_reference: "VIR 2026/11".into(),
        transfer_date: Some(date!(2026 - 11 - 20)),
        due_at: Some(datetime!(2026-11-27 23:59:59.123457 UTC)),
        reasons: vec![ReasonEntry {
            code: "122".into(),
            label: "Numéro d'adhérent inconnu".into(),
            line: Some(3),
        }],
        corrects: Some(ClaimId(Uuid::from_u128(4))),
        flags: vec![Flag::PaidTwice, Flag::OverAsked],
    }
}

fn descriptor() -> MessageDescriptor {
    let pool = DescriptorPool::decode(proto::DESCRIPTORS).expect("the descriptors are readable");
    pool.get_message_by_name("noemie.gateway.v1.ClaimEvent").expect("the package has a ClaimEvent")
}

/// Reads the JSON with unknown fields denied, so that a field of the domain without a field of the
/// message fails.
fn by_descriptor(event: &ClaimEvent) -> DynamicMessage {
    let json = serde_json::to_string(event).expect("an event is JSON");
    let mut reader = serde_json::Deserializer::from_str(&json);
    DynamicMessage::deserialize_with_options(
        descriptor(),
        &mut reader,
        &DeserializeOptions::new().deny_unknown_fields(true),
    )
    .expect("proto3 JSON")
}

fn reason(entry: &ReasonEntry) -> proto::Reason {
    let line = entry.line.map(|line| i32::try_from(line).expect("small"));
    proto::Reason {
        code: entry.code.clone(),
        label: entry.label.clone(),
        line,
        ..proto::Reason::default()
    }
}

/// The message as it must be, written out here and not by the code under test.
fn expected(event: &ClaimEvent) -> proto::ClaimEvent {
    proto::ClaimEvent {
        event_id: event.event_id.to_string(),
        subject: "claim/00000000-0000-0000-0000-000000000002".into(),
        claim_id: event.claim_id.to_string(),
        sequence: i64::try_from(event.sequence).expect("small"),
        fact: "rejected_after_acceptance".into(),
        part: "amc".into(),
        flow: "b2".into(),
        occurred_at: Some(prost_types::Timestamp {
            seconds: event.occurred_at.unix_timestamp(),
            nanos: 123_456_000,
        }),
        actor: Some(proto::Actor {
            name: "cpam-22".into(),
            role: "caisse".into(),
            proof: "stated".into(),
        }),
        exchange_id: event.exchange_id.map(|id| id.to_string()),
        sender: event.sender.clone(),
        ps: event.ps.clone(),
        invoice_number: event.invoice_number.clone(),
        amc_number: event.amc_number.clone(),
        person: event.person.0.clone(),
        amo_state: "paid".into(),
        amc_state: "rejected_after_acceptance".into(),
        total_centimes: event.total_centimes,
        amo_centimes: event.amo_centimes,
        amc_centimes: event.amc_centimes,
        paid_centimes: event.paid_centimes,
        transfer_reference: event.transfer_reference.clone(),
        reasons: event.reasons.iter().map(reason).collect(),
        corrects: event.corrects.map(|id| id.to_string()),
        transfer_date: Some("2026-11-20".to_owned()),
        due_at: Some(prost_types::Timestamp {
            seconds: event.due_at.expect("an instant").unix_timestamp(),
            nanos: 123_457_000,
        }),
        flags: vec!["paid_twice".into(), "over_asked".into()],
        test: true,
    }
}

#[test]
fn every_field_of_the_json_is_the_field_of_the_message() {
    let event = full();
    let read: proto::ClaimEvent = by_descriptor(&event).transcode_to().expect("the same message");
    assert_eq!(read, expected(&event));
}

#[test]
fn every_field_of_the_message_is_in_the_json() {
    let json = serde_json::to_value(full()).expect("an event is JSON");
    let object = json.as_object().expect("an object");
    let mut of_message: Vec<String> =
        descriptor().fields().map(|field| field.json_name().to_owned()).collect();
    let mut of_json: Vec<String> = object.keys().cloned().collect();
    of_message.sort();
    of_json.sort();
    assert_eq!(of_json, of_message);
}

#[test]
fn the_json_of_the_descriptors_is_the_json_of_the_domain() {
    let event = full();
    let by_descriptor = serde_json::to_value(by_descriptor(&event)).expect("a message is JSON");
    assert_eq!(by_descriptor, serde_json::to_value(&event).expect("an event is JSON"));
}

#[test]
fn absent_fields_stay_absent() {
    let event = ClaimEvent {
        exchange_id: None,
        corrects: None,
        reasons: Vec::new(),
        transfer_reference: String::new(),
        transfer_date: None,
        ..full()
    };
    let read: proto::ClaimEvent = by_descriptor(&event).transcode_to().expect("the same message");
    assert_eq!((read.exchange_id, read.corrects, read.transfer_date), (None, None, None));
    let again: ClaimEvent =
        serde_json::from_value(serde_json::to_value(&event).expect("JSON")).expect("reads itself");
    assert_eq!(again, event);
}

#[test]
fn instants_are_utc_with_microseconds() {
    let json = serde_json::to_value(full()).expect("an event is JSON");
    assert_eq!(json["occurredAt"], "2026-11-21T09:20:30.123456Z");
    let whole = ClaimEvent { occurred_at: datetime!(2026-11-21 09:20:30 UTC), ..full() };
    assert_eq!(
        serde_json::to_value(whole).expect("JSON")["occurredAt"],
        "2026-11-21T09:20:30.000000Z"
    );
}
