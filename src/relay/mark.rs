//! The mark of the installation on its broker: the exchange `claims.installation`, whose argument
//! `alternate-exchange` names the installation.
//!
//! RabbitMQ refuses to declare an exchange again with another `alternate-exchange` (406), and
//! ignores another `x-…` argument. The alternate exchange need not exist, because nothing is
//! published to this exchange: it is internal. Its name begins with `claims.`, as the permissions
//! of the gateway ask for.

use super::REPLY_SUCCESS;
use super::message::short;
use super::sink::SinkError;
use super::topology::{CLAIMS, INSTALLATION, Prefix, text};
use crate::store::StoreError;
use async_trait::async_trait;
use lapin::options::ExchangeDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Connection, ErrorKind, ExchangeKind};
use uuid::Uuid;

/// Reply code of the passive declaration of an exchange that does not exist.
const NOT_FOUND: u16 = 404;
/// Reply code of a declaration with other arguments.
const PRECONDITION_FAILED: u16 = 406;
/// Argument that names the installation.
const ARGUMENT: &str = "alternate-exchange";
/// Digits and dashes of an identifier.
const ID_CHARS: usize = 36;

/// Reads and records in the database whether the broker carries the mark of the installation.
#[async_trait]
pub trait BrokerMark: Send + Sync {
    /// Returns the id of the installation.
    fn installation(&self) -> Uuid;

    /// Returns whether the installation has put its mark on the broker before.
    async fn was_put(&self) -> Result<bool, StoreError>;

    /// Records that the broker carries the mark.
    async fn record(&self) -> Result<(), StoreError>;
}

/// The mark of a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeenMark {
    /// The mark of this installation.
    Own,
    /// No mark.
    None,
    /// The mark of another installation: its id, or what the broker says of the exchange.
    Other(String),
}

/// Compares the mark of a broker with that of the installation, and puts it on a broker without a
/// mark where the installation has put none before.
pub(super) async fn compare(
    connection: &Connection,
    prefix: &Prefix,
    mark: &dyn BrokerMark,
) -> Result<(), SinkError> {
    match look(connection, prefix, mark.installation()).await? {
        SeenMark::Own => {}
        SeenMark::Other(found) => return Err(other(found, prefix)),
        SeenMark::None if mark.was_put().await? => {
            return Err(SinkError::MarkMissing { exchange: prefix.name(INSTALLATION) });
        }
        // When two installations put their marks at once, the broker refuses one of them.
        SeenMark::None => put(connection, prefix, mark.installation()).await?,
    }
    Ok(mark.record().await?)
}

/// Returns the mark that the broker carries.
pub(super) async fn look(
    connection: &Connection,
    prefix: &Prefix,
    id: Uuid,
) -> Result<SeenMark, SinkError> {
    match declare(connection, prefix, id, true).await {
        Err(error) if reply_code(&error) == Some(NOT_FOUND) => return Ok(SeenMark::None),
        Err(error) => return Err(failure(error)),
        // A passive declaration compares no argument.
        Ok(()) => {}
    }
    match declare(connection, prefix, id, false).await {
        Ok(()) => Ok(SeenMark::Own),
        Err(error) if reply_code(&error) == Some(PRECONDITION_FAILED) => {
            Ok(SeenMark::Other(named_by(&error.to_string())))
        }
        Err(error) => Err(failure(error)),
    }
}

/// Puts the mark of an installation on the broker.
pub(super) async fn put(
    connection: &Connection,
    prefix: &Prefix,
    id: Uuid,
) -> Result<(), SinkError> {
    match declare(connection, prefix, id, false).await {
        Err(error) if reply_code(&error) == Some(PRECONDITION_FAILED) => {
            Err(other(named_by(&error.to_string()), prefix))
        }
        declared => declared.map_err(failure),
    }
}

/// Declares the exchange on a channel of its own, which a refusal closes.
async fn declare(
    connection: &Connection,
    prefix: &Prefix,
    id: Uuid,
    passive: bool,
) -> Result<(), lapin::Error> {
    let channel = connection.create_channel().await?;
    let name = prefix.name(INSTALLATION);
    let options = ExchangeDeclareOptions {
        passive,
        durable: true,
        internal: true,
        ..ExchangeDeclareOptions::default()
    };
    let mut arguments = FieldTable::default();
    arguments.insert(ARGUMENT.into(), text(&prefix.name(&alternate(id))));
    channel.exchange_declare(short(&name), ExchangeKind::Fanout, options, arguments).await?;
    // An error means that the channel is closed already.
    let _ = channel.close(REPLY_SUCCESS, "bye".into()).await;
    Ok(())
}

/// Returns the name, without prefix, of the alternate exchange that names an installation. The
/// broker cuts a refusal at 255 bytes: a short name leaves room for both.
fn alternate(id: impl std::fmt::Display) -> String {
    format!("{CLAIMS}.{id}")
}

fn reply_code(error: &lapin::Error) -> Option<u16> {
    match error.kind() {
        ErrorKind::ProtocolError(amqp) => Some(amqp.get_id()),
        _ => None,
    }
}

fn failure(source: lapin::Error) -> SinkError {
    SinkError::Broker { doing: "comparing the mark of the broker", source }
}

fn other(found: String, prefix: &Prefix) -> SinkError {
    SinkError::OtherInstallation { found, exchange: prefix.name(INSTALLATION) }
}

/// Returns the installation that the refusal of the broker names after "current is". The broker
/// cuts a long refusal before that.
fn named_by(refusal: &str) -> String {
    let current = refusal.rsplit_once("current is").map_or("", |(_, current)| current);
    let id = current.rsplit_once(&alternate("")).and_then(|(_, id)| id.get(..ID_CHARS));
    match id.map(Uuid::parse_str) {
        Some(Ok(id)) => id.to_string(),
        _ if refusal.contains(ARGUMENT) => "whose id the broker does not tell".to_owned(),
        _ => refusal.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_other_installation() {
        let id = "0199d0a8-1234-7123-8123-123456789012";
        let said = format!(
            "PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' for exchange \
             'p.claims.installation' in vhost '/': received 'p.claims.x' but current is \
             'p.claims.{id}'"
        );
        assert_eq!(named_by(&said), id);
        assert_eq!(named_by(&said[..150]), "whose id the broker does not tell");
        assert_eq!(named_by("of another type"), "of another type");
    }
}
