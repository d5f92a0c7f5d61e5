//! C30, C31, C32, C33, C35, C27: counters and totals.

use super::outils::{DEUX, UNE, cp, ps};

#[test]
fn totals_of_the_5_in_norm_ps() {
    // Each total too high by one centime; the participation follows the totals as declared, and the
    // lot the invoices.
    ps("billed")
        .pose(12, 58, "00019827")
        .met_de_cote(&[UNE], &[("C31", 12, 58), ("C31", 12, 74), ("C33", 21, 25)]);
    ps("AMO").pose(12, 66, "00019827").met_de_cote(&[UNE], &[("C31", 12, 66), ("C33", 21, 34)]);
    ps("AMC").pose(20, 82, "00013514").met_de_cote(&[DEUX], &[("C31", 20, 82), ("C33", 21, 43)]);
    ps("participation").pose(20, 74, "00013514").met_de_cote(&[DEUX], &[("C31", 20, 74)]);
    ps("participation blank").pose(20, 74, "        ").met_de_cote(&[DEUX], &[("C31", 20, 74)]);
    ps("every total zero").pose(20, 58, "0".repeat(32)).met_de_cote(
        &[DEUX],
        &[("C31", 20, 58), ("C31", 20, 66), ("C31", 20, 82), ("C33", 21, 25)],
    );
    ps("amount of a line").pose(9, 113, "0019827").met_de_cote(&[UNE], &[("C31", 12, 58)]);
    ps("largest amounts").pose(9, 113, "9999999").met_de_cote(&[UNE], &[("C31", 12, 58)]);
}

#[test]
fn totals_of_the_5_in_norm_cp() {
    for (nom, colonne, lot) in [
        ("base PH", 42, None),
        ("AMO PH", 50, Some(34)),
        ("fees", 58, Some(25)),
        ("AMO fees", 66, Some(34)),
    ] {
        let mut constats = vec![("C30", 13, colonne as u32)];
        constats.extend(lot.map(|c| ("C33", 22, c)));
        cp(nom).pose(13, colonne, "00099999").met_de_cote(&[UNE], &constats);
    }
    for (nom, colonne, lot) in [("AMC PH", 82, 43), ("AMC fees", 90, 43), ("PH", 115, 25)] {
        cp(nom)
            .pose(13, colonne, "00099999")
            .met_de_cote(&[UNE], &[("C30", 13, colonne as u32), ("C33", 22, lot)]);
    }
    cp("participation").pose(13, 74, "00009344").met_de_cote(&[UNE], &[("C30", 13, 74)]);
    cp("participation of the second")
        .pose(21, 74, "00000001")
        .met_de_cote(&[DEUX], &[("C30", 21, 74)]);
}

#[test]
fn counter_of_the_5() {
    ps("one too many").pose(12, 39, "004").met_de_cote(&[UNE], &[("C32", 12, 39)]);
    ps("one too few").pose(12, 39, "002").met_de_cote(&[UNE], &[("C32", 12, 39)]);
    ps("zero").pose(12, 39, "000").met_de_cote(&[UNE], &[("C32", 12, 39)]);
    ps("blank").pose(12, 39, "   ").met_de_cote(&[UNE], &[("C32", 12, 39)]);
    // The counter may or may not include the complements: both are accepted.
    ps("lines without complements").pose(12, 39, "001").accepte(&[]);
    cp("one too many").pose(13, 39, "007").met_de_cote(&[UNE], &[("C32", 13, 39)]);
    ps("a line is missing")
        .ote(9)
        .ote(9)
        .ote(9)
        .compte()
        .met_de_cote(&[UNE], &[("C31", 9, 58), ("C19", 3, 0)]);
    ps("a complement is missing, counter too high")
        .ote(11)
        .compte()
        .pose(11, 39, "003")
        .met_de_cote(&[UNE], &[("C32", 11, 39)]);
}

#[test]
fn counters_and_totals_of_the_6() {
    for (nom, colonne, valeur) in [
        ("invoices", 11, "003"),
        ("lines", 14, "0003"),
        ("types 2", 18, "0011"),
        ("types 5", 22, "003"),
        ("billed", 25, "000039131"),
        ("AMO", 34, "000025618"),
        ("AMC", 43, "000013514"),
        ("lot number", 52, "002"),
        ("lot number blank", 52, "   "),
        ("every counter zero", 11, "00000000000000"),
        ("counter blank", 11, "   "),
    ] {
        ps(nom).pose(21, colonne, valeur).accepte(&[("C33", 21, colonne as u32)]);
    }
    // In norm CP the AMO of the lot may leave the PH part out.
    cp("AMO of the fees only").pose(22, 34, "000023245").accepte(&[]);
    cp("AMO of nothing").pose(22, 34, "000000000").accepte(&[("C33", 22, 34)]);
}

#[test]
fn computations_of_the_lines() {
    ps("base above the price").pose(9, 89, "0019000").accepte(&[("C35", 9, 96)]);
    ps("AMO is not base x rate").pose(9, 103, "065").accepte(&[("C35", 9, 106)]);
    cp("AMO is not base x rate").pose(10, 105, "070").accepte(&[("C35", 10, 108)]);
    ps("one centime of tolerance").pose(17, 89, "0019303").accepte(&[]);
    cp("fees are not AMO + AMC")
        .pose(10, 123, "005342")
        .pose(13, 90, "00005342")
        .pose(22, 43, "000088632")
        .accepte(&[("C27", 10, 115)]);
}

#[test]
fn more_than_what_was_billed() {
    // Billed 198.26 in the only line of the first invoice of norm PS, 100 % of it asked of the AMO.
    ps("AMC above what is left")
        .pose(9, 122, "0000001")
        .pose(12, 82, "00000001")
        .compte()
        .accepte(&[("C42", 9, 122)]);
    let cp_amc =
        cp("AMC above what is left, norm CP").pose(7, 122, "0000001").pose(9, 122, "0000000");
    cp_amc.pose(13, 82, "00000001").compte().accepte(&[("C42", 7, 122)]);
    // An amount that cannot be read is compared with nothing.
    ps("billed, unreadable").pose(9, 113, "001982O").met_de_cote(&[UNE], &[("C6", 9, 113)]);
}
