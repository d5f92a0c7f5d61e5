//! The gateway: see `ARCHITECTURE.md`.

// Answers go through `cli::output`: println! panics on a closed pipe.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod admin;
pub mod app;
pub mod archive;
pub mod cli;
pub mod clock;
pub mod config;
pub mod conventionnement;
pub mod domain;
pub mod error_chain;
pub mod generate;
pub mod grpc;
pub mod ingest;
pub mod jobs;
pub mod journal;
pub mod kill_point;
pub mod matching;
pub mod normalise;
pub mod outgoing;
pub mod relay;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod vault;
pub mod verify;
