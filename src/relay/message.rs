//! Properties and headers of an event as an AMQP message, documented in `docs/events.md`.
//!
//! The body of the message is the payload that was committed with the event, byte for byte.
//! Properties and headers hold ids, tokens and states, and no data of a person.

use crate::store::OutboxEvent;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use time::format_description::well_known::Rfc3339;

/// `app_id` of every message, and CloudEvents source.
const APP_ID: &str = "noemie-gateway";
/// Header: the id of the subject. Events with the same id must be handled in order.
pub(super) const PARTITION_KEY: &str = "cloudEvents_partitionkey";
/// Header: number of the event within its subject, from 1.
pub(super) const SEQUENCE: &str = "cloudEvents_sequence";
/// Header: instant of the event.
pub(super) const TIME: &str = "cloudEvents_time";
/// AMQP delivery mode: the broker writes the message to disk before it confirms.
const PERSISTENT: u8 = 2;
/// Package of the protos, and prefix of the CloudEvents type. The package has the form of a
/// reversed domain and claims none, because no top-level domain is called `noemie`. The version is
/// that of the body.
const PACKAGE: &str = "noemie.gateway.v1";
/// Digits of a sequence, zero-padded so that sequences of one subject sort as text (CloudEvents
/// extension `sequence`).
const SEQUENCE_DIGITS: usize = 10;
/// Limit of an AMQP short string.
const SHORT_STRING_BYTES: usize = 255;

/// Returns the properties and headers of an event.
pub(super) fn properties(event: &OutboxEvent) -> BasicProperties {
    let occurred_at = event.occurred_at;
    BasicProperties::default()
        .with_message_id(short(&event.event_id.to_string()))
        .with_type(short(&event.name()))
        .with_content_type(short("application/json"))
        .with_content_encoding(short("utf-8"))
        .with_delivery_mode(PERSISTENT)
        .with_timestamp(u64::try_from(occurred_at.unix_timestamp()).unwrap_or_default())
        .with_app_id(short(APP_ID))
        .with_headers(headers(event))
}

/// Returns the CloudEvents 1.0 attributes, with the prefix of the CloudEvents AMQP binding, and the
/// trace context.
fn headers(event: &OutboxEvent) -> FieldTable {
    let mut headers = FieldTable::default();
    let mut put = |name: &str, value: String| {
        headers.insert(short(name), AMQPValue::LongString(LongString::from(value)));
    };
    put("cloudEvents_specversion", "1.0".to_owned());
    put("cloudEvents_id", event.event_id.to_string());
    put("cloudEvents_source", format!("/{APP_ID}"));
    put("cloudEvents_type", format!("{PACKAGE}.{}", event.name()));
    put("cloudEvents_dataschema", data_schema(&event.subject_kind));
    put("cloudEvents_subject", event.subject());
    put(TIME, event.occurred_at.format(&Rfc3339).unwrap_or_default());
    put(PARTITION_KEY, event.subject_id.to_string());
    put(SEQUENCE, sequence(event.sequence));
    put("traceparent", traceparent(event));
    headers
}

/// Returns the URN of the JSON Schema of the body: for a claim the file
/// `docs/schemas/claim-event.v1.json` of the source tree.
fn data_schema(subject_kind: &str) -> String {
    format!("urn:noemie-gateway:docs:schemas:{subject_kind}-event.v1.json")
}

/// Returns the rank of an event as text that sorts like the number.
fn sequence(rank: u64) -> String {
    format!("{rank:0SEQUENCE_DIGITS$}")
}

/// Returns the W3C trace context: one trace per exchange (per subject for a decision), one
/// span per event. The ids of the event determine it, so that a resent event has the same.
fn traceparent(event: &OutboxEvent) -> String {
    let trace = event.exchange_id.map_or(event.subject_id, |exchange| exchange.0);
    let span = event.event_id.0.as_u64_pair().1;
    format!("00-{}-{span:016x}-01", trace.simple())
}

/// Returns an AMQP short string, truncated to [`SHORT_STRING_BYTES`]. No name of the gateway is so
/// long; lapin would panic on a longer one and stop the relay.
pub(crate) fn short(text: &str) -> ShortString {
    ShortString::from(&text[..text.floor_char_boundary(SHORT_STRING_BYTES)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::life_cycle::has_event;
    use crate::domain::{ClaimEvent, PartState};
    use std::collections::BTreeSet;

    #[test]
    fn every_sample_of_the_documentation_is_an_event() {
        let page = include_str!("../../docs/events.md");
        let samples: Vec<&str> =
            page.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        let facts = samples.iter().map(|sample| {
            let event: ClaimEvent = serde_json::from_str(sample).unwrap();
            let written: serde_json::Value = serde_json::to_value(&event).unwrap();
            assert_eq!(written, serde_json::from_str::<serde_json::Value>(sample).unwrap());
            assert!(page.contains(&format!("### {}\n", event.name())));
            event.fact
        });
        use PartState::{Accepted, Deferred, Paid, Received, Recovered, Rejected};
        assert_eq!(
            facts.collect::<Vec<_>>(),
            [Received, Accepted, Rejected, Deferred, Paid, Recovered]
        );
    }

    /// Returns the names between backquotes in the first column of the table under a heading.
    fn documented(page: &str, heading: &str) -> BTreeSet<String> {
        let table = page
            .split_once(heading)
            .expect("the table is there")
            .1
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        let names = table.flat_map(|line| {
            line.split('|')
                .nth(1)
                .unwrap_or_default()
                .split(',')
                .map(|name| name.trim().trim_matches('`').to_owned())
        });
        names.collect()
    }

    #[test]
    fn the_tables_of_the_documentation_name_every_header_and_exchange() {
        let page = include_str!("../../docs/events.md");
        let sample =
            page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let event = waiting(sample);
        let written: BTreeSet<String> =
            headers(&event).inner().keys().map(ToString::to_string).collect();
        assert_eq!(documented(page, "| header of every event | value |"), written);
        let replay: BTreeSet<String> =
            super::super::dead_letters::HEADERS.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(documented(page, "| header of a replayed event | value |"), replay);
        let (names, rows) =
            (documented(page, "| name | kind | what arrives |"), super::super::topology::names());
        assert_eq!(names, rows.into_iter().map(str::to_owned).collect());
        for fact in PartState::ALL.iter().filter(|fact| has_event(**fact)) {
            assert!(page.contains(&format!("`{}`", fact.as_str())), "{fact:?}");
        }
    }

    /// Returns the event of a sample as it waits in the outbox.
    fn waiting(sample: &str) -> OutboxEvent {
        let event: ClaimEvent = serde_json::from_str(sample).unwrap();
        OutboxEvent {
            event_no: 1,
            event_id: event.event_id,
            subject_kind: event.subject.kind.as_str().to_owned(),
            subject_id: event.subject.id,
            sequence: event.sequence,
            kind: event.fact.as_str().to_owned(),
            exchange_id: event.exchange_id,
            routing_key: event.routing_key(),
            payload: sample.to_owned(),
            occurred_at: event.occurred_at,
            attempts: 0,
            is_resend: false,
        }
    }

    #[test]
    fn an_event_of_a_later_version_keeps_its_own_words() {
        let page = include_str!("../../docs/events.md");
        let sample =
            page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let event = OutboxEvent {
            subject_kind: "invoice".into(),
            kind: "movement_added".into(),
            ..waiting(sample)
        };
        let header = |name: &str| match &headers(&event).inner()[name] {
            AMQPValue::LongString(text) => text.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(header("cloudEvents_subject"), format!("invoice/{}", event.subject_id));
        assert_eq!(header("cloudEvents_type"), "noemie.gateway.v1.invoice.movement_added");
        assert!(header("cloudEvents_dataschema").ends_with(":invoice-event.v1.json"));
    }

    #[test]
    fn sequences_sort_as_text() {
        let ranks = [1, 2, 9, 10, 99, 100, 4_294_967_295];
        assert!(ranks.map(sequence).is_sorted());
        assert_eq!(sequence(42), "0000000042");
    }

    #[test]
    fn the_schema_of_the_body_is_in_the_tree_and_names_every_field() {
        let urn = data_schema("claim");
        let path = urn.trim_start_matches("urn:noemie-gateway:").replace(':', "/");
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let schema: serde_json::Value =
            serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        assert_eq!(schema["$id"], urn);
        let described: BTreeSet<&String> =
            schema["properties"].as_object().unwrap().keys().collect();
        let page = include_str!("../../docs/events.md");
        let mut written = BTreeSet::new();
        let samples = page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let samples: Vec<serde_json::Value> =
            samples.map(|sample| serde_json::from_str(sample).unwrap()).collect();
        for sample in &samples {
            written.extend(sample.as_object().unwrap().keys());
            for field in schema["required"].as_array().unwrap() {
                assert!(
                    sample.get(field.as_str().unwrap()).is_some(),
                    "{field} is not in {sample}"
                );
            }
        }
        let optional = ["corrects".to_owned(), "test".to_owned()];
        written.extend(&optional);
        assert_eq!(described, written);
    }

    #[test]
    fn short_strings_are_cut_between_characters() {
        assert_eq!(short("claims").as_str(), "claims");
        assert_eq!(short(&"é".repeat(200)).as_str(), "é".repeat(127));
    }
}
