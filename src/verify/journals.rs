//! The chains of the journals: decisions, readings of persons, operations, imports.

use super::finding::{Kind, Verification};
use super::sources::Sources;
use crate::store::{ChainedJournal, ChainedRow, JournalLink, RESEND, Stage, StoreError, signed};
use crate::vault::RowCheck;
use std::collections::{BTreeMap, BTreeSet};

/// Rows read at a time.
const PAGE_SIZE: usize = 500;

/// Places by the chain that they belong to.
type Places = BTreeMap<String, JournalLink>;

/// Walks every chain from its first row to its last one. The ends are read before and after: a
/// chain reaches at least its first end, and its last end has at least the rows walked.
pub(super) async fn walk(
    sources: &Sources,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let (before, resent_before) = (ends(sources).await?, sources.store.resent_events().await?);
    let mut resent = 0;
    let mut reached = Places::new();
    for journal in ChainedJournal::ALL {
        let mut last = JournalLink::default();
        loop {
            let rows = sources.store.journal_rows(journal, &last, PAGE_SIZE).await?;
            let Some(place) = rows.last().map(|row| row.place.clone()) else { break };
            for row in rows {
                resent += resends(journal, &row);
                check(sources, &before, &mut reached, row, verification);
            }
            last = place;
        }
    }
    // A resend is journalled in the transaction that puts its events in the queue.
    let resent_after = sources.store.resent_events().await?;
    if !(resent_before..=resent_after).contains(&resent) {
        let detail = format!(
            "{resent} events were published again by the journal of operations, {resent_after} by \
             the published stream and the queue"
        );
        verification.find(Kind::ResendsDiffer, None, detail);
    }
    let after = ends(sources).await?;
    let number = |places: &Places, chain: &String| places.get(chain).map_or(0, |p| p.number);
    let chains: BTreeSet<&String> =
        before.keys().chain(reached.keys()).chain(after.keys()).collect();
    for chain in chains {
        let walked = number(&reached, chain);
        let end = number(&before, chain).max(walked);
        if walked < number(&before, chain) || number(&after, chain) < end {
            let detail = format!(
                "{chain}: {walked} rows in the journal, and its end is row {}",
                number(&after, chain)
            );
            verification.find(Kind::JournalAltered, None, detail);
        }
    }
    Ok(())
}

/// Returns the number of events that a step of an operation published again.
fn resends(journal: ChainedJournal, row: &ChainedRow) -> u64 {
    let [_, _, _, _, action, stage, _, detail] = &row.fields[..] else { return 0 };
    if journal != ChainedJournal::Operations || action != RESEND || stage != Stage::Done.as_str() {
        return 0;
    }
    let detail: serde_json::Value = serde_json::from_str(detail).unwrap_or_default();
    detail["events"].as_u64().unwrap_or_default()
}

async fn ends(sources: &Sources) -> Result<Places, StoreError> {
    let ends = sources.store.journal_ends().await?;
    Ok(ends.into_iter().map(|end| (end.chain.clone(), end)).collect())
}

/// Checks that a row follows the row before it in its chain.
fn check(
    sources: &Sources,
    ends: &Places,
    reached: &mut Places,
    row: ChainedRow,
    verification: &mut Verification,
) {
    let ChainedRow { place, fields } = row;
    let before = reached.get(&place.chain).cloned().unwrap_or_default();
    let next = before.number + 1;
    let number = next.to_string();
    let signed = signed(&place.chain, &before.link, &number, &fields);
    let check = sources.vault.check_row(&place.link, &signed);
    let is_end = ends.get(&place.chain).filter(|end| end.number == place.number);
    if check == RowCheck::OtherKey {
        let detail = format!("{}: row {} is of another vault key", place.chain, place.number);
        verification.find(Kind::OtherKey, None, detail);
    } else if check == RowCheck::Altered
        || place.number != next
        || is_end.is_some_and(|end| end.link != place.link)
    {
        let detail = format!("{}: row {} does not make its link", place.chain, place.number);
        verification.find(Kind::JournalAltered, None, detail);
    }
    reached.insert(place.chain.clone(), place);
}

/// Compares the register and the conventions with the digests that their last imports state.
pub(super) async fn compare_contents(
    sources: &Sources,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    for content in sources.store.journal_contents().await? {
        let name = match content.journal {
            ChainedJournal::Register => "establishments of the register",
            _ => "conventions",
        };
        match content.agrees() {
            Some(true) => {}
            Some(false) => {
                let detail = format!(
                    "the {name} are not those that the last import left: restore the table from a \
                     backup, or import the last file into an empty table"
                );
                verification.find(Kind::TableAltered, None, detail);
            }
            None => {
                let detail = format!("the {name} were digested by a later version: not compared");
                verification.note(None, detail);
            }
        }
    }
    Ok(())
}
