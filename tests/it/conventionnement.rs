//! Register, conventions and lookups: one suite that both databases pass.

#![allow(unreachable_pub, reason = "a test program has no outside")]

#[path = "conventionnement/imports.rs"]
mod imports;
#[path = "conventionnement/lookups.rs"]
mod lookups;
#[path = "conventionnement/many_establishments.rs"]
mod many_establishments;
#[path = "conventionnement/model.rs"]
mod model;
use crate::support;

use imports::*;
use lookups::*;
use many_establishments::*;
use model::*;
use noemie_gateway::clock::{FixedClock, SharedClock};
use noemie_gateway::conventionnement::{
    ConventionImport, ConventionOutcome, Conventionnement, FinessImport, FinessOutcome,
    LookupAnswer, LookupQuery, Problems, RegisterDiff,
};
use noemie_gateway::domain::Scope;
use noemie_gateway::store::conventions::ConventionStore;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::databases::{TestDatabase, on_postgres, on_sqlite};
use time::Date;
use time::macros::{date, datetime};

// Invented numbers, department 99; keys are right.
const ET: [&str; 7] =
    ["", "990000119", "990000127", "990000135", "990000143", "990000150", "990000168"];
const EJ: [&str; 5] = ["", "990000911", "990000929", "990000937", "990000945"];
const AM: [&str; 8] =
    ["", "992001214", "992001222", "992001230", "992001248", "992001255", "992001263", "992001271"];
const RPPS: &str = "10999999880";
const AMC: &str = "99900011";
const CARE: Date = date!(2024 - 02 - 15);

/// What a story works with.
#[derive(Clone)]
struct Desk {
    service: Arc<Conventionnement>,
    store: Arc<dyn ConventionStore>,
    clock: Arc<FixedClock>,
}

impl Desk {
    fn over(db: &TestDatabase) -> Self {
        let store = db.database.conventions();
        let clock = Arc::new(FixedClock::new(datetime!(2024-06-15 08:00 UTC)));
        let shared: SharedClock = clock.clone();
        Self { service: Arc::new(Conventionnement::new(store.clone(), shared)), store, clock }
    }

    async fn finess(&self, path: &Path, force: bool) -> FinessImport {
        let file = std::fs::File::open(path).expect("fixture");
        self.clock.advance(60);
        self.service.import_finess(file, &path.into(), force).await.expect("import")
    }

    async fn conventions(&self, name: &str) -> ConventionImport {
        let file = std::fs::File::open(testdata(&format!("conventions/{name}"))).expect("fixture");
        self.clock.advance(60);
        self.service.import_conventions(file, &name.into()).await.expect("import")
    }

    /// Register of January, then conventions.
    async fn loaded(&self) {
        applied(&self.finess(&testdata("finess/ok_20240101.csv"), false).await);
        assert!(matches!(self.conventions("ok.csv").await.outcome, ConventionOutcome::Applied(_)));
    }

    async fn ask(&self, identifier: &str, amc: &str, domain: &str, on: Date) -> LookupAnswer {
        let query = LookupQuery {
            identifier: identifier.to_owned(),
            amc: amc.to_owned(),
            domain: domain.to_owned(),
            on,
        };
        self.service.lookup(&Scope::everything(), &query).await.expect("an answer")
    }
}

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

fn applied(import: &FinessImport) -> RegisterDiff {
    match &import.outcome {
        FinessOutcome::Applied(diff) => *diff,
        other => panic!("not applied: {other:?}"),
    }
}

fn refusal(import: &FinessImport) -> &'static str {
    match &import.outcome {
        FinessOutcome::Refused { code, .. } => code,
        other => panic!("not refused: {other:?}"),
    }
}

fn told(problems: &Problems) -> Vec<(u64, u32, &'static str)> {
    problems.kept.iter().map(|problem| (problem.line, problem.column, problem.code)).collect()
}

fn warned(answer: &LookupAnswer) -> Vec<&'static str> {
    answer.warnings.iter().map(|(code, _)| *code).collect()
}

/// Makes two tests of each story.
macro_rules! stories {
    ($($story:ident)*) => {
        mod sqlite {
            use super::{Desk, on_sqlite};
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() { on_sqlite(|db| super::$story(Desk::over(&db))).await; })*
        }
        mod postgres {
            use super::{Desk, on_postgres};
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() { on_postgres(|db| super::$story(Desk::over(&db))).await; })*
        }
    };
}

stories! {
    an_extract_opens_closes_and_dates
    cp1252_and_utf8_give_the_same_rows
    every_bad_row_is_told_and_holds_its_establishment
    refused_extracts_leave_the_register_untouched
    a_broken_source_leaves_nothing_behind
    a_convention_file_is_all_or_nothing
    conventions_keep_what_was_known_when
    the_care_date_and_the_domain_decide
    four_keys_lead_to_an_answer
    special_amc_numbers_need_no_search
    unknown_is_not_no
    wrong_questions_are_refused_by_field
    registers_change_under_conventions
    hospitals_of_two_years
    one_establishment_of_1500_decides
    lookups_agree_with_a_naive_model
}
