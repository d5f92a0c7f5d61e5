//! Claim events: facts about claims, published to the insurer's workers.
//!
//! The JSON is the proto3 JSON mapping of `noemie.gateway.v1.ClaimEvent` (camelCase names, 64-bit
//! integers as strings); a test reads it back with the generated type. An event has amounts,
//! parties, state, reasons, tokens, ids and its actor, and no data of a person.

use super::{
    Actor, Claim, ClaimId, ClaimPart, EventId, ExchangeId, FactSource, Flag, Flow, Lane, PartKind,
    PartState, Reason, Subject, Token,
};
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

/// One fact about one part of one claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimEvent {
    /// Identifier of the event; the same on every delivery.
    pub event_id: EventId,
    /// Subject of the event: the claim.
    pub subject: Subject,
    /// The claim.
    pub claim_id: ClaimId,
    /// 1-based rank of the event in the life of the claim.
    #[serde(with = "as_string")]
    pub sequence: u64,
    /// Fact: the new state of the part (`received`, `accepted`, `rejected`, `deferred`, `paid`,
    /// `recovered` …).
    pub fact: PartState,
    /// Part concerned; a `received` event concerns the whole claim and says `amc` (`amo` when
    /// nothing is asked of the AMC).
    pub part: PartKind,
    /// Flow of the claim.
    pub flow: Flow,
    /// Whether the claim is of the test lane: nothing is to be paid. Absent in the real lane.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub test: bool,
    /// Instant of the fact (RFC 3339, UTC, to the microsecond).
    #[serde(with = "timestamp")]
    pub occurred_at: OffsetDateTime,
    /// Party that reported the fact.
    pub actor: Actor,
    /// Exchange that reported the fact (deposit or return); absent for a worker's decision.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exchange_id: Option<ExchangeId>,
    /// Concentrator that deposited the claim.
    pub sender: String,
    /// PS number.
    pub ps: String,
    /// Invoice number.
    pub invoice_number: String,
    /// AMC number, 10 characters, or empty.
    pub amc_number: String,
    /// Token of the insured person.
    pub person: Token,
    /// State of the AMO part after the event.
    pub amo_state: PartState,
    /// State of the AMC part after the event.
    pub amc_state: PartState,
    /// Total billed, centimes.
    #[serde(with = "as_string")]
    pub total_centimes: i64,
    /// Asked of the AMO, centimes.
    #[serde(with = "as_string")]
    pub amo_centimes: i64,
    /// Asked of the AMC, centimes.
    #[serde(with = "as_string")]
    pub amc_centimes: i64,
    /// Paid on this part so far, centimes.
    #[serde(with = "as_string")]
    pub paid_centimes: i64,
    /// Reference of the transfer, empty when none.
    pub transfer_reference: String,
    /// Date of the transfer; absent when none.
    #[serde(with = "super::day_text", skip_serializing_if = "Option::is_none", default)]
    pub transfer_date: Option<Date>,
    /// Instant at which the promise of the insurer for the AMC part ends; absent in the test lane.
    #[serde(with = "optional_timestamp", skip_serializing_if = "Option::is_none", default)]
    pub due_at: Option<OffsetDateTime>,
    /// Reasons of a reject or deferral.
    pub reasons: Vec<ReasonEntry>,
    /// Codes of what does not fit in the money of the part.
    #[serde(default)]
    pub flags: Vec<Flag>,
    /// Rejected claim that this claim corrects.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub corrects: Option<ClaimId>,
}

/// A reason inside an event, without act and date of care: events have no detail of care.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonEntry {
    /// Code.
    pub code: String,
    /// French label.
    pub label: String,
    /// Rank of the line of the claim, from 1; absent for the whole invoice.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
}

impl From<&Reason> for ReasonEntry {
    fn from(reason: &Reason) -> Self {
        Self { code: reason.code.to_string(), label: reason.label.to_string(), line: reason.line }
    }
}

impl ClaimEvent {
    /// Returns the event of the present state of a part of `claim`.
    #[must_use]
    pub fn of(
        claim: &Claim,
        part: &ClaimPart,
        event_id: EventId,
        sequence: u64,
        source: &FactSource,
    ) -> Self {
        Self {
            event_id,
            subject: claim.id.into(),
            claim_id: claim.id,
            sequence,
            fact: part.state,
            part: part.kind,
            flow: claim.flow,
            test: claim.lane.is_test(),
            occurred_at: source.at,
            actor: source.actor.clone(),
            exchange_id: source.exchange_id,
            sender: claim.sender.clone(),
            ps: claim.ps.clone(),
            invoice_number: claim.invoice_number.clone(),
            amc_number: claim.amc_number.clone(),
            person: claim.person.clone(),
            amo_state: claim.amo.state,
            amc_state: claim.amc.state,
            total_centimes: claim.total.centimes(),
            amo_centimes: claim.amo.asked.centimes(),
            amc_centimes: claim.amc.asked.centimes(),
            paid_centimes: part.paid.centimes(),
            transfer_reference: part.transfer_reference.clone().unwrap_or_default().into(),
            transfer_date: part.transfer_date,
            due_at: claim.due_at,
            reasons: part.reasons.iter().map(ReasonEntry::from).collect(),
            flags: part.flags.clone(),
            corrects: claim.corrects,
        }
    }

    /// Returns `claim.<flow>.<fact>.<amc number>`, with `none` for a claim without AMC. The key of
    /// the test lane begins with `claim.test.`.
    #[must_use]
    pub fn routing_key(&self) -> String {
        let lane = if self.test { "test." } else { "" };
        let amc = if self.amc_number.is_empty() { "none" } else { &self.amc_number };
        format!("claim.{lane}{}.{}.{amc}", self.flow.as_str(), self.fact.as_str())
    }

    /// Returns the lane of the claim.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        Lane::of(self.test)
    }

    /// Returns the name of the event, for example `claim.received`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("claim.{}", self.fact.as_str())
    }
}

/// Writes 64-bit integers as strings, as in the proto3 JSON mapping.
pub(super) mod as_string {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::fmt::Display;
    use std::str::FromStr;

    pub(in crate::domain) fn serialize<T: Display, S: Serializer>(
        value: &T,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        s.collect_str(value)
    }

    pub(in crate::domain) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(
        d: D,
    ) -> Result<T, D::Error> {
        String::deserialize(d)?.parse().map_err(|_| D::Error::custom("not an integer in a string"))
    }
}

/// Writes instants as `google.protobuf.Timestamp` in proto3 JSON: UTC, `Z`, and always 6
/// decimals (0, 3, 6 or 9 are allowed), which is also what both databases keep.
pub(super) mod timestamp {
    use serde::{Deserializer, Serializer, ser::Error};
    use time::format_description::BorrowedFormatItem;
    use time::macros::format_description;
    use time::{OffsetDateTime, UtcOffset};

    const MICROSECONDS: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

    pub(in crate::domain) fn serialize<S: Serializer>(
        at: &OffsetDateTime,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        s.serialize_str(
            &at.to_offset(UtcOffset::UTC).format(MICROSECONDS).map_err(S::Error::custom)?,
        )
    }

    pub(in crate::domain) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<OffsetDateTime, D::Error> {
        time::serde::rfc3339::deserialize(d)
    }
}

/// Writes an instant that may be absent, as [`timestamp`].
mod optional_timestamp {
    use serde::{Deserializer, Serializer};
    use time::OffsetDateTime;

    #[expect(clippy::ref_option, reason = "serde passes the field by reference")]
    pub(super) fn serialize<S: Serializer>(
        at: &Option<OffsetDateTime>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => super::timestamp::serialize(at, s),
            None => s.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        super::timestamp::deserialize(d).map(Some)
    }
}
