//! How a deposit gets into the store.
//!
//! A deposit that fits in one batch, a return of a caisse and a refused file are one transaction:
//! place, claims, ledger, events, ARL. A larger deposit of invoices is a *load*: its place is
//! committed without verdict, then each batch is, then its receipt. Nothing of a load shows before
//! the receipt. A load that is cut is taken up again, by the gateway itself or by whoever deposits
//! the same bytes, from whichever batch it had reached (`progress.rs`, `resume.rs`). A version with
//! other controls leaves what is written as it is; where it refuses the whole file, what is written
//! is taken back (`withdraw.rs`), for a refused file loads nothing. A return changes claims that
//! everybody sees, so that it cannot be cut into pieces.

use super::books::Books;
use super::load_b2::{self, CommitMode, Source, WriteContext};
use super::progress::{LOOK, Progress};
use super::receipt::recognisable;
use super::{Ingest, IngestError, Receipt, blocking, load_noemie};
use crate::domain::{ExchangeId, Verdict};
use crate::kill_point;
use crate::store::{StagedDeposit, Withdrawal, Written};
use noemie_parsers::detect::Norme;
use noemie_parsers::noemie::Packaging;
use noemie_xray::Examination;
use std::sync::Arc;
use tracing::info;

/// Looks at an earlier load that holds invoices of this one: a minute. Then whoever deposits hears
/// of it and comes back; the load stays where it is.
const PATIENCE: u32 = 120;

impl Ingest {
    /// Both passes over the archived file, and the commit. `needed` once the store may name this
    /// copy of the file.
    pub(super) async fn load(
        &self,
        load: &StagedDeposit,
        needed: &mut bool,
    ) -> Result<Receipt, IngestError> {
        let mut examination = self.examine(load).await?;
        kill_point::reach("ingest.examined");
        let mut work = self.store.begin().await?;
        if let Some(first) =
            work.claim_exchange(&load.sender, &load.digest, &load.idempotency_key, load.id).await?
        {
            drop(work);
            return self.follow(first, load, None, needed).await;
        }
        kill_point::reach("ingest.placed");
        self.refuse_known_remittances(work.as_mut(), &mut examination).await?;
        let logical_files = if examination.report.verdict == Verdict::Refused {
            Vec::new()
        } else {
            recognisable(&examination.remittances)
        };
        if self.is_large(&examination) {
            work.open_load(load, &logical_files).await?;
            *needed = true;
            work.commit().await?;
            kill_point::reach("load.opened");
            return match self.follow(load.id, load, Some(examination), needed).await {
                // Taken up again it would take its place again, under the number that somebody gave
                // up.
                Err(failure) if failure.worth_a_retry() && self.is_given_up(load.id).await? => {
                    Err(IngestError::GivenUp)
                }
                outcome => outcome,
            };
        }
        let books = self
            .second_pass(
                load,
                &examination,
                Books::new(examination.read),
                CommitMode::One(work.as_mut()),
            )
            .await?;
        *needed = true;
        let receipt = self.close(work, load, &examination, &books, logical_files).await?;
        told(&receipt);
        Ok(receipt)
    }

    /// Whether a deposit is written in several transactions.
    fn is_large(&self, examination: &Examination) -> bool {
        let invoices = matches!(examination.norme, Some(Norme::B2(_)))
            && examination.report.verdict != Verdict::Refused;
        invoices && examination.report.invoices > self.limits.batch as u64
    }

    async fn second_pass(
        &self,
        load: &StagedDeposit,
        examination: &Examination,
        mut books: Books,
        way: CommitMode<'_>,
    ) -> Result<Books, IngestError> {
        let source = Source { archive: &self.archive, name: &load.archive_name };
        let loading = WriteContext {
            exchange_id: load.id,
            sender: &load.sender,
            at: load.received_at,
            vault: &self.vault,
            clock: &self.clock,
            batch: self.limits.batch,
            is_load: matches!(way, CommitMode::Batches(_)),
        };
        match (&examination.norme, way) {
            _ if examination.report.verdict == Verdict::Refused => books.envelope_is_rest(),
            (Some(Norme::B2(forme)), way) => {
                load_b2::load(&source, *forme, &loading, way, &mut books).await?
            }
            (Some(Norme::NoemieLignes), CommitMode::One(work)) => {
                load_noemie::load(&source, Packaging::Lignes, &loading, work, &mut books).await?
            }
            (Some(Norme::NoemieBlocs), CommitMode::One(work)) => {
                load_noemie::load(&source, Packaging::Blocs, &loading, work, &mut books).await?
            }
            _ => books.envelope_is_rest(),
        }
        kill_point::reach("ingest.loaded");
        Ok(books)
    }

    /// Brings a deposit that has its place to its receipt: waits while others load it, goes on with
    /// it when nobody does.
    async fn follow(
        &self,
        id: ExchangeId,
        deposit: &StagedDeposit,
        mut examination: Option<Examination>,
        needed: &mut bool,
    ) -> Result<Receipt, IngestError> {
        loop {
            if let Some(first) = self.store.exchange(id).await? {
                return self.repeat(&first, deposit).await;
            }
            // Closed between the two looks, it shows at the next one; else it was given up
            // meanwhile, and the deposit begins anew.
            let Some(load) = self.store.load(id).await? else {
                if self.store.exchange(id).await?.is_some() {
                    continue;
                }
                return Err(if id == deposit.id {
                    IngestError::GivenUp
                } else {
                    IngestError::Overtaken
                });
            };
            if load.digest != deposit.digest {
                return Err(IngestError::KeyReused);
            }
            if let Some(_lease) = self.store.try_load_lease(id).await? {
                let own = load.id == deposit.id;
                let load = self.with_a_copy(load, deposit).await;
                *needed |= load.archive_name == deposit.archive_name;
                let given_up = own && load.withdrawal == Some(Withdrawal::Abandon);
                let receipt = match self.go_on(&load, examination.take(), PATIENCE).await {
                    Err(IngestError::Overtaken) if given_up => return Err(IngestError::GivenUp),
                    outcome => outcome?,
                };
                return Ok(Receipt { repeated: !own, ..receipt });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether somebody gave a load up, be it that nothing is removed of it yet.
    async fn is_given_up(&self, id: ExchangeId) -> Result<bool, IngestError> {
        match self.store.load(id).await? {
            Some(load) => Ok(load.withdrawal == Some(Withdrawal::Abandon)),
            None => Ok(self.store.exchange(id).await?.is_none()),
        }
    }

    /// Whether there is neither a load nor a receipt under this number.
    pub(super) async fn is_gone(&self, id: ExchangeId) -> Result<bool, IngestError> {
        Ok(self.store.load(id).await?.is_none() && self.store.exchange(id).await?.is_none())
    }

    /// The load over a copy that can be read here: the first one, or, when that is on another
    /// machine's disk, the one just deposited.
    async fn with_a_copy(&self, load: StagedDeposit, deposit: &StagedDeposit) -> StagedDeposit {
        let (archive, name) = (Arc::clone(&self.archive), load.archive_name.clone());
        let readable = blocking(move || archive.open(&name).is_ok()).await;
        let archive_name = if readable { load.archive_name } else { deposit.archive_name.clone() };
        StagedDeposit { archive_name, ..load }
    }

    /// Writes what is missing of a load, and its receipt. Whoever calls holds the lease, so that
    /// nobody does the same work; should the lease be lost on the way, the mark of the load lets
    /// one of the two go on. A load that is being taken back is taken back to its end first.
    pub(super) async fn go_on(
        &self,
        load: &StagedDeposit,
        examination: Option<Examination>,
        patience: u32,
    ) -> Result<Receipt, IngestError> {
        if load.withdrawal.is_some() {
            self.take_back(load.id).await?;
            return Err(IngestError::Overtaken);
        }
        let examination = match examination {
            Some(examination) => examination,
            None => self.examine(load).await?,
        };
        let refused = examination.report.verdict == Verdict::Refused;
        if refused {
            self.start_anew(load.id).await?;
        }
        let (written, mark) = if refused {
            (Written::default(), 0)
        } else {
            (self.store.written(load.id).await?, load.loaded)
        };
        let mut books = Books::new(examination.read);
        books.begin_with(&written);
        let mut progress = Progress::new(Arc::clone(&self.store), &written, mark, patience);
        let books =
            self.second_pass(load, &examination, books, CommitMode::Batches(&mut progress)).await?;
        let mut work = self.store.begin().await?;
        if !work.advance_load(load.id, progress.mark(), progress.mark()).await? {
            return Err(IngestError::Overtaken);
        }
        if refused {
            work.free_logical_files(load.id).await?;
        }
        let receipt = self.close(work, load, &examination, &books, Vec::new()).await?;
        told(&receipt);
        Ok(receipt)
    }
}

fn told(receipt: &Receipt) {
    let exchange = &receipt.exchange;
    info!(
        verdict = exchange.verdict.as_str(),
        invoices = exchange.invoices,
        accepted = exchange.accepted,
        "exchange committed"
    );
}
