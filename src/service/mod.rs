//! The one way from the edges (gRPC, command line, admin port) to everything behind them.
//!
//! Every act and every reading takes a [`Caller`](crate::domain::Caller): name, proof, role, and
//! the scope that the answer may come from. Answers are views and values of `domain`. Edges know
//! neither the store, the vault nor the archive.

pub mod claims;
pub mod clock;
pub mod conventions;
pub mod dead_letters;
pub mod decisions;
pub mod deposits;
pub mod error;
pub mod events;
pub mod exchanges;
pub mod health;
pub mod held_attempts;
pub mod imports;
pub mod local_files;
pub mod matches;
pub mod operations;
pub mod resend;
pub mod returns;
pub mod transfers;
pub mod verification;
pub mod view;

use crate::clock::SharedClock;
use crate::conventionnement::Conventionnement;
use crate::domain::ReasonCodes;
use crate::ingest::Ingest;
use crate::store::SharedStore;
use crate::vault::Vault;
use claims::Claims;
use conventions::Conventions;
use decisions::Decisions;
use deposits::Deposits;
use events::Events;
use exchanges::Exchanges;
use held_attempts::HeldAttempts;
use matches::Matches;
use returns::Returns;
use std::sync::Arc;
use transfers::Transfers;

/// The readings and acts that gRPC and the command line ask for.
#[derive(Clone)]
pub struct Service {
    /// Claims.
    pub claims: Claims,
    /// Decisions of workers.
    pub decisions: Decisions,
    /// Copies of invoices that another sender sent before.
    pub held_attempts: HeldAttempts,
    /// Answers without claim, and their matches.
    pub matches: Matches,
    /// Exchanges and their reports.
    pub exchanges: Exchanges,
    /// Deposits and dry runs.
    pub deposits: Arc<Deposits>,
    /// Return files.
    pub returns: Returns,
    /// Bank transfers.
    pub transfers: Transfers,
    /// Lookups of conventions.
    pub conventions: Conventions,
    /// Streams of events and statuses.
    pub events: Events,
}

/// The rooms that a [`Service`] asks.
pub struct Rooms {
    /// Claims, exchanges, events.
    pub store: SharedStore,
    /// Opens persons and return files.
    pub vault: Arc<Vault>,
    /// Time and identifiers.
    pub clock: SharedClock,
    /// Takes files.
    pub ingest: Arc<Ingest>,
    /// Files that may come in at once.
    pub max_uploads: usize,
    /// Register and conventions.
    pub conventionnement: Arc<Conventionnement>,
}

impl Service {
    /// Makes the service over its rooms.
    #[must_use]
    pub fn new(rooms: Rooms) -> Self {
        let Rooms { store, vault, clock, ingest, max_uploads, conventionnement } = rooms;
        let claims = Claims::new(Arc::clone(&store), Arc::clone(&vault), Arc::clone(&clock));
        Self {
            decisions: Decisions::new(Arc::clone(&store), Arc::clone(&clock)),
            held_attempts: HeldAttempts::new(Arc::clone(&store), Arc::clone(&clock)),
            matches: Matches::new(
                Arc::clone(&store),
                Arc::clone(&vault),
                Arc::clone(&clock),
                Arc::clone(&conventionnement),
            ),
            exchanges: Exchanges::new(Arc::clone(&store)),
            deposits: Arc::new(Deposits::new(ingest, max_uploads)),
            returns: Returns::new(Arc::clone(&store), vault),
            transfers: Transfers::new(Arc::clone(&store), Arc::clone(&clock)),
            conventions: Conventions::new(conventionnement, clock),
            events: Events::new(store, claims.clone()),
            claims,
        }
    }

    /// Checks the codes of the reasons of decisions against another table.
    #[must_use]
    pub fn with_reason_codes(self, codes: Arc<ReasonCodes>) -> Self {
        Self { decisions: self.decisions.with_codes(codes), ..self }
    }
}
