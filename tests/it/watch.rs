//! The promises of event streams and watches (`docs/grpc.md`), as predicates over recorded
//! histories.
//!
//! A history is what the store committed and what each reader got. Each predicate is named after
//! its promise, and has mutants: histories altered so that the promise is broken, which the
//! predicate must reject.

mod cuts;
mod history;
mod mutants;
mod predicates;
mod reader;
mod recording;
mod replicas;
mod server;
mod sharing;
mod stalled;
mod writer;
