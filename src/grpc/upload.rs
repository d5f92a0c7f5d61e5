//! Client streams of files: one message of metadata, then chunks. A chunk is passed on as it
//! arrives, so that memory holds one chunk.

use super::check::one_violation;
use super::errors::with_reason;
use super::{MAX_REQUEST_BYTES, proto};
use crate::kill_point;
use futures::{Stream, StreamExt as _};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep, timeout};
use tonic::{Code, Status};

/// Time in which an upload may bring no message. The upload then ends and releases its permit, one
/// of `max_uploads`.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

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

/// Returns `RESOURCE_EXHAUSTED` for a message past its limit, in place of the `OUT_OF_RANGE` of the
/// transport: everything too large gets the same code.
fn too_large_or(status: Status) -> Status {
    match status.code() {
        Code::OutOfRange => with_reason(
            Code::ResourceExhausted,
            "message_too_large",
            format!("a message has at most {MAX_REQUEST_BYTES} bytes"),
        ),
        _ => status,
    }
}

fn idle_status(idle: Duration) -> Status {
    with_reason(
        Code::DeadlineExceeded,
        "upload_idle",
        format!("nothing came for {idle:?}: the upload was given up, nothing of it was kept"),
    )
}

/// The chunks that follow the metadata. When the upload breaks, its reader gets an I/O error, and
/// [`failure`](Self::failure) returns the status for the caller.
pub(super) struct Upload<S> {
    messages: S,
    failure: Option<Status>,
    idle: Duration,
    /// Timer of the idle timeout. The timer runs only while the next message is awaited: a slow
    /// disk of the gateway does not count.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S, M> Upload<S>
where
    S: Stream<Item = Result<M, Status>> + Unpin,
    M: UploadMessage,
{
    /// Reads the metadata and returns it with the upload of the chunks.
    pub(super) async fn start(messages: S) -> Result<(M::Metadata, Self), Status> {
        Self::start_within(messages, IDLE_TIMEOUT).await
    }

    async fn start_within(mut messages: S, idle: Duration) -> Result<(M::Metadata, Self), Status> {
        let first = timeout(idle, messages.next())
            .await
            .map_err(|_| idle_status(idle))?
            .transpose()
            .map_err(too_large_or)?;
        match first.map(UploadMessage::into_part) {
            Some(Part::Metadata(metadata)) => {
                Ok((metadata, Self { messages, failure: None, idle, waiting: None }))
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
            let idle = self.idle;
            ready!(self.waiting.get_or_insert_with(|| Box::pin(sleep(idle))).as_mut().poll(cx));
            return self.broken(idle_status(idle));
        };
        self.waiting = None;
        match message {
            None => Poll::Ready(None),
            Some(Err(status)) => self.broken(too_large_or(status)),
            Some(Ok(message)) => match message.into_part() {
                Part::Chunk(chunk) => {
                    kill_point::reach("grpc.chunk");
                    Poll::Ready(Some(Ok(chunk)))
                }
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

    type Message = Result<proto::SubmitExchangeRequest, Status>;

    fn message(part: proto::submit_exchange_request::Part) -> Message {
        Ok(proto::SubmitExchangeRequest { part: Some(part) })
    }

    #[tokio::test]
    async fn an_idle_upload_times_out() {
        let (caller, messages) = mpsc::unbounded();
        caller.unbounded_send(message(Metadata(proto::SubmitMetadata::default()))).expect("sent");
        let (_, mut upload) =
            Upload::start_within(messages, QUIET).await.expect("the metadata is there");
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
        let refused = Upload::start_within(messages, QUIET).await.err().expect("given up");
        assert_eq!(refused.code(), Code::DeadlineExceeded);
    }
}
