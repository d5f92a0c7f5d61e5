//! Q4, Q5, Q6, Q7, Q10, Q11, Q13: what is wrong in one entity.

use super::outils::{FIN, essai};

const UN: &str = "000000001";
const DEUX: &str = "000000002";
const TROIS: &str = "000000003";

#[test]
fn the_fixture_is_valid() {
    essai("intact").accepte(&[]);
}

#[test]
fn a_lost_delimiter() {
    for (facture, entites) in [(UN, 4..8), (DEUX, 9..15), (TROIS, 16..20)] {
        for i in entites {
            let e = essai(&format!("entity {i} without its delimiter"));
            let fin = e.entites[i].len();
            e.clone().pose(i, fin, " ").met_de_cote(&[facture], &[("Q4", i, fin)]);
            e.pose(i, fin, "X").met_de_cote(&[facture], &[("Q4", i, fin)]);
        }
    }
    // Structural entities, the 990 among them; and entities that are in no invoice: money outside
    // invoices cannot be set aside.
    for i in [0, 1, 2, 3, 8, 15, 20, 21, 22, 23, 24, 25, 26, 27, 31] {
        let e = essai(&format!("entity {i} without its delimiter"));
        let fin = e.entites[i].len();
        e.pose(i, fin, " ").refuse(&[("Q5", i, fin)]);
    }
}

#[test]
fn out_of_step() {
    for i in [0, 2, 4, 6, 13, 21, 27, 31] {
        for longueur in [1, 2, 3] {
            let mut e = essai(&format!("{longueur} bytes lost in entity {i}"));
            e.entites[i].drain(5..5 + longueur);
            // Told at the entity, unless the bytes after it happen to look like a code: then a
            // little further.
            e.refuse(&[]);
        }
        let mut e = essai(&format!("one byte gained in entity {i}"));
        e.entites[i].insert(5, b'0');
        e.refuse(&[("Q5", i, 1)]);
        essai(&format!("no code in entity {i}")).pose(i, 1, "A").refuse(&[("Q5", i, 1)]);
        essai(&format!("no level in entity {i}")).pose(i, 4, "X").refuse(&[("Q5", i, 1)]);
        essai(&format!("garbage before entity {i}")).insert_brut(i).refuse(&[("Q5", i, 1)]);
    }
}

#[test]
fn counters_and_sums() {
    for (i, vrai) in [(8, 3), (21, 3), (31, 1)] {
        essai(&format!("counter of 990 {i} too high"))
            .pose(i, 23, format!("{:08}", vrai + 1))
            .accepte(&[("Q6", i, 23)]);
        essai(&format!("counter of 990 {i} zero"))
            .pose(i, 23, "00000000")
            .accepte(&[("Q6", i, 23)]);
        essai(&format!("counter of 990 {i} blank"))
            .pose(i, 23, "        ")
            .accepte(&[("Q6", i, 23)]);
        essai(&format!("sum of 990 {i} wrong"))
            .pose(i, 31, "00000000001")
            .accepte(&[("Q7", i, 31)]);
        essai(&format!("sign of 990 {i} turned"))
            .pose(i, 42, if i == 20 { "P" } else { "N" })
            .accepte(&[("Q7", i, 31)]);
        essai(&format!("letter in 990 {i}")).pose(i, 23, "0000000X").accepte(&[("Q11", i, 23)]);
        essai(&format!("letter in the sum of 990 {i}"))
            .pose(i, 31, "0000000000X")
            .accepte(&[("Q11", i, 31)]);
        essai(&format!("key of 990 {i} blank")).pose(i, 6, " ".repeat(17)).accepte(&[]);
    }
    essai("sum of the 999").dans_la_fin(86, "00000000001").accepte(&[("Q7", FIN, 86)]);
    essai("number of lots").dans_la_fin(83, "002").accepte(&[("Q9", FIN, 83)]);
    essai("number of lots blank").dans_la_fin(83, "   ").accepte(&[("Q9", FIN, 83)]);
    essai("sign of the 999").dans_la_fin(97, "N").accepte(&[("Q7", FIN, 86)]);
}

#[test]
fn unknown_entities() {
    essai("unknown leaf in an invoice")
        .insere(6, "77799ANYTHING@")
        .pose(9, 23, "00000004")
        .accepte(&[("Q10", 6, 1)]);
    essai("unknown leaf, not counted")
        .insere(6, "77799ANYTHING@")
        .accepte(&[("Q10", 6, 1), ("Q6", 9, 23)]);
    essai("shortest unknown leaf")
        .insere(6, "77799@")
        .pose(9, 23, "00000004")
        .accepte(&[("Q10", 6, 1)]);
    // Without `@` it takes the next entity in: the invoice loses one, and its counter tells it. The
    // next known code is inside the unknown entity.
    let e = essai("unknown leaf outside invoices")
        .insere(28, "77799ANYTHING@")
        .pose(29, 23, "00000002");
    e.accepte(&[("Q10", 28, 1)]);
    essai("199 of an unknown code").pose(7, 1, "899").accepte(&[("Q10", 7, 1)]);
}

#[test]
fn letters_in_numbers() {
    for (facture, i, colonne, texte) in [
        (UN, 6, 6, "0000600O"),
        (UN, 6, 15, "-0006000"),
        (UN, 7, 6, " 0004000"),
        (UN, 7, 15, "0004.000"),
        (DEUX, 11, 6, "00012,34"),
        (TROIS, 18, 15, "000007 0"),
    ] {
        essai(&format!("{texte} in entity {i}"))
            .pose(i, colonne, texte)
            .met_de_cote(&[facture], &[("Q11", i, colonne)]);
    }
    essai("sign of a part").pose(6, 23, "+").met_de_cote(&[UN], &[("Q11", 6, 23)]);
    essai("amount blank").pose(7, 6, "        ").accepte(&[]);
    essai("payee with letters").pose(1, 6, "0000000ABCDEFGH").refuse(&[("Q11", 1, 6)]);
    essai("date of the transfer").pose(2, 6, "0603X6").refuse(&[("Q11", 2, 6)]);
    essai("amount of a flat payment").pose(23, 11, "0000250O").refuse(&[("Q11", 23, 11)]);
    essai("amount paid, blank zone in a 990").pose(8, 31, " ".repeat(11)).accepte(&[("Q7", 8, 31)]);
}

#[test]
fn states() {
    for etat in ["X", "p", "0", "A", "@"] {
        essai(&format!("198 in state {etat}"))
            .pose(6, 14, etat)
            .met_de_cote(&[UN], &[("Q13", 6, 14)]);
        essai(&format!("199 in state {etat}"))
            .pose(12, 14, etat)
            .met_de_cote(&[DEUX], &[("Q13", 12, 14)]);
    }
    for etat in ["P", "R", "D", " "] {
        essai(&format!("198 in state {etat}")).pose(6, 14, etat).accepte(&[]);
    }
}
