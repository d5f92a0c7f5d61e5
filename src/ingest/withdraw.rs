//! A load that is taken back: given up by hand, or to be written anew. Whoever takes up a load that
//! is marked does this first, so that a kill on the way costs nothing but time.

use super::progress::LOOK;
use super::{Ingest, IngestError, TRIES};
use crate::domain::ExchangeId;
use crate::kill_point;
use crate::store::{Removed, Withdrawal};

/// Looks at a load that somebody else has in hand while it is given up: five minutes, for who reads
/// a large file looks up at its end.
const PATIENCE: u32 = 600;

impl Ingest {
    /// Gives a load up: its place, its remittances and everything written of it go; the archived
    /// file stays, and the same bytes may be deposited again. `None` when there is no such load.
    /// Not over when another process has it in hand and did not let go: that one, or the next one,
    /// ends it.
    pub async fn abandon(&self, id: ExchangeId) -> Result<Option<Removed>, IngestError> {
        if !self.withdraw(id, Withdrawal::Abandon).await? {
            return Ok(None);
        }
        kill_point::reach("abandon.marked");
        for _ in 0..PATIENCE {
            if let Some(_lease) = self.store.try_load_lease(id).await? {
                let removed = self.take_back(id).await?;
                return Ok(Some(Removed { over: self.is_gone(id).await?, ..removed }));
            }
            // It is over when whoever had it in hand did it.
            if self.store.load(id).await?.is_none() {
                return Ok(Some(Removed { over: self.is_gone(id).await?, ..Removed::default() }));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(Some(Removed::default()))
    }

    /// Takes back what is written of a load that stays. Whoever calls holds the lease.
    pub(super) async fn start_anew(&self, id: ExchangeId) -> Result<(), IngestError> {
        if !self.withdraw(id, Withdrawal::Restart).await? {
            return Err(IngestError::Overtaken);
        }
        self.take_back(id).await.map(|_| ())
    }

    async fn withdraw(&self, id: ExchangeId, why: Withdrawal) -> Result<bool, IngestError> {
        let mut work = self.store.begin().await?;
        let marked = work.withdraw(id, why).await?;
        work.commit().await?;
        Ok(marked)
    }

    /// Takes a marked load back to the end, batch by batch.
    pub(super) async fn take_back(&self, id: ExchangeId) -> Result<Removed, IngestError> {
        let mut all = Removed::default();
        while let Some(step) = self.take_back_some(id).await? {
            all.claims += step.claims;
            all.aside += step.aside;
            all.freed += step.freed;
            kill_point::reach("abandon.step");
            if step.over {
                all.over = true;
                break;
            }
        }
        Ok(all)
    }

    async fn take_back_some(&self, id: ExchangeId) -> Result<Option<Removed>, IngestError> {
        for _ in 1..TRIES {
            match self.try_to_take_back(id).await {
                Err(failure) if failure.is_conflict() => {}
                outcome => return outcome,
            }
        }
        self.try_to_take_back(id).await
    }

    async fn try_to_take_back(&self, id: ExchangeId) -> Result<Option<Removed>, IngestError> {
        let mut work = self.store.begin().await?;
        let step = work.take_back(id, self.limits.batch).await?;
        work.commit().await?;
        Ok(step)
    }
}
