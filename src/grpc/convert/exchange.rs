//! Exchanges, their findings, and return files.

use super::{count, page_token, small, timestamp};
use crate::domain::page::MAX_PAGE_ROWS;
use crate::domain::{
    Exchange, FilterDigest, Finding, Ledger, Norm, Packaging, PageToken, Quarantined,
};
use crate::grpc::proto;
use crate::service::deposits::Receipt;
use crate::service::exchanges::ExchangeReport;
use crate::service::view::ReturnView;
use noemie_parsers::anomaly::Code;
use noemie_xray::Report;

pub(in crate::grpc) fn exchange(exchange: &Exchange) -> proto::Exchange {
    proto::Exchange {
        exchange_id: exchange.id.to_string(),
        sender: exchange.sender.clone(),
        channel: exchange.channel.as_str().to_owned(),
        file_name: exchange.file_name.to_string(),
        digest: exchange.digest.clone(),
        idempotency_key: exchange.idempotency_key.clone(),
        size_bytes: count(exchange.size),
        norm: exchange.norm_code().to_owned(),
        packaging: exchange.packaging_code().to_owned(),
        verdict: exchange.verdict.as_str().to_owned(),
        verdict_label: exchange.verdict.libelle().to_owned(),
        logical_files: count(exchange.logical_files),
        lots: count(exchange.lots),
        invoices: count(exchange.invoices),
        lines: count(exchange.lines),
        accepted: count(exchange.accepted),
        quarantined: count(exchange.quarantined),
        duplicates: count(exchange.duplicates),
        unmatched: count(exchange.unmatched),
        total_centimes: exchange.total.centimes(),
        amo_centimes: exchange.amo.centimes(),
        amc_centimes: exchange.amc.centimes(),
        anomalies: count(exchange.anomalies),
        received_at: Some(timestamp(exchange.received_at)),
        test: exchange.lane.is_test(),
    }
}

/// Converts the receipt of a deposit.
pub(in crate::grpc) fn receipt(receipt: Receipt) -> proto::SubmitExchangeResponse {
    proto::SubmitExchangeResponse {
        exchange: Some(exchange(&receipt.exchange)),
        arl: Some(return_file(ReturnView::from(&receipt.arl))),
        arl_body: receipt.arl_body,
        repeated: receipt.repeated,
    }
}

/// Converts a page of the report of an exchange.
pub(in crate::grpc) fn exchange_report(
    report: ExchangeReport,
    filter: FilterDigest,
) -> proto::GetExchangeReportResponse {
    let id = report.exchange.id.0;
    let next = report.next.map(|rank| PageToken { at_micros: count(rank), id });
    proto::GetExchangeReportResponse {
        exchange: Some(exchange(&report.exchange)),
        ledger: report.ledger.as_ref().map(ledger),
        anomalies: report.anomalies.into_iter().map(anomaly).collect(),
        quarantined: report.quarantined.iter().map(quarantined).collect(),
        next_page_token: page_token(next, filter),
    }
}

fn ledger(ledger: &Ledger) -> proto::Ledger {
    proto::Ledger {
        read: count(ledger.read),
        accepted: count(ledger.accepted),
        quarantined: count(ledger.quarantined),
        duplicates: count(ledger.duplicates),
        unmatched: count(ledger.unmatched),
        envelope: count(ledger.envelope),
        balances: ledger.balances(),
    }
}

/// Converts an anomaly, of a stored exchange or of a dry run.
fn anomaly(finding: Finding) -> proto::Anomaly {
    let known = finding.code.known();
    proto::Anomaly {
        code: finding.code.as_str().to_owned(),
        control: finding.code.control().to_owned(),
        severity: finding.severity.as_str().to_owned(),
        record: count(finding.record.unwrap_or(0)),
        record_type: finding.record_type,
        column: small(finding.column.unwrap_or(0)),
        offset: count(finding.offset),
        length: small(finding.length),
        field: finding.field,
        value: finding.value.unwrap_or_default(),
        message: finding.message,
        invoice_number: finding.invoice.unwrap_or_default(),
        fix: known.map(Code::fix).unwrap_or_default().to_owned(),
        fixed_by: known.map_or("", |code| code.fixed_by().as_str()).to_owned(),
    }
}

/// Converts the report of a dry run. The list of anomalies is cut to a page, their number is not.
pub(in crate::grpc) fn report(report: Report) -> proto::ValidateExchangeResponse {
    proto::ValidateExchangeResponse {
        file_name: report.file,
        norm: report.norm.map_or("", Norm::as_str).to_owned(),
        packaging: report.packaging.map_or("", Packaging::as_str).to_owned(),
        detected: report.detected,
        verdict: report.verdict.as_str().to_owned(),
        verdict_label: report.verdict.libelle().to_owned(),
        logical_files: count(report.logical_files),
        lots: count(report.lots),
        invoices: count(report.invoices),
        lines: count(report.lines),
        records: count(report.records),
        entities: count(report.entities),
        accepted_invoices: count(report.accepted_invoices),
        quarantined_invoices: report.quarantined_invoices,
        total_centimes: report.total_centimes,
        amo_centimes: report.amo_centimes,
        amc_centimes: report.amc_centimes,
        anomaly_count: count(report.anomaly_count),
        anomalies: report.anomalies.into_iter().take(MAX_PAGE_ROWS).map(anomaly).collect(),
        test: report.test,
        duplicate_invoices: count(report.duplicate_invoices),
    }
}

pub(super) fn quarantined(invoice: &Quarantined) -> proto::QuarantinedInvoice {
    proto::QuarantinedInvoice {
        exchange_id: invoice.exchange_id.to_string(),
        ordinal: count(invoice.ordinal),
        ps: invoice.ps.clone(),
        invoice_number: invoice.invoice_number.clone(),
        lot: invoice.lot.clone(),
        codes: invoice.codes.clone(),
        first_record: count(invoice.first_record),
        record_count: small(invoice.record_count),
        duplicate_of: invoice.duplicate_of.map(|id| id.to_string()),
        resolved_by: invoice.resolved_by.map(|id| id.to_string()),
        quarantined_at: Some(timestamp(invoice.at)),
    }
}

pub(in crate::grpc) fn return_file(file: ReturnView) -> proto::ReturnFile {
    proto::ReturnFile {
        return_id: file.id.to_string(),
        kind: file.kind.as_str().to_owned(),
        kind_label: file.kind.libelle().to_owned(),
        recipient: file.recipient,
        exchange_id: file.exchange_id.map(|id| id.to_string()),
        file_name: file.file_name,
        digest: file.digest,
        created_at: Some(timestamp(file.created_at)),
        test: file.lane.is_test(),
    }
}
