//! Chooses among the conventions found the one that answers for a care date. Pure: no I/O.
//!
//! 1. Only the domain asked and `*` count; a question about `*` counts every domain.
//! 2. The closest path decides, as soon as one convention on it decides the day: the number itself,
//!    then a billing number linked with it, its RPPS, its legal entity, its establishments.
//! 3. For one holder and one type of convention, the domain asked beats `*`, then the latest start
//!    wins.
//! 4. Between several holders or types, one convention in force is enough: the professional may use
//!    that one.

use super::query::ANY_DOMAIN;
use crate::store::conventions::{ConventionRow, ConventionState, FoundConvention, Path};
use std::collections::BTreeSet;
use time::Date;

/// Domains kept to be named in an answer; a table with more names the first ones.
const MAX_DOMAINS_NAMED: usize = 50;

/// Meaning of the recorded state and the dates of a convention on one day. The order is that of
/// preference between several conventions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    InForce,
    /// A later version of the gateway wrote the state. It ranks before the states that refuse, so
    /// that the answer is "unknown" and not "no".
    Unknown,
    Suspended,
    Pending,
    Terminated,
    Expired,
    NotYet,
}

impl Standing {
    /// Returns whether the convention covers that very day.
    const fn covers(self) -> bool {
        matches!(self, Self::InForce | Self::Suspended | Self::Pending | Self::Unknown)
    }
}

/// Returns the standing of a convention on a day.
///
/// A terminated convention with an end date was in force until then: care before the end stays
/// payable. Without end date it covers no day.
pub(super) fn standing(row: &ConventionRow, on: Date) -> Standing {
    let ended = row.ends_on.is_some_and(|end| on > end);
    match row.state {
        _ if on < row.starts_on => Standing::NotYet,
        ConventionState::Resiliee if ended || row.ends_on.is_none() => Standing::Terminated,
        _ if ended => Standing::Expired,
        ConventionState::Resiliee | ConventionState::Active => Standing::InForce,
        ConventionState::Suspendue => Standing::Suspended,
        ConventionState::EnAttente => Standing::Pending,
        ConventionState::Unknown => Standing::Unknown,
    }
}

/// Returns whether a convention decides a day. A convention terminated without end date decides
/// every day from its start, because it replaces the earlier ones.
fn decides(row: &ConventionRow, on: Date) -> bool {
    let standing = standing(row, on);
    standing.covers() || (standing == Standing::Terminated && row.ends_on.is_none())
}

/// Result of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// A convention answers.
    Convention {
        found: Box<FoundConvention>,
        standing: Standing,
        /// Other domains with conventions; empty unless the question was about `*`.
        other_domains: Vec<String>,
    },
    /// All conventions are for these other domains.
    OtherDomains(Vec<String>),
    /// No convention was found.
    None,
}

impl Choice {
    /// Returns the convention that answers.
    pub(super) const fn convention(&self) -> Option<&ConventionRow> {
        match self {
            Self::Convention { found, .. } => Some(&found.row),
            Self::OtherDomains(_) | Self::None => None,
        }
    }
}

/// Chooses while conventions arrive, by path, then by holder, type and domain. At most four
/// conventions are kept, so that a legal entity with thousands of conventions costs no memory.
#[derive(Debug)]
pub(super) struct Chooser<'q> {
    domain: &'q str,
    on: Date,
    /// Deciding convention of the current holder and type (rule 3).
    of_holder: Option<FoundConvention>,
    /// Best of the holders and types before, on the closest path (rules 2 and 4).
    best: Option<FoundConvention>,
    /// Convention that ended last.
    past: Option<FoundConvention>,
    /// Convention that starts first.
    future: Option<FoundConvention>,
    /// Domains of conventions that do not count, or of all for a question about `*`.
    domains: BTreeSet<String>,
    found_any: bool,
    holder_found: bool,
}

impl<'q> Chooser<'q> {
    /// Returns a chooser for a domain ([`ANY_DOMAIN`] for all) and a day.
    pub(super) const fn new(domain: &'q str, on: Date) -> Self {
        Self {
            domain,
            on,
            of_holder: None,
            best: None,
            past: None,
            future: None,
            domains: BTreeSet::new(),
            found_any: false,
            holder_found: false,
        }
    }

    /// Adds the next convention.
    pub(super) fn add(&mut self, found: FoundConvention) {
        self.found_any = true;
        self.holder_found |= matches!(found.path, Path::Own | Path::Rpps);
        let counts = self.any() || found.row.domain == self.domain || found.row.domain == "*";
        if !counts || self.any() {
            self.name_domain(&found.row.domain);
        }
        if !counts {
            return;
        }
        if standing(&found.row, self.on) == Standing::NotYet {
            if self.future.as_ref().is_none_or(|kept| start(&found) < start(kept)) {
                self.future = Some(found);
            }
        } else if !decides(&found.row, self.on) {
            if self.past.as_ref().is_none_or(|kept| end(&found) > end(kept)) {
                self.past = Some(found);
            }
        } else {
            self.add_deciding(found);
        }
    }

    fn add_deciding(&mut self, found: FoundConvention) {
        let precedence = |one: &FoundConvention| (one.row.domain != "*", one.row.starts_on);
        let any = self.any();
        match &mut self.of_holder {
            Some(kept) if group(kept, any) == group(&found, any) => {
                if precedence(&found) > precedence(kept) {
                    *kept = found;
                }
            }
            _ => {
                self.close_holder();
                self.of_holder = Some(found);
            }
        }
    }

    /// Compares the convention of the current holder with the best one (rules 2 and 4).
    fn close_holder(&mut self) {
        let Some(candidate) = self.of_holder.take() else { return };
        let on = self.on;
        let is_better = |best: &FoundConvention| rank(&candidate, on) < rank(best, on);
        if self.best.as_ref().is_none_or(is_better) {
            self.best = Some(candidate);
        }
    }

    /// Returns whether a convention decides the day: more distant paths are then not searched.
    pub(super) const fn has_decided(&self) -> bool {
        self.of_holder.is_some() || self.best.is_some()
    }

    /// Returns whether any convention was added, of whatever domain.
    pub(super) const fn found_any(&self) -> bool {
        self.found_any
    }

    /// Returns whether a convention recorded under the number, or with the number as its RPPS, was
    /// added.
    pub(super) const fn holder_found(&self) -> bool {
        self.holder_found
    }

    /// Returns the choice. When no convention decides the day, the one that ended last answers,
    /// else the one that starts first.
    pub(super) fn finish(mut self) -> Choice {
        self.close_holder();
        let any = self.any();
        let Some(found) = self.best.or(self.past).or(self.future) else {
            let domains: Vec<String> = self.domains.into_iter().collect();
            return if domains.is_empty() { Choice::None } else { Choice::OtherDomains(domains) };
        };
        let others = |domain: &String| any && *domain != found.row.domain;
        Choice::Convention {
            standing: standing(&found.row, self.on),
            other_domains: self.domains.into_iter().filter(others).collect(),
            found: Box::new(found),
        }
    }

    fn any(&self) -> bool {
        self.domain == ANY_DOMAIN
    }

    fn name_domain(&mut self, domain: &str) {
        if !self.domains.contains(domain) {
            self.domains.insert(domain.to_owned());
        }
        if self.domains.len() > MAX_DOMAINS_NAMED {
            self.domains.pop_last();
        }
    }
}

/// Key of a convention: path, holder, type and domain. The key ends every comparison, so that the
/// choice does not depend on the order of arrival, which differs between databases.
type Key<'a> = (Path, &'a str, &'a str, &'a str);

const fn key(one: &FoundConvention) -> Key<'_> {
    let row = &one.row;
    (one.path, row.identifier.as_str(), row.convention_type.as_str(), row.domain.as_str())
}

/// Returns the key of the conventions that replace each other; the search returns them in a row.
fn group(one: &FoundConvention, any: bool) -> Key<'_> {
    let (path, holder, convention_type, domain) = key(one);
    (path, holder, convention_type, if any { domain } else { "" })
}

fn rank(one: &FoundConvention, on: Date) -> (Path, Standing, Key<'_>) {
    (one.path, standing(&one.row, on), key(one))
}

fn start(one: &FoundConvention) -> (Date, Key<'_>) {
    (one.row.starts_on, key(one))
}

fn end(one: &FoundConvention) -> (Option<Date>, Date, Key<'_>) {
    (one.row.ends_on, one.row.starts_on, key(one))
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;
