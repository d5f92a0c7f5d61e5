//! The gateway: see `ARCHITECTURE.md`.
//!
//! ```text
//! bytes ─► reading ─► archive ─► normalise ─► ingest ─► store ─► relay ─► RabbitMQ
//!                                               │         └► outgoing ─► out/<receiver>/
//!                                               └► arl
//! cli · grpc · admin · decisions_queue ─► service
//! service ─► ingest, conventionnement, relay, outgoing, verify ─► store
//! ```

// Answers go through `cli::output`: println! panics on a closed pipe.
#![warn(clippy::print_stdout, clippy::print_stderr)]

// Types and rules of the domain, and the protection of persons.
pub mod domain;
pub mod vault;

// Deposits: a file becomes claims.
pub mod archive;
pub mod arl;
pub mod files;
pub mod ingest;
pub mod normalise;
mod reading;
mod settle;

// Storage, and delivery of files and events.
pub mod outgoing;
pub mod relay;
pub mod store;

pub mod conventionnement;
pub mod verify;
pub mod witness;

// The one entry point, and the edges that ask it.
pub mod admin;
pub mod cli;
pub mod decisions_queue;
pub mod grpc;
pub mod service;

// Limits of callers, and the connections that are held to them.
pub mod connections;
pub mod limits;

// How the process is built and observed.
pub mod app;
pub mod clock;
pub mod config;
pub mod error_chain;
pub mod failure_log;
pub mod fault;
pub mod jobs;
pub mod kill_point;
pub mod telemetry;

pub mod generate;
