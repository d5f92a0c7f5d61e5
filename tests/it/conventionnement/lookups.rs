//! "Is there a convention?": by number, organisation, domain and date of care.

use super::{AM, AMC, CARE, Desk, EJ, ET, RPPS, applied, testdata, warned};
use noemie_gateway::conventionnement::{Answer, LookupError, LookupQuery, MatchedBy};
use noemie_gateway::domain::Scope;
use time::macros::date;

pub async fn the_care_date_and_the_domain_decide(desk: Desk) {
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
        assert_eq!(
            (answer.answer, answer.reason_code),
            (expected, code),
            "{number} {domain} {on}: {}",
            answer.reason
        );
        assert_eq!(answer.matched_by, Some(MatchedBy::BillingNumber));
    }
    let active = desk.ask(AM[1], "0099900011", "PHAR", CARE).await;
    assert_eq!(
        (active.teletransmission_active, active.concentrator.as_deref()),
        (true, Some("OCT-INVENTE"))
    );
    assert_eq!(
        active.reason,
        "Convention active le 15/02/2024 avec l'organisme 0099900011 pour le domaine PHAR (depuis \
         le 01/01/2024, sans date de fin)."
    );
    let silent = desk.ask(AM[2], AMC, "OPTI", CARE).await;
    assert_eq!((silent.teletransmission_active, silent.concentrator.clone()), (false, None));
    assert!(warned(&silent).contains(&"CONCENTRATEUR_ABSENT"));
    assert!(desk.ask(AM[1], AMC, "AUDI", CARE).await.reason.contains("OPTI, PHAR"));
}

pub async fn four_keys_lead_to_an_answer(desk: Desk) {
    desk.loaded().await;
    let billing = desk.ask(AM[1], AMC, "PHAR", CARE).await;
    assert_eq!(billing.matched_by, Some(MatchedBy::BillingNumber));
    assert_eq!(billing.establishment.expect("linked").name, "PHARMACIE INVENTÉE DE L'ÉTÉ");

    let linked = desk.ask(ET[1], AMC, "PHAR", CARE).await;
    assert_eq!((linked.answer, linked.matched_by), (Answer::Yes, Some(MatchedBy::FinessEt)));
    assert_eq!(linked.convention.as_ref().map(|row| row.identifier.as_str()), Some(AM[1]));
    assert!(warned(&linked).contains(&"PAR_NUMERO_DE_FACTURATION"));

    let through_entity = desk.ask(ET[3], AMC, "HOSP", CARE).await;
    assert_eq!(
        (through_entity.answer, through_entity.matched_by),
        (Answer::Yes, Some(MatchedBy::FinessEt))
    );
    assert_eq!(
        through_entity
            .establishment
            .as_ref()
            .map(|row| (row.finess_et.as_str(), row.finess_ej.as_str())),
        Some((ET[3], EJ[2]))
    );
    assert!(warned(&through_entity).contains(&"PAR_ENTITE_JURIDIQUE"));

    let entity = desk.ask(EJ[2], AMC, "HOSP", CARE).await;
    assert_eq!((entity.answer, entity.matched_by), (Answer::Yes, Some(MatchedBy::FinessEj)));

    let by_establishment = desk.ask(EJ[3], AMC, "MED", CARE).await;
    assert_eq!(
        (by_establishment.answer, by_establishment.matched_by),
        (Answer::Yes, Some(MatchedBy::FinessEj))
    );
    assert_eq!(
        by_establishment.establishment.as_ref().map(|row| row.finess_et.as_str()),
        Some(ET[5])
    );
    assert!(warned(&by_establishment).contains(&"PAR_ETABLISSEMENT"));
    // Through a billing number linked with an establishment of the legal entity.
    assert_eq!(desk.ask(EJ[1], AMC, "PHAR", CARE).await.answer, Answer::Yes);

    let person = desk.ask(RPPS, AMC, "MED", CARE).await;
    assert_eq!((person.answer, person.matched_by), (Answer::Yes, Some(MatchedBy::Rpps)));

    let nothing = desk.ask(ET[2], AMC, "MED", CARE).await;
    assert_eq!(
        (nothing.answer, nothing.reason_code, nothing.matched_by),
        (Answer::No, "AUCUNE_CONVENTION", Some(MatchedBy::FinessEt))
    );
    assert_eq!(nothing.register.expect("imported").age_days, 166);
    assert!(
        nothing
            .warnings
            .iter()
            .any(|(code, text)| *code == "REPERTOIRE_ANCIEN" && text.contains("166 jours"))
    );
}

pub async fn special_amc_numbers_need_no_search(desk: Desk) {
    for (amc, answer, code) in [
        ("99999997", Answer::Yes, "C2S_CAISSE"),
        ("88888888", Answer::Unknown, "C2S_ORGANISME_A_PRECISER"),
        ("0075500017", Answer::Yes, "AME"),
    ] {
        let told = desk.ask(AM[1], amc, "PHAR", CARE).await;
        assert_eq!(
            (told.answer, told.reason_code, told.teletransmission_active),
            (answer, code, false)
        );
    }
}

pub async fn unknown_is_not_no(desk: Desk) {
    desk.loaded().await;
    let unknown = desk.ask("992001289", AMC, "PHAR", CARE).await;
    assert_eq!(
        (unknown.answer, unknown.reason_code, unknown.matched_by),
        (Answer::Unknown, "IDENTIFIANT_INCONNU", None)
    );
    assert!(warned(&unknown).contains(&"NUMERO_DE_FACTURATION"));
    let mistyped = desk.ask("992001288", AMC, "PHAR", CARE).await;
    assert_eq!((mistyped.answer, mistyped.reason_code), (Answer::Unknown, "CLE_INVALIDE"));
    let foreign = desk.ask(AM[1], "99900037", "PHAR", CARE).await;
    assert_eq!((foreign.answer, foreign.reason_code), (Answer::Unknown, "AMC_INCONNU"));
}

pub async fn wrong_questions_are_refused_by_field(desk: Desk) {
    for (identifier, amc, domain, expected) in [
        ("99200121", AMC, "PHAR", ("identifier", "IDENTIFIANT_LONGUEUR")),
        ("", AMC, "PHAR", ("identifier", "IDENTIFIANT_ABSENT")),
        ("99X001214", AMC, "PHAR", ("identifier", "IDENTIFIANT_CARACTERES")),
        (AM[1], "12345678901", "PHAR", ("amc", "AMC_INVALIDE")),
        (AM[1], AMC, "", ("domain", "DOMAINE_INVALIDE")),
    ] {
        let query = LookupQuery {
            identifier: identifier.to_owned(),
            amc: amc.to_owned(),
            domain: domain.to_owned(),
            on: CARE,
        };
        match desk.service.lookup(&Scope::everything(), &query).await {
            Err(LookupError::Invalid(fields)) => {
                let found: Vec<_> = fields.iter().map(|wrong| (wrong.field, wrong.code)).collect();
                assert_eq!(found, [expected]);
            }
            other => panic!("{expected:?}: {other:?}"),
        }
    }
    let query = LookupQuery {
        identifier: "123".to_owned(),
        amc: "abc".to_owned(),
        domain: "trop long !!".to_owned(),
        on: CARE,
    };
    match desk.service.lookup(&Scope::everything(), &query).await {
        Err(LookupError::Invalid(fields)) => {
            let found: Vec<_> = fields.iter().map(|wrong| wrong.field).collect();
            assert_eq!(found, ["identifier", "amc", "domain"], "every wrong field is named");
        }
        other => panic!("{other:?}"),
    }
}

pub async fn registers_change_under_conventions(desk: Desk) {
    desk.loaded().await;
    let summer = date!(2024 - 07 - 01);
    applied(&desk.finess(&testdata("finess/ok_20240601.csv"), true).await);
    let renamed = desk.ask(AM[1], AMC, "PHAR", summer).await.establishment.expect("linked");
    assert_eq!(renamed.name, "PHARMACIE INVENTÉE DE L'HIVER");
    let before = desk.ask(AM[1], AMC, "PHAR", CARE).await.establishment.expect("linked");
    assert_eq!(
        before.name, "PHARMACIE INVENTÉE DE L'ÉTÉ",
        "the care date decides which version is shown"
    );
    // ET 3 left the legal entity that holds the convention.
    assert_eq!(desk.ask(ET[3], AMC, "HOSP", CARE).await.answer, Answer::Yes);
    assert_eq!(desk.ask(ET[3], AMC, "HOSP", summer).await.reason_code, "AUCUNE_CONVENTION");
    // ET 4 is gone: its last legal entity still answers, with a warning.
    let closed = desk.ask(ET[4], AMC, "LABO", summer).await;
    assert_eq!(closed.answer, Answer::Yes);
    assert!(
        closed
            .warnings
            .iter()
            .any(|(code, text)| *code == "ETABLISSEMENT_FERME" && text.contains("01/01/2024")),
        "{:?}",
        closed.warnings
    );
}
