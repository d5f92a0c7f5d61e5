//! The generated types of `proto/noemie/gateway/v1`: messages, clients and servers.

#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, reason = "generated code")]

tonic::include_proto!("noemie.gateway.v1");

/// The descriptors of the package, comments included: reflection answers from them.
pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("noemie_gateway_v1");
