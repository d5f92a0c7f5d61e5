//! Witness lines in the archive: a record outside the database of how far its rows reached.
//!
//! A line has the origin (installation and incarnation), the rank and link of the last receipt, the
//! position of the last published event, and the ends of the journals. A database that does not
//! reach its last line, or has other links at its ranks, was restored from an older copy or lost
//! its last rows. A line of an earlier incarnation proves nothing about a later one: rows were lost
//! when `restore finish` began the later one.
//!
//! [`Witness::append`] refuses to write a line that would hide a difference.

mod compare;

pub use compare::Difference;

use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::domain::witness::journals_digest;
use crate::domain::{EventId, InstallationEvent, WitnessLine};
use crate::reading::blocking;
use crate::store::{Installation, SharedStore, StoreError};
use crate::vault::Vault;
use metrics::{counter, describe_counter};
use std::io;
use std::sync::Arc;
use time::Duration;
use tracing::info;

/// Counter of lines, with the label `outcome` (`written`, `refused`, `failed`).
pub const LINES: &str = "noemie_witness_lines_total";

/// Registers the description of the metric, once a recorder is installed.
pub fn describe_metrics() {
    describe_counter!(
        LINES,
        "Witness lines, by outcome (written, refused: the database is not the one of the last \
         line, failed)"
    );
}

/// Longest time without a new line while a gateway runs.
pub const INTERVAL: Duration = Duration::hours(1);

/// Why a line was not read or not written.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// The database failed.
    #[error("asking the store")]
    Store(#[from] StoreError),
    /// The witness file failed.
    #[error("{doing} the file `witness` of the archive")]
    File {
        /// `reading` or `writing`.
        doing: &'static str,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// The database carries no mark.
    #[error("the database carries no mark of an installation: start `serve` on it first")]
    NoMark,
    /// The database does not fit its last line.
    #[error(
        "{0}; stop every replica, restore a database as new as the archive, or run `noemie-gateway \
         restore finish`"
    )]
    Differs(Difference),
}

/// The last line of the witness file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Last {
    /// The last line that fits its check value.
    pub line: Option<WitnessLine>,
    /// Number of complete lines, among the last of the file, that do not fit their check value.
    pub altered: usize,
}

/// When a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// When the last line is older than [`INTERVAL`], or there is none.
    Hourly,
    /// When the last line has other receipts or journals, or when there is none and a receipt was
    /// given: at a start and at a stop.
    WhenNew,
}

/// Writes and compares the lines of one installation.
#[derive(Clone)]
pub struct Witness {
    /// Store.
    pub store: SharedStore,
    /// Archive with the witness file.
    pub archive: Arc<Archive>,
    /// Vault, which signs lines.
    pub vault: Arc<Vault>,
    /// Clock.
    pub clock: SharedClock,
}

impl Witness {
    /// Returns the last line of the archive.
    pub async fn last(&self) -> Result<Last, WitnessError> {
        let archive = Arc::clone(&self.archive);
        let lines = blocking(move || archive.last_witness_lines()).await;
        let lines = lines.map_err(|source| WitnessError::File { doing: "reading", source })?;
        let mut last = Last::default();
        for text in lines.iter().filter(|text| !text.is_empty()) {
            match self.read(text) {
                Some(line) => last.line = Some(line),
                // A power cut leaves the beginning of a line, which has no end.
                None => last.altered += usize::from(text.ends_with('}')),
            }
        }
        Ok(last)
    }

    /// Returns how the database differs from a line; `None` when it reaches the line, or has begun
    /// a later incarnation.
    pub async fn difference(&self, line: &WitnessLine) -> Result<Option<Difference>, WitnessError> {
        let mark = self.mark().await?;
        Ok(compare::difference(self.store.as_ref(), &mark, line).await?)
    }

    /// Returns how the database differs from the last line of the archive; `None` when it reaches
    /// the line, and when there is none.
    pub async fn last_difference(&self) -> Result<Option<Difference>, WitnessError> {
        match self.last().await?.line {
            Some(line) => self.difference(&line).await,
            None => Ok(None),
        }
    }

    /// Appends a line to the archive and to the log when one is due, and returns it; the hourly
    /// line is sent as an event as well. Returns `None` when none is due, or another replica is
    /// writing one.
    ///
    /// # Errors
    /// [`WitnessError::Differs`] when the database does not reach the last line.
    pub async fn append(&self, due: Due) -> Result<Option<WitnessLine>, WitnessError> {
        let written = self.append_when_due(due).await;
        let outcome = match &written {
            Ok(None) => return written,
            Ok(Some(_)) => "written",
            Err(WitnessError::Differs(_)) => "refused",
            Err(_) => "failed",
        };
        counter!(LINES, "outcome" => outcome).increment(1);
        written
    }

    async fn append_when_due(&self, due: Due) -> Result<Option<WitnessLine>, WitnessError> {
        // Without a line to write, the lease would cost a connection for nothing.
        if self.line_due(due).await?.is_none() {
            return Ok(None);
        }
        let Some(lease) = self.store.try_witness_lease().await? else { return Ok(None) };
        let written = self.append_alone(due).await;
        lease.release().await;
        written
    }

    /// Returns the line of this moment when one is due.
    async fn line_due(&self, due: Due) -> Result<Option<WitnessLine>, WitnessError> {
        let last = self.last().await?.line;
        if let Some(line) = &last {
            if due == Due::Hourly && self.clock.now() - line.at < INTERVAL {
                return Ok(None);
            }
            if let Some(difference) = self.difference(line).await? {
                return Err(WitnessError::Differs(difference));
            }
        }
        let line = self.now().await?;
        let is_new = last.map_or(!line.is_of_no_receipt(), |last| !last.says_the_same(&line));
        Ok((due == Due::Hourly || is_new).then_some(line))
    }

    async fn append_alone(&self, due: Due) -> Result<Option<WitnessLine>, WitnessError> {
        let Some(line) = self.line_due(due).await? else { return Ok(None) };
        let (archive, text) = (Arc::clone(&self.archive), line.text());
        blocking(move || archive.append_witness(&text))
            .await
            .map_err(|source| WitnessError::File { doing: "writing", source })?;
        info!(
            installation = %line.installation,
            incarnation = line.incarnation,
            receipts = line.receipts,
            receipt_link = line.receipt_link,
            position = line.position,
            journals_digest = line.journals_digest,
            "witness line written"
        );
        if due == Due::Hourly {
            self.send(&line).await?;
        }
        Ok(Some(line))
    }

    /// Writes the event of a line. The archive has the line before the event does: an event must
    /// not say what the archive does not.
    async fn send(&self, line: &WitnessLine) -> Result<(), StoreError> {
        let sequence = self.store.next_installation_sequence(line.installation).await?;
        let event = InstallationEvent::of(line, EventId(self.clock.new_id()), sequence);
        self.store.insert_installation_event(&event).await
    }

    /// Returns the line of this moment.
    async fn now(&self) -> Result<WitnessLine, WitnessError> {
        let mark = self.mark().await?;
        let tip = self.store.chain_tip().await?;
        let position = self.store.last_position().await?;
        let ends = self.store.journal_ends().await?;
        let named = ends.iter().map(|end| (end.chain.as_str(), end.number, end.link.as_str()));
        let mut line = WitnessLine {
            at: self.clock.now(),
            installation: mark.id,
            incarnation: mark.incarnation,
            receipts: tip.sequence,
            receipt_link: tip.link,
            position,
            journals_digest: journals_digest(named),
            journals: ends.into_iter().map(|end| (end.chain, end.number)).collect(),
            check: String::new(),
        };
        line.check = self.check(&line.text()).unwrap_or_default();
        Ok(line)
    }

    /// Reads a written line; `None` when it does not fit its check value.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<WitnessLine> {
        let line: WitnessLine = serde_json::from_str(text).ok()?;
        (self.check(text)? == line.check).then_some(line)
    }

    fn check(&self, text: &str) -> Option<String> {
        Some(self.vault.mark_check(&["witness", WitnessLine::signed_part(text)?]))
    }

    async fn mark(&self) -> Result<Installation, WitnessError> {
        Ok(self.store.installation().await?.ok_or(WitnessError::NoMark)?.0)
    }
}
