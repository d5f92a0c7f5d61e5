//! How each method takes its request and gives its answer, as far as limits depend on it.

use crate::limits::{MAX_DECISIONS_BYTES, MAX_REQUEST_BYTES, MAX_UPLOAD_MESSAGE_BYTES};

/// Limits of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Method {
    /// Largest request message, bytes.
    pub(super) max_message_bytes: usize,
    /// Whether the request is a stream of messages, which may take longer than one message.
    pub(super) takes_stream: bool,
    /// Whether the answer is a stream that may stay open.
    pub(super) gives_stream: bool,
}

impl Method {
    const UNARY: Self =
        Self { max_message_bytes: MAX_REQUEST_BYTES, takes_stream: false, gives_stream: false };
    const SERVER_STREAM: Self = Self { gives_stream: true, ..Self::UNARY };
    const UPLOAD: Self = Self {
        max_message_bytes: MAX_UPLOAD_MESSAGE_BYTES,
        takes_stream: true,
        gives_stream: false,
    };
    const DECISIONS: Self = Self { max_message_bytes: MAX_DECISIONS_BYTES, ..Self::UNARY };

    /// Returns the limits of the method with this HTTP path, `/package.Service/Method`.
    ///
    /// Reflection is a stream of requests, but counts as one request that arrives in time: a tool
    /// asks a few questions and is done.
    pub(super) fn of(path: &str) -> Self {
        match path {
            "/noemie.gateway.v1.ExchangeService/SubmitExchange"
            | "/noemie.gateway.v1.ExchangeService/ValidateExchange" => Self::UPLOAD,
            "/noemie.gateway.v1.ClaimWorkService/BatchRecordDecisions" => Self::DECISIONS,
            "/noemie.gateway.v1.ExchangeService/DownloadReturn"
            | "/noemie.gateway.v1.DreStatusService/WatchDre"
            | "/noemie.gateway.v1.ClaimWorkService/SubscribeClaimEvents"
            | "/grpc.health.v1.Health/Watch"
            | "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
            | "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo" => {
                Self::SERVER_STREAM
            }
            _ => Self::UNARY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_reflect::DescriptorPool;

    #[test]
    fn streams_are_those_of_the_descriptors() {
        let mut pool = DescriptorPool::decode(super::super::proto::DESCRIPTORS).expect("decodes");
        pool.decode_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET).expect("decodes");
        let services: Vec<_> = pool.services().collect();
        assert!(services.len() >= 5, "{}", services.len());
        for method in services.iter().flat_map(|service| service.methods()) {
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            let limits = Method::of(&path);
            assert_eq!(limits.takes_stream, method.is_client_streaming(), "{path}");
            assert_eq!(limits.gives_stream, method.is_server_streaming(), "{path}");
        }
    }
}
