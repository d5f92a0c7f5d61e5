//! `ListTransfers` and `GetTransfer` of `ClaimWorkService`.

use super::check::{self, Violations};
use super::errors::not_found;
use super::{Edge, convert, proto};
use crate::domain::{Caller, FilterDigest, ItemPlace, TransferId, TransferState};
use crate::service::transfers::TransferFilter;
use time::Date;
use tonic::Status;

/// Answers a page of transfers.
pub(super) async fn list(
    edge: &Edge,
    caller: &Caller,
    request: &proto::ListTransfersRequest,
) -> Result<proto::ListTransfersResponse, Status> {
    let mut check = Violations::default();
    let states = check::codes(TransferState::ALL, TransferState::as_str);
    let mut day = |field: &str, text: &str| (!text.is_empty()).then(|| check.date(field, text));
    let (day_from, day_to) = (day("day_from", &request.day_from), day("day_to", &request.day_to));
    let filter = TransferFilter {
        payee: check.optional("ps", &request.ps),
        payer: check.optional("payer", &request.payer),
        state: check.code("state", &request.state, TransferState::from_code, &states),
        day_from,
        day_to,
        restated: request.restated,
    };
    let limit = check.page_size(request.page_size);
    let digest = digest(&filter);
    let after = check.page_token(&request.page_token, digest);
    check.finish()?;
    let page = edge.service.transfers.list(caller, &filter, after, limit).await;
    let page = page.map_err(|e| edge.internal(e))?;
    Ok(proto::ListTransfersResponse {
        transfers: page.items.iter().map(convert::transfer).collect(),
        next_page_token: convert::page_token(page.next, digest),
    })
}

/// Returns the digest that binds page tokens to the filter.
fn digest(filter: &TransferFilter) -> FilterDigest {
    let day = |day: Option<Date>| day.map(|day| day.to_string());
    FilterDigest::new("transfers")
        .with("ps", filter.payee.as_deref())
        .with("payer", filter.payer.as_deref())
        .with("state", filter.state.map(TransferState::as_str))
        .with("day_from", day(filter.day_from).as_deref())
        .with("day_to", day(filter.day_to).as_deref())
        .with("restated", filter.restated.then_some("true"))
}

/// Answers one transfer with a page of its items.
pub(super) async fn get(
    edge: &Edge,
    caller: &Caller,
    request: &proto::GetTransferRequest,
) -> Result<proto::GetTransferResponse, Status> {
    let mut check = Violations::default();
    let id = check.parse::<TransferId>("transfer_id", &request.transfer_id, "a UUID");
    let limit = check.page_size(request.page_size);
    // The token names its transfer, because another one has other items.
    let token = request.page_token.as_str();
    let transfer = id.map(|id: TransferId| id.to_string());
    let place = token.rsplit_once('.').filter(|(of, _)| transfer.as_deref() == Some(*of));
    let expected = "the next_page_token of the page before, of the same transfer";
    let after: Option<ItemPlace> = match (token, place) {
        ("", _) => None,
        (_, Some((_, place))) => check.parse("page_token", place, expected),
        _ => check.parse("page_token", "", expected),
    };
    check.finish()?;
    let Some(id) = id else { return Err(check::one_violation("transfer_id", "expected a UUID")) };
    tracing::Span::current().record("transfer_id", tracing::field::display(id));
    let found = edge.service.transfers.get(caller, id, after, limit).await;
    let found = found.map_err(|e| edge.internal(e))?.ok_or_else(|| not_found("transfer", id))?;
    let next = found.next.map(|place| format!("{id}.{place}")).unwrap_or_default();
    Ok(convert::transfer_details(&found, next))
}
