//! The calendar beside two independent tables of public holidays, 1990 to 2050.
//!
//! `testdata/holidays` holds the tables (made by `scripts/holiday-tables.py`) and
//! `differences.tsv`, the list of the days on which the gateway and a table disagree, with the
//! reason of each. The test fails on a difference that is not listed and on a listed one that no
//! longer exists.

use noemie_gateway::domain::{Calendar, Territory};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use time::{Date, Duration, Month};

const YEARS: std::ops::RangeInclusive<i32> = 1990..=2050;

/// Table, day, and whether the gateway (true) or the table (false) has it.
type Differences = BTreeSet<(String, Date, bool)>;

fn lines(name: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/holidays").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn date(year: i32, month_day: &str) -> Date {
    let (month, day) = month_day.split_once('-').expect("MM-DD");
    let month = Month::try_from(month.parse::<u8>().expect("a month")).expect("a month");
    Date::from_calendar_date(year, month, day.parse().expect("a day")).expect("a date")
}

fn table(name: &str) -> BTreeSet<Date> {
    let dates = |row: Vec<String>| {
        let year = row[0].parse().expect("a year");
        row[1..].iter().map(|day| date(year, day)).collect::<Vec<_>>()
    };
    let rows = lines(&format!("{name}.tsv"));
    assert_eq!(rows.len(), YEARS.count(), "{name}: a line a year");
    rows.into_iter().flat_map(dates).collect()
}

fn gateway(territory: Territory) -> BTreeSet<Date> {
    let calendar = Calendar { territory, good_friday: true };
    let first = Date::from_calendar_date(*YEARS.start(), Month::January, 1).expect("a date");
    let days = (0..).map(|n| first + Duration::days(n)).take_while(|d| YEARS.contains(&d.year()));
    days.filter(|day| calendar.is_public_holiday(*day)).collect()
}

fn found() -> Differences {
    let mut found = Differences::new();
    for territory in Territory::ALL {
        let ours = gateway(*territory);
        for library in ["holidays", "workalendar"] {
            let mainland = matches!(territory, Territory::Mainland | Territory::AlsaceMoselle);
            if library == "workalendar" && !mainland {
                continue; // That library knows no territory overseas.
            }
            let name = format!("{library}.{}", territory.as_str());
            let theirs = table(&name);
            found.extend(ours.difference(&theirs).map(|day| (name.clone(), *day, true)));
            found.extend(theirs.difference(&ours).map(|day| (name.clone(), *day, false)));
        }
    }
    found
}

/// Returns Easter Sunday, read from the table of the mainland: its Easter Monday is the only
/// holiday that is a Monday from 23 March to 26 April.
fn easter(year: i32, mainland: &BTreeSet<Date>) -> Date {
    let monday = mainland.range(date(year, "03-23")..=date(year, "04-26")).next();
    *monday.expect("Easter Monday") - Duration::DAY
}

fn listed() -> Differences {
    let mainland = table("workalendar.mainland");
    let mut listed = Differences::new();
    for row in lines("differences.tsv") {
        let [name, day, first, last, who, reason] = row.as_slice() else {
            panic!("six columns: {row:?}")
        };
        assert!(!reason.is_empty() && ["gateway", "library"].contains(&who.as_str()), "{row:?}");
        for year in first.parse::<i32>().expect("a year")..=last.parse().expect("a year") {
            let day = match day.strip_prefix("easter") {
                Some(offset) => {
                    easter(year, &mainland) + Duration::days(offset.parse().expect("days"))
                }
                None => date(year, day),
            };
            listed.insert((name.clone(), day, who == "gateway"));
        }
    }
    listed
}

#[test]
fn every_difference_from_the_tables_is_listed_with_its_reason() {
    let (found, listed) = (found(), listed());
    let unlisted: Vec<_> = found.difference(&listed).collect();
    assert!(unlisted.is_empty(), "not in differences.tsv: {unlisted:?}");
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(gone.is_empty(), "in differences.tsv, but no difference: {gone:?}");
}
