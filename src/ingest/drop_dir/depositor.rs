//! Tries to deposit a dropped file.

use super::copy::{Copy, Ended};
use super::dropped_file::DroppedFile;
use super::open::remove;
use super::refusal::{Quota, Refusal, day_of};
use crate::domain::{Channel, FileName};
use crate::files::write_whole;
use crate::ingest::{Ingest, IngestError, Receipt};
use crate::kill_point;
use crate::reading::blocking;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

/// Time limit of the copy of one file to the archive: 4 GiB at 7 MB/s. A file system that hangs
/// holds its sender for longer, and no other sender.
pub const COPY_TIMEOUT: Duration = Duration::from_secs(600);

/// Version of the program, for the log.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Result of one try.
pub(super) enum Tried {
    /// The file has its receipt and is removed.
    Deposited,
    /// The file is gone or changed: the next scan finds what there is.
    Changed,
    /// Another replica has the lease of the sender's files.
    Leased,
    /// The file is refused, and stays.
    Refused(Refusal),
    /// The copy did not end in time. The reference lasts as long as its thread.
    Stalled(Weak<()>),
    /// The gateway stops; the file stays.
    Stopped,
}

/// Deposits dropped files.
pub(super) struct Depositor {
    pub(super) root: Arc<Path>,
    /// Directory that gets the first ARL of a repeated file again.
    pub(super) out: Option<PathBuf>,
    /// Name of this replica, for the log.
    pub(super) replica: String,
    /// Files and bytes of a sender and day.
    pub(super) quota: Quota,
}

impl Depositor {
    /// Deposits a file under the lease of its sender, and removes it. The lease ends with its
    /// connection, so that another replica takes over when this process is killed. A stop ends
    /// the try unless the file is already copied.
    pub(super) async fn deposit(
        &self,
        ingest: &Arc<Ingest>,
        file: &DroppedFile,
        stop: &CancellationToken,
    ) -> Result<Tried, IngestError> {
        let limit = ingest.limits.file_bytes;
        if file.fingerprint.size > limit {
            return Ok(Tried::Refused(Refusal::TooLarge { limit }));
        }
        let taking = ingest.store.try_drop_lease(&file.sender);
        let lease = match stop.run_until_cancelled(taking).await {
            None => return Ok(Tried::Stopped),
            Some(taken) => taken?,
        };
        let Some(lease) = lease else { return Ok(Tried::Leased) };
        let tried = self.deposit_leased(ingest, file, stop).await;
        lease.release().await;
        tried
    }

    async fn deposit_leased(
        &self,
        ingest: &Arc<Ingest>,
        file: &DroppedFile,
        stop: &CancellationToken,
    ) -> Result<Tried, IngestError> {
        if let Some(refusal) = self.refusal(ingest, file).await? {
            return Ok(Tried::Refused(refusal));
        }
        let copy = Copy::start(Arc::clone(ingest), Arc::clone(&self.root), file.clone());
        let upload = match copy.finish(COPY_TIMEOUT, stop).await {
            Ended::Copied(copied) => copied?,
            Ended::Stalled(thread) => return Ok(Tried::Stalled(thread)),
            Ended::Stopped => return Ok(Tried::Stopped),
        };
        let Some(upload) = upload else { return Ok(Tried::Changed) };
        let receipt = ingest.accept(*upload).await?;
        kill_point::reach("drop.accepted");
        info!(
            file = %FileName::from(file.path.as_path()), sender = %file.sender,
            exchange = %receipt.exchange.id, repeated = receipt.repeated,
            replica = %self.replica, version = VERSION, "dropped file deposited"
        );
        self.repeat_arl(ingest, &receipt).await?;
        let (root, file) = (Arc::clone(&self.root), file.clone());
        blocking(move || remove(&root, &file))
            .await
            .map_err(IngestError::archive("removing the deposited file"))?;
        kill_point::reach("drop.removed");
        Ok(Tried::Deposited)
    }

    /// Returns the refusal of a file whose sender has used up its quota. The lease of the sender is
    /// held, so that no other replica adds a file meanwhile.
    async fn refusal(
        &self,
        ingest: &Ingest,
        file: &DroppedFile,
    ) -> Result<Option<Refusal>, IngestError> {
        if self.quota.is_none() {
            return Ok(None);
        }
        let (day, begun) = day_of(ingest.clock.now());
        let sender = file.sender.as_str();
        let used = ingest.store.deposited_since(sender, Channel::Drop, begun).await?;
        Ok(self.quota.refusal(day, file.fingerprint.size, used))
    }

    /// Writes the notice of a refusal to `out/<sender>/`.
    pub(super) fn write_notice(&self, ingest: &Ingest, file: &DroppedFile, refusal: Refusal) {
        let Some(out) = &self.out else { return };
        let (dir, name) = (out.join(file.sender.as_str()), refusal.notice_name(file));
        let (notice, try_id) = (refusal.notice(file), ingest.clock.new_id());
        tokio::task::spawn_blocking(move || {
            if let Err(error) = write_whole(&dir, &name, notice.as_bytes(), try_id) {
                error!(name, %error, "notice of a refused file could not be written to out/");
            }
        });
    }

    /// Writes the first ARL of a repeated file again: the sender may have fetched and removed the
    /// first copy.
    async fn repeat_arl(&self, ingest: &Ingest, receipt: &Receipt) -> Result<(), IngestError> {
        let Some(out) = self.out.as_ref().filter(|_| receipt.repeated) else { return Ok(()) };
        let (dir, name, bytes, try_id) = (
            out.join(&receipt.arl.recipient),
            receipt.arl.file_name.clone(),
            receipt.arl_body.clone(),
            ingest.clock.new_id(),
        );
        blocking(move || write_whole(&dir, &name, &bytes, try_id))
            .await
            .map_err(IngestError::archive("giving the first ARL again"))
    }
}
