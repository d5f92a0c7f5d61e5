//! Which of the conventions found answers for a care date. Pure: versions in, choice out.
//!
//! 1. Only the domain asked and `*` count.
//! 2. The closest way decides (the number itself, then its link, its RPPS, its legal entity, its establishments), as soon as one convention
//!    there covers the date.
//! 3. For one holder and one type of convention, the domain itself beats `*`, then the latest start wins.
//! 4. Between several holders or types, one in force is enough: the professional may use that one.

use crate::store::conventions::{ConventionRow, ConventionState, FoundConvention, Path};
use std::collections::HashMap;
use time::Date;

/// Where a convention stands on a day. The order is that of preference between several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    InForce,
    Suspended,
    Pending,
    Terminated,
    Expired,
    NotYet,
}

impl Standing {
    /// Whether the convention says something of that very day.
    const fn covers(self) -> bool {
        matches!(self, Self::InForce | Self::Suspended | Self::Pending)
    }
}

/// Where a convention stands on `on`.
///
/// A terminated one with an end date was in force until then: what was done before stays payable.
/// Without end date it covers nothing.
pub(super) fn standing(row: &ConventionRow, on: Date) -> Standing {
    let ended = row.ends_on.is_some_and(|end| on > end);
    match row.state {
        _ if on < row.starts_on => Standing::NotYet,
        ConventionState::Resiliee if ended || row.ends_on.is_none() => Standing::Terminated,
        _ if ended => Standing::Expired,
        ConventionState::Resiliee | ConventionState::Active => Standing::InForce,
        ConventionState::Suspendue => Standing::Suspended,
        ConventionState::EnAttente => Standing::Pending,
    }
}

/// The answer of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// This convention answers.
    Convention { found: FoundConvention, standing: Standing },
    /// There are conventions, but for other domains.
    OtherDomains(Vec<String>),
    /// There is none.
    None,
}

/// Chooses among the conventions found for one number and one AMC.
pub(super) fn choose(found: &[FoundConvention], domain: &str, on: Date) -> Choice {
    let (matching, others): (Vec<_>, Vec<_>) =
        found.iter().partition(|one| one.row.domain == domain || one.row.domain == "*");
    if matching.is_empty() {
        let mut domains: Vec<String> = others.iter().map(|one| one.row.domain.clone()).collect();
        domains.sort();
        domains.dedup();
        return if domains.is_empty() { Choice::None } else { Choice::OtherDomains(domains) };
    }
    let mut paths: Vec<Path> = matching.iter().map(|one| one.path).collect();
    paths.sort();
    paths.dedup();
    let covering = paths.iter().find_map(|path| {
        best_covering(matching.iter().copied().filter(|one| one.path == *path), on)
    });
    let chosen = covering.or_else(|| closest_outside(&matching, on));
    chosen.map_or(Choice::None, |one| Choice::Convention {
        standing: standing(&one.row, on),
        found: one.clone(),
    })
}

/// Rules 3 and 4 among conventions of one way.
fn best_covering<'a>(
    candidates: impl Iterator<Item = &'a FoundConvention>,
    on: Date,
) -> Option<&'a FoundConvention> {
    let mut by_holder: HashMap<(&str, &str), &FoundConvention> = HashMap::new();
    let precedence = |one: &FoundConvention| (one.row.domain != "*", one.row.starts_on);
    for one in candidates.filter(|one| speaks(&one.row, on)) {
        let kept = by_holder.entry((&one.row.identifier, &one.row.convention_type)).or_insert(one);
        if precedence(one) > precedence(kept) {
            *kept = one;
        }
    }
    // The last keys only make the choice the same every time.
    by_holder
        .into_values()
        .min_by_key(|one| (standing(&one.row, on), &one.row.identifier, &one.row.convention_type))
}

/// Whether a convention decides for that day. One terminated without end date does, from its start
/// on: it replaces what came before.
fn speaks(row: &ConventionRow, on: Date) -> bool {
    let standing = standing(row, on);
    standing.covers() || (standing == Standing::Terminated && row.ends_on.is_none())
}

/// Nothing covers the day: the convention that ended last, else the one that starts first.
fn closest_outside<'a>(matching: &[&'a FoundConvention], on: Date) -> Option<&'a FoundConvention> {
    let past = matching.iter().filter(|one| standing(&one.row, on) != Standing::NotYet);
    let future = matching.iter().filter(|one| standing(&one.row, on) == Standing::NotYet);
    past.max_by_key(|one| (one.row.ends_on, one.row.starts_on))
        .or_else(|| future.min_by_key(|one| one.row.starts_on))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn convention(
        path: Path,
        domain: &str,
        starts_on: Date,
        ends_on: Option<Date>,
        state: ConventionState,
    ) -> FoundConvention {
        let row = ConventionRow {
            identifier: "992001362".to_owned(),
            amc: "0099900011".to_owned(),
            convention_type: String::new(),
            domain: domain.to_owned(),
            starts_on,
            ends_on,
            state,
            motive: String::new(),
            concentrator: String::new(),
            rpps: String::new(),
            finess_et: String::new(),
        };
        FoundConvention { path, row }
    }

    fn check(found: &[FoundConvention], on: Date) -> Option<(usize, Standing)> {
        match choose(found, "PHAR", on) {
            Choice::Convention { found: one, standing } => {
                Some((found.iter().position(|f| *f == one).expect("one of them"), standing))
            }
            _ => None,
        }
    }

    const START: Date = date!(2024 - 01 - 01);
    const END: Date = date!(2024 - 06 - 30);
    use ConventionState::{Active, EnAttente, Resiliee, Suspendue};

    #[test]
    fn the_care_date_decides() {
        for (state, end, on, expect) in [
            (Active, None, date!(2023 - 12 - 31), Standing::NotYet),
            (Active, None, START, Standing::InForce),
            (Active, Some(END), END, Standing::InForce),
            (Active, Some(END), date!(2024 - 07 - 01), Standing::Expired),
            (Suspendue, Some(END), END, Standing::Suspended),
            (Suspendue, Some(END), date!(2024 - 07 - 01), Standing::Expired),
            (EnAttente, None, START, Standing::Pending),
            (Resiliee, Some(END), END, Standing::InForce),
            (Resiliee, Some(END), date!(2024 - 07 - 01), Standing::Terminated),
            (Resiliee, None, START, Standing::Terminated),
        ] {
            assert_eq!(
                check(&[convention(Path::Own, "PHAR", START, end, state)], on),
                Some((0, expect)),
                "{state:?} {end:?} {on}"
            );
        }
    }

    #[test]
    fn the_domain_itself_beats_the_star() {
        let all = convention(Path::Own, "*", date!(2024 - 02 - 01), None, Active);
        let phar = convention(Path::Own, "PHAR", START, Some(END), Suspendue);
        assert_eq!(
            check(&[all.clone(), phar.clone()], date!(2024 - 03 - 01)),
            Some((1, Standing::Suspended))
        );
        assert_eq!(check(&[all, phar], date!(2024 - 07 - 01)), Some((0, Standing::InForce)));
    }

    #[test]
    fn the_latest_start_wins_and_a_termination_closes_what_came_before() {
        let old = convention(Path::Own, "PHAR", START, None, Active);
        let pause = convention(
            Path::Own,
            "PHAR",
            date!(2024 - 03 - 01),
            Some(date!(2024 - 03 - 31)),
            Suspendue,
        );
        let end = convention(Path::Own, "PHAR", date!(2024 - 09 - 01), None, Resiliee);
        let all = [old, pause, end];
        assert_eq!(check(&all, date!(2024 - 03 - 15)), Some((1, Standing::Suspended)));
        assert_eq!(check(&all, date!(2024 - 04 - 01)), Some((0, Standing::InForce)));
        assert_eq!(check(&all, date!(2024 - 09 - 01)), Some((2, Standing::Terminated)));
    }

    #[test]
    fn the_closest_way_decides_and_one_type_in_force_is_enough() {
        let own = convention(Path::Own, "PHAR", START, Some(END), Suspendue);
        let entity = convention(Path::LegalEntity, "*", START, None, Active);
        assert_eq!(check(&[entity.clone(), own.clone()], START), Some((1, Standing::Suspended)));
        assert_eq!(
            check(&[entity, own.clone()], date!(2024 - 07 - 01)),
            Some((0, Standing::InForce))
        );
        let mut other_type = convention(Path::Own, "*", START, None, Active);
        other_type.row.convention_type = "ZZ".to_owned();
        assert_eq!(check(&[own, other_type], START), Some((1, Standing::InForce)));
    }

    #[test]
    fn other_domains_are_named() {
        let opti = convention(Path::Own, "OPTI", START, None, Active);
        assert_eq!(
            choose(&[opti.clone(), opti], "PHAR", START),
            Choice::OtherDomains(vec!["OPTI".to_owned()])
        );
        assert_eq!(choose(&[], "PHAR", START), Choice::None);
    }
}
