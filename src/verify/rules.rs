//! Rules between rows of different tables, counted by the database.

use super::finding::{Kind, Verification};
use super::sources::Sources;
use crate::store::{Rule, StoreError};

/// Finds the rules that rows break.
pub(super) async fn check(
    sources: &Sources,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    for broken in sources.store.broken_rules().await? {
        let detail = format!("{} {}", broken.rows, words(broken.rule));
        verification.find(Kind::RowsDisagree, None, detail);
    }
    Ok(())
}

const fn words(rule: Rule) -> &'static str {
    match rule {
        Rule::EventIsQueuedOrPublished => "events neither wait for publication nor are published",
        Rule::EventIsNotBoth => "events are published and wait for publication",
        Rule::ResendWaits => {
            "events wait to be published again and nobody asked for it, or the other way round"
        }
        Rule::PublicationHasSink => {
            "published events were confirmed by a sink that the installation does not know"
        }
        Rule::SinkConfirmsInItsTime => {
            "events were confirmed by a sink that was not in force: a replica published to it \
             before it was adopted, or after another one was; publish them again by `outbox resend`"
        }
        Rule::QueueHasEvent => "rows of the queue have no event",
        Rule::PublicationHasEvent => "positions of the published stream have no event",
        Rule::PositionsHaveNoHole => "positions are missing in the published stream",
        Rule::EventWaitsForItsDeposit => "waiting events name another deposit than their claim",
        Rule::ReportExists => {
            "rejects are reported in a file that does not name them, or in an exchange that does \
             not exist"
        }
        Rule::DuplicateHasOriginal => "duplicates name no claim of their invoice",
        Rule::ResolutionHasClaim => "quarantined invoices are replaced by no claim of their number",
        Rule::ReceiptIsClosed => "deposits with a receipt are marked as withdrawn or not closed",
        Rule::ReplacedIsResolved => {
            "quarantined invoices wait although a later claim replaced them"
        }
        Rule::ReportedRejectsAreCounted => {
            "files of rejects report another number of claims than are noted for them"
        }
        Rule::ReportIsOfItsLane => "rejects are reported in a file of the other lane",
        Rule::StagedDepositIsWhole => "deposits with a receipt are written to another invoice",
        Rule::AmcHasConvention => "AMC numbers are listed without convention, or not listed",
        Rule::UnmatchedHasNoClaim => "returns are kept unmatched although their claim is there",
        Rule::LateMatchIsOne => "returns matched later name another claim than what they told",
        Rule::TransferIsTold => "transfers are told by no file",
        Rule::MatchByHandIsRecorded => {
            "returns are with a claim of another identity that no person recorded, or not with the \
             one recorded"
        }
        Rule::HeldCopyHasOriginal => {
            "copies are held or dismissed whose invoice has no treated attempt, as after the \
             abandonment of a deposit: release them by `held release`"
        }
        Rule::SchemaVersionIsKnown => "versions of the schema differ from the migrations",
    }
}
