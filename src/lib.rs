//! The gateway: see `ARCHITECTURE.md`.

pub mod archive;
pub mod clock;
pub mod domain;
pub mod grpc;
pub mod ingest;
pub mod returns;
pub mod store;
pub mod validate;
pub mod vault;
