//! The integration tests in one program, one module per subject: one program links once.
//!
//! `cargo test --test it grpc_claims::` runs one module. A test is a program of its own only where
//! it needs a process of its own: `kill_matrix` and `outages` have a private PostgreSQL,
//! `admin_port` and `relay_rabbitmq` install a recorder of metrics, `architecture` reads the
//! sources and links nothing of the gateway.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test stops at the first surprise")]

mod attack;
mod cli_answers;
mod clock_behind;
mod conventionnement;
mod dead_letters;
mod decisions_queue;
mod deposit_scope;
mod deposits_cli;
mod dlq_cli;
mod docs;
mod drop_dir;
mod e2e_cli;
mod e2e_commands;
mod e2e_gateway;
mod e2e_privacy;
mod e2e_time;
mod example_workers;
mod failures;
mod faults;
mod grpc_claims;
mod grpc_decisions;
mod grpc_event_mapping;
mod grpc_exchange;
mod grpc_proto_rules;
mod grpc_server;
mod grpc_status;
mod grpc_support;
mod grpc_transport;
mod holidays;
mod ingest_faults;
mod ingest_support;
mod installation_mark;
mod kinds;
mod later_version;
mod limits;
mod migrations;
mod money;
mod outbox_resend;
mod postgres_limits;
mod privacy_fields;
mod relay_steps;
mod restore;
mod returns_decide;
mod roles;
mod service_refusals;
mod settings;
mod staged_deposits;
mod staged_endings;
mod store_conformance;
#[path = "../support/mod.rs"]
mod support;
mod test_lane;
mod validate_cli;
mod verify;
mod watch;
mod wrong_pairs;
mod xray;
