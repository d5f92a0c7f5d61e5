//! The gateway: see `ARCHITECTURE.md`.

pub mod clock;
pub mod conventionnement;
pub mod domain;
pub mod ingest;
pub mod store;
pub mod validate;
