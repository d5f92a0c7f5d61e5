//! The last step of a deposit: anomalies, exchange, ledger, ARL and the link of the receipt, in the
//! transaction that shows the deposit.

use super::books::Books;
use super::{Ingest, IngestError, Receipt};
use crate::domain::{Exchange, Finding, LogicalFile, Norm, Verdict, receipt};
use crate::kill_point;
use crate::outgoing::arl;
use crate::store::{Closing, StagedDeposit, UnitOfWork};
use noemie_parsers::anomaly::Position;
use noemie_parsers::types::Montant;
use noemie_xray::Examination;
use noemie_xray::LONGEST_LIST;

impl Ingest {
    /// Closes a deposit and commits. `logical_files` are those that are not written yet.
    pub(super) async fn close(
        &self,
        mut work: Box<dyn UnitOfWork>,
        load: &StagedDeposit,
        examination: &Examination,
        books: &Books,
        logical_files: Vec<LogicalFile>,
    ) -> Result<Receipt, IngestError> {
        let read = examination.report.anomalies.iter().filter(|finding| !books.overrules(finding));
        let findings = books.findings.iter().chain(read).take(LONGEST_LIST).cloned();
        let findings: Vec<Finding> = findings.collect();
        let mut first_ordinal = 1;
        for chunk in findings.chunks(self.limits.batch) {
            work.insert_anomalies(load.id, first_ordinal, chunk).await?;
            first_ordinal += chunk.len() as u64;
        }
        work.resolve_quarantined(load.id).await?;
        let exchange = exchange(load, examination, books);
        let (arl, arl_body) =
            arl::write(&exchange, examination, &books.aside, &self.vault, self.clock.new_id());
        let closing =
            Closing { exchange, at: self.clock.now(), ledger: books.ledger(), logical_files, arl };
        let said = receipt::text(&closing.exchange, &closing.ledger, &closing.arl);
        work.close_exchange(&closing, &|tip| {
            self.vault.receipt_link(&tip.link, tip.sequence + 1, &said)
        })
        .await?;
        kill_point::reach("ingest.closed");
        work.commit().await?;
        kill_point::reach("ingest.committed");
        Ok(Receipt { exchange: closing.exchange, arl: closing.arl, arl_body, repeated: false })
    }
}

fn exchange(load: &StagedDeposit, examination: &Examination, books: &Books) -> Exchange {
    let report = &examination.report;
    let overruled =
        report.anomalies.iter().filter(|finding| books.overrules(finding)).count() as u64;
    let b2 = report.norm == Some(Norm::B2);
    let sum = |loaded: Montant, said: i64| if b2 { loaded } else { Montant::from_centimes(said) };
    Exchange {
        id: load.id,
        sender: load.sender.clone(),
        channel: load.channel,
        file_name: load.file_name.clone(),
        digest: load.digest.clone(),
        idempotency_key: load.idempotency_key.clone(),
        size: load.size,
        norm: report.norm,
        packaging: report.packaging,
        verdict: verdict(report.verdict, books.quarantined + books.duplicates > 0, overruled > 0),
        logical_files: report.logical_files,
        lots: report.lots,
        invoices: report.invoices,
        lines: report.lines,
        accepted: books.accepted,
        quarantined: books.quarantined,
        duplicates: books.duplicates,
        unmatched: books.unmatched,
        total: sum(books.total, report.total_centimes),
        amo: sum(books.amo, report.amo_centimes),
        amc: sum(books.amc, report.amc_centimes),
        anomalies: report.anomaly_count + books.found - overruled,
        received_at: load.received_at,
        archive_name: load.archive_name.clone(),
    }
}

/// What was read, corrected by what became of it: duplicates are known to the store alone, and what
/// an earlier version took in stands.
const fn verdict(read: Verdict, some_aside: bool, overruled: bool) -> Verdict {
    match read {
        Verdict::Accepted if some_aside => Verdict::Partial,
        Verdict::Partial if overruled && !some_aside => Verdict::Accepted,
        read => read,
    }
}

/// The remittances by which later files are recognised: with an identification. The store keeps
/// each once.
pub(super) fn recognisable(remittances: &[(LogicalFile, Position)]) -> Vec<LogicalFile> {
    remittances
        .iter()
        .map(|(file, _)| file)
        .filter(|file| !file.file_id.is_empty())
        .cloned()
        .collect()
}
