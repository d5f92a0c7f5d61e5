//! Bank transfers, their files and their items.

use super::status::coded;
use super::{count, timestamp};
use crate::domain::{FlatDetail, TransferEntry, TransferItem, TransferItemKind, TransferPart};
use crate::grpc::proto;
use crate::service::transfers::{TransferDetails, TransferFile, TransferView};
use noemie_parsers::types::Montant;

pub(in crate::grpc) fn transfer(view: &TransferView) -> proto::Transfer {
    let (key, balance) = (&view.transfer.key, &view.transfer.balance);
    let flags = balance.flags.iter().map(|flag| coded(flag.as_str(), flag.libelle()));
    proto::Transfer {
        transfer_id: view.transfer.id.to_string(),
        payee: key.payee.clone(),
        payer: key.payer.clone(),
        day: key.day.to_string(),
        reference: key.reference.clone(),
        announced_centimes: balance.announced.map(Montant::centimes),
        invoices_centimes: balance.invoices.centimes(),
        recoveries_centimes: balance.recoveries.centimes(),
        flat_payments_centimes: balance.flat_payments.centimes(),
        unexplained_centimes: balance.unexplained().centimes(),
        state: balance.state.as_str().to_owned(),
        state_label: balance.state.libelle().to_owned(),
        flags: flags.collect(),
        first_told_at: Some(timestamp(balance.first_told_at)),
        unexplained_since: balance.unexplained_since.map(timestamp),
        unexplained_seconds: view.unexplained_for.map_or(0, |age| count(age.as_secs())),
    }
}

/// Converts a transfer with its files and items. `next` is the token of the next page.
pub(in crate::grpc) fn transfer_details(
    details: &TransferDetails,
    next_page_token: String,
) -> proto::GetTransferResponse {
    proto::GetTransferResponse {
        transfer: Some(transfer(&details.view)),
        files: details.files.iter().map(file).collect(),
        items: details.entries.iter().map(item).collect(),
        next_page_token,
    }
}

fn file(file: &TransferFile) -> proto::TransferFile {
    let telling = &file.telling;
    proto::TransferFile {
        file: telling.told_by.clone(),
        exchange_ids: file.exchanges.iter().map(ToString::to_string).collect(),
        received_at: Some(timestamp(telling.told_at)),
        label: file.label.clone(),
        raw_day: file.raw_day.clone(),
        groups: count(telling.groups),
        announced_centimes: telling.announced.map(Montant::centimes),
        unexplained_centimes: telling.unexplained().centimes(),
        quarantined: count(telling.quarantined),
        counts: file.counts,
    }
}

fn item(entry: &TransferEntry) -> proto::TransferItem {
    use proto::transfer_item::Item;
    let (told_in, item) = match entry {
        TransferEntry::Part(told) => (told.told_in, Item::Part(part(told))),
        TransferEntry::Movement(told) if told.kind == TransferItemKind::FlatPayment => {
            (told.told_in, Item::FlatPayment(flat_payment(told)))
        }
        TransferEntry::Movement(told) => (told.told_in, Item::Recovery(recovery(told))),
    };
    proto::TransferItem {
        amount_centimes: entry.amount().centimes(),
        exchange_id: told_in.to_string(),
        item: Some(item),
    }
}

fn part(part: &TransferPart) -> proto::TransferPart {
    proto::TransferPart {
        claim_id: part.claim_id.map(|id| id.to_string()).unwrap_or_default(),
        invoice_number: part.invoice_number.clone(),
        ordinal: count(part.ordinal),
        part: part.part.as_str().to_owned(),
        kind: part.kind.as_str().to_owned(),
        on_behalf_of: part.on_behalf_of.clone(),
    }
}

fn recovery(item: &TransferItem) -> proto::TransferRecovery {
    let (debt, operation) = (item.code.as_str(), item.operation.as_str());
    proto::TransferRecovery {
        debt: Some(coded(debt, item.debt_label().unwrap_or_default())),
        operation: Some(coded(operation, item.operation_label().unwrap_or_default())),
        reference: item.reference.to_string(),
        debt_day: item.debt_day.to_string(),
        balance_centimes: item.balance.unwrap_or_default().centimes(),
    }
}

fn flat_payment(item: &TransferItem) -> proto::TransferFlatPayment {
    let detail = |detail: &FlatDetail| proto::FlatPaymentDetail {
        code: detail.code.to_string(),
        label: detail.label.to_string(),
        period: detail.period.to_string(),
        amount_centimes: detail.amount,
    };
    proto::TransferFlatPayment {
        code: item.code.to_string(),
        details: item.details.iter().map(detail).collect(),
    }
}
