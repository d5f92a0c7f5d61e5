//! Reads the JSON of a decision: the proto3 JSON mapping of `noemie.gateway.v1.Decision`.
//!
//! Names are camelCase, or as in the proto; 64-bit integers are strings or numbers. A field that
//! the message does not have is refused: a misspelt `expectedVersion` must not pass unnoticed.

use crate::service::decisions::message::{
    DecisionMessage, KindMessage, MAX_REASONS, ReasonMessage, WrongField,
};
use crate::service::decisions::refusal::Refusal;
use serde::{Deserialize, Deserializer};

/// Reason of a message that is no decision.
pub(super) const MALFORMED: &str = "malformed_message";

/// Reads the body of a message. The text of a failure does not repeat the body, which may hold
/// anything.
pub(super) fn read(body: &[u8]) -> Result<DecisionMessage, Refusal> {
    // A list would pass for a message whose fields are in order.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(unreadable("the body is no message Decision in proto3 JSON".to_owned()));
    }
    let decision: Decision = serde_json::from_slice(body).map_err(|error| {
        let what = if error.is_data() { "no message Decision in proto3 JSON" } else { "no JSON" };
        let at = format!("line {}, column {}", error.line(), error.column());
        unreadable(format!("the body is {what} ({at})"))
    })?;
    let kinds = decision.kinds();
    if kinds.len() > 1 {
        return Err(unreadable("the decision has several kinds, give one".to_owned()));
    }
    Ok(DecisionMessage {
        kind: kinds.into_iter().next(),
        claim_id: decision.claim_id,
        part: decision.part,
        idempotency_key: decision.idempotency_key,
        expected_version: decision.expected_version.map(|Int64(version)| version),
    })
}

/// Returns the refusal of a message that is no decision.
pub(super) fn unreadable(message: String) -> Refusal {
    Refusal { reason: MALFORMED, message, ..Refusal::of_fields(Vec::new()) }
}

/// Returns the refusal of a message with one wrong field.
pub(super) fn wrong(field: &str, description: &str) -> Refusal {
    let (field, description) = (field.to_owned(), description.to_owned());
    Refusal::of_fields(vec![WrongField { field, description, is_identity: false }])
}

/// An integer of 64 bits, as a string or as a number.
#[derive(Debug, Clone, Copy, Default)]
struct Int64(i64);

impl<'de> Deserialize<'de> for Int64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(i64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(number) => Ok(Self(number)),
            Written::Text(text) => text.parse().map(Self).map_err(serde::de::Error::custom),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Decision {
    #[serde(alias = "claim_id")]
    claim_id: String,
    part: String,
    #[serde(alias = "idempotency_key")]
    idempotency_key: String,
    #[serde(alias = "expected_version")]
    expected_version: Option<Int64>,
    accept: Option<Accept>,
    reject: Option<Reasons>,
    defer: Option<Reasons>,
    reopen: Option<Reopen>,
    pay: Option<Pay>,
    recover: Option<Recover>,
}

impl Decision {
    /// Returns each kind that the message gives.
    fn kinds(&self) -> Vec<KindMessage> {
        let kinds = [
            self.accept.as_ref().map(|Accept {}| KindMessage::Accept),
            self.reject.as_ref().map(|reject| KindMessage::Reject { reasons: reject.read() }),
            self.defer.as_ref().map(|defer| KindMessage::Defer { reasons: defer.read() }),
            self.reopen.as_ref().map(|r| KindMessage::Reopen { reason: r.reason.clone() }),
            self.pay.as_ref().map(|pay| KindMessage::Pay {
                transfer_reference: pay.transfer_reference.clone(),
                transfer_date: pay.transfer_date.clone(),
                amount_centimes: pay.amount_centimes.0,
            }),
            self.recover.as_ref().map(|recover| KindMessage::Recover {
                reference: recover.reference.clone(),
                amount_centimes: recover.amount_centimes.0,
            }),
        ];
        kinds.into_iter().flatten().collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accept {}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Reasons {
    reasons: Vec<Reason>,
}

impl Reasons {
    /// Returns one reason more than is allowed at most, so that the check sees that there are too
    /// many.
    fn read(&self) -> Vec<ReasonMessage> {
        let read = |reason: &Reason| ReasonMessage {
            code: reason.code.clone(),
            label: reason.label.clone(),
            line: reason.line,
        };
        self.reasons.iter().take(MAX_REASONS + 1).map(read).collect()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Reason {
    code: String,
    label: String,
    line: Option<i32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Reopen {
    reason: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Pay {
    #[serde(alias = "transfer_reference")]
    transfer_reference: String,
    #[serde(alias = "transfer_date")]
    transfer_date: String,
    #[serde(alias = "amount_centimes")]
    amount_centimes: Int64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Recover {
    reference: String,
    #[serde(alias = "amount_centimes")]
    amount_centimes: Int64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_and_both_forms_of_integers_are_read() {
        let camel = r#"{"claimId":"c","expectedVersion":"3","pay":{"transferReference":"V",
            "transferDate":"2026-11-21","amountCentimes":"500"}}"#;
        let snake = r#"{"claim_id":"c","expected_version":3,"pay":{"transfer_reference":"V",
            "transfer_date":"2026-11-21","amount_centimes":500}}"#;
        let read_camel = read(camel.as_bytes()).expect("readable");
        assert_eq!(read_camel, read(snake.as_bytes()).expect("readable"));
        assert_eq!(read_camel.expected_version, Some(3));
        let kind = KindMessage::Pay {
            transfer_reference: "V".into(),
            transfer_date: "2026-11-21".into(),
            amount_centimes: 500,
        };
        assert_eq!(read_camel.kind, Some(kind));
    }

    #[test]
    fn what_is_no_decision_is_refused_without_its_content() {
        for body in [
            "185076005701844",
            "{\"claimId\":\"1 85 07 60 057 018\"",
            "{\"claimId\":\"c\",\"expectedVerison\":\"3\",\"accept\":{}}",
            "{\"accept\":{},\"reopen\":{\"reason\":\"x\"}}",
            "{\"pay\":{\"amountCentimes\":\"12.5\"}}",
            "[]",
            "",
        ] {
            let refused = read(body.as_bytes()).expect_err(body);
            assert_eq!(refused.reason, "malformed_message", "{body}");
            assert!(!refused.message.contains("85"), "{}", refused.message);
        }
    }
}
