//! Random conventions and questions, compared with a naive model that reads every convention.

use super::{AM, Desk, EJ, ET, applied, testdata};
use crate::support::is_long;
use noemie_gateway::conventionnement::ConventionOutcome;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use time::{Date, Duration, macros::date};

/// Questions asked of each database in the short form of the tests.
const QUESTIONS: usize = 3_000;
/// Questions asked of each database in the full length of the tests.
const QUESTIONS_LONG: usize = 40_000;
const AMCS: [&str; 3] = ["0099900011", "0099900037", "0099900045"];
const FIRST_DAY: Date = date!(2024 - 02 - 01);

/// A small generator with a fixed seed (xorshift), so that a failure comes again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("small")
    }

    fn of<'t>(&mut self, values: &[&'t str]) -> &'t str {
        values[self.below(values.len())]
    }

    fn day(&mut self) -> Date {
        FIRST_DAY + Duration::days(self.below(12) as i64)
    }
}

/// A convention of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Convention {
    identifier: String,
    amc: String,
    kind: String,
    domain: String,
    start: Date,
    end: Option<Date>,
    state: String,
    linked: String,
}

impl Convention {
    /// Returns the code of the answer that this convention gives on a day, with its preference.
    fn code(&self, on: Date) -> (u8, &'static str) {
        let ended = self.end.is_some_and(|end| on > end);
        match self.state.as_str() {
            _ if on < self.start => (5, "CONVENTION_PAS_ENCORE_ACTIVE"),
            "resiliee" if ended || self.end.is_none() => (3, "CONVENTION_RESILIEE"),
            _ if ended => (4, "CONVENTION_EXPIREE"),
            "suspendue" => (1, "CONVENTION_SUSPENDUE"),
            "en_attente" => (2, "CONVENTION_EN_ATTENTE"),
            _ => (0, "CONVENTION_ACTIVE"),
        }
    }

    fn decides(&self, on: Date) -> bool {
        self.code(on).0 <= 2 || (self.code(on).0 == 3 && self.end.is_none())
    }

    fn key(&self) -> (&str, &str, &str) {
        (&self.identifier, &self.kind, &self.domain)
    }
}

fn conventions(random: &mut Random) -> Vec<Convention> {
    let numbers: Vec<&str> = [&AM[1..], &ET[1..], &EJ[1..]].concat();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for _ in 0..400 {
        let start = random.day();
        let length = random.below(8) as i64;
        let convention = Convention {
            identifier: random.of(&numbers).to_owned(),
            amc: random.of(&AMCS[..2]).to_owned(),
            kind: random.of(&["", "ZZ"]).to_owned(),
            domain: random.of(&["PHAR", "OPTI", "*"]).to_owned(),
            start,
            end: (length > 0).then(|| start + Duration::days(length - 1)),
            state: random
                .of(&["active", "active", "suspendue", "resiliee", "en_attente"])
                .to_owned(),
            linked: random.of(&["", "", ET[1], ET[2], ET[3]]).to_owned(),
        };
        let Convention { identifier, amc, kind, domain, start, .. } = convention.clone();
        if seen.insert((identifier, amc, kind, domain, start)) {
            found.push(convention);
        }
    }
    found
}

fn file(conventions: &[Convention]) -> String {
    let mut file =
        "identifiant;numero_amc;type_convention;domaine;date_debut;date_fin;etat;finess_et\n"
            .to_owned();
    for c in conventions {
        let end = c.end.map(|end| end.to_string()).unwrap_or_default();
        writeln!(
            file,
            "{};{};{};{};{};{end};{};{}",
            c.identifier, c.amc, c.kind, c.domain, c.start, c.state, c.linked
        )
        .expect("writes");
    }
    file
}

/// Returns the convention that answers, by the rules of `docs/conventionnement.md`.
fn naive<'c>(
    all: &'c [Convention],
    entities: &BTreeMap<String, String>,
    (number, amc, domain, on): (&str, &str, &str, Date),
) -> Option<&'c Convention> {
    let entity = |number: &str| entities.get(number).map(String::as_str);
    let mut found: Vec<(u8, &Convention)> = Vec::new();
    for c in all.iter().filter(|c| c.amc == amc) {
        let own = c.identifier == number;
        let by_establishment =
            entity(&c.identifier) == Some(number) || (entity(&c.linked) == Some(number) && !own);
        let paths = [
            (0, own),
            (1, c.linked == number && !own),
            (3, entity(number) == Some(&c.identifier)),
            (4, by_establishment),
        ];
        found.extend(paths.into_iter().filter(|(_, leads)| *leads).map(|(path, _)| (path, c)));
    }
    found.retain(|(_, c)| domain == "*" || c.domain == domain || c.domain == "*");
    for path in 0..5 {
        let here: Vec<&Convention> =
            found.iter().filter(|(p, c)| *p == path && c.decides(on)).map(|(_, c)| *c).collect();
        let replaced = |c: &&&Convention| {
            here.iter().any(|other| {
                let group = (&other.identifier, &other.kind) == (&c.identifier, &c.kind);
                let domains = domain != "*" || other.domain == c.domain;
                let precedes = (other.domain != "*", other.start) > (c.domain != "*", c.start);
                group && domains && precedes
            })
        };
        let best = here.iter().filter(|c| !replaced(c)).min_by_key(|c| (c.code(on).0, c.key()));
        if best.is_some() {
            return best.copied();
        }
    }
    let (future, past): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, c)| on < c.start);
    let past = past.into_iter().max_by_key(|(path, c)| (c.end, c.start, *path, c.key()));
    let future = future.into_iter().min_by_key(|(path, c)| (c.start, *path, c.key()));
    past.or(future).map(|(_, c)| c)
}

pub async fn lookups_agree_with_a_naive_model(desk: Desk) {
    applied(&desk.finess(&testdata("finess/ok_20240101.csv"), false).await);
    let mut entities = BTreeMap::new();
    for number in &ET[1..] {
        let versions = desk.store.establishment_versions(number).await.expect("reads");
        entities.extend(versions.first().map(|v| ((*number).to_owned(), v.finess_ej.clone())));
    }
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let all = conventions(&mut random);
    let import =
        desk.service.import_conventions(std::io::Cursor::new(file(&all)), &"model".into()).await;
    let import = import.expect("imports");
    assert!(matches!(import.outcome, ConventionOutcome::Applied(_)), "{:?}", import.problems);

    let numbers: Vec<&str> = [&AM[1..], &ET[1..], &EJ[1..]].concat();
    let mut codes = BTreeSet::new();
    let questions = if is_long() { QUESTIONS_LONG } else { QUESTIONS };
    for _ in 0..questions {
        let (number, amc) = (random.of(&numbers), random.of(&AMCS));
        let (domain, on) = (random.of(&["PHAR", "OPTI", "AUDI", "*"]), random.day());
        let answer = desk.ask(number, amc, domain, on).await;
        codes.insert(answer.reason_code);
        let expected = naive(&all, &entities, (number, amc, domain, on));
        let given = answer.convention.as_ref().map(|row| {
            let key = (row.identifier.as_str(), row.convention_type.as_str(), row.domain.as_str());
            (key, row.starts_on, answer.reason_code)
        });
        let expected = expected.map(|c| (c.key(), c.start, c.code(on).1));
        assert_eq!(given, expected, "{number} {amc} {domain} {on}");
    }
    assert!(codes.len() >= 7, "the questions meet every kind of answer: {codes:?}");
}
