//! Events about the installation itself: each hour a witness line, for consumers that keep
//! the lines outside of the gateway.

use super::event::{as_string, timestamp};
use super::{Actor, EventId, Proof, Role, Subject, SubjectKind, WitnessLine};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Fact of an event that carries a witness line.
const WITNESS: &str = "witness";
/// Name of the actor: no person and no party reports how far the database reached.
const GATEWAY: &str = "noemie-gateway";

/// Event about the installation, with one fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstallationEvent {
    /// Identifier of the event; the same on every delivery.
    pub event_id: EventId,
    /// Subject of the event: the installation.
    pub subject: Subject,
    /// 1-based rank of the event among those of the installation.
    #[serde(with = "as_string")]
    pub sequence: u64,
    /// Fact: `witness`.
    pub fact: String,
    /// Instant of the line.
    #[serde(with = "timestamp")]
    pub occurred_at: OffsetDateTime,
    /// The gateway.
    pub actor: Actor,
    /// The line, byte for byte as in the file.
    pub witness: WitnessLine,
}

impl InstallationEvent {
    /// Returns the event of a witness line.
    #[must_use]
    pub fn of(line: &WitnessLine, event_id: EventId, sequence: u64) -> Self {
        Self {
            event_id,
            subject: Subject { kind: SubjectKind::Installation, id: line.installation },
            sequence,
            fact: WITNESS.to_owned(),
            occurred_at: line.at,
            actor: Actor { name: GATEWAY.into(), role: Role::Operator, proof: Proof::Local },
            witness: line.clone(),
        }
    }

    /// Returns the routing key, `installation.witness`.
    #[must_use]
    pub fn routing_key(&self) -> String {
        format!("{}.{}", self.subject.kind.as_str(), self.fact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    /// Returns the names of the properties of a schema, and those that are required.
    fn names(schema: &Value) -> [BTreeSet<String>; 2] {
        let described = schema["properties"].as_object().expect("properties").keys();
        let required = schema["required"].as_array().expect("a list").iter();
        let required = required.map(|name| name.as_str().expect("a name").to_owned());
        [described.cloned().collect(), required.collect()]
    }

    #[test]
    fn the_sample_of_the_documentation_is_an_event_and_the_schema_names_its_fields() {
        let page = include_str!("../../docs/events.md");
        let sample = page.split("~~~json\n").nth(1).and_then(|rest| rest.split("~~~").next());
        let sample: Value = serde_json::from_str(sample.expect("a sample")).expect("JSON");
        let event: InstallationEvent = serde_json::from_value(sample.clone()).expect("an event");
        assert_eq!(serde_json::to_value(&event).expect("writes"), sample);
        assert_eq!(event.sequence, 412);
        assert_eq!(event.routing_key(), "installation.witness");
        let schema = include_str!("../../docs/schemas/installation-event.v1.json");
        let schema: Value = serde_json::from_str(schema).expect("JSON");
        for (schema, sample) in
            [(&schema, &sample), (&schema["properties"]["witness"], &sample["witness"])]
        {
            let written: BTreeSet<String> =
                sample.as_object().expect("an object").keys().cloned().collect();
            assert_eq!(names(schema), [written.clone(), written]);
        }
    }
}
