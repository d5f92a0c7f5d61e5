//! Reads files in threads of their own, beside the async threads, and hands their items over in
//! batches.

use std::io;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Batches between a reading thread and the database.
const BATCHES_AHEAD: usize = 2;

/// Runs blocking work on a thread of its own, and continues a panic of the work.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// A thread that reads a source to its end.
pub(crate) struct ReadingThread<T>(JoinHandle<io::Result<T>>);

impl<T: Send + 'static> ReadingThread<T> {
    /// Starts reading.
    pub(crate) fn start(read: impl FnOnce() -> io::Result<T> + Send + 'static) -> Self {
        Self(tokio::task::spawn_blocking(read))
    }

    /// Waits for the end of the source.
    pub(crate) async fn finish(self) -> io::Result<T> {
        self.0.await.map_err(io::Error::other)?
    }
}

/// Items of a file, read by a thread of their own and handed over in batches: memory does not grow
/// with the file.
pub struct Batches<T> {
    batches: mpsc::Receiver<Vec<T>>,
    thread: ReadingThread<u64>,
}

impl<T: Send + 'static> Batches<T> {
    /// Starts reading. `read` pushes every item and returns the number of records outside items.
    /// The thread ends by itself once the batches are dropped.
    pub(crate) fn start(
        size: usize,
        read: impl FnOnce(&mut BatchSender<T>) -> io::Result<u64> + Send + 'static,
    ) -> Self {
        let (channel, batches) = mpsc::channel(BATCHES_AHEAD);
        let thread = ReadingThread::start(move || {
            let mut sender = BatchSender { channel, batch: Vec::with_capacity(size), size };
            let envelope = read(&mut sender)?;
            sender.send()?;
            Ok(envelope)
        });
        Self { batches, thread }
    }

    /// Returns the next batch; the last one may be empty.
    pub async fn next_batch(&mut self) -> Option<Vec<T>> {
        self.batches.recv().await
    }

    /// Returns, after the last batch, the number of records outside items, or the failure that
    /// ended the reading early.
    pub async fn envelope(self) -> io::Result<u64> {
        self.thread.finish().await
    }
}

/// Collects items into batches.
pub(crate) struct BatchSender<T> {
    channel: mpsc::Sender<Vec<T>>,
    batch: Vec<T>,
    size: usize,
}

impl<T> BatchSender<T> {
    /// Adds an item. Fails when the batches were dropped: the side of the database has failed and
    /// reports why, so that nobody reads this error.
    pub(crate) fn push(&mut self, item: T) -> io::Result<()> {
        self.batch.push(item);
        if self.batch.len() == self.size { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> io::Result<()> {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(self.size));
        self.channel.blocking_send(batch).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn batches_are_full_but_for_the_last_one_and_the_envelope_comes_after_them() {
        let mut batches = Batches::start(2, |sender| {
            (0..5).try_for_each(|n| sender.push(n))?;
            Ok(7)
        });
        let mut read = Vec::new();
        while let Some(batch) = batches.next_batch().await {
            read.push(batch);
        }
        assert_eq!(read, [vec![0, 1], vec![2, 3], vec![4]]);
        assert_eq!(batches.envelope().await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_source_that_fails_gives_its_failure_after_the_batches_before() {
        let mut batches = Batches::start(1, |sender| {
            sender.push(1)?;
            Err(io::ErrorKind::InvalidData.into())
        });
        assert_eq!(batches.next_batch().await, Some(vec![1]));
        assert_eq!(batches.next_batch().await, None);
        assert_eq!(batches.envelope().await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn the_thread_ends_when_the_batches_are_dropped() {
        let (ended, waits) = tokio::sync::oneshot::channel();
        let batches = Batches::start(1, |sender| {
            let failure = (0..u64::MAX).find_map(|n| sender.push(n).err());
            let _ = ended.send(failure.map(|f| f.kind()));
            Ok(0)
        });
        drop(batches);
        assert_eq!(waits.await.unwrap(), Some(io::ErrorKind::BrokenPipe));
    }
}
