//! The mark of the installation (invariant 12): a start compares it with the vault key and with the
//! sink that the settings name.

use super::{App, BadSetting, broker, key, local_caller};
use crate::config::Config;
use crate::domain::{Caller, FreeText};
use crate::store::{Installation, OperationStep, SinkMark, Stage};
use crate::vault::Vault;
use anyhow::{Context, Result, anyhow, bail};
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

/// Action that the journal names when another sink is put in force.
const ADOPT_SINK: &str = "installation.adopt_sink";

/// The mark of the installation as `installation show` prints it.
#[derive(Debug, Clone, Serialize)]
pub struct InstallationView {
    /// Identifier.
    pub id: Uuid,
    /// Number from 1, raised by `restore finish`.
    pub incarnation: u64,
    /// Id of the vault key.
    pub key_id: String,
    /// Number of the last migration of the schema.
    pub schema_version: i64,
    /// Number of the oldest program that may run on the schema.
    pub oldest_program: i64,
    /// Number of the sink in force.
    pub sink_number: u64,
    /// The sink in force, in words.
    pub sink: String,
}

/// A sink that settings name.
struct NamedSink {
    kind: &'static str,
    vhost: String,
    prefix: String,
}

impl NamedSink {
    fn of(config: &Config) -> Result<Self> {
        let Some(settings) = broker(config)? else {
            return Ok(Self { kind: SinkMark::LOCAL, vhost: String::new(), prefix: String::new() });
        };
        let vhost = settings.vhost().context(BadSetting("amqp_url".to_owned()))?;
        Ok(Self { kind: SinkMark::BROKER, vhost, prefix: settings.prefix.to_string() })
    }

    fn is(&self, mark: &SinkMark) -> bool {
        (self.kind, &self.vhost, &self.prefix) == (mark.kind.as_str(), &mark.vhost, &mark.prefix)
    }

    /// Returns the mark of the sink, under its number and the first position that it may confirm.
    fn mark(
        self,
        (number, first_position): (u64, u64),
        at: OffsetDateTime,
        by: String,
        vault: &Vault,
    ) -> SinkMark {
        let mut mark = SinkMark {
            number,
            first_position,
            kind: self.kind.to_owned(),
            vhost: self.vhost,
            prefix: self.prefix,
            adopted_at: at,
            adopted_by: by,
            key_check: String::new(),
        };
        mark.key_check = sink_check(&mark, vault);
        mark
    }
}

/// Marks the installation with the vault key and the sink of these settings, unless another replica
/// has marked it already.
pub(super) async fn write_first(app: &App) -> Result<()> {
    let (at, by) = (app.clock.now(), local_caller().name);
    let sink = NamedSink::of(&app.config)?.mark((1, 1), at, by.clone(), &app.vault);
    let mut row = Installation {
        id: app.clock.new_id(),
        incarnation: 1,
        key_id: app.vault.key_id(),
        key_check: String::new(),
        marked_at: at,
        marked_by: by,
    };
    row.key_check = installation_check(&row, &app.vault);
    Ok(app.store.mark(&row, &sink).await?)
}

/// Refuses another vault key than the one of the mark, and a mark that was altered.
pub(super) async fn check_key(app: &App) -> Result<()> {
    let (row, sink) = read(app).await?;
    if row.key_id != app.vault.key_id() {
        return key::refuse(&app.key_origin);
    }
    let altered = |table: &str| {
        anyhow!(
            "the mark of the installation was altered in table {table}: the vault key is the right \
             one, and the row does not fit its check value; restore the row from a backup"
        )
    };
    if row.key_check != installation_check(&row, &app.vault) {
        return Err(altered("installation"));
    }
    if sink.key_check != sink_check(&sink, &app.vault) {
        return Err(altered("sinks"));
    }
    Ok(())
}

/// Refuses settings that name another sink than the one in force: a replica with another sink would
/// take the lease to publish, and mark events as published that no worker gets. Tells the store the
/// number of the sink.
pub(super) async fn check_sink(app: &App) -> Result<()> {
    let (_, in_force) = read(app).await?;
    let named = NamedSink::of(&app.config)?;
    if named.is(&in_force) {
        app.store.publish_to(in_force.number);
        return Ok(());
    }
    let given = words(named.kind, &named.vhost, &named.prefix);
    Err(anyhow!(
        "events of this installation go to {}, and these settings name {given}: mend amqp_url and \
         amqp_prefix, or stop every replica and put the other sink in force by `installation \
         adopt-sink`",
        words(&in_force.kind, &in_force.vhost, &in_force.prefix)
    )
    .context(BadSetting("amqp_url, amqp_prefix".to_owned())))
}

impl App {
    /// Returns the mark of the installation.
    pub async fn installation(&self) -> Result<InstallationView> {
        let (row, sink) = read(self).await?;
        let range = self.store.schema_range().await?.context("the schema states no version")?;
        Ok(InstallationView {
            id: row.id,
            incarnation: row.incarnation,
            key_id: row.key_id,
            schema_version: range.version,
            oldest_program: range.oldest_program,
            sink_number: sink.number,
            sink: words(&sink.kind, &sink.vhost, &sink.prefix),
        })
    }

    /// Puts the sink of the settings in force, with a row in the journal of operations. Returns the
    /// sinks before and after in words; with `dry_run` nothing is written.
    pub async fn adopt_sink(
        &self,
        caller: &Caller,
        why: &FreeText,
        by: Option<&FreeText>,
        dry_run: bool,
    ) -> Result<(String, String)> {
        let (row, old) = read(self).await?;
        let named = NamedSink::of(&self.config)?;
        if named.is(&old) {
            bail!("the sink of these settings is in force already, nothing is changed");
        }
        let before = words(&old.kind, &old.vhost, &old.prefix);
        let after = words(named.kind, &named.vhost, &named.prefix);
        if dry_run {
            return Ok((before, after));
        }
        let actor = by.map_or_else(|| caller.name.clone(), ToString::to_string);
        let at = self.clock.now();
        let place = (old.number + 1, self.store.next_position().await?);
        let sink = named.mark(place, at, actor.clone(), &self.vault);
        let step = OperationStep {
            operation_id: self.clock.new_id(),
            step: 0,
            at,
            actor,
            action: ADOPT_SINK.to_owned(),
            stage: Stage::Done,
            subject: row.id.to_string(),
            detail: json!({ "before": before, "after": after, "why": why.to_string() }),
        };
        self.store.adopt_sink(&sink, &step).await?;
        Ok((before, after))
    }
}

pub(super) async fn read(app: &App) -> Result<(Installation, SinkMark)> {
    app.store.installation().await?.context("the database carries no mark of an installation")
}

/// Returns a sink in words, without host, user or password.
pub(super) fn words(kind: &str, vhost: &str, prefix: &str) -> String {
    match kind {
        SinkMark::LOCAL => "the local stream (no amqp_url)".to_owned(),
        SinkMark::BROKER => format!("RabbitMQ, virtual host {vhost:?}, prefix {prefix:?}"),
        other => format!("a sink of a later version ({other:?})"),
    }
}

pub(super) fn installation_check(row: &Installation, vault: &Vault) -> String {
    check(&row.signed_fields(), vault)
}

fn sink_check(mark: &SinkMark, vault: &Vault) -> String {
    check(&mark.signed_fields(), vault)
}

/// Returns the whole microseconds of an instant, as both databases store it.
pub(super) fn micros(at: OffsetDateTime) -> String {
    at.unix_timestamp_nanos().div_euclid(1_000).to_string()
}

fn check(fields: &[String], vault: &Vault) -> String {
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    vault.mark_check(&fields)
}
