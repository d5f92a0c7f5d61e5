//! Register, conventions and lookups: one suite that both databases pass.

mod support;

use noemie_gateway::clock::{FixedClock, SharedClock};
use noemie_gateway::conventionnement::{
    Answer, ConventionDiff, ConventionImport, ConventionOutcome, ConventionState, Conventionnement, Encoding, FinessImport, FinessOutcome,
    LookupAnswer, LookupError, LookupQuery, MatchedBy, Problems, RegisterDiff,
};
use noemie_gateway::store::conventions::ConventionStore;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::databases::{TestDatabase, on_postgres, on_sqlite};
use time::Date;
use time::macros::{date, datetime};

// Invented numbers, department 99; keys are right.
const ET: [&str; 7] = ["", "990000119", "990000127", "990000135", "990000143", "990000150", "990000168"];
const EJ: [&str; 5] = ["", "990000911", "990000929", "990000937", "990000945"];
const AM: [&str; 8] = ["", "992001214", "992001222", "992001230", "992001248", "992001255", "992001263", "992001271"];
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
        self.service.import_finess(file, &path.to_string_lossy(), force).await.expect("import")
    }

    async fn conventions(&self, name: &str) -> ConventionImport {
        let file = std::fs::File::open(testdata(&format!("conventions/{name}"))).expect("fixture");
        self.clock.advance(60);
        self.service.import_conventions(file, name).await.expect("import")
    }

    /// Register of January, then conventions.
    async fn loaded(&self) {
        applied(&self.finess(&testdata("finess/ok_20240101.csv"), false).await);
        assert!(matches!(self.conventions("ok.csv").await.outcome, ConventionOutcome::Applied(_)));
    }

    async fn ask(&self, identifier: &str, amc: &str, domain: &str, on: Date) -> LookupAnswer {
        let query = LookupQuery { identifier: identifier.to_owned(), amc: amc.to_owned(), domain: domain.to_owned(), on };
        self.service.lookup(&query).await.expect("an answer")
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
}

async fn an_extract_opens_closes_and_dates(desk: Desk) {
    let first = desk.finess(&testdata("finess/ok_20240101.csv"), false).await;
    assert_eq!(applied(&first), RegisterDiff { opened: 5, ..RegisterDiff::default() });
    assert_eq!((first.lines, first.rows, first.encoding, first.as_of), (6, 5, Encoding::Utf8, Some(date!(2024 - 01 - 01))));
    assert!(first.problems.is_empty());

    let again = desk.finess(&testdata("finess/ok_20240101.csv"), false).await;
    assert_eq!(again.outcome, FinessOutcome::AlreadyImported { imported_at: datetime!(2024-06-15 08:01 UTC) });

    let next = desk.finess(&testdata("finess/ok_20240601.csv"), true).await;
    let expected = RegisterDiff { opened: 1, closed: 1, renamed: 1, ej_changed: 1, otherwise_changed: 1, unchanged: 1, held: 0 };
    assert_eq!(applied(&next), expected);

    let register = desk.service.register().await.expect("reads").expect("there is one");
    assert_eq!((register.as_of, register.rows, register.age_days), (date!(2024 - 06 - 01), 5, 14));
    assert_eq!(register.digest, next.digest);
    let renamed = desk.store.establishment_versions(ET[1]).await.expect("reads");
    assert_eq!(renamed.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["PHARMACIE INVENTÉE DE L'ÉTÉ", "PHARMACIE INVENTÉE DE L'HIVER"]);
    assert_eq!((renamed[0].valid_to, renamed[1].valid_from), (Some(date!(2024 - 06 - 01)), date!(2024 - 06 - 01)));
    let same = desk.store.establishment_versions(ET[2]).await.expect("reads");
    assert_eq!((same.len(), same[0].updated_on), (1, Some(date!(2024 - 05 - 02))), "a new update date opens no version");
    assert_eq!(same[0].long_name, r#"LIEU DE SOINS "LES ESSAIS; ANNEXE""#);
    let gone = desk.store.establishment_versions(ET[4]).await.expect("reads");
    assert_eq!((gone[0].valid_to, gone[0].last_seen), (Some(date!(2024 - 06 - 01)), Some(date!(2024 - 01 - 01))));
}

async fn cp1252_and_utf8_give_the_same_rows(desk: Desk) {
    let import = desk.finess(&testdata("finess/ok_20240101_cp1252.csv"), false).await;
    assert_eq!((import.encoding, applied(&import).opened), (Encoding::Windows1252, 5));
    let utf8 = desk.finess(&testdata("finess/ok_20240101.csv"), false).await;
    assert_eq!(applied(&utf8), RegisterDiff { unchanged: 5, ..RegisterDiff::default() });
}

async fn every_bad_row_is_told_and_holds_its_establishment(desk: Desk) {
    applied(&desk.finess(&testdata("finess/ok_20240101.csv"), false).await);
    let import = desk.finess(&testdata("finess/err_rows_20240601.csv"), false).await;
    assert_eq!(
        told(&import.problems),
        [
            (3, 2, "CLE_INVALIDE"),
            (4, 0, "NOMBRE_DE_COLONNES"),
            (5, 2, "IDENTIFIANT_LONGUEUR"),
            (6, 19, "CATEGORIE_INVALIDE"),
            (7, 2, "DOUBLON"),
            (8, 4, "GUILLEMET_NON_FERME"),
            (9, 31, "DATE_INVALIDE"),
            (11, 1, "SECTION_INCONNUE"),
        ]
    );
    let eaten = &import.problems.kept[2];
    assert!(eaten.message.contains("009900010"), "{}", eaten.message);
    assert_eq!((import.problems.rows_rejected, import.rows, import.other_sections), (7, 2, 1));
    // The short row, the wrong category and the open quote name establishments that are known: they stay.
    assert_eq!(applied(&import), RegisterDiff { unchanged: 2, held: 3, ..RegisterDiff::default() });
    assert_eq!(desk.store.establishment_versions(ET[3]).await.expect("reads")[0].valid_to, None);
}

async fn refused_extracts_leave_the_register_untouched(desk: Desk) {
    assert_eq!(refusal(&desk.finess(&testdata("finess/err_header.csv"), true).await), "ENTETE_INVALIDE");
    applied(&desk.finess(&testdata("finess/ok_20240601.csv"), false).await);
    assert_eq!(refusal(&desk.finess(&testdata("finess/ok_20240101.csv"), true).await), "EXTRAIT_PLUS_ANCIEN");
    let import = |text: &'static str, force| {
        let service = desk.service.clone();
        async move { service.import_finess(text.as_bytes(), "inline", force).await.expect("import") }
    };
    assert_eq!(refusal(&import("finess;etalab;2;2024-07-01\n", true).await), "AUCUNE_LIGNE_LISIBLE");
    assert_eq!(refusal(&import("", true).await), "ENTETE_INVALIDE");
    let lone = std::fs::read_to_string(testdata("finess/ok_20240601.csv")).expect("fixture").replace("2024-06-01", "2024-07-01");
    let lone: &'static str = lone.lines().take(2).collect::<Vec<_>>().join("\n").leak();
    assert_eq!(refusal(&import(lone, false).await), "PERTE_TROP_FORTE");
    assert_eq!(desk.service.register().await.expect("reads").expect("there is one").as_of, date!(2024 - 06 - 01));
    assert_eq!(applied(&import(lone, true).await), RegisterDiff { closed: 4, unchanged: 1, ..RegisterDiff::default() });
}

/// Gives the first lines of a file, then fails.
struct Broken(io::Cursor<Vec<u8>>);

impl Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk went away")),
            read => Ok(read),
        }
    }
}

async fn a_broken_source_leaves_nothing_behind(desk: Desk) {
    let bytes = std::fs::read(testdata("finess/ok_20240101.csv")).expect("fixture");
    let broken = Broken(io::Cursor::new(bytes));
    desk.service.import_finess(broken, "broken", false).await.expect_err("the source failed");
    assert_eq!(desk.service.register().await.expect("reads"), None);
    assert_eq!(desk.store.establishment_versions(ET[1]).await.expect("reads"), []);
    applied(&desk.finess(&testdata("finess/ok_20240101.csv"), false).await);
}

async fn a_convention_file_is_all_or_nothing(desk: Desk) {
    let import = desk.conventions("err_rows.csv").await;
    assert!(matches!(import.outcome, ConventionOutcome::Refused { code: "LIGNES_FAUTIVES", .. }), "{:?}", import.outcome);
    assert_eq!(
        told(&import.problems),
        [
            (3, 1, "CLE_INVALIDE"),
            (4, 1, "IDENTIFIANT_LONGUEUR"),
            (5, 2, "AMC_INVALIDE"),
            (5, 3, "TYPE_CONVENTION_INVALIDE"),
            (5, 4, "DOMAINE_INVALIDE"),
            (5, 5, "DATE_INVALIDE"),
            (5, 7, "ETAT_INCONNU"),
            (5, 10, "RPPS_INVALIDE"),
            (6, 0, "DOUBLON"),
            (7, 6, "DATES_INVERSEES"),
            (8, 0, "NOMBRE_DE_COLONNES"),
            (9, 8, "GUILLEMET_NON_FERME"),
        ]
    );
    assert_eq!(desk.ask(AM[1], AMC, "PHAR", CARE).await.reason_code, "IDENTIFIANT_INCONNU");

    let header = desk.conventions("err_header.csv").await;
    assert!(matches!(header.outcome, ConventionOutcome::Refused { code: "ENTETE_INVALIDE", .. }));
    assert_eq!(told(&header.problems), [(1, 0, "COLONNE_MANQUANTE"), (1, 2, "COLONNE_INCONNUE")]);
    let empty = desk.service.import_conventions(io::empty(), "empty").await.expect("import");
    assert!(matches!(empty.outcome, ConventionOutcome::Refused { code: "ENTETE_INVALIDE", .. }));

    let commas = desk.conventions("ok_commas_cp1252.csv").await;
    assert_eq!(
        (commas.outcome, commas.encoding),
        (ConventionOutcome::Applied(ConventionDiff { added: 1, changed: 0, unchanged: 0 }), Encoding::Windows1252)
    );
    let answer = desk.ask(AM[6], AMC, "PHAR", CARE).await;
    assert_eq!((answer.answer, answer.reason_code), (Answer::No, "CONVENTION_SUSPENDUE"));
    assert!(answer.reason.contains("pièces, manquantes"), "{}", answer.reason);
}

async fn conventions_keep_what_was_known_when(desk: Desk) {
    let first = desk.conventions("ok.csv").await;
    assert_eq!(first.outcome, ConventionOutcome::Applied(ConventionDiff { added: 9, changed: 0, unchanged: 0 }));
    let again = desk.conventions("ok.csv").await;
    assert_eq!(again.outcome, ConventionOutcome::Applied(ConventionDiff { added: 0, changed: 0, unchanged: 9 }));
    assert_eq!(desk.ask(AM[1], AMC, "PHAR", CARE).await.reason_code, "CONVENTION_ACTIVE");

    let later = desk.conventions("ok_later.csv").await;
    assert_eq!(later.outcome, ConventionOutcome::Applied(ConventionDiff { added: 1, changed: 1, unchanged: 1 }));
    assert_eq!(desk.ask(AM[1], AMC, "PHAR", CARE).await.reason_code, "CONVENTION_SUSPENDUE");
    assert_eq!(desk.ask(AM[7], AMC, "PHAR", CARE).await.reason_code, "CONVENTION_PAS_ENCORE_ACTIVE");
    let history = desk.service.history(AM[1], AMC).await.expect("reads");
    let seen: Vec<_> = history.iter().map(|version| (version.row.domain.as_str(), version.row.state, version.recorded_to.is_none())).collect();
    assert_eq!(seen, [("OPTI", ConventionState::Active, true), ("PHAR", ConventionState::Active, false), ("PHAR", ConventionState::Suspendue, true)]);
    assert_eq!(history[1].recorded_from, datetime!(2024-06-15 08:01 UTC));
    assert_eq!((history[1].recorded_to, history[2].recorded_from), (Some(datetime!(2024-06-15 08:03 UTC)), datetime!(2024-06-15 08:03 UTC)));
    assert_eq!((history[1].source_digest.as_str(), history[2].source_digest.as_str()), (first.digest.as_str(), later.digest.as_str()));
}

async fn the_care_date_and_the_domain_decide(desk: Desk) {
    desk.loaded().await;
    let checks = [
        (AM[1], "PHAR", CARE, Answer::Yes, "CONVENTION_ACTIVE"),
        (AM[1], "phar", date!(2023 - 12 - 31), Answer::No, "CONVENTION_PAS_ENCORE_ACTIVE"),
        (AM[1], "OPTI", date!(2024 - 03 - 31), Answer::Yes, "CONVENTION_ACTIVE"),
        (AM[1], "OPTI", date!(2024 - 04 - 01), Answer::No, "CONVENTION_EXPIREE"),
        (AM[1], "AUDI", CARE, Answer::No, "AUCUNE_CONVENTION"),
        (AM[2], "PHAR", CARE, Answer::No, "CONVENTION_SUSPENDUE"),
        (AM[2], "PHAR", date!(2024 - 03 - 01), Answer::Yes, "CONVENTION_ACTIVE"),
        (AM[2], "OPTI", CARE, Answer::Yes, "CONVENTION_ACTIVE"),
        (AM[3], "PHAR", date!(2023 - 12 - 31), Answer::Yes, "CONVENTION_ACTIVE"),
        (AM[3], "PHAR", CARE, Answer::No, "CONVENTION_RESILIEE"),
        (AM[4], "PHAR", CARE, Answer::No, "CONVENTION_EN_ATTENTE"),
        (AM[5], "PHAR", CARE, Answer::No, "AUCUNE_CONVENTION"),
    ];
    for (number, domain, on, expected, code) in checks {
        let answer = desk.ask(number, AMC, domain, on).await;
        assert_eq!((answer.answer, answer.reason_code), (expected, code), "{number} {domain} {on}: {}", answer.reason);
        assert_eq!(answer.matched_by, Some(MatchedBy::BillingNumber));
    }
    let active = desk.ask(AM[1], "0099900011", "PHAR", CARE).await;
    assert_eq!((active.teletransmission_active, active.concentrator.as_deref()), (true, Some("OCT-INVENTE")));
    assert_eq!(
        active.reason,
        "Convention active le 15/02/2024 avec l'organisme 0099900011 pour le domaine PHAR (depuis le 01/01/2024, sans date de fin)."
    );
    let silent = desk.ask(AM[2], AMC, "OPTI", CARE).await;
    assert_eq!((silent.teletransmission_active, silent.concentrator.clone()), (false, None));
    assert!(warned(&silent).contains(&"CONCENTRATEUR_ABSENT"));
    assert!(desk.ask(AM[1], AMC, "AUDI", CARE).await.reason.contains("OPTI, PHAR"));
}

async fn four_keys_lead_to_an_answer(desk: Desk) {
    desk.loaded().await;
    let billing = desk.ask(AM[1], AMC, "PHAR", CARE).await;
    assert_eq!(billing.matched_by, Some(MatchedBy::BillingNumber));
    assert_eq!(billing.establishment.expect("linked").name, "PHARMACIE INVENTÉE DE L'ÉTÉ");

    let linked = desk.ask(ET[1], AMC, "PHAR", CARE).await;
    assert_eq!((linked.answer, linked.matched_by), (Answer::Yes, Some(MatchedBy::FinessEt)));
    assert_eq!(linked.convention.as_ref().map(|row| row.identifier.as_str()), Some(AM[1]));
    assert!(warned(&linked).contains(&"PAR_NUMERO_DE_FACTURATION"));

    let through_entity = desk.ask(ET[3], AMC, "HOSP", CARE).await;
    assert_eq!((through_entity.answer, through_entity.matched_by), (Answer::Yes, Some(MatchedBy::FinessEt)));
    assert_eq!(through_entity.establishment.as_ref().map(|row| (row.finess_et.as_str(), row.finess_ej.as_str())), Some((ET[3], EJ[2])));
    assert!(warned(&through_entity).contains(&"PAR_ENTITE_JURIDIQUE"));

    let entity = desk.ask(EJ[2], AMC, "HOSP", CARE).await;
    assert_eq!((entity.answer, entity.matched_by), (Answer::Yes, Some(MatchedBy::FinessEj)));

    let by_establishment = desk.ask(EJ[3], AMC, "MED", CARE).await;
    assert_eq!((by_establishment.answer, by_establishment.matched_by), (Answer::Yes, Some(MatchedBy::FinessEj)));
    assert_eq!(by_establishment.establishment.as_ref().map(|row| row.finess_et.as_str()), Some(ET[5]));
    assert!(warned(&by_establishment).contains(&"PAR_ETABLISSEMENT"));
    // Through a billing number linked with an establishment of the legal entity.
    assert_eq!(desk.ask(EJ[1], AMC, "PHAR", CARE).await.answer, Answer::Yes);

    let person = desk.ask(RPPS, AMC, "MED", CARE).await;
    assert_eq!((person.answer, person.matched_by), (Answer::Yes, Some(MatchedBy::Rpps)));

    let nothing = desk.ask(ET[2], AMC, "MED", CARE).await;
    assert_eq!((nothing.answer, nothing.reason_code, nothing.matched_by), (Answer::No, "AUCUNE_CONVENTION", Some(MatchedBy::FinessEt)));
    assert_eq!(nothing.register.expect("imported").age_days, 166);
    assert!(nothing.warnings.iter().any(|(code, text)| *code == "REPERTOIRE_ANCIEN" && text.contains("166 jours")));
}

async fn special_amc_numbers_need_no_search(desk: Desk) {
    for (amc, answer, code) in
        [("99999997", Answer::Yes, "C2S_CAISSE"), ("88888888", Answer::Unknown, "C2S_ORGANISME_A_PRECISER"), ("0075500017", Answer::Yes, "AME")]
    {
        let told = desk.ask(AM[1], amc, "PHAR", CARE).await;
        assert_eq!((told.answer, told.reason_code, told.teletransmission_active), (answer, code, false));
    }
}

async fn unknown_is_not_no(desk: Desk) {
    desk.loaded().await;
    let unknown = desk.ask("992001289", AMC, "PHAR", CARE).await;
    assert_eq!((unknown.answer, unknown.reason_code, unknown.matched_by), (Answer::Unknown, "IDENTIFIANT_INCONNU", None));
    assert!(warned(&unknown).contains(&"NUMERO_DE_FACTURATION"));
    let mistyped = desk.ask("992001288", AMC, "PHAR", CARE).await;
    assert_eq!((mistyped.answer, mistyped.reason_code), (Answer::Unknown, "CLE_INVALIDE"));
    let foreign = desk.ask(AM[1], "99900037", "PHAR", CARE).await;
    assert_eq!((foreign.answer, foreign.reason_code), (Answer::Unknown, "AMC_INCONNU"));
}

async fn wrong_questions_are_refused_by_field(desk: Desk) {
    for (identifier, amc, domain, expected) in [
        ("99200121", AMC, "PHAR", ("identifier", "IDENTIFIANT_LONGUEUR")),
        ("", AMC, "PHAR", ("identifier", "IDENTIFIANT_ABSENT")),
        ("99X001214", AMC, "PHAR", ("identifier", "IDENTIFIANT_CARACTERES")),
        (AM[1], "12345678901", "PHAR", ("amc", "AMC_INVALIDE")),
        (AM[1], AMC, "", ("domain", "DOMAINE_INVALIDE")),
    ] {
        let query = LookupQuery { identifier: identifier.to_owned(), amc: amc.to_owned(), domain: domain.to_owned(), on: CARE };
        match desk.service.lookup(&query).await {
            Err(LookupError::Invalid { field, code, .. }) => assert_eq!((field, code), expected),
            other => panic!("{expected:?}: {other:?}"),
        }
    }
}

async fn registers_change_under_conventions(desk: Desk) {
    desk.loaded().await;
    let summer = date!(2024 - 07 - 01);
    applied(&desk.finess(&testdata("finess/ok_20240601.csv"), true).await);
    let renamed = desk.ask(AM[1], AMC, "PHAR", summer).await.establishment.expect("linked");
    assert_eq!(renamed.name, "PHARMACIE INVENTÉE DE L'HIVER");
    let before = desk.ask(AM[1], AMC, "PHAR", CARE).await.establishment.expect("linked");
    assert_eq!(before.name, "PHARMACIE INVENTÉE DE L'ÉTÉ", "the care date decides which version is shown");
    // ET 3 left the legal entity that holds the convention.
    assert_eq!(desk.ask(ET[3], AMC, "HOSP", CARE).await.answer, Answer::Yes);
    assert_eq!(desk.ask(ET[3], AMC, "HOSP", summer).await.reason_code, "AUCUNE_CONVENTION");
    // ET 4 is gone: its last legal entity still answers, with a warning.
    let closed = desk.ask(ET[4], AMC, "LABO", summer).await;
    assert_eq!(closed.answer, Answer::Yes);
    assert!(closed.warnings.iter().any(|(code, text)| *code == "ETABLISSEMENT_FERME" && text.contains("01/01/2024")), "{:?}", closed.warnings);
}

/// Real volumes, where the reference data stands beside the repository; elsewhere the invented rows above must do.
async fn hospitals_of_two_years(desk: Desk) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/finess");
    let first = folder.join("derived_502shape_sae2022.csv");
    if !first.exists() {
        return;
    }
    let import = desk.finess(&first, false).await;
    assert_eq!((applied(&import).opened, import.rows, import.problems.total), (3995, 3995, 0));
    let import = desk.finess(&folder.join("derived_502shape_sae2023.csv"), false).await;
    let diff = applied(&import);
    assert_eq!((import.rows, diff.closed, diff.opened, diff.ej_changed, diff.renamed, diff.held), (3975, 61, 41, 62, 264, 0));
    let sample = folder.join("cs1100502_sample_20260512.csv");
    assert_eq!(refusal(&desk.finess(&sample, false).await), "PERTE_TROP_FORTE");
    let import = desk.finess(&sample, true).await;
    applied(&import);
    assert_eq!((import.rows, import.problems.total, import.encoding), (14, 0, Encoding::Utf8));
    let text = std::fs::read_to_string(&sample).expect("UTF-8");
    let number = text.lines().find(|line| line.contains(r#""""#)).and_then(|line| line.split(';').nth(1)).expect("a row with doubled quotes");
    let quoted = desk.store.establishment_versions(number).await.expect("reads");
    assert!(quoted.last().is_some_and(|row| row.name.matches('"').count() == 2), "{quoted:?}");
}
