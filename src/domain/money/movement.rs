//! Computes movements of money from outcomes: several files, a notice and a worker may state one
//! payment, and two equal payments are two.
//!
//! An account is an [`Outcome`] with an amount: one statement of one source. A transfer is a day
//! and a label. Of one kind of source, a transfer that several files tell counts as often as the
//! file that tells it most often. Accounts of different kinds with one amount for one insurer are
//! one payment, unless both have a label and neither label contains the other. So the number of
//! movements of one amount is the larger of two: the sum over labels of the most that any kind
//! tells, and the most that any one kind tells in all.

use super::{Outcome, OutcomeSource, Transfer};
use crate::domain::{FreeText, PartKind};
use noemie_parsers::types::Montant;
use std::collections::BTreeMap;
use time::Date;

/// A movement of money of one part of one invoice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Movement {
    /// Day of the transfer.
    pub day: Date,
    /// Reference of the transfer ([`Transfer::reference`]), empty without label.
    pub reference: String,
    /// Label, the first in alphabetical order among those of the source.
    pub label: FreeText,
    /// Amount, negative when taken back; never 0.
    pub amount: Montant,
    /// Payer, as the source names it.
    pub payer: String,
    /// Insurer for whom the payer pays; empty for the AMO part.
    pub on_behalf_of: String,
    /// Whether accounts of two kinds of source agree by their amount only.
    pub same_by_amount: bool,
    /// Whether several accounts without label on one day count as this movement.
    pub maybe_twice: bool,
}

/// A transfer as one kind of source tells it.
#[derive(Debug, Clone)]
struct Told {
    source: OutcomeSource,
    movement: Movement,
}

/// A movement under construction, with the kinds of source that told it.
struct Pairing {
    movement: Movement,
    told_by: Vec<OutcomeSource>,
}

/// Returns the movements of one part of one invoice, in order. `amc_number` is the insurer of the
/// invoice, for which a source pays that names no insurer.
#[must_use]
pub fn movements(outcomes: &[&Outcome], amc_number: &str) -> Vec<Movement> {
    let mut groups: BTreeMap<(String, Montant), Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes.iter().copied().filter(|o| o.amount != Montant::ZERO) {
        let for_whom = on_behalf_of(outcome, amc_number).to_owned();
        groups.entry((for_whom, outcome.amount)).or_default().push(outcome);
    }
    let mut found: Vec<Movement> = groups
        .iter()
        .flat_map(|((for_whom, _), accounts)| of_one_amount(&told(accounts, for_whom)))
        .collect();
    found.sort();
    found
}

fn on_behalf_of<'a>(outcome: &'a Outcome, amc_number: &'a str) -> &'a str {
    match outcome.part {
        PartKind::Amo => "",
        _ if outcome.on_behalf_of.is_empty() => amc_number,
        _ => &outcome.on_behalf_of,
    }
}

/// Returns the transfers that each kind of source tells with this amount, each as often as the file
/// that tells it most often.
fn told(accounts: &[&Outcome], for_whom: &str) -> Vec<Told> {
    type Key<'a> = (OutcomeSource, Date, String, &'a str);
    let mut transfers: BTreeMap<Key<'_>, Vec<&Outcome>> = BTreeMap::new();
    for account in accounts {
        let reference = account.transfer.as_ref().map(Transfer::reference).unwrap_or_default();
        let day = account.transfer.as_ref().map_or(account.day, |t| t.day);
        let key = (account.source, day, reference, account.payer.as_str());
        transfers.entry(key).or_default().push(account);
    }
    let of_transfer = |((source, day, reference, payer), accounts): (Key<'_>, Vec<&Outcome>)| {
        let is_labelled = !reference.is_empty();
        let label = accounts.iter().filter_map(|a| Some(&a.transfer.as_ref()?.label)).min();
        let movement = Movement {
            day,
            reference,
            label: label.cloned().unwrap_or_default(),
            amount: accounts[0].amount,
            payer: payer.to_owned(),
            on_behalf_of: for_whom.to_owned(),
            same_by_amount: false,
            maybe_twice: !is_labelled && accounts.len() > 1,
        };
        let times = if is_labelled { most_of_a_file(&accounts) } else { 1 };
        std::iter::repeat_n(Told { source, movement }, times)
    };
    transfers.into_iter().flat_map(of_transfer).collect()
}

/// Returns how often the file that tells a transfer most often tells it.
fn most_of_a_file(accounts: &[&Outcome]) -> usize {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for account in accounts {
        *times.entry(&account.told_by).or_default() += 1;
    }
    times.values().copied().max().unwrap_or(0)
}

/// Pairs what the kinds of source tell of one amount.
fn of_one_amount(told: &[Told]) -> Vec<Movement> {
    let (labelled, bare): (Vec<&Told>, Vec<&Told>) =
        told.iter().partition(|t| !t.movement.reference.is_empty());
    let mut pairings: Vec<Pairing> =
        same_label(&labelled).iter().flat_map(|cluster| of_one_label(cluster)).collect();
    for told in bare {
        match free(&mut pairings, told) {
            Some(pairing) => {
                pairing.told_by.push(told.source);
                pairing.movement.same_by_amount = true;
                pairing.movement.maybe_twice |= told.movement.maybe_twice;
            }
            None => pairings
                .push(Pairing { movement: told.movement.clone(), told_by: vec![told.source] }),
        }
    }
    pairings.into_iter().map(|pairing| pairing.movement).collect()
}

/// Returns a movement that this kind of source does not state yet: one of the same day first.
fn free<'a>(pairings: &'a mut [Pairing], told: &Told) -> Option<&'a mut Pairing> {
    let is_free = |p: &Pairing| !p.told_by.contains(&told.source);
    let of_day = pairings.iter().position(|p| is_free(p) && p.movement.day == told.movement.day);
    let index = of_day.or_else(|| pairings.iter().position(is_free))?;
    pairings.get_mut(index)
}

/// Splits accounts with a label into clusters: two kinds of source mean one transfer when one label
/// contains the other.
fn same_label<'a>(labelled: &[&'a Told]) -> Vec<Vec<&'a Told>> {
    let mut clusters: Vec<Vec<&Told>> = Vec::new();
    for told in labelled {
        let (mut cluster, others): (Vec<_>, Vec<_>) =
            clusters.into_iter().partition(|c| c.iter().any(|other| is_one_label(other, told)));
        cluster.push(vec![*told]);
        clusters = others;
        clusters.push(cluster.into_iter().flatten().collect());
    }
    for cluster in &mut clusters {
        cluster.sort_by(|a, b| a.movement.cmp(&b.movement).then(a.source.cmp(&b.source)));
    }
    clusters.sort_by(|a, b| a[0].movement.cmp(&b[0].movement));
    clusters
}

fn is_one_label(a: &Told, b: &Told) -> bool {
    let (one, other) = (&a.movement.reference, &b.movement.reference);
    one == other
        || a.source != b.source && (one.contains(other.as_str()) || other.contains(one.as_str()))
}

/// Returns the movements of a cluster: those of the kind of source that states most of them.
fn of_one_label(cluster: &[&Told]) -> Vec<Pairing> {
    let sources = [OutcomeSource::Return, OutcomeSource::Notice, OutcomeSource::Worker];
    let of = |source: OutcomeSource| cluster.iter().filter(move |t| t.source == source);
    let most = sources.into_iter().rev().max_by_key(|s| of(*s).count());
    let mut pairings: Vec<Pairing> = most
        .into_iter()
        .flat_map(of)
        .map(|t| Pairing { movement: t.movement.clone(), told_by: vec![t.source] })
        .collect();
    for told in cluster.iter().filter(|t| Some(t.source) != most) {
        if let Some(pairing) = free(&mut pairings, told) {
            pairing.told_by.push(told.source);
        }
    }
    pairings
}
