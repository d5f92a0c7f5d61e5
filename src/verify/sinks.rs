//! The mark of the installation, its sinks, and the events that each sink confirmed.

use super::finding::{ConfirmedBySink, Kind, Verification};
use super::sources::Sources;
use crate::store::StoreError;

/// Compares the rows of the mark with their check values, and counts the events of each sink. The
/// rules between rows find an event that an unknown sink confirmed.
pub(super) async fn check(
    sources: &Sources,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let mut is_of_other_key = false;
    if let Some((installation, _)) = sources.store.installation().await? {
        is_of_other_key = installation.key_id != sources.vault.key_id();
        if is_of_other_key {
            let detail = "the installation was marked under another vault key";
            verification.find(Kind::OtherKey, None, detail);
        } else if !is_right(sources, &installation.signed_fields(), &installation.key_check) {
            let detail = "the row of the installation does not fit its check value";
            verification.find(Kind::MarkAltered, None, detail);
        }
    }
    let sinks = sources.store.sinks().await?;
    for sink in &sinks {
        if !is_of_other_key && !is_right(sources, &sink.signed_fields(), &sink.key_check) {
            let detail = format!("sink {} does not fit its check value", sink.number);
            verification.find(Kind::MarkAltered, None, detail);
        }
    }
    if sinks.iter().zip(1..).any(|(sink, number)| sink.number != number) {
        let detail = "the numbers of the sinks have a hole: a row was removed";
        verification.find(Kind::MarkAltered, None, detail);
    }
    let in_force = sinks.last().map(|sink| sink.number);
    let confirmed = sources.store.confirmed_events().await?;
    verification.sinks = confirmed
        .into_iter()
        .map(|counted| ConfirmedBySink {
            sink: counted.sink,
            in_force: in_force == Some(counted.sink),
            events: counted.events,
        })
        .collect();
    Ok(())
}

fn is_right(sources: &Sources, fields: &[String], check: &str) -> bool {
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    sources.vault.mark_check(&fields) == check
}
