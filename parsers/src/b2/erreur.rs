//! Why a record or a file of norm B2 cannot be written.

use crate::anomaly::Anomaly;
use std::io;
use thiserror::Error;

/// Reason for which a record or a file is not written.
#[derive(Debug, Error)]
pub enum ErreurEcriture {
    /// A value does not fit its zone. The value is not told: it may be a person's.
    #[error("value does not fit zone {zone} of record {table}")]
    Zone {
        /// Record.
        table: &'static str,
        /// Number of the zone.
        zone: &'static str,
    },
    /// A record where another one is expected, or of another norm or version than its lot.
    #[error("record {table} cannot stand here")]
    Place {
        /// Record given.
        table: &'static str,
    },
    /// The counters and totals of a type 6 have no room for this invoice: open another lot.
    #[error("the lot is full")]
    LotPlein,
    /// The 999 has no room for another lot: open another logical file.
    #[error("the logical file is full")]
    FichierPlein,
    /// The reader would object; nothing was written.
    #[error("the reader would report {} anomalies, the first one {}", .0.len(), .0.first().map_or("", |a| a.code.as_str()))]
    Refus(Vec<Anomaly>),
    /// The output failed.
    #[error("output failed")]
    Sortie(#[from] io::Error),
}
