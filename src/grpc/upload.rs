//! Client streams of files: one message of metadata, then chunks. A chunk is passed on as it
//! arrives, so that memory holds one chunk.

use super::check::one_violation;
use super::errors::with_reason;
use super::proto;
use crate::kill_point;
use crate::limits::{
    UPLOAD_IDLE_TIMEOUT, UPLOAD_MAX_EMPTY_CHUNKS, UPLOAD_MAX_WAIT, UPLOAD_MIN_BYTES_PER_SECOND,
};
use futures::{Stream, StreamExt as _};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tonic::{Code, Status};

/// The content of a message of an upload.
pub(super) enum Part<M> {
    Metadata(M),
    Chunk(Vec<u8>),
    /// Neither metadata nor chunk is set.
    Nothing,
}

/// A request message of an upload.
pub(super) trait UploadMessage {
    type Metadata;
    fn into_part(self) -> Part<Self::Metadata>;
}

impl UploadMessage for proto::SubmitExchangeRequest {
    type Metadata = proto::SubmitMetadata;

    fn into_part(self) -> Part<Self::Metadata> {
        match self.part {
            Some(proto::submit_exchange_request::Part::Metadata(metadata)) => {
                Part::Metadata(metadata)
            }
            Some(proto::submit_exchange_request::Part::Chunk(chunk)) => Part::Chunk(chunk),
            None => Part::Nothing,
        }
    }
}

impl UploadMessage for proto::ValidateExchangeRequest {
    type Metadata = proto::ValidateMetadata;

    fn into_part(self) -> Part<Self::Metadata> {
        match self.part {
            Some(proto::validate_exchange_request::Part::Metadata(metadata)) => {
                Part::Metadata(metadata)
            }
            Some(proto::validate_exchange_request::Part::Chunk(chunk)) => Part::Chunk(chunk),
            None => Part::Nothing,
        }
    }
}

/// How long the gateway waits for the bytes of an upload. Only waits for the caller count, not a
/// slow disk of the gateway. Past a limit the upload ends and releases its permit, one of
/// `max_uploads`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Longest wait without a byte, and the wait that every upload has before its rate counts.
    idle: Duration,
    /// Bytes that earn one more second.
    bytes_per_second: u64,
    /// Longest wait in all.
    max_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            idle: UPLOAD_IDLE_TIMEOUT,
            bytes_per_second: UPLOAD_MIN_BYTES_PER_SECOND,
            max_wait: UPLOAD_MAX_WAIT,
        }
    }
}

/// The waits of one upload.
#[derive(Debug, Default)]
struct Waits {
    bytes: u64,
    /// All waits.
    total: Duration,
    /// Waits since the last byte.
    idle: Duration,
    /// Chunks without a byte since the last byte.
    empty_chunks: u32,
}

impl Waits {
    /// Counts a chunk; returns false when too many without a byte came in a row.
    fn count(&mut self, chunk: &[u8]) -> bool {
        if chunk.is_empty() {
            self.empty_chunks += 1;
            return self.empty_chunks <= UPLOAD_MAX_EMPTY_CHUNKS;
        }
        self.bytes = self.bytes.saturating_add(chunk.len() as u64);
        (self.idle, self.empty_chunks) = (Duration::ZERO, 0);
        true
    }
}

impl Patience {
    /// Returns the time that is left, and the limit that ends it.
    fn left(&self, waits: &Waits) -> (Duration, Late) {
        let earned = Duration::from_secs(waits.bytes / self.bytes_per_second);
        let left = [
            (self.idle.saturating_sub(waits.idle), Late::Idle),
            ((self.idle + earned).saturating_sub(waits.total), Late::Slow),
            (self.max_wait.saturating_sub(waits.total), Late::Old),
        ];
        left.into_iter().min_by_key(|(left, _)| *left).expect("there are three limits")
    }
}

/// The limit of time that an upload exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Late {
    Idle,
    Slow,
    Old,
}

impl Late {
    fn status(self, patience: &Patience) -> Status {
        let Patience { idle, bytes_per_second, max_wait } = patience;
        let (reason, what) = match self {
            Self::Idle => ("upload_idle", format!("nothing came for {idle:?}")),
            Self::Slow => (
                "upload_slow",
                format!("fewer than {bytes_per_second} bytes a second came after {idle:?}"),
            ),
            Self::Old => ("upload_slow", format!("the file did not come within {max_wait:?}")),
        };
        let message = format!("{what}: the upload was given up, nothing of it was kept");
        with_reason(Code::DeadlineExceeded, reason, message)
    }
}

/// The chunks that follow the metadata. When the upload breaks, its reader gets an I/O error, and
/// [`failure`](Self::failure) returns the status for the caller.
pub(super) struct Upload<S> {
    messages: S,
    failure: Option<Status>,
    patience: Patience,
    waits: Waits,
    /// The wait for the next message: its begin, its timer, and the limit that ends it.
    waiting: Option<(Instant, Pin<Box<Sleep>>, Late)>,
}

impl<S, M> Upload<S>
where
    S: Stream<Item = Result<M, Status>> + Unpin,
    M: UploadMessage,
{
    /// Reads the metadata and returns it with the upload of the chunks.
    pub(super) async fn start(messages: S) -> Result<(M::Metadata, Self), Status> {
        Self::start_within(messages, Patience::default()).await
    }

    async fn start_within(
        mut messages: S,
        patience: Patience,
    ) -> Result<(M::Metadata, Self), Status> {
        let first = timeout(patience.idle, messages.next())
            .await
            .map_err(|_| Late::Idle.status(&patience))?
            .transpose()?;
        match first.map(UploadMessage::into_part) {
            Some(Part::Metadata(metadata)) => {
                let waits = Waits::default();
                Ok((metadata, Self { messages, failure: None, patience, waits, waiting: None }))
            }
            Some(Part::Chunk(_) | Part::Nothing) | None => {
                Err(one_violation("metadata", "the first message must carry the metadata"))
            }
        }
    }

    /// Returns the status of a broken upload, `None` when it did not break.
    pub(super) fn failure(self) -> Option<Status> {
        self.failure
    }

    fn broken(&mut self, status: Status) -> Poll<Option<io::Result<Vec<u8>>>> {
        self.failure = Some(status);
        Poll::Ready(Some(Err(io::Error::new(
            io::ErrorKind::ConnectionAborted,
            "upload broken off by the caller",
        ))))
    }
}

impl<S, M> Stream for Upload<S>
where
    S: Stream<Item = Result<M, Status>> + Unpin,
    M: UploadMessage,
{
    type Item = io::Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.failure.is_some() {
            return Poll::Ready(None);
        }
        let Poll::Ready(message) = self.messages.poll_next_unpin(cx) else {
            let (patience, waits) = (self.patience, &self.waits);
            let (left, late) = patience.left(waits);
            let begin = || (Instant::now(), Box::pin(sleep(left)), late);
            let (_, timer, late) = self.waiting.get_or_insert_with(begin);
            let late = *late;
            ready!(timer.as_mut().poll(cx));
            return self.broken(late.status(&patience));
        };
        if let Some((since, ..)) = self.waiting.take() {
            let waited = since.elapsed();
            self.waits.total += waited;
            self.waits.idle += waited;
        }
        match message {
            None => Poll::Ready(None),
            Some(Err(status)) => self.broken(status),
            Some(Ok(message)) => match message.into_part() {
                Part::Chunk(chunk) if self.waits.count(&chunk) => {
                    kill_point::reach("grpc.chunk");
                    Poll::Ready(Some(Ok(chunk)))
                }
                Part::Chunk(_) => self.broken(one_violation(
                    "chunk",
                    format!("at most {UPLOAD_MAX_EMPTY_CHUNKS} empty chunks in a row"),
                )),
                Part::Metadata(_) => self.broken(one_violation(
                    "metadata",
                    "only the first message may carry the metadata",
                )),
                Part::Nothing => self.broken(one_violation(
                    "chunk",
                    "the message carries neither metadata nor chunk",
                )),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::channel::mpsc;
    use proto::submit_exchange_request::Part::{Chunk, Metadata};

    /// Idle timeout of the tests: long enough for a busy machine.
    const QUIET: Duration = Duration::from_millis(300);

    const PATIENCE: Patience =
        Patience { idle: QUIET, bytes_per_second: 1, max_wait: Duration::from_secs(60) };

    type Message = Result<proto::SubmitExchangeRequest, Status>;

    fn message(part: proto::submit_exchange_request::Part) -> Message {
        Ok(proto::SubmitExchangeRequest { part: Some(part) })
    }

    #[tokio::test]
    async fn an_idle_upload_times_out() {
        let (caller, messages) = mpsc::unbounded();
        caller.unbounded_send(message(Metadata(proto::SubmitMetadata::default()))).expect("sent");
        let (_, mut upload) =
            Upload::start_within(messages, PATIENCE).await.expect("the metadata is there");
        for _ in 0..2 {
            // Time that the gateway takes does not count as idle.
            sleep(QUIET * 2).await;
            let (chunk, ()) = tokio::join!(upload.next(), async {
                tokio::task::yield_now().await;
                caller.unbounded_send(message(Chunk(vec![1]))).expect("sent");
            });
            assert_eq!(chunk.expect("a chunk").expect("whole"), [1]);
        }
        upload.next().await.expect("an end").expect_err("broken off");
        assert!(upload.next().await.is_none());
        let failure = upload.failure().expect("a reason");
        assert_eq!(failure.code(), Code::DeadlineExceeded);
        assert_eq!(
            failure.message(),
            "nothing came for 300ms: the upload was given up, nothing of it was kept"
        );
    }

    #[tokio::test]
    async fn an_upload_without_metadata_times_out() {
        let (_caller, messages) = mpsc::unbounded::<Message>();
        let refused = Upload::start_within(messages, PATIENCE).await.err().expect("given up");
        assert_eq!(refused.code(), Code::DeadlineExceeded);
    }

    /// Returns the first failure of an upload whose caller sends these chunks, one each time that
    /// the gateway has waited for `pause`.
    async fn failure(patience: Patience, pause: Duration, chunk: Vec<u8>) -> Status {
        let (caller, messages) = mpsc::unbounded();
        caller.unbounded_send(message(Metadata(proto::SubmitMetadata::default()))).expect("sent");
        let (_, mut upload) = Upload::start_within(messages, patience).await.expect("starts");
        loop {
            let next = tokio::join!(upload.next(), async {
                sleep(pause).await;
                // The upload may be over.
                let _ = caller.unbounded_send(message(Chunk(chunk.clone())));
            });
            match next.0.expect("an end") {
                Ok(taken) => assert_eq!(taken, chunk),
                Err(_) => return upload.failure().expect("a reason"),
            }
        }
    }

    #[tokio::test]
    async fn empty_chunks_do_not_keep_an_upload_alive() {
        let status = failure(PATIENCE, QUIET / 3, Vec::new()).await;
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert!(status.message().starts_with("nothing came for 300ms"), "{status}");
        let patient = Patience { idle: Duration::from_secs(60), ..PATIENCE };
        let status = failure(patient, Duration::ZERO, Vec::new()).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        assert!(status.message().contains("16 empty chunks"), "{status}");
    }

    #[test]
    fn waits_end_at_the_first_limit() {
        let seconds = Duration::from_secs;
        let left = |bytes: u64, total: u64, idle: u64| {
            let waits =
                Waits { bytes, total: seconds(total), idle: seconds(idle), empty_chunks: 0 };
            let (left, late) = Patience::default().left(&waits);
            (left.as_secs(), late)
        };
        assert_eq!(left(0, 0, 0), (60, Late::Idle));
        assert_eq!(left(1, 50, 20), (10, Late::Slow), "a byte a minute is too slow");
        assert_eq!(left(30 * UPLOAD_MIN_BYTES_PER_SECOND, 50, 20), (40, Late::Idle));
        assert_eq!(left(u64::MAX, 7_190, 0), (10, Late::Old), "two hours are the end");
        assert_eq!(left(0, 100, 0), (0, Late::Slow));
    }
}
