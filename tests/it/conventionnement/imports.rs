//! Registers and conventions come in: what changes, what is refused, what stays.

use super::{AM, AMC, CARE, Desk, ET, applied, refusal, testdata, told};
use noemie_gateway::conventionnement::{
    Answer, ConventionDiff, ConventionOutcome, ConventionState, Encoding, FinessOutcome,
    RegisterDiff,
};
use noemie_gateway::domain::Scope;
use std::io::{self, Read};
use std::path::Path;
use time::macros::{date, datetime};

pub async fn an_extract_opens_closes_and_dates(desk: Desk) {
    let first = desk.finess(&testdata("finess/ok_20240101.csv"), false).await;
    assert_eq!(applied(&first), RegisterDiff { opened: 5, ..RegisterDiff::default() });
    assert_eq!(
        (first.lines, first.rows, first.encoding, first.as_of),
        (6, 5, Encoding::Utf8, Some(date!(2024 - 01 - 01)))
    );
    assert!(first.problems.is_empty());

    let again = desk.finess(&testdata("finess/ok_20240101.csv"), false).await;
    assert_eq!(
        again.outcome,
        FinessOutcome::AlreadyImported { imported_at: datetime!(2024-06-15 08:01 UTC) }
    );

    let next = desk.finess(&testdata("finess/ok_20240601.csv"), true).await;
    let expected = RegisterDiff {
        opened: 1,
        closed: 1,
        renamed: 1,
        ej_changed: 1,
        otherwise_changed: 1,
        unchanged: 1,
        held: 0,
    };
    assert_eq!(applied(&next), expected);

    let register = desk.service.register().await.expect("reads").expect("there is one");
    assert_eq!((register.as_of, register.rows, register.age_days), (date!(2024 - 06 - 01), 5, 14));
    assert_eq!(register.digest, next.digest);
    let renamed = desk.store.establishment_versions(ET[1]).await.expect("reads");
    assert_eq!(
        renamed.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(),
        ["PHARMACIE INVENTÉE DE L'ÉTÉ", "PHARMACIE INVENTÉE DE L'HIVER"]
    );
    assert_eq!(
        (renamed[0].valid_to, renamed[1].valid_from),
        (Some(date!(2024 - 06 - 01)), date!(2024 - 06 - 01))
    );
    let same = desk.store.establishment_versions(ET[2]).await.expect("reads");
    assert_eq!(
        (same.len(), same[0].updated_on),
        (1, Some(date!(2024 - 05 - 02))),
        "a new update date opens no version"
    );
    assert_eq!(same[0].long_name, r#"LIEU DE SOINS "LES ESSAIS; ANNEXE""#);
    let gone = desk.store.establishment_versions(ET[4]).await.expect("reads");
    assert_eq!(
        (gone[0].valid_to, gone[0].last_seen),
        (Some(date!(2024 - 06 - 01)), Some(date!(2024 - 01 - 01)))
    );
}

pub async fn cp1252_and_utf8_give_the_same_rows(desk: Desk) {
    let import = desk.finess(&testdata("finess/ok_20240101_cp1252.csv"), false).await;
    assert_eq!((import.encoding, applied(&import).opened), (Encoding::Windows1252, 5));
    let utf8 = desk.finess(&testdata("finess/ok_20240101.csv"), false).await;
    assert_eq!(applied(&utf8), RegisterDiff { unchanged: 5, ..RegisterDiff::default() });
}

pub async fn every_bad_row_is_told_and_holds_its_establishment(desk: Desk) {
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
    // The short row, the wrong category and the open quote name establishments that are known: they
    // stay.
    assert_eq!(applied(&import), RegisterDiff { unchanged: 2, held: 3, ..RegisterDiff::default() });
    assert_eq!(desk.store.establishment_versions(ET[3]).await.expect("reads")[0].valid_to, None);
}

pub async fn refused_extracts_leave_the_register_untouched(desk: Desk) {
    assert_eq!(
        refusal(&desk.finess(&testdata("finess/err_header.csv"), true).await),
        "ENTETE_INVALIDE"
    );
    applied(&desk.finess(&testdata("finess/ok_20240601.csv"), false).await);
    assert_eq!(
        refusal(&desk.finess(&testdata("finess/ok_20240101.csv"), true).await),
        "EXTRAIT_PLUS_ANCIEN"
    );
    let import = |text: &'static str, force| {
        let service = desk.service.clone();
        async move {
            service.import_finess(text.as_bytes(), &"inline".into(), force).await.expect("import")
        }
    };
    assert_eq!(
        refusal(&import("finess;etalab;2;2024-07-01\n", true).await),
        "AUCUNE_LIGNE_LISIBLE"
    );
    assert_eq!(refusal(&import("", true).await), "ENTETE_INVALIDE");
    let lone = std::fs::read_to_string(testdata("finess/ok_20240601.csv"))
        .expect("fixture")
        .replace("2024-06-01", "2024-07-01");
    let lone: &'static str = lone.lines().take(2).collect::<Vec<_>>().join("\n").leak();
    assert_eq!(refusal(&import(lone, false).await), "PERTE_TROP_FORTE");
    assert_eq!(
        desk.service.register().await.expect("reads").expect("there is one").as_of,
        date!(2024 - 06 - 01)
    );
    assert_eq!(
        applied(&import(lone, true).await),
        RegisterDiff { closed: 4, unchanged: 1, ..RegisterDiff::default() }
    );
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

pub async fn a_broken_source_leaves_nothing_behind(desk: Desk) {
    let bytes = std::fs::read(testdata("finess/ok_20240101.csv")).expect("fixture");
    let broken = Broken(io::Cursor::new(bytes));
    desk.service
        .import_finess(broken, &"broken".into(), false)
        .await
        .expect_err("the source failed");
    assert_eq!(desk.service.register().await.expect("reads"), None);
    assert_eq!(desk.store.establishment_versions(ET[1]).await.expect("reads"), []);
    applied(&desk.finess(&testdata("finess/ok_20240101.csv"), false).await);
}

pub async fn a_convention_file_is_all_or_nothing(desk: Desk) {
    let import = desk.conventions("err_rows.csv").await;
    assert!(
        matches!(import.outcome, ConventionOutcome::Refused { code: "LIGNES_FAUTIVES", .. }),
        "{:?}",
        import.outcome
    );
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
    let empty =
        desk.service.import_conventions(io::empty(), &"empty".into()).await.expect("import");
    assert!(matches!(empty.outcome, ConventionOutcome::Refused { code: "ENTETE_INVALIDE", .. }));

    let commas = desk.conventions("ok_commas_cp1252.csv").await;
    assert_eq!(
        (commas.outcome, commas.encoding),
        (
            ConventionOutcome::Applied(ConventionDiff { added: 1, changed: 0, unchanged: 0 }),
            Encoding::Windows1252
        )
    );
    let answer = desk.ask(AM[6], AMC, "PHAR", CARE).await;
    assert_eq!((answer.answer, answer.reason_code), (Answer::No, "CONVENTION_SUSPENDUE"));
    assert!(answer.reason.contains("pièces, manquantes"), "{}", answer.reason);
}

pub async fn conventions_keep_what_was_known_when(desk: Desk) {
    let first = desk.conventions("ok.csv").await;
    assert_eq!(
        first.outcome,
        ConventionOutcome::Applied(ConventionDiff { added: 9, changed: 0, unchanged: 0 })
    );
    let again = desk.conventions("ok.csv").await;
    assert_eq!(
        again.outcome,
        ConventionOutcome::Applied(ConventionDiff { added: 0, changed: 0, unchanged: 9 })
    );
    assert_eq!(desk.ask(AM[1], AMC, "PHAR", CARE).await.reason_code, "CONVENTION_ACTIVE");

    let later = desk.conventions("ok_later.csv").await;
    assert_eq!(
        later.outcome,
        ConventionOutcome::Applied(ConventionDiff { added: 1, changed: 1, unchanged: 1 })
    );
    assert_eq!(desk.ask(AM[1], AMC, "PHAR", CARE).await.reason_code, "CONVENTION_SUSPENDUE");
    assert_eq!(
        desk.ask(AM[7], AMC, "PHAR", CARE).await.reason_code,
        "CONVENTION_PAS_ENCORE_ACTIVE"
    );
    let history = desk.service.history(&Scope::everything(), AM[1], AMC).await.expect("reads");
    let seen: Vec<_> = history
        .iter()
        .map(|version| {
            (version.row.domain.as_str(), version.row.state, version.recorded_to.is_none())
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("OPTI", ConventionState::Active, true),
            ("PHAR", ConventionState::Active, false),
            ("PHAR", ConventionState::Suspendue, true)
        ]
    );
    assert_eq!(history[1].recorded_from, datetime!(2024-06-15 08:01 UTC));
    assert_eq!(
        (history[1].recorded_to, history[2].recorded_from),
        (Some(datetime!(2024-06-15 08:03 UTC)), datetime!(2024-06-15 08:03 UTC))
    );
    assert_eq!(
        (history[1].source_digest.as_str(), history[2].source_digest.as_str()),
        (first.digest.as_str(), later.digest.as_str())
    );
}

/// Real volumes, where the reference data stands beside the repository; elsewhere the invented rows
/// above must do.
pub async fn hospitals_of_two_years(desk: Desk) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/finess");
    let first = folder.join("derived_502shape_sae2022.csv");
    if !first.exists() {
        return;
    }
    let import = desk.finess(&first, false).await;
    assert_eq!((applied(&import).opened, import.rows, import.problems.total), (3995, 3995, 0));
    let import = desk.finess(&folder.join("derived_502shape_sae2023.csv"), false).await;
    let diff = applied(&import);
    assert_eq!(
        (import.rows, diff.closed, diff.opened, diff.ej_changed, diff.renamed, diff.held),
        (3975, 61, 41, 62, 264, 0)
    );
    let sample = folder.join("cs1100502_sample_20260512.csv");
    assert_eq!(refusal(&desk.finess(&sample, false).await), "PERTE_TROP_FORTE");
    let import = desk.finess(&sample, true).await;
    applied(&import);
    assert_eq!((import.rows, import.problems.total, import.encoding), (14, 0, Encoding::Utf8));
    let text = std::fs::read_to_string(&sample).expect("UTF-8");
    let number = text
        .lines()
        .find(|line| line.contains(r#""""#))
        .and_then(|line| line.split(';').nth(1))
        .expect("a row with doubled quotes");
    let quoted = desk.store.establishment_versions(number).await.expect("reads");
    assert!(quoted.last().is_some_and(|row| row.name.matches('"').count() == 2), "{quoted:?}");
}
