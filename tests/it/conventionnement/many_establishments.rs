//! A legal entity with more establishments than any fixed number of rows that a search might keep.

use super::{CARE, Desk, warned};
use noemie_gateway::conventionnement::{Answer, ConventionOutcome, FinessOutcome, MatchedBy};
use noemie_parsers::types::cle_type_1_2_valide;

/// AMC of this story.
const AMC: &str = "99900011";
/// Establishments of the legal entity.
const ESTABLISHMENTS: usize = 1_500;

/// Returns the number of 8 given characters with its right key.
fn keyed(stem: &str) -> String {
    (0..10)
        .map(|key| format!("{stem}{key}"))
        .find(|number| cle_type_1_2_valide(number.as_bytes()))
        .expect("one key in ten is right")
}

fn establishment(n: usize) -> String {
    keyed(&format!("9801{n:04}"))
}

/// Every establishment has an expired convention; only the one of `active` is in force.
fn conventions(active: usize) -> String {
    let mut file =
        "identifiant;numero_amc;domaine;date_debut;date_fin;etat;concentrateur\n".to_owned();
    for n in 0..ESTABLISHMENTS {
        let end = if n == active { "" } else { "2023-12-31" };
        let number = establishment(n);
        file.push_str(&format!("{number};{AMC};PHAR;2020-01-01;{end};active;OCT-INVENTE\n"));
    }
    file
}

pub async fn one_establishment_of_1500_decides(desk: Desk) {
    let entity = keyed("98090000");
    let mut register = "finess;etalab;1;2024-01-01\n".to_owned();
    for n in 0..ESTABLISHMENTS {
        let number = establishment(n);
        register.push_str(&format!(
            "structureet;{number};{entity};PHARMACIE INVENTÉE;;;;1;R;DES \
             TESTS;;;001;99;INVENTÉ;99001 VILLE INVENTÉE;;;620;Pharmacie \
             d'Officine;3201;;;;01;;;;2001-02-03;1900-01-01;2024-01-01;\n"
        ));
    }
    let import =
        desk.service.import_finess(std::io::Cursor::new(register), &"register".into(), true).await;
    assert!(matches!(import.expect("imports").outcome, FinessOutcome::Applied(_)));

    // The last establishment in every order that a database might choose, and the first one.
    for active in [ESTABLISHMENTS - 1, 0] {
        desk.clock.advance(60);
        let file = std::io::Cursor::new(conventions(active));
        let import =
            desk.service.import_conventions(file, &"conventions".into()).await.expect("imports");
        assert!(matches!(import.outcome, ConventionOutcome::Applied(_)), "{:?}", import.problems);
        let answer = desk.ask(&entity, AMC, "PHAR", CARE).await;
        assert_eq!(
            (answer.answer, answer.reason_code, answer.matched_by),
            (Answer::Yes, "CONVENTION_ACTIVE", Some(MatchedBy::FinessEj))
        );
        let convention = answer.convention.as_ref().expect("a convention");
        assert_eq!(convention.identifier, establishment(active));
        assert!(warned(&answer).contains(&"PAR_ETABLISSEMENT"));
    }
    // Before all of them began, the first number answers on both databases.
    let early = desk.ask(&entity, AMC, "PHAR", time::macros::date!(2019 - 06 - 01)).await;
    assert_eq!(early.reason_code, "CONVENTION_PAS_ENCORE_ACTIVE");
    assert_eq!(early.convention.expect("a convention").identifier, establishment(0));
}
