//! Converts lookups, conventions and establishments.

use super::{day, timestamp};
use crate::grpc::proto;
use crate::service::conventions::{
    Answer, ConventionRow, ConventionVersion, EstablishmentRow, LookupAnswer, MatchedBy,
    RegisterState,
};
use time::Date;

pub(in crate::grpc) fn lookup_answer(
    answer: LookupAnswer,
    on: Date,
) -> proto::LookupConventionnementResponse {
    let warning = |(code, message): (&str, String)| proto::ConventionnementWarning {
        code: code.to_owned(),
        message,
    };
    proto::LookupConventionnementResponse {
        answer: answer_code(answer.answer).to_owned(),
        reason_code: answer.reason_code.to_owned(),
        reason: answer.reason,
        teletransmission_active: answer.teletransmission_active,
        concentrator: answer.concentrator.unwrap_or_default(),
        matched_by: answer.matched_by.map(key_code).unwrap_or_default().to_owned(),
        convention: answer.convention.map(convention),
        establishment: answer.establishment.map(establishment),
        register: answer.register.as_ref().map(register),
        warnings: answer.warnings.into_iter().map(warning).collect(),
        on: on.to_string(),
    }
}

pub(in crate::grpc) fn convention_version(version: ConventionVersion) -> proto::ConventionVersion {
    proto::ConventionVersion {
        convention: Some(convention(version.row)),
        recorded_from: Some(timestamp(version.recorded_from)),
        recorded_to: version.recorded_to.map(timestamp),
        source_digest: version.source_digest,
    }
}

const fn answer_code(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "yes",
        Answer::No => "no",
        Answer::Unknown => "unknown",
    }
}

const fn key_code(key: MatchedBy) -> &'static str {
    match key {
        MatchedBy::BillingNumber => "billing_number",
        MatchedBy::FinessEt => "finess_et",
        MatchedBy::FinessEj => "finess_ej",
        MatchedBy::Rpps => "rpps",
    }
}

fn convention(row: ConventionRow) -> proto::Convention {
    proto::Convention {
        identifier: row.identifier,
        amc_number: row.amc,
        convention_type: row.convention_type,
        domain: row.domain,
        starts_on: row.starts_on.to_string(),
        ends_on: day(row.ends_on),
        state: row.state.as_str().to_owned(),
        motive: row.motive.to_string(),
        concentrator: row.concentrator.to_string(),
        rpps: row.rpps,
        finess_et: row.finess_et,
    }
}

fn establishment(row: EstablishmentRow) -> proto::Establishment {
    proto::Establishment {
        finess_et: row.finess_et,
        finess_ej: row.finess_ej,
        name: row.name,
        long_name: row.long_name,
        category_code: row.category_code,
        category_label: row.category_label,
        department: row.department,
        valid_from: row.valid_from.to_string(),
        valid_to: day(row.valid_to),
    }
}

fn register(register: &RegisterState) -> proto::Register {
    proto::Register {
        as_of: register.as_of.to_string(),
        imported_at: Some(timestamp(register.imported_at)),
        age_days: register.age_days,
        rows: register.rows,
    }
}
