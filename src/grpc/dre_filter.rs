//! The filter of `ListDre`.

use super::check::{self, Violations};
use super::proto;
use crate::domain::{ClaimStatus, ExchangeId, Flag, PartKind, PartState};
use crate::limits::MAX_FIELD_CHARS;
use crate::service::claims::{ClaimFilter, ClaimQuery, FlagFilter};
use time::Date;

/// Reads the filter of a listing.
pub(super) fn query(check: &mut Violations, request: &proto::ListDreRequest) -> ClaimQuery {
    let statuses = check::codes(ClaimStatus::ALL, ClaimStatus::as_str);
    let states = check::codes(PartState::ALL, PartState::as_str);
    let exchange_id =
        check.parse_optional::<ExchangeId>("exchange_id", &request.exchange_id, "a UUID");
    let filter = ClaimFilter {
        sender: check.optional("sender", &request.sender),
        ps: check.optional("ps", &request.ps),
        invoice_number: check.optional("invoice_number", &request.invoice_number),
        exchange_id,
        lot: check.optional("lot", &request.lot),
        amc_number: check.amc_number("amc_number", &request.amc_number),
        person: check.optional("person_token", &request.person_token),
        status: check.code("status", &request.status, ClaimStatus::from_code, &statuses),
        part: check.code("part", &request.part, PartKind::from_code, "amc, amo"),
        part_state: check.code("part_state", &request.part_state, PartState::from_code, &states),
        flag: flag(check, request),
        transfer: transfer(check, &request.transfer),
        paid_from: day(check, "paid_from", &request.paid_from),
        paid_before: day(check, "paid_before", &request.paid_before),
        received_from: check.instant("received_from", request.received_from),
        received_before: check.instant("received_before", request.received_before),
        overdue_at: None,
    };
    ClaimQuery { filter, overdue: request.overdue }
}

fn flag(check: &mut Violations, request: &proto::ListDreRequest) -> Option<FlagFilter> {
    let known = check::codes(Flag::ALL, Flag::as_str);
    let one = check.code("flag", &request.flag, Flag::from_code, &known);
    one.map(FlagFilter::One).or(request.flagged.then_some(FlagFilter::Any))
}

/// Returns the label of a transfer as it is stored: with NIR and bank accounts masked.
fn transfer(check: &mut Violations, label: &str) -> Option<String> {
    let label = check.free_text("transfer", label, MAX_FIELD_CHARS);
    (!label.is_empty()).then(|| label.into())
}

fn day(check: &mut Violations, field: &str, text: &str) -> Option<Date> {
    (!text.is_empty()).then(|| check.date(field, text))
}
