//! C10, C12, C14, C15: who the invoice is about, who bills it, and its number.

use super::outils::{DEUX, UNE, cp, pose, ps};

const NUMERO_PS: usize = 27;
const NUMERO_CP: usize = 30;

#[test]
fn the_nir_and_its_key() {
    ps("wrong key").partout(3..=12, 25, "10").met_de_cote(&[UNE], &[("C10", 3, 25)]);
    ps("key 00").partout(3..=12, 25, "00").met_de_cote(&[UNE], &[("C10", 3, 25)]);
    ps("key 98").partout(3..=12, 25, "98").met_de_cote(&[UNE], &[("C10", 3, 25)]);
    ps("key blank").partout(3..=12, 25, "  ").met_de_cote(&[UNE], &[("C10", 3, 25)]);
    ps("letter in the NIR")
        .partout(3..=12, 12, "2841X99999540")
        .met_de_cote(&[UNE], &[("C10", 3, 12)]);
    ps("NIR of 12 digits").partout(3..=12, 24, " ").met_de_cote(&[UNE], &[("C10", 3, 12)]);
    ps("small Corsican letter")
        .partout(3..=12, 17, "2a")
        .met_de_cote(&[UNE], &[("C10", 3, 12), ("C7", 3, 12)]);
    ps("NIR blank").partout(3..=12, 12, "             ").met_de_cote(&[UNE], &[("C10", 3, 12)]);
    cp("wrong key").partout(14..=21, 25, "52").met_de_cote(&[DEUX], &[("C10", 14, 25)]);
}

#[test]
fn accepted_forms_of_the_nir() {
    // Keys by 97 - (NIR mod 97), 2A read as 19 and 2B as 18.
    for nir in ["2840499999540", "1555555999333", "255555500000A"] {
        if let Some(cle) = cle(nir) {
            ps("other NIR").partout(3..=12, 12, &format!("{nir}{cle:02}")).accepte(&[]);
        }
    }
    let corse = cle("2840419999540").expect("digits");
    ps("Corsica, 2A")
        .partout(3..=12, 12, &format!("284042A999540{:02}", cle("2840419999540").expect("digits")))
        .accepte(&[]);
    ps("Corsica, 2B")
        .partout(3..=12, 12, &format!("284042B999540{:02}", cle("2840418999540").expect("digits")))
        .accepte(&[]);
    ps("Corsica, key of 2A on 2B")
        .partout(3..=12, 12, &format!("284042B999540{corse:02}"))
        .met_de_cote(&[UNE], &[("C10", 3, 25)]);
    let provisoire = cle("5555551234567").expect("digits");
    ps("provisional NIR")
        .partout(3..=12, 12, &format!("5555551234567{provisoire:02}"))
        .accepte(&[]);
}

#[test]
fn a_nir_of_zeros_names_nobody() {
    ps("zeros with their key").partout(3..=12, 12, "000000000000097").accepte(&[("C45", 3, 12)]);
    ps("zeros without key")
        .partout(3..=12, 12, "000000000000000")
        .met_de_cote(&[UNE], &[("C10", 3, 25), ("C45", 3, 12)]);
}

/// The key of a NIR of digits, computed without the crate.
fn cle(nir: &str) -> Option<u64> {
    Some(97 - nir.parse::<u64>().ok()? % 97)
}

#[test]
fn the_nir_of_the_beneficiary() {
    ps("individual key wrong").pose(4, 63, "10").met_de_cote(&[UNE], &[("C10", 4, 63)]);
    ps("individual NIR malformed")
        .pose(4, 50, "28410X9999540")
        .met_de_cote(&[UNE], &[("C10", 4, 50)]);
    ps("individual NIR absent").pose(4, 50, "               ").accepte(&[]);
    ps("individual NIR zero").pose(4, 50, "000000000000000").accepte(&[]);
    ps("individual NIR without key").pose(4, 63, "  ").met_de_cote(&[UNE], &[("C10", 4, 63)]);
    cp("individual key wrong").pose(15, 63, "52").met_de_cote(&[DEUX], &[("C10", 15, 63)]);
}

#[test]
fn numbers_with_a_key() {
    ps("PS key").partout(3..=12, 10, "6").met_de_cote(&[UNE], &[("C12", 3, 2)]);
    cp("FINESS key").partout(14..=21, 10, "8").met_de_cote(&[DEUX], &[("C12", 14, 2)]);
    ps("prescriber's key").pose(3, 67, "0").met_de_cote(&[UNE], &[("C12", 3, 59)]);
    ps("executant's key").pose(9, 63, "6").met_de_cote(&[UNE], &[("C12", 9, 55)]);
    cp("prescriber's key on a 4").pose(10, 52, "7").met_de_cote(&[UNE], &[("C12", 10, 44)]);
    cp("executant's key").pose(10, 65, "7").met_de_cote(&[UNE], &[("C12", 10, 57)]);
    cp("treating doctor's key").pose(4, 112, "991797979").met_de_cote(&[UNE], &[("C12", 4, 112)]);
    cp("prescriber's key on a 3S").pose(8, 42, "991797979").met_de_cote(&[UNE], &[("C12", 8, 0)]);
    ps("no prescriber").pose(3, 59, "000000000").accepte(&[]);
    ps("blank prescriber").pose(3, 59, "         ").accepte(&[]);
    ps("letter in the executant")
        .pose(9, 58, "X")
        .met_de_cote(&[UNE], &[("C6", 9, 55), ("C12", 9, 55)]);
    // C12 also names the number of the accident.
    ps("accident, right key").pose(3, 77, "41").pose(3, 86, "260118997").accepte(&[]);
    ps("accident, wrong key")
        .pose(3, 77, "41")
        .pose(3, 86, "260118998")
        .met_de_cote(&[UNE], &[("C12", 3, 86)]);
    // C13: the number of a Corsican establishment with its letter is advice to the producer; its
    // key is right (A = 1).
    ps("Corsican executant").pose(9, 55, "2A0000014").accepte(&[("C13", 9, 55)]);
    ps("Corsican executant, wrong key")
        .pose(9, 55, "2A0000015")
        .met_de_cote(&[UNE], &[("C13", 9, 55), ("C12", 9, 55)]);
}

#[test]
fn the_number_of_the_invoice() {
    ps("number zero")
        .partout(3..=12, NUMERO_PS, "000000000")
        .met_de_cote(&["000000000"], &[("C14", 3, 27)]);
    ps("number blank")
        .partout(3..=12, NUMERO_PS, "         ")
        .met_de_cote(&[""], &[("C14", 3, 27)]);
    ps("letter in the number")
        .partout(3..=12, NUMERO_PS, "08346409X")
        .met_de_cote(&["08346409X"], &[("C6", 3, 27)]);
    for record in 4..=12 {
        ps(&format!("number differs on record {record}"))
            .pose(record, NUMERO_PS, "083464098")
            .met_de_cote(&[UNE], &[("C14", record as u64, 27)]);
    }
    // In norm CP the number moves with the family of the record.
    for (record, colonne) in
        [(15, NUMERO_CP), (16, NUMERO_PS), (18, NUMERO_CP), (19, NUMERO_CP), (21, NUMERO_CP)]
    {
        let essai =
            cp(&format!("number differs on record {record}")).pose(record, colonne, "083464098");
        essai.met_de_cote(&[DEUX], &[("C14", record as u64, colonne as u32)]);
    }
    // The type 2 alone differs: every other record is told to differ from it, and it is the number
    // of the type 2 that is set aside.
    ps("number of the type 2")
        .pose(3, NUMERO_PS, "083464098")
        .met_de_cote(&["083464098"], &[("C14", 4, 27), ("C14", 12, 27)]);
}

#[test]
fn a_number_used_twice() {
    // The second invoice takes the number of the first: the first is loaded, the second set aside.
    ps("number used twice by one PS")
        .partout(13..=20, NUMERO_PS, UNE)
        .met_de_cote(&[UNE], &[("C14", 13, 27)]);
    let autre = ps("number used twice by two PS").partout(13..=20, NUMERO_PS, UNE).partout(
        13..=20,
        2,
        "760312082",
    );
    autre.accepte(&[("C44", 13, 2)]);
    let mut copie = ps("whole invoice repeated");
    let facture = copie.records[2..12].to_vec();
    copie.records.splice(20..20, facture);
    let copie = copie.compte();
    copie.met_de_cote(&[UNE], &[("C14", 21, 27)]);
    let mut trois = copie;
    let facture = trois.records[2..12].to_vec();
    trois.records.splice(30..30, facture);
    trois.compte().met_de_cote(&[UNE, UNE], &[("C14", 21, 27), ("C14", 31, 27)]);
    let mut lots = ps("same number in two logical files");
    let mut suite = ps("").pose(1, 50, "AUTRE1").pose(22, 50, "AUTRE1").records;
    pose(&mut suite[1], 20, 3, 2);
    pose(&mut suite[20], 52, 3, 2);
    lots.records.extend(suite);
    lots.accepte(&[]);
}

#[test]
fn the_prefix_is_the_same_everywhere() {
    for record in 4..=12 {
        ps(&format!("PS differs on record {record}"))
            .pose(record, 2, "760312082")
            .met_de_cote(&[UNE], &[("C15", record as u64, 2)]);
        ps(&format!("NIR differs on record {record}"))
            .pose(record, 20, "8")
            .met_de_cote(&[UNE], &[("C15", record as u64, 12)]);
        ps(&format!("key differs on record {record}"))
            .pose(record, 25, "10")
            .met_de_cote(&[UNE], &[("C15", record as u64, 25)]);
    }
    cp("rank differs on the 5").pose(21, NUMERO_PS, "001").met_de_cote(&[DEUX], &[("C15", 21, 27)]);
    cp("rank differs on a 3S").pose(19, NUMERO_PS, "001").met_de_cote(&[DEUX], &[("C15", 19, 27)]);
    ps("one PS in the invoice, another in the lot")
        .partout(13..=20, 2, "760312082")
        .accepte(&[("C44", 13, 2)]);
    ps("another PS in the 6").pose(21, 2, "760312082").accepte(&[("C44", 21, 2)]);
}
