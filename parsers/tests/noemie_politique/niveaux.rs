//! Q3, Q8, Q15: header and trailer, number of records, levels.

use super::outils::{FIN, dit, essai};
use crate::noemie_commun::{PACKAGINGS, lire};
use noemie_parsers::anomaly::Severity;

#[test]
fn the_trailer_against_the_header() {
    for (nom, colonne, texte) in [
        ("type of sender", 4, "OC"),
        ("sender", 6, "00000019990001"),
        ("program", 20, "AUTRE "),
        ("type of receiver", 26, "TE"),
        ("receiver", 28, "99000000000002"),
        ("application", 48, "XX"),
        ("identification", 50, "ESSAI2"),
    ] {
        let e = essai(nom).dans_la_fin(colonne, texte);
        let premier = colonne
            + e.fin[colonne - 1..]
                .iter()
                .zip(&e.entete[colonne - 1..])
                .position(|(a, b)| a != b)
                .unwrap_or_default();
        let zone =
            [4, 6, 20, 26, 28, 42, 48, 50].into_iter().rfind(|z| *z <= premier).expect("a zone");
        e.refuse(&[("Q3", FIN, zone)]);
    }
    essai("fields after 55 may differ").dans_la_fin(64, "T").accepte(&[]);
    let mut court = essai("999 of 127 characters");
    court.fin.pop();
    for packaging in PACKAGINGS {
        let lu = lire(&court.octets(packaging), packaging);
        assert_eq!(lu.comptes.verdict, Some(Severity::File), "{}", dit(&lu));
    }
}

#[test]
fn number_of_records() {
    for n in [0, 1, 33, 35, 99_999_999] {
        essai(&format!("{n} records")).compte(n).refuse(&[("Q8", FIN, 56)]);
    }
    // Nothing proves that no record is missing when the number cannot be read.
    for texte in ["        ", "0000003X"] {
        for packaging in PACKAGINGS {
            let mut octets = essai("").octets(packaging);
            let place = octets.windows(3).rposition(|w| w == b"999").expect("a trailer") + 55;
            let place = if octets[place..place + 2] == *b"00" {
                place
            } else {
                octets.len()
                    - if place > 0 {
                        128 - 55 + usize::from(packaging == PACKAGINGS[0]) * 2
                    } else {
                        0
                    }
            };
            octets[place..place + 8].copy_from_slice(texte.as_bytes());
            let lu = lire(&octets, packaging);
            assert_eq!(
                lu.comptes.verdict,
                Some(Severity::File),
                "{packaging:?} {texte}: {}",
                dit(&lu)
            );
        }
    }
}

#[test]
fn an_entity_is_missing() {
    // Leaves: the counter of the 990 tells it. What was paid is then missing from the sums.
    essai("103 missing").ote(5).accepte(&[("Q6", 7, 23)]);
    essai("198 of nothing paid missing").ote(14).accepte(&[("Q6", 14, 23)]);
    // Groups and their ends.
    for i in [8, 15, 20, 21, 25, 28, 29, 30, 31] {
        essai(&format!("990 {i} missing")).ote(i).refuse(&[]);
    }
    for i in [0, 1, 2, 3, 22, 26] {
        essai(&format!("group {i} missing")).ote(i).refuse(&[]);
    }
    essai("102 missing").ote(9).refuse(&[]);
}

#[test]
fn an_entity_stands_twice() {
    for i in [0, 1, 2, 3, 4, 8, 21, 31] {
        let e = essai(&format!("entity {i} twice"));
        let copie = e.entites[i].clone();
        e.insere(i, copie).refuse(&[]);
    }
    let e = essai("198 of nothing paid twice");
    let copie = e.entites[19].clone();
    e.insere(19, copie).accepte(&[("Q6", 21, 23)]);
}

#[test]
fn wrong_levels() {
    for (i, niveau) in [
        (0, "02"),
        (0, "00"),
        (1, "03"),
        (1, "01"),
        (4, "06"),
        (4, "04"),
        (8, "04"),
        (8, "06"),
        (8, "99"),
        (21, "05"),
        (31, "02"),
    ] {
        essai(&format!("entity {i} at level {niveau}")).pose(i, 4, niveau).refuse(&[("Q15", i, 1)]);
    }
    // A leaf that says it is a group: it opens one that nothing closes.
    essai("103 at level 06").pose(5, 4, "06").refuse(&[]);
    essai("199 at level 05").pose(7, 4, "05").refuse(&[]);
    essai("102 as a leaf").pose(9, 4, "99").refuse(&[]);
}

#[test]
fn two_files() {
    for packaging in PACKAGINGS {
        let bon = essai("").octets(packaging);
        let lu = lire(&[bon.clone(), bon.clone()].concat(), packaging);
        assert_eq!(
            (lu.comptes.verdict, lu.comptes.fichiers, lu.comptes.factures),
            (None, 2, 6),
            "{}",
            dit(&lu)
        );
        let mut sans_fin = bon.clone();
        sans_fin.truncate(bon.len() - if packaging == PACKAGINGS[0] { 134 } else { 128 });
        let lu = lire(&[sans_fin.clone(), bon.clone()].concat(), packaging);
        assert_eq!(lu.comptes.verdict, Some(Severity::File), "{}", dit(&lu));
        let lu = lire(&[bon, sans_fin].concat(), packaging);
        assert_eq!(lu.comptes.verdict, Some(Severity::File), "{}", dit(&lu));
    }
}
