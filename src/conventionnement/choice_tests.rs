//! Care dates, domains and paths, against the choice expected.

use super::*;
use time::macros::date;

/// Adds conventions in the order of the store.
fn choose(found: &[FoundConvention], domain: &str, on: Date) -> Choice {
    let mut ordered: Vec<_> = found.to_vec();
    ordered.sort_by(|a, b| (key(a), a.row.starts_on).cmp(&(key(b), b.row.starts_on)));
    let mut chooser = Chooser::new(domain, on);
    ordered.into_iter().for_each(|one| chooser.add(one));
    chooser.finish()
}

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
        motive: Default::default(),
        concentrator: Default::default(),
        rpps: String::new(),
        finess_et: String::new(),
    };
    FoundConvention { path, row }
}

fn check(found: &[FoundConvention], on: Date) -> Option<(usize, Standing)> {
    match choose(found, "PHAR", on) {
        Choice::Convention { found: one, standing, .. } => {
            Some((found.iter().position(|f| *f == *one).expect("one of them"), standing))
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
    assert_eq!(check(&[entity, own.clone()], date!(2024 - 07 - 01)), Some((0, Standing::InForce)));
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

#[test]
fn a_question_about_every_domain_is_answered_by_one_in_force_and_names_the_others() {
    let all = convention(Path::Own, "*", START, Some(END), Active);
    let opti = convention(Path::Own, "OPTI", START, None, Suspendue);
    let phar = convention(Path::Own, "PHAR", date!(2024 - 02 - 01), None, Active);
    let found = [all, opti, phar.clone()];
    let answered = |on| match choose(&found, "*", on) {
        Choice::Convention { found, standing, other_domains } => {
            (found.row.domain, standing, other_domains.join(" "))
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(answered(START), ("*".to_owned(), Standing::InForce, "OPTI PHAR".to_owned()));
    let summer = date!(2024 - 07 - 01);
    assert_eq!(answered(summer), ("PHAR".to_owned(), Standing::InForce, "* OPTI".to_owned()));
    let before = date!(2023 - 12 - 31);
    assert_eq!(answered(before), ("*".to_owned(), Standing::NotYet, "OPTI PHAR".to_owned()));
    assert_eq!(choose(&[], "*", START), Choice::None);
    let Choice::Convention { other_domains, .. } = choose(&[phar], "PHAR", summer) else {
        panic!("a convention covers the day")
    };
    assert!(other_domains.is_empty());
}

#[test]
fn of_conventions_that_ended_together_the_same_one_answers_in_every_order() {
    let mut other = convention(Path::Own, "PHAR", START, Some(END), Resiliee);
    other.row.convention_type = "ZZ".to_owned();
    let own = convention(Path::Own, "PHAR", START, Some(END), Active);
    for found in [[own.clone(), other.clone()], [other, own]] {
        let mut chooser = Chooser::new("PHAR", date!(2024 - 08 - 01));
        found.into_iter().for_each(|one| chooser.add(one));
        let Choice::Convention { standing, .. } = chooser.finish() else { panic!("a convention") };
        assert_eq!(standing, Standing::Terminated);
    }
}
