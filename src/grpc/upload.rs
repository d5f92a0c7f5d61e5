//! Client streams of files: metadata first, then chunks, which go on as they come. Nothing is
//! gathered here.

use super::ask::one_violation;
use super::errors::with_reason;
use super::{LARGEST_REQUEST, proto};
use crate::kill_point;
use futures::{Stream, StreamExt as _};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep, timeout};
use tonic::{Code, Status};

/// How long the caller of an upload may send nothing. Its place, one of `max_uploads`, is then
/// given to another.
const IDLE: Duration = Duration::from_secs(60);

/// One message of an upload.
pub(super) enum Part<M> {
    Metadata(M),
    Chunk(Vec<u8>),
    /// Neither was set.
    Nothing,
}

/// A request message that carries a part of an upload.
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

/// The transport says `OUT_OF_RANGE` of a message past its limit; this service says
/// `RESOURCE_EXHAUSTED` of everything too large.
fn too_large_or(status: Status) -> Status {
    match status.code() {
        Code::OutOfRange => with_reason(
            Code::ResourceExhausted,
            "message_too_large",
            format!("a message has at most {LARGEST_REQUEST} bytes"),
        ),
        _ => status,
    }
}

fn too_quiet(idle: Duration) -> Status {
    with_reason(
        Code::DeadlineExceeded,
        "upload_idle",
        format!("nothing came for {idle:?}: the upload was given up, nothing of it was kept"),
    )
}

/// The chunks that follow the metadata. When the upload breaks, the reader sees an I/O error, and
/// the edge finds the status here.
pub(super) struct Upload<S> {
    messages: S,
    failure: Option<Status>,
    idle: Duration,
    /// Runs while the caller is waited for, and only then: a slow disk of ours is not its fault.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S, M> Upload<S>
where
    S: Stream<Item = Result<M, Status>> + Unpin,
    M: UploadMessage,
{
    /// Reads the metadata.
    pub(super) async fn start(messages: S) -> Result<(M::Metadata, Self), Status> {
        Self::start_within(messages, IDLE).await
    }

    async fn start_within(mut messages: S, idle: Duration) -> Result<(M::Metadata, Self), Status> {
        let first = timeout(idle, messages.next())
            .await
            .map_err(|_| too_quiet(idle))?
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

    /// Why the upload broke, if it did.
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
            return self.broken(too_quiet(idle));
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

    /// Long enough for a busy machine, short enough for a test.
    const QUIET: Duration = Duration::from_millis(300);

    type Message = Result<proto::SubmitExchangeRequest, Status>;

    fn message(part: proto::submit_exchange_request::Part) -> Message {
        Ok(proto::SubmitExchangeRequest { part: Some(part) })
    }

    #[tokio::test]
    async fn an_upload_whose_caller_falls_silent_is_given_up() {
        let (caller, messages) = mpsc::unbounded();
        caller.unbounded_send(message(Metadata(proto::SubmitMetadata::default()))).expect("sent");
        let (_, mut upload) =
            Upload::start_within(messages, QUIET).await.expect("the metadata is there");
        for _ in 0..2 {
            // Our own slowness is not the caller's.
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
    async fn a_caller_who_never_says_what_he_sends_is_given_up() {
        let (_caller, messages) = mpsc::unbounded::<Message>();
        let refused = Upload::start_within(messages, QUIET).await.err().expect("given up");
        assert_eq!(refused.code(), Code::DeadlineExceeded);
    }
}
