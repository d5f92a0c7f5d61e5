//! The marks of the installation on its broker and its archive (invariant 12): put there by the
//! first start, compared by later starts, and put on another broker or archive by an operator only.

use super::{App, BadSetting, broker, mark};
use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::domain::{Caller, FreeText};
use crate::relay::{self, AmqpSettings, BrokerMark, SeenMark, SinkError};
use crate::store::{
    Author, Installation, Journal, Place, PlacedMark, SharedStore, Stage, StoreError,
};
use crate::vault::Vault;
use anyhow::{Context, Error, Result, anyhow, bail};
use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::debug;
use uuid::Uuid;

/// Time that a start gives the broker to show its mark. The relay compares it later, before it
/// publishes anything.
const START_TIMEOUT: Duration = Duration::from_secs(3);
/// Action that the journal names when the mark is put on another broker.
const ADOPT_BROKER: &str = "installation.adopt_broker";
/// Action that the journal names when the mark is put on another archive.
const ADOPT_ARCHIVE: &str = "installation.adopt_archive";

/// Reads and writes the rows of the marks that were put on brokers and on the archive.
#[derive(Clone)]
struct Records {
    store: SharedStore,
    vault: Arc<Vault>,
    clock: SharedClock,
    installation: Uuid,
    by: String,
}

impl Records {
    fn new(app: &App, installation: &Installation, by: String) -> Self {
        Self {
            store: Arc::clone(&app.store),
            vault: Arc::clone(&app.vault),
            clock: Arc::clone(&app.clock),
            installation: installation.id,
            by,
        }
    }

    async fn has(&self, place: Place) -> Result<bool, StoreError> {
        let Some(row) = self.store.placed_mark(place).await? else { return Ok(false) };
        if row.key_check == self.check(&row) {
            return Ok(true);
        }
        Err(StoreError::Corrupt(format!(
            "the row of {} in placed_marks does not fit its check value: restore it from a backup",
            place.code().0
        )))
    }

    /// Records that a broker or the archive carries the mark. Returns `false` when it was recorded
    /// before.
    async fn insert(&self, place: Place) -> Result<bool, StoreError> {
        let mut row = PlacedMark {
            place,
            marked_at: self.clock.now(),
            marked_by: self.by.clone(),
            key_check: String::new(),
        };
        row.key_check = self.check(&row);
        self.store.record_mark(&row).await
    }

    fn check(&self, row: &PlacedMark) -> String {
        let (code, sink) = row.place.code();
        let (id, sink) = (self.installation.to_string(), sink.to_string());
        let at = mark::micros(row.marked_at);
        self.vault.mark_check(&["placed", &id, code, &sink, &at, &row.marked_by])
    }
}

/// The mark of the broker of one sink.
struct OfBroker {
    records: Records,
    place: Place,
}

#[async_trait]
impl BrokerMark for OfBroker {
    fn installation(&self) -> Uuid {
        self.records.installation
    }

    async fn was_put(&self) -> Result<bool, StoreError> {
        self.records.has(self.place).await
    }

    async fn record(&self) -> Result<(), StoreError> {
        if !self.records.has(self.place).await? {
            self.records.insert(self.place).await?;
        }
        Ok(())
    }
}

/// Returns the broker of the settings, which each connection compares with the installation; `None`
/// without a broker.
pub(super) async fn marked_broker(app: &App) -> Result<Option<AmqpSettings>> {
    let Some(settings) = broker(&app.config)? else { return Ok(None) };
    let (row, sink) = mark::read(app).await?;
    let records = Records::new(app, &row, super::local_caller().name);
    let mark = OfBroker { records, place: Place::Broker(sink.number) };
    Ok(Some(AmqpSettings { mark: Some(Arc::new(mark)), ..settings }))
}

impl App {
    /// Marks the archive and the broker of the settings when the installation has marked none
    /// before, and compares their marks otherwise. The mark of a broker that does not answer is
    /// compared by the relay later.
    ///
    /// # Errors
    /// [`BadSetting`] when one of them belongs to another installation, or lost its mark.
    pub async fn mark_places(&self) -> Result<()> {
        self.mark_archive().await?;
        let Some(settings) = marked_broker(self).await? else { return Ok(()) };
        match timeout(START_TIMEOUT, relay::compare_mark(&settings)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(wrong)) if wrong.is_wrong_broker() => {
                Err(wrong).context(BadSetting("amqp_url, amqp_prefix".to_owned()))
            }
            Ok(Err(SinkError::Database(failure))) => Err(failure.into()),
            Ok(Err(failure)) => {
                debug!(%failure, "the mark of the broker is compared once the broker answers");
                Ok(())
            }
            Err(_) => {
                debug!("the mark of the broker is compared once the broker answers");
                Ok(())
            }
        }
    }

    /// Marks the archive when the installation has marked none before, and compares it otherwise.
    pub async fn mark_archive(&self) -> Result<()> {
        let (row, _) = mark::read(self).await?;
        let records = Records::new(self, &row, super::local_caller().name);
        if self.check_archive().await? {
            return Ok(());
        }
        let (id, place) = (row.id, Place::Archive);
        let put = on_archive(self, move |archive| archive.put_mark(id)).await?;
        let recorded = records.insert(place).await?;
        if put && !recorded {
            // Another replica has just marked the archive of its own settings.
            on_archive(self, Archive::remove_mark).await?;
            return Err(no_mark(self));
        }
        // The archive may have got the mark of another installation meanwhile.
        self.check_archive().await.map(|_| ())
    }

    /// Compares the mark of the archive. Returns whether the database has recorded it: `false`
    /// without a mark, and when a start was killed before it recorded the mark.
    pub async fn check_archive(&self) -> Result<bool> {
        let (row, _) = mark::read(self).await?;
        let is_recorded = Records::new(self, &row, String::new()).has(Place::Archive).await?;
        match on_archive(self, Archive::mark).await? {
            Some(found) if found == row.id => Ok(is_recorded),
            Some(found) => Err(other_archive(self, found)),
            None if is_recorded => Err(no_mark(self)),
            None => Ok(false),
        }
    }

    /// Puts the mark of the installation on the broker of the settings, with its steps in the
    /// journal of operations. Returns the broker in words; with `dry_run` nothing is changed.
    pub async fn adopt_broker(
        &self,
        caller: &Caller,
        why: &FreeText,
        by: Option<&FreeText>,
        dry_run: bool,
    ) -> Result<String> {
        mark::check_sink(self).await?;
        let Some(settings) = broker(&self.config)? else {
            bail!(BadSetting("amqp_url: events of this installation go to no broker".to_owned()));
        };
        let (row, sink) = mark::read(self).await?;
        let broker = mark::words(&sink.kind, &sink.vhost, &sink.prefix);
        match relay::look_at_mark(&settings, row.id).await? {
            SeenMark::None => {}
            SeenMark::Own => bail!("the broker carries the mark already, nothing is changed"),
            SeenMark::Other(found) => {
                let exchange = settings.prefix.name(relay::topology::INSTALLATION);
                return Err(SinkError::OtherInstallation { found, exchange }.into());
            }
        }
        if !dry_run {
            let author = author(self, caller, by);
            let mut journal = Journal::open(&author, ADOPT_BROKER, row.id.to_string());
            let asked = json!({ "broker": broker, "why": why.to_string() });
            journal.write(Stage::Asked, asked).await?;
            let put = relay::put_mark(&settings, row.id).await;
            let end = end_of(&put);
            let records = Records::new(self, &row, author.name.to_string());
            if put.is_ok() {
                records.insert(Place::Broker(sink.number)).await?;
            }
            journal.write(end.0, end.1).await?;
            put?;
        }
        Ok(broker)
    }

    /// Puts the mark of the installation on the archive of the settings, with its steps in the
    /// journal of operations. Returns the directory; with `dry_run` nothing is changed.
    pub async fn adopt_archive(
        &self,
        caller: &Caller,
        why: &FreeText,
        by: Option<&FreeText>,
        dry_run: bool,
    ) -> Result<String> {
        let (row, _) = mark::read(self).await?;
        match on_archive(self, Archive::mark).await? {
            None => {}
            Some(found) if found == row.id => {
                bail!("the archive carries the mark already, nothing is changed")
            }
            Some(found) => return Err(other_archive(self, found)),
        }
        let directory = directory(self);
        if !dry_run {
            let author = author(self, caller, by);
            let mut journal = Journal::open(&author, ADOPT_ARCHIVE, row.id.to_string());
            let asked = json!({ "archive": directory, "why": why.to_string() });
            journal.write(Stage::Asked, asked).await?;
            let id = row.id;
            let put = on_archive(self, move |archive| archive.put_mark(id)).await;
            let end = end_of(&put);
            if put.is_ok() {
                Records::new(self, &row, author.name.to_string()).insert(Place::Archive).await?;
            }
            journal.write(end.0, end.1).await?;
            put?;
        }
        Ok(directory)
    }
}

/// Returns what the journal says of the end of an operation.
fn end_of<T, E: std::fmt::Display>(done: &Result<T, E>) -> (Stage, serde_json::Value) {
    match done {
        Ok(_) => (Stage::Done, json!({})),
        Err(failure) => (Stage::Failed, json!({ "why": failure.to_string() })),
    }
}

fn author(app: &App, caller: &Caller, stated: Option<&FreeText>) -> Author {
    let name = stated.map_or_else(|| caller.name.clone(), ToString::to_string);
    Author { store: Arc::clone(&app.store) as _, clock: Arc::clone(&app.clock), name: name.into() }
}

/// Runs a call of the archive, which blocks.
async fn on_archive<T: Send + 'static>(
    app: &App,
    call: impl FnOnce(&Archive) -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    let archive = Arc::clone(&app.archive);
    let done = spawn_blocking(move || call(&archive)).await.context("the archive panicked")?;
    done.with_context(|| format!("the mark of the archive in {}", directory(app)))
}

fn directory(app: &App) -> String {
    app.archive.directory().display().to_string()
}

fn other_archive(app: &App, found: Uuid) -> Error {
    anyhow!(
        "the archive in {} belongs to another installation ({found}, by its file `installation`): \
         mend data_dir or database_url; to take the archive over, move that file away, then run \
         `noemie-gateway installation adopt-archive`",
        directory(app)
    )
    .context(BadSetting("data_dir".to_owned()))
}

fn no_mark(app: &App) -> Error {
    anyhow!(
        "the archive in {} has no file `installation`, the mark of the archive of this \
         installation: another directory, or a shared one that is not mounted; mend data_dir, or \
         run `noemie-gateway installation adopt-archive` if it is the right one",
        directory(app)
    )
    .context(BadSetting("data_dir".to_owned()))
}
