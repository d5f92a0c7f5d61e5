//! Callers of the gateway, and the rows that their answers may come from.
//!
//! A [`Caller`] is made where a connection or a command begins and is an argument of every act and
//! reading of `service`. Its [`Scope`] is an argument of every reading of the store, so that a
//! query without a filter does not compile (invariant 13).

use super::codes::open_coded;
use super::{Lane, PartKind};
use std::collections::BTreeSet;

open_coded! {
    /// Kind of party that a caller is.
    Role {
        /// Deposits the files of health professionals, and reads what became of them.
        Concentrator = "concentrator", "Concentrateur";
        /// Deposits NOEMIE returns.
        Caisse = "caisse", "Caisse";
        /// Decides and pays claims for an AMC.
        Worker = "worker", "Traitement des demandes";
        /// Keeps the conventions.
        Desk = "desk", "Gestion du conventionnement";
        /// Runs the gateway.
        Operator = "operator", "Exploitation";
        /// Reads the journals.
        Auditor = "auditor", "Contrôle";
    }
}

open_coded! {
    /// Proof of the name of a caller or of an actor.
    Proof {
        /// The caller runs on this machine: the command line, or the loopback of the embedded
        /// default.
        Local = "local", "Appel de cette machine";
        /// The name is stated without proof: senders of files and authors of decisions.
        Stated = "stated", "Nom déclaré, sans preuve";
    }
}

impl Role {
    /// Returns whether a caller of this role may decide about a part. Workers decide for the AMC.
    /// What a caisse says comes in its returns, so that only an operator records it by hand.
    #[must_use]
    pub const fn may_decide(self, part: PartKind) -> bool {
        match part {
            PartKind::Amc => matches!(self, Self::Worker | Self::Desk | Self::Operator),
            PartKind::Amo | PartKind::Unknown => matches!(self, Self::Operator),
        }
    }
}

/// A proven caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Name that journals keep.
    pub name: String,
    /// How the name was proven.
    pub proof: Proof,
    /// Kind of party.
    pub role: Role,
    /// Rows that this caller may see and change.
    pub scope: Scope,
}

impl Caller {
    /// Returns the operator of this machine: sees and changes everything. Listings show the real
    /// lane.
    #[must_use]
    pub fn local() -> Self {
        Self {
            name: "local".to_owned(),
            proof: Proof::Local,
            role: Role::Operator,
            scope: Scope { lane: Some(Lane::Real), ..Scope::everything() },
        }
    }

    /// Returns the caller as one who asks for the rows of a lane.
    #[must_use]
    pub fn in_lane(self, lane: Lane) -> Self {
        Self { scope: Scope { lane: Some(lane), ..self.scope }, ..self }
    }
}

impl Caller {
    /// Returns the caller of a message in the queue of decisions: a worker, of whom the gateway
    /// knows only that the broker let it write to the queue.
    #[must_use]
    pub fn of_the_queue_of_decisions() -> Self {
        Self {
            name: "claims.decisions".to_owned(),
            proof: Proof::Stated,
            role: Role::Worker,
            scope: Scope::everything(),
        }
    }
}

/// One dimension of a [`Scope`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Extent {
    /// Every value.
    #[default]
    All,
    /// These values; the empty set covers nothing.
    Only(BTreeSet<String>),
}

impl Extent {
    /// Returns whether the extent covers a value.
    #[must_use]
    pub fn covers(&self, value: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(values) => values.contains(value),
        }
    }
}

/// The rows that a caller may see: a row has to lie inside every dimension that it has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Names of depositors.
    pub senders: Extent,
    /// PS numbers, 9 characters.
    pub ps: Extent,
    /// AMC numbers, 10 characters.
    pub amc: Extent,
    /// Organisms (caisses), as the 000 of their files names them.
    pub organisms: Extent,
    /// Lane that listings, streams and answers by PS and invoice number come from; `None` is both,
    /// for the gateway itself. An answer by identifier comes from either lane and names its own.
    pub lane: Option<Lane>,
}

impl Scope {
    /// Returns the scope that covers every row of both lanes.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// Returns whether a dimension is limited; the lane is none.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        [&self.senders, &self.ps, &self.amc, &self.organisms]
            .into_iter()
            .any(|extent| *extent != Extent::All)
    }

    /// Returns whether a dimension is empty, so that no row lies inside.
    #[must_use]
    pub fn covers_nothing(&self) -> bool {
        [&self.senders, &self.ps, &self.amc, &self.organisms]
            .into_iter()
            .any(|extent| matches!(extent, Extent::Only(values) if values.is_empty()))
    }
}
