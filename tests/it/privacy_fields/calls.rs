//! Calls of any method by its descriptor, over a real socket.

use crate::support::gateway::PATIENCE;
use prost::Message as _;
use prost::bytes::{Buf as _, BufMut as _};
use prost_reflect::{DynamicMessage, MethodDescriptor};
use std::time::Duration;
use tokio::time::timeout;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// Wait for the first message of a stream: what is planted in a filter may match nothing.
const STREAM_LIMIT: Duration = Duration::from_secs(5);

/// The first message of an answer, the refusal, or neither within the limit.
#[derive(Debug)]
pub(super) enum Answer {
    /// As proto3 JSON.
    Message(String),
    Refused(Status),
    Silence,
}

/// Calls a method with these messages, and the name that the caller states.
pub(super) async fn call(
    channel: &Channel,
    method: &MethodDescriptor,
    messages: &[DynamicMessage],
    caller: &str,
) -> Answer {
    let limit = if method.is_server_streaming() { STREAM_LIMIT } else { PATIENCE };
    match timeout(limit, first_message(channel, method, messages, caller)).await {
        Ok(Ok(Some(bytes))) => {
            let message = DynamicMessage::decode(method.output(), &*bytes).expect("decodes");
            Answer::Message(serde_json::to_string(&message).expect("proto3 JSON"))
        }
        Ok(Err(status)) => Answer::Refused(status),
        Ok(Ok(None)) | Err(_) => Answer::Silence,
    }
}

async fn first_message(
    channel: &Channel,
    method: &MethodDescriptor,
    messages: &[DynamicMessage],
    caller: &str,
) -> Result<Option<Vec<u8>>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.expect("the gateway answers");
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let bodies: Vec<Vec<u8>> = messages.iter().map(DynamicMessage::encode_to_vec).collect();
    let mut request = Request::new(futures::stream::iter(bodies));
    request.metadata_mut().insert("x-noemie-caller", caller.parse().expect("ASCII"));
    let path = PathAndQuery::try_from(path).expect("a path");
    grpc.streaming(request, path, Raw).await?.into_inner().message().await
}

/// Messages as bytes.
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; from.remaining()];
        from.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}
