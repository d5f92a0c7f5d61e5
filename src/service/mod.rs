//! The one door between the edges (gRPC, command line, admin port) and everything behind them.
//!
//! Every act and every reading takes a [`Caller`](crate::domain::Caller): who asks, by which
//! proof, in which role, and which rows the caller's scope covers. Edges know neither the store,
//! the vault nor the archive.

pub mod decisions;
