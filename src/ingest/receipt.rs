//! Receipts: the first one of a repeated file, and the last transaction of a deposit.

use super::error::CLOCK_BEHIND;
use super::examine::Examined;
use super::write::{Totals, WrittenInvoices};
use super::{Ingest, IngestError, Receipt};
use crate::arl;
use crate::domain::Scope;
use crate::domain::{Exchange, Finding, KeyId, LogicalFile, Norm, Verdict, receipt};
use crate::fault;
use crate::files::write_whole;
use crate::kill_point;
use crate::store::{ChainTip, Closing, NewLink, StagedDeposit, StoreError, UnitOfWork};
use metrics::counter;
use noemie_parsers::types::Montant;
use noemie_xray::MAX_LISTED_FINDINGS;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::{info, warn};

impl Ingest {
    /// Returns the receipt of a file that the same sender deposited before. A file that was a test
    /// before its sender was set to real has none.
    pub(super) async fn find_first_receipt(
        &self,
        deposit: &StagedDeposit,
    ) -> Result<Option<Receipt>, IngestError> {
        let lane = self.lane_of_sender(&deposit.sender);
        match self.store.exchange_by_digest(&deposit.sender, &deposit.digest, lane).await? {
            Some(first) => self.repeat_receipt(&first, deposit).await.map(Some),
            None => Ok(None),
        }
    }

    /// Returns the receipt of a closed exchange to a depositor of the same file.
    pub(super) async fn repeat_receipt(
        &self,
        first: &Exchange,
        deposit: &StagedDeposit,
    ) -> Result<Receipt, IngestError> {
        if !deposit.is_file_of(&first.digest, &first.records_digest) {
            return Err(IngestError::KeyReused);
        }
        let arl = self
            .store
            .arl(&Scope::everything(), first.id)
            .await?
            .ok_or_else(|| StoreError::Corrupt(format!("exchange {} has no ARL", first.id)))?;
        let arl_body =
            arl::open(&arl, &self.vault).map_err(|e| StoreError::Corrupt(e.to_string()))?;
        let repeated = first.id != deposit.id;
        if repeated {
            info!(first = %first.id, "file already deposited: first receipt given again");
        }
        Ok(Receipt { exchange: first.clone(), arl, arl_body, repeated })
    }

    /// Writes anomalies, exchange, ledger, ARL and the link of the receipt, and commits: from here
    /// on the deposit is shown. `logical_files` are those that the store does not have yet.
    pub(super) async fn close(
        &self,
        mut work: Box<dyn UnitOfWork>,
        deposit: &StagedDeposit,
        examined: &Examined,
        written: &WrittenInvoices,
        logical_files: Vec<LogicalFile>,
    ) -> Result<Receipt, IngestError> {
        let totals = written.totals();
        self.settle_deposit(deposit, work.as_mut()).await?;
        if examined.report().norm != Some(Norm::B2) {
            self.settle_transfers(deposit.id, work.as_mut()).await?;
        }
        let mut first_ordinal = 1;
        for chunk in findings(examined, totals).chunks(self.limits.batch) {
            work.insert_anomalies(deposit.id, first_ordinal, chunk).await?;
            first_ordinal += chunk.len() as u64;
        }
        work.resolve_quarantined(deposit.id).await?;
        let exchange = exchange(deposit, examined, totals);
        let (arl, arl_body) = arl::write(
            &exchange,
            examined.examination(),
            &totals.unwritten,
            &self.vault,
            self.clock.new_id(),
        );
        let closing =
            Closing { exchange, at: self.clock.now(), ledger: totals.ledger(), logical_files, arl };
        let codes = receipt::Codes::of(&closing.exchange);
        let (noted, clock) = (AtomicU64::new(0), &self.clock);
        let text = |signed: (&str, u64)| {
            receipt::text(&closing.exchange, &codes, &closing.ledger, &closing.arl, signed)
        };
        let sign = |tip: &ChainTip, contents: &str| {
            let at = clock.now();
            let behind = receipt::clock_behind(at, tip.latest_at).as_millis();
            let behind_ms = u64::try_from(behind).unwrap_or(u64::MAX);
            noted.store(behind_ms, Ordering::Relaxed);
            let text = text((contents, behind_ms));
            let tip = &if fault::is_on(fault::FORKED_CHAIN) {
                ChainTip { link: String::new(), ..tip.clone() }
            } else {
                tip.clone()
            };
            let link = self.vault.receipt_link(&tip.link, tip.sequence + 1, &text);
            NewLink { link, key_id: KeyId(self.vault.key_id()), at, behind_ms }
        };
        work.close_exchange(&closing, &sign).await?;
        if let Some(out) = fault::early_arl_directory() {
            let (dir, id) = (out.join(&closing.arl.recipient), self.clock.new_id());
            write_whole(&dir, &closing.arl.file_name, &arl_body, id)
                .map_err(IngestError::archive("writing an ARL too early"))?;
        }
        kill_point::reach("ingest.closed");
        work.commit().await?;
        kill_point::reach("ingest.committed");
        self.match_again(deposit).await;
        let receipt =
            Receipt { exchange: closing.exchange, arl: closing.arl, arl_body, repeated: false };
        log_receipt(&receipt);
        note_clock(noted.into_inner());
        Ok(receipt)
    }
}

/// Returns the findings of a deposit in the order in which the store keeps them: those that the
/// store made first, then those of the first pass.
fn findings(examined: &Examined, totals: &Totals) -> Vec<Finding> {
    let of_file = examined.report().anomalies.iter().filter(|finding| !totals.overrules(finding));
    totals.findings.iter().chain(of_file).take(MAX_LISTED_FINDINGS).cloned().collect()
}

fn exchange(deposit: &StagedDeposit, examined: &Examined, totals: &Totals) -> Exchange {
    let report = examined.report();
    let overruled =
        report.anomalies.iter().filter(|finding| totals.overrules(finding)).count() as u64;
    let unwritten = totals.quarantined + totals.duplicates > 0;
    let is_b2 = report.norm == Some(Norm::B2);
    // Claims carry the sums of a B2 file; other files bring no claims, and the first pass added
    // them up.
    let sum = |written: Montant, read: i64| {
        if is_b2 { written } else { Montant::from_centimes(read) }
    };
    Exchange {
        id: deposit.id,
        sender: deposit.sender.clone(),
        lane: deposit.lane,
        channel: deposit.channel,
        file_name: deposit.file_name.clone(),
        digest: deposit.digest.clone(),
        records_digest: deposit.records_digest.clone(),
        idempotency_key: deposit.idempotency_key.clone(),
        size: deposit.size,
        norm: report.norm,
        packaging: report.packaging,
        verdict: verdict(report.verdict, unwritten, overruled > 0),
        logical_files: report.logical_files,
        lots: report.lots,
        invoices: report.invoices,
        lines: report.lines,
        accepted: totals.accepted,
        quarantined: totals.quarantined,
        duplicates: totals.duplicates,
        unmatched: totals.unmatched,
        total: sum(totals.total, report.total_centimes),
        amo: sum(totals.amo, report.amo_centimes),
        amc: sum(totals.amc, report.amc_centimes),
        anomalies: report.anomaly_count + totals.finding_count - overruled,
        received_at: deposit.received_at,
        archive_name: deposit.archive_name.clone(),
    }
}

/// Returns the verdict of the exchange: the verdict of the first pass, corrected by duplicates,
/// which only the store knows, and by claims of an earlier version that this version would
/// quarantine.
const fn verdict(read: Verdict, some_unwritten: bool, some_overruled: bool) -> Verdict {
    match read {
        Verdict::Accepted if some_unwritten => Verdict::Partial,
        Verdict::Partial if some_overruled && !some_unwritten => Verdict::Accepted,
        read => read,
    }
}

/// Logs and counts a receipt that a clock behind the latest receipt gave.
fn note_clock(behind_ms: u64) {
    if behind_ms > 0 {
        counter!(CLOCK_BEHIND).increment(1);
        warn!(
            behind_ms,
            "the clock of this machine is behind the latest receipt: set it right; the receipt \
             has a note, and beyond {} s none is given",
            receipt::MAX_CLOCK_BEHIND.as_secs()
        );
    }
}

fn log_receipt(receipt: &Receipt) {
    let exchange = &receipt.exchange;
    info!(
        verdict = exchange.verdict.as_str(),
        test = exchange.lane.is_test(),
        invoices = exchange.invoices,
        accepted = exchange.accepted,
        "exchange committed"
    );
}
