//! Lists the receipts and files that a restore lost, by the sender that has to be told.

use crate::domain::ExchangeId;
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

/// Action that the journal of operations names when a restore is ended. The details of its steps
/// list the losses that are on record from then on.
pub const RESTORE_FINISH: &str = "restore.finish";
/// Field of such a detail with the identifiers of the losses.
pub const LOSSES: &str = "losses";

/// Limit of the deposits and files listed for senders; all are counted among the findings.
const MAX_LISTED: usize = 1_000;

/// Losses to tell one sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToTell {
    /// Name of the sender, or what is known of it.
    pub sender: String,
    /// Deposits whose receipts the database lost: the sender has to send these files again, and the
    /// ARLs that it holds are no longer known.
    pub send_again: Vec<LostDeposit>,
    /// Names of files of rejects that the database no longer knows. A reject in them may come again
    /// in another file.
    pub unknown_rejects: Vec<String>,
    /// Deposits whose receipts hold, and whose raw files the archive lost.
    pub raw_files_lost: Vec<LostDeposit>,
}

/// A deposit that a restore touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LostDeposit {
    /// Exchange.
    pub exchange: ExchangeId,
    /// Name that the sender gave to its file, as the ARL has it; empty when unknown.
    pub file: String,
    /// Reference and date of the first 000 of the raw file, where only that file is left.
    pub reference: String,
    /// Instant of the deposit.
    #[serde(with = "time::serde::rfc3339::option")]
    pub deposited_at: Option<OffsetDateTime>,
    /// Name of the ARL; empty when none is known.
    pub arl: String,
    /// Whether the raw file is in the archive.
    pub is_archived: bool,
}

/// One loss to tell a sender.
#[derive(Debug, Clone)]
pub(super) enum Loss {
    /// The receipt of a deposit.
    Receipt(LostDeposit),
    /// A file of rejects.
    Rejects(String),
    /// The raw file of a deposit.
    RawFile(LostDeposit),
}

/// Adds a loss to what its sender has to be told.
pub(super) fn add(all: &mut Vec<ToTell>, sender: &str, loss: Loss) {
    let listed: usize = all
        .iter()
        .map(|one| one.send_again.len() + one.unknown_rejects.len() + one.raw_files_lost.len())
        .sum();
    if listed >= MAX_LISTED {
        return;
    }
    let at = all.iter().position(|one| one.sender == sender).unwrap_or_else(|| {
        let sender = sender.to_owned();
        let (send_again, unknown_rejects, raw_files_lost) = Default::default();
        all.push(ToTell { sender, send_again, unknown_rejects, raw_files_lost });
        all.len() - 1
    });
    match loss {
        Loss::Receipt(deposit) => all[at].send_again.push(deposit),
        Loss::Rejects(name) => all[at].unknown_rejects.push(name),
        Loss::RawFile(deposit) => all[at].raw_files_lost.push(deposit),
    }
}

/// Returns the instant that an identifier of version 7 was made.
pub(super) fn made_at(id: Uuid) -> Option<OffsetDateTime> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    let nanos = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()
}
