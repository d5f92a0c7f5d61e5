//! The events about the installation: each one carries a witness line with its check value.

use super::finding::{Kind, Verification};
use super::sources::Sources;
use crate::domain::{InstallationEvent, Subject, SubjectKind};
use crate::store::{StoreError, StoredEvent, event_fields};
use crate::vault::RowCheck;
use uuid::Uuid;

/// Events read at a time.
const PAGE_SIZE: usize = 500;

/// Checks that no event is missing, and that each one says what its line says.
pub(super) async fn check(
    sources: &Sources,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let Some((mark, _)) = sources.store.installation().await? else { return Ok(()) };
    let mut last = 0;
    loop {
        let rows = sources.store.installation_events(mark.id, last, PAGE_SIZE).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            if row.sequence != last + 1 {
                let detail = format!("event {} of the installation is missing", last + 1);
                verification.find(Kind::EventsMissing, None, detail);
            }
            last = row.sequence;
            if check_digest(sources, mark.id, &row) == RowCheck::OtherKey {
                let detail = format!("event {last} of the installation is of another vault key");
                verification.find(Kind::OtherKey, None, detail);
            } else if !is_whole(sources, mark.id, &row) {
                let detail = format!("event {last} of the installation differs from its line");
                verification.find(Kind::EventDiffers, None, detail);
            }
        }
    }
}

/// Compares the keyed digest of an event of an installation with its text and place.
fn check_digest(sources: &Sources, installation: Uuid, row: &StoredEvent) -> RowCheck {
    let subject = Subject { kind: SubjectKind::Installation, id: installation };
    let fields = event_fields(&subject, row.sequence, row.event_id, &row.payload);
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    sources.vault.check_row(&row.key_check, &fields)
}

/// Returns whether the columns and the text of an event are those of its line.
fn is_whole(sources: &Sources, installation: Uuid, row: &StoredEvent) -> bool {
    let Ok(event) = serde_json::from_str::<InstallationEvent>(&row.payload) else { return false };
    let Some(sequence) = u64::try_from(row.sequence).ok() else { return false };
    let made = InstallationEvent::of(&event.witness, event.event_id, sequence);
    let expected = InstallationEvent { occurred_at: event.occurred_at, ..made };
    // The line stands last in the text, byte for byte as in the file.
    let line = row.payload.split_once(",\"witness\":").and_then(|(_, end)| end.strip_suffix('}'));
    line.is_some_and(|line| sources.witness().read(line).is_some())
        && check_digest(sources, installation, row) == RowCheck::Right
        && event == expected
        && event.occurred_at.unix_timestamp() == event.witness.at.unix_timestamp()
        && row.event_id == event.event_id.0
        && row.kind == event.fact
        && row.exchange_id.is_none()
        && row.routing_key == event.routing_key()
        && row.occurred_at == event.occurred_at
        && row.actor_name == event.actor.name.as_str()
        && row.actor_role == event.actor.role.as_str()
        && row.actor_proof == event.actor.proof.as_str()
}
