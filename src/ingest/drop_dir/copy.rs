//! Copies a dropped file to the archive, on a thread of its own.
//!
//! A file system that does not answer blocks that thread and nothing else: the other senders go on,
//! and the process may end. A copy that nobody waits for ends by itself, unless it is blocked.

use super::dropped_file::{DroppedFile, Fingerprint};
use super::open::{Opened, open};
use crate::domain::Channel;
use crate::ingest::{Deposit, Ingest, IngestError, Upload};
use crate::kill_point;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// Operation in which a copy failed.
const READING: &str = "reading the dropped file";

/// The archived bytes of a dropped file; `None` when the file is not what the scan found, or
/// changed while it was read.
pub(super) type Copied = Result<Option<Box<Upload>>, IngestError>;

/// End of the wait for a copy.
pub(super) enum Ended {
    /// The copy ended.
    Copied(Copied),
    /// The copy did not end in time. The reference lasts as long as its thread.
    Stalled(Weak<()>),
    /// The gateway stops.
    Stopped,
}

/// A copy under way.
pub(super) struct Copy {
    answer: oneshot::Receiver<Copied>,
    thread: Weak<()>,
}

impl Copy {
    /// Starts to copy a file of the drop directory `root`.
    pub(super) fn start(ingest: Arc<Ingest>, root: Arc<Path>, file: DroppedFile) -> Self {
        Self::on_thread(move |is_wanted| copy(&ingest, &root, &file, is_wanted))
    }

    /// Runs a copy on a thread of its own. The copy asks now and then whether it is still wanted.
    fn on_thread(copy: impl FnOnce(&dyn Fn() -> bool) -> Copied + Send + 'static) -> Self {
        let alive = Arc::new(());
        let thread = Arc::downgrade(&alive);
        let (answer, wanted) = oneshot::channel();
        let work = move || {
            let copied = copy(&|| !answer.is_closed());
            let _ = answer.send(copied);
            drop(alive);
        };
        // Without a thread the sending end is dropped, which `finish` reports.
        let _ = thread::Builder::new().name("drop-copy".to_owned()).spawn(work);
        Self { answer: wanted, thread }
    }

    /// Waits for the end of the copy, for the timeout, or for the stop.
    pub(super) async fn finish(mut self, timeout: Duration, stop: &CancellationToken) -> Ended {
        tokio::select! {
            copied = &mut self.answer => Ended::Copied(copied.unwrap_or_else(|_| {
                let died = io::Error::other("its thread did not start, or panicked");
                Err(IngestError::archive("copying the dropped file")(died))
            })),
            () = sleep(timeout) => Ended::Stalled(self.thread),
            () = stop.cancelled() => Ended::Stopped,
        }
    }
}

fn copy(ingest: &Ingest, root: &Path, file: &DroppedFile, is_wanted: &dyn Fn() -> bool) -> Copied {
    kill_point::reach("drop.found");
    let opened = open(root, file).map_err(IngestError::archive("opening the dropped file"))?;
    let Opened::Same(mut source) = opened else { return Ok(None) };
    let mut upload = ingest.open(Deposit {
        sender: file.sender.clone(),
        channel: Channel::Drop,
        file_name: file.path.as_path().into(),
        idempotency_key: None,
    })?;
    let size = file.fingerprint.size;
    if !copy_bytes(&mut source, size, is_wanted, |chunk| upload.write(chunk))? {
        return Ok(None);
    }
    let metadata = source.metadata().map_err(IngestError::archive(READING))?;
    Ok((Fingerprint::new(&metadata) == file.fingerprint).then(|| Box::new(upload)))
}

/// Copies the bytes of a file of this size. Returns whether all were copied: a file with more bytes
/// than the scan saw is not read to its end, because it may have none.
fn copy_bytes(
    source: &mut impl Read,
    size: u64,
    is_wanted: &dyn Fn() -> bool,
    mut write: impl FnMut(&[u8]) -> Result<(), IngestError>,
) -> Result<bool, IngestError> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut rest = size;
    loop {
        let n = source.read(&mut chunk).map_err(IngestError::archive(READING))?;
        if n as u64 > rest || !is_wanted() {
            return Ok(false);
        }
        if n == 0 {
            return Ok(true);
        }
        rest -= n as u64;
        write(&chunk[..n])?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_file_that_grows_is_not_read_to_its_end() {
        const SIZE: u64 = 3 * CHUNK_BYTES as u64;
        let copied = |source: &mut dyn Read| {
            let mut bytes = 0;
            let whole = copy_bytes(&mut { source }, SIZE, &|| true, |chunk| {
                bytes += chunk.len() as u64;
                assert!(bytes <= SIZE, "it is read on");
                Ok(())
            });
            (whole.expect("no failure"), bytes)
        };
        assert_eq!(copied(&mut io::repeat(0).take(SIZE)), (true, SIZE));
        assert_eq!(copied(&mut io::repeat(0)), (false, SIZE));
    }

    /// A disk that does not answer holds its thread, and neither the caller nor the stop.
    #[tokio::test]
    async fn a_blocked_copy_is_given_up_and_its_thread_is_known() {
        let (unblock, blocked) = mpsc::channel::<()>();
        let (ended, has_ended) = mpsc::channel();
        let copy = Copy::on_thread(move |is_wanted| {
            let _ = blocked.recv();
            ended.send(is_wanted()).expect("the test listens");
            Ok(None)
        });
        let never = CancellationToken::new();
        let Ended::Stalled(thread) = copy.finish(Duration::from_millis(1), &never).await else {
            panic!("the copy is blocked");
        };
        assert!(thread.upgrade().is_some(), "the thread is still there");
        drop(unblock);
        assert!(!has_ended.recv().expect("the thread goes on"), "its bytes are no longer wanted");
    }

    #[tokio::test]
    async fn a_stop_does_not_wait_for_a_blocked_copy() {
        let (unblock, blocked) = mpsc::channel::<()>();
        let copy = Copy::on_thread(move |_| {
            let _ = blocked.recv();
            Ok(None)
        });
        let stop = CancellationToken::new();
        stop.cancel();
        let ended = copy.finish(Duration::from_secs(600), &stop).await;
        assert!(matches!(ended, Ended::Stopped));
        drop(unblock);
    }
}
