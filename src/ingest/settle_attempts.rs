//! Settles invoices at the end of a deposit: attempts that the deposit corrects are superseded, and
//! returns that came before their claims are applied.

use super::{Ingest, IngestError};
use crate::domain::{
    Actor, AnswerPlace, Claim, ClaimId, ExchangeId, FactSource, Finding, FindingCode, Flag, Norm,
    OutcomeSource, PartKind, Role, Scope, Severity,
};
use crate::error_chain::Chain;
use crate::normalise::{Answer, NamedLot};
use crate::settle::settle;
use crate::store::{LateMatch, StagedDeposit, UnitOfWork};
use std::collections::{BTreeMap, HashMap, HashSet};
use tracing::warn;

impl Ingest {
    /// Settles the invoices that a deposit changes: those of which it brings a new attempt, and
    /// those whose returns came before the deposit.
    pub(super) async fn settle_deposit(
        &self,
        deposit: &StagedDeposit,
        work: &mut dyn UnitOfWork,
    ) -> Result<(), IngestError> {
        let source = FactSource {
            actor: Actor::depositor(&deposit.sender, Role::Concentrator),
            exchange_id: Some(deposit.id),
            at: deposit.received_at,
        };
        let mut after = None;
        loop {
            let corrections = work.corrections(deposit.id, after, self.limits.batch).await?;
            let Some(last) = corrections.last().copied() else { break };
            let mut attempts = attempts_of(&corrections, work).await?;
            name_corrections(&mut attempts, deposit.id);
            settle(&mut attempts, &source, self.clock.as_ref(), work).await?;
            after = Some(last);
        }
        self.apply_late_matches(deposit, work).await
    }

    /// Matches again after the commit: a deposit of a caisse and one of a concentrator that end at
    /// the same moment do not see one another, and the later of both sees both here. The receipt
    /// is given already: a failure is logged, and `verify` names the return.
    pub(super) async fn match_again(&self, deposit: &StagedDeposit) {
        let again = async {
            if !self.store.has_unmatched().await? {
                return Ok(());
            }
            let mut work = self.store.begin().await?;
            self.apply_late_matches(deposit, work.as_mut()).await?;
            work.commit().await.map_err(IngestError::from)
        };
        if let Err(failure) = again.await {
            let cause = Chain(&failure);
            warn!(exchange = %deposit.id, %cause, "returns were not matched again");
        }
    }

    /// Applies returns that were kept unmatched until their claims were there.
    async fn apply_late_matches(
        &self,
        deposit: &StagedDeposit,
        work: &mut dyn UnitOfWork,
    ) -> Result<(), IngestError> {
        loop {
            let late = work.late_matches(deposit.id, self.limits.batch).await?;
            if late.is_empty() {
                return Ok(());
            }
            let mut by_exchange: BTreeMap<ExchangeId, Vec<LateMatch>> = BTreeMap::new();
            let mut seen = HashSet::new();
            for matched in late {
                if seen.insert((matched.exchange_id, matched.ordinal)) {
                    by_exchange.entry(matched.exchange_id).or_default().push(matched);
                }
            }
            let mut applied = 0;
            for (exchange, matches) in by_exchange {
                applied += self.apply_late_of(exchange, &matches, deposit, work).await?;
            }
            if applied == 0 {
                // The same rows would be found again.
                return Ok(());
            }
        }
    }

    /// Applies the returns of one exchange, and returns their number.
    async fn apply_late_of(
        &self,
        exchange: ExchangeId,
        matches: &[LateMatch],
        deposit: &StagedDeposit,
        work: &mut dyn UnitOfWork,
    ) -> Result<usize, IngestError> {
        let ids: Vec<ClaimId> = matches.iter().map(|matched| matched.claim_id).collect();
        let mut attempts = attempts_of(&ids, work).await?;
        let told_in = self.store.exchange(&Scope::everything(), exchange).await?;
        let mut applied = 0;
        for matched in matches {
            let is_treated =
                |claim: &&Claim| claim.identity == matched.identity && claim.hold.is_none();
            let of_invoice: Vec<&Claim> = attempts.iter().filter(is_treated).collect();
            // The lot of the return is not compared: no attempt is earlier, so the oldest fits.
            let received_at = told_in.as_ref().map_or(deposit.received_at, |e| e.received_at);
            let lot = NamedLot::default();
            let Some(claim) = lot.attempt(&of_invoice, received_at) else { continue };
            let answer = AnswerPlace { exchange_id: exchange, ordinal: matched.ordinal };
            // A person may have matched the answer meanwhile: that match stays.
            work.move_answer(answer, None, Some(claim.id), false).await?;
            applied += 1;
        }
        // A file of norm B2 tells by payment notices, which a concentrator passes on.
        let is_notice = told_in.as_ref().is_some_and(|told_in| told_in.norm == Some(Norm::B2));
        let role = if is_notice { Role::Concentrator } else { Role::Caisse };
        let sender = told_in.map_or_else(String::new, |exchange| exchange.sender);
        let source = FactSource {
            actor: Actor::depositor(&sender, role),
            exchange_id: Some(exchange),
            at: deposit.received_at,
        };
        settle(&mut attempts, &source, self.clock.as_ref(), work).await?;
        Ok(applied)
    }
}

/// Sets `corrected_by` of each attempt that an attempt of the deposit corrects. The queries leave
/// the attempts of a deposit without verdict out, so that the database does not give it.
fn name_corrections(attempts: &mut [Claim], deposit: ExchangeId) {
    let corrections: HashMap<ClaimId, ClaimId> = attempts
        .iter()
        .filter(|claim| claim.exchange_id == deposit)
        .filter_map(|claim| Some((claim.corrects?, claim.id)))
        .collect();
    for claim in attempts {
        claim.corrected_by = claim.corrected_by.or_else(|| corrections.get(&claim.id).copied());
    }
}

/// Locks and returns every attempt of the invoices of these claims.
async fn attempts_of(
    claims: &[ClaimId],
    work: &mut dyn UnitOfWork,
) -> Result<Vec<Claim>, IngestError> {
    let keys = work.invoice_keys(claims).await?;
    Ok(work.lock_attempts(&keys).await?)
}

/// Flags of the parts of attempts.
pub(super) type FlagsOfParts = HashMap<(ClaimId, PartKind), Vec<Flag>>;

/// Returns the flags of the parts of attempts.
pub(super) fn flags_of(attempts: &[Claim]) -> FlagsOfParts {
    let parts = attempts.iter().flat_map(|claim| {
        [&claim.amo, &claim.amc].map(|part| ((claim.id, part.kind), part.flags.clone()))
    });
    parts.collect()
}

/// Findings of a batch of returns: the flags that the batch set.
pub(super) struct Findings {
    new_flags: HashMap<ClaimId, Vec<(PartKind, Flag)>>,
    list: Vec<Finding>,
}

impl Findings {
    /// Finds the flags that the attempts have now and did not have before.
    pub(super) fn new(before: &FlagsOfParts, attempts: &[Claim]) -> Self {
        let mut new_flags: HashMap<ClaimId, Vec<(PartKind, Flag)>> = HashMap::new();
        for ((claim, part), flags) in flags_of(attempts) {
            let known = before.get(&(claim, part)).map_or(&[][..], Vec::as_slice);
            let new = flags.into_iter().filter(|flag| !known.contains(flag)).map(|f| (part, f));
            new_flags.entry(claim).or_default().extend(new);
        }
        for flags in new_flags.values_mut() {
            flags.sort_unstable();
        }
        Self { new_flags, list: Vec::new() }
    }

    /// Adds the findings of an answer, at its first record, one for each flag.
    pub(super) fn add(&mut self, answer: &Answer, claim: Option<ClaimId>) {
        let is_notice = answer.outcomes.iter().any(|o| o.source == OutcomeSource::Notice);
        let flags = claim.and_then(|id| self.new_flags.remove(&id)).unwrap_or_default();
        self.list.extend(flags.into_iter().map(|(part, flag)| {
            let message = format!("{} : {}", part.libelle(), flag.libelle());
            let (code, record_type) = if is_notice {
                (FindingCode::new(code_of_notice(flag), "R2"), "2")
            } else {
                (FindingCode::new(code_of_return(flag), "R1"), "102")
            };
            let invoice = answer.invoice_number.clone();
            Finding::on_invoice(
                code,
                Severity::Warning,
                answer.record,
                record_type,
                message,
                invoice,
            )
        }));
    }

    /// Returns the findings, in the order of the file.
    pub(super) fn into_list(self) -> Vec<Finding> {
        self.list
    }
}

/// Returns the code under which the report of a return names a flag.
const fn code_of_return(flag: Flag) -> &'static str {
    match flag {
        Flag::OverAsked => "R1-AU-DELA",
        Flag::PaidTwice => "R1-PAYEE-DEUX-FOIS",
        Flag::PaidAndRejected => "R1-PAYEE-REJETEE",
        Flag::TakenBackTooMuch => "R1-REPRISE",
        Flag::StateDisagrees => "R1-ETAT",
        Flag::PaidZero => "R1-PAYEE-ZERO",
        Flag::AskedDiffers => "R1-DEMANDE",
        Flag::OtherPayer => "R1-AUTRE-ORGANISME",
        Flag::MaybeTwice => "R1-PEUT-ETRE-DEUX",
        Flag::SameByAmount => "R1-MEME-MONTANT",
        Flag::TransferDayUnreadable => "R1-DATE-VIREMENT",
        Flag::Unknown => "R1-INCONNU",
    }
}

/// Returns the code under which the report of a payment notice names a flag.
const fn code_of_notice(flag: Flag) -> &'static str {
    match flag {
        Flag::OverAsked => "R2-AU-DELA",
        Flag::PaidTwice => "R2-PAYEE-DEUX-FOIS",
        Flag::PaidAndRejected => "R2-PAYEE-REJETEE",
        Flag::TakenBackTooMuch => "R2-REPRISE",
        Flag::StateDisagrees => "R2-ETAT",
        Flag::PaidZero => "R2-PAYEE-ZERO",
        Flag::AskedDiffers => "R2-DEMANDE",
        Flag::OtherPayer => "R2-AUTRE-ORGANISME",
        Flag::MaybeTwice => "R2-PEUT-ETRE-DEUX",
        Flag::SameByAmount => "R2-MEME-MONTANT",
        Flag::TransferDayUnreadable => "R2-DATE-VIREMENT",
        Flag::Unknown => "R2-INCONNU",
    }
}
