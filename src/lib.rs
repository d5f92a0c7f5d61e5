//! The gateway: see `ARCHITECTURE.md`.

pub mod clock;
pub mod domain;
pub mod generate;
pub mod ingest;
pub mod store;
pub mod validate;
