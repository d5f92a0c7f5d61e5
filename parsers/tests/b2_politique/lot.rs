//! Lots of many invoices, many lots, and what the counters of three digits cannot say.

use super::outils::{Essai, pose, ps};

/// A lot of `n` small invoices, numbered from 1.
fn lot(n: u64) -> Essai {
    let mut essai = ps(&format!("lot of {n} invoices"));
    let facture = essai.records[2..12].to_vec();
    essai.records.drain(2..20);
    for rang in (1..=n).rev() {
        let mut copie = facture.clone();
        for r in &mut copie {
            pose(r, 27, 9, rang);
        }
        essai.records.splice(2..2, copie);
    }
    essai.compte()
}

#[test]
fn a_thousand_invoices_in_a_lot() {
    lot(999).accepte(&[]);
    // The counters of the 6 have three digits and say 000: a warning, nothing is lost.
    let essai = lot(1_000);
    essai.accepte(&[("C33", 10_003, 11), ("C33", 10_003, 22)]);
}

#[test]
fn numbers_of_lots() {
    for absent in ["   ", "000"] {
        ps(&format!("lot number {absent:?}"))
            .pose(2, 20, absent)
            .pose(21, 52, absent)
            .accepte(&[("C43", 2, 20)]);
    }
    // A second lot with the invoice of the first under another number.
    let deux_lots = |nom: &str, numero: &str| {
        let mut essai = ps(nom);
        let mut suite = essai.records[1..21].to_vec();
        suite.drain(1..11);
        essai.records.splice(21..21, suite);
        essai.pose(22, 20, numero).pose(31, 52, numero).compte()
    };
    let premier = String::from_utf8(ps("").records[1][19..22].to_vec()).expect("ASCII");
    deux_lots("the same number", &premier).accepte(&[("C43", 22, 20)]);
    deux_lots("another number", "777").accepte(&[]);
    // Another PS numbers its lots for itself.
    deux_lots("the same number of another PS", &premier)
        .partout([22, 31], 2, "760312082")
        .accepte(&[("C44", 23, 2)]);
}

#[test]
fn a_lot_of_one_logical_file_does_not_count_in_the_next() {
    let mut deux = ps("two logical files");
    deux.records.extend(ps("").pose(1, 50, "AUTRE1").pose(22, 50, "AUTRE1").records);
    deux.clone().accepte(&[]);
    deux.clone().pose(43, 11, "004").accepte(&[("C33", 43, 11)]);
    deux.clone().pose(44, 56, "00000044").refuse(&[("C34", 44, 56)]);
    deux.pose(44, 83, "002").refuse(&[("C34", 44, 83)]);
}
