//! Client streams of files: metadata first, then chunks, which go on as they come. Nothing is gathered here.

use super::ask::one_violation;
use super::errors::with_reason;
use super::{LARGEST_REQUEST, proto};
use crate::kill_point;
use futures::{Stream, StreamExt as _};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::{Code, Status};

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
            Some(proto::submit_exchange_request::Part::Metadata(metadata)) => Part::Metadata(metadata),
            Some(proto::submit_exchange_request::Part::Chunk(chunk)) => Part::Chunk(chunk),
            None => Part::Nothing,
        }
    }
}

impl UploadMessage for proto::ValidateExchangeRequest {
    type Metadata = proto::ValidateMetadata;

    fn into_part(self) -> Part<Self::Metadata> {
        match self.part {
            Some(proto::validate_exchange_request::Part::Metadata(metadata)) => Part::Metadata(metadata),
            Some(proto::validate_exchange_request::Part::Chunk(chunk)) => Part::Chunk(chunk),
            None => Part::Nothing,
        }
    }
}

/// The transport says `OUT_OF_RANGE` of a message past its limit; this service says `RESOURCE_EXHAUSTED` of everything too large.
fn too_large_or(status: Status) -> Status {
    match status.code() {
        Code::OutOfRange => with_reason(Code::ResourceExhausted, "message_too_large", format!("a message has at most {LARGEST_REQUEST} bytes")),
        _ => status,
    }
}

/// The chunks that follow the metadata. When the upload breaks, the reader sees an I/O error, and the edge finds the status here.
pub(super) struct Upload<S> {
    messages: S,
    failure: Option<Status>,
}

impl<S, M> Upload<S>
where
    S: Stream<Item = Result<M, Status>> + Unpin,
    M: UploadMessage,
{
    /// Reads the metadata.
    pub(super) async fn start(mut messages: S) -> Result<(M::Metadata, Self), Status> {
        let first = messages.next().await.transpose().map_err(too_large_or)?;
        match first.map(UploadMessage::into_part) {
            Some(Part::Metadata(metadata)) => Ok((metadata, Self { messages, failure: None })),
            Some(Part::Chunk(_) | Part::Nothing) | None => Err(one_violation("metadata", "the first message must carry the metadata")),
        }
    }

    /// Why the upload broke, if it did.
    pub(super) fn failure(self) -> Option<Status> {
        self.failure
    }

    fn broken(&mut self, status: Status) -> Poll<Option<io::Result<Vec<u8>>>> {
        self.failure = Some(status);
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "upload broken off by the caller"))))
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
        match std::task::ready!(self.messages.poll_next_unpin(cx)) {
            None => Poll::Ready(None),
            Some(Err(status)) => self.broken(too_large_or(status)),
            Some(Ok(message)) => match message.into_part() {
                Part::Chunk(chunk) => {
                    kill_point::reach("grpc.chunk");
                    Poll::Ready(Some(Ok(chunk)))
                }
                Part::Metadata(_) => self.broken(one_violation("metadata", "only the first message may carry the metadata")),
                Part::Nothing => self.broken(one_violation("chunk", "the message carries neither metadata nor chunk")),
            },
        }
    }
}
