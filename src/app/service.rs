//! Services of an open installation for the command line.

use super::App;
use crate::domain::ClaimEvent;
use crate::relay::{LocalLog, Relay, RelayStatus, StepOutcome};
use crate::service::dead_letters::DeadLetters;
use crate::service::imports::Imports;
use crate::service::local_files::LocalFiles;
use crate::service::operations::Operations;
use crate::service::verification::Verifier;
use crate::store::OutboxEvent;
use crate::verify::Sources;
use anyhow::{Context, Result};
use std::sync::Arc;

/// Limit of the events that one run of [`App::publish_waiting`] returns.
const MAX_RETURNED: usize = 100;

impl App {
    /// Returns the operations on this installation.
    #[must_use]
    pub fn operations(&self) -> Operations {
        Operations::new(Arc::clone(&self.store), Arc::clone(&self.ingest), Arc::clone(&self.clock))
    }

    /// Returns the service that imports registers and conventions.
    #[must_use]
    pub fn imports(&self) -> Imports {
        Imports::new(Arc::clone(&self.conventionnement))
    }

    /// Returns the service that compares receipts with raw files and rows.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        let sources = Sources {
            store: Arc::clone(&self.store),
            archive: Arc::clone(&self.archive),
            vault: Arc::clone(&self.vault),
            clock: Arc::clone(&self.clock),
        };
        Verifier::new(sources, self.config.out_dir())
    }

    /// Returns the service that deposits files of this machine.
    #[must_use]
    pub fn local_files(&self) -> LocalFiles {
        LocalFiles::new(Arc::clone(&self.ingest))
    }

    /// Publishes every waiting event to [`LocalLog`], and returns the first `MAX_RETURNED` of
    /// them, oldest first. `demo` calls it, because it runs no relay.
    pub async fn publish_waiting(&self) -> Result<Vec<ClaimEvent>> {
        let waiting = self.store.unpublished_events(MAX_RETURNED, &[]).await?;
        let mut relay = Relay::new(
            self.store.clone(),
            Box::new(LocalLog),
            Arc::clone(&self.clock),
            RelayStatus::default(),
        );
        while let StepOutcome::Published(_) = relay.step().await {}
        relay.close().await;
        let read = |waiting: OutboxEvent| serde_json::from_str(&waiting.payload);
        let events: Result<_, _> = waiting.into_iter().map(read).collect();
        events.context("reading a published event")
    }
}

/// Returns the service for the dead letters of the broker that the settings name; `None` without a
/// broker. The service needs no installation.
pub fn dead_letters(config: &crate::config::Config) -> Result<Option<DeadLetters>> {
    Ok(super::broker(config)?.map(DeadLetters::new))
}
