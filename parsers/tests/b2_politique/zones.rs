//! C6, C7, C8 on records 2 to 6: what may stand in a zone.

use super::outils::{DEUX, UNE, cp, ps};

#[test]
fn numeric_zones() {
    // Letter, leading blank, sign, dot, comma, inner blank: refused.
    for valeur in
        ["O001982", " 001982", "-001982", "+001982", "0019.82", "0019,82", "00 1982", "001982O"]
    {
        ps(&format!("billed {valeur}")).pose(9, 113, valeur).met_de_cote(&[UNE], &[("C6", 9, 113)]);
    }
    // Blanks behind the digits are trimmed: the amount is then another one, and the totals say so.
    ps("amount with blanks behind").pose(9, 113, "19826  ").accepte(&[]);
    ps("optional amount blank").pose(9, 122, "       ").accepte(&[]);
    ps("coefficient blank").pose(9, 81, "      ").accepte(&[]);
    ps("denombrement blank").pose(9, 87, "  ").accepte(&[]);
    ps("letter in the counter of the 5").pose(12, 39, "00B").met_de_cote(&[UNE], &[("C6", 12, 39)]);
    ps("letter in a total of the 5")
        .pose(12, 66, "0001982O")
        .met_de_cote(&[UNE], &[("C6", 12, 66), ("C33", 21, 34)]);
    ps("letter in the regime")
        .pose(3, 49, "0I")
        .met_de_cote(&[UNE], &[("C6", 3, 49), ("C21", 3, 49)]);
    ps("letter in the sequence of a 4C").pose(10, 37, "0I").met_de_cote(&[UNE], &[("C6", 10, 37)]);
    cp("letter in the base of a 3")
        .pose(7, 83, "1944110O")
        .met_de_cote(&[UNE], &[("C6", 7, 83), ("C35", 7, 94)]);
    cp("letter in the AMC part of a 4")
        .pose(10, 123, "00534X")
        .met_de_cote(&[UNE], &[("C6", 10, 123)]);
    ps("Arabic-Indic digits").pose(9, 113, "٣٣".as_bytes()).met_de_cote(&[UNE], &[("C6", 9, 113)]);
}

#[test]
fn the_type_6_is_recomputed() {
    ps("letter in a counter of the 6").pose(21, 11, "00Z").accepte(&[("C6", 21, 11)]);
    ps("letter in a total of the 6").pose(21, 25, "00003913O").accepte(&[("C6", 21, 25)]);
    ps("small letters in the 6").pose(21, 61, "abc").accepte(&[("C7", 21, 61)]);
    ps("any bytes in the certification of the 6").pose(21, 97, [0, 1, 2, 0xff, b'a']).accepte(&[]);
    ps("any bytes in the certification of the 5").pose(12, 97, [0, 1, 2, 0xff, b'a']).accepte(&[]);
}

#[test]
fn text_zones() {
    for octet in [b'a', b'-', b'\'', b'.', b'@', b'"', b',', 0, 0x7f, 0xc9, b'\t'] {
        ps(&format!("byte {octet:#x} in the code of the act"))
            .pose(9, 74, [octet])
            .met_de_cote(&[UNE], &[("C7", 9, 74)]);
        ps(&format!("byte {octet:#x} in a name")).pose(5, 45, [octet]).accepte(&[("C7", 5, 0)]);
    }
    ps("small letters in the qualifier").pose(9, 120, "a").met_de_cote(&[UNE], &[("C7", 9, 120)]);
    ps("small letter in a filler").pose(3, 11, "x").met_de_cote(&[UNE], &[("C7", 3, 11)]);
    // Decided for the user: capitals and digits in a filler are in the alphabet and change nothing
    // that is read.
    ps("capitals in a filler").pose(3, 11, "X").accepte(&[]);
    ps("capitals in the filler of a 2S").pose(4, 80, "RESERVE").accepte(&[]);
    ps("accent in the address of a 2B").pose(5, 90, [0xe9]).met_de_cote(&[UNE], &[("C7", 5, 0)]);
    // Doubt: the policy excepts "the names of a 2B (43-82)" only. The name of the insured in a 2C
    // is a name too, but it is not excepted: set aside.
    ps("accent in the name of a 2C").pose(6, 104, [0xc9]).met_de_cote(&[UNE], &[("C7", 6, 0)]);
}

#[test]
fn dates() {
    for valeur in ["261301", "260230", "260431", "250229", "260100", "260132"] {
        ps(&format!("care on {valeur}")).pose(9, 68, valeur).met_de_cote(&[UNE], &[("C8", 9, 68)]);
    }
    ps("29 February of a leap year, before the file by years")
        .pose(3, 68, "240229")
        .pose(9, 68, "240229")
        .accepte(&[("C24", 9, 68)]);
    // A date that is not made of digits breaks the rule of numbers and the rule of dates: both are
    // told.
    for valeur in ["26O130", "2601 3", "A60130", " 60130", "2601-3"] {
        ps(&format!("care on {valeur}"))
            .pose(9, 68, valeur)
            .met_de_cote(&[UNE], &[("C6", 9, 68), ("C8", 9, 68)]);
    }
    ps("care date zero").pose(9, 68, "000000").accepte(&[("C41", 9, 68)]);
    ps("care date blank").pose(9, 68, "      ").accepte(&[("C41", 9, 68)]);
    ps("invoice date").pose(3, 40, "260230").met_de_cote(&[UNE], &[("C8", 3, 40)]);
    ps("prescription date").pose(3, 68, "260931").met_de_cote(&[UNE], &[("C8", 3, 68)]);
    cp("entry").pose(14, 103, "260231").met_de_cote(&[DEUX], &[("C8", 14, 103)]);
    cp("start of stay").pose(18, 44, "260231").met_de_cote(&[DEUX], &[("C8", 18, 44)]);
    cp("care of a 4").pose(10, 70, "260231").met_de_cote(&[UNE], &[("C8", 10, 70)]);
    ps("limit of the answer at 24 hours")
        .pose(8, 45, "26021024")
        .met_de_cote(&[UNE], &[("C8", 8, 45)]);
}

#[test]
fn birth_dates_are_never_refused() {
    for valeur in ["844199", "801301", "000000", "      ", "999999"] {
        ps(&format!("born {valeur}")).pose(3, 96, valeur).accepte(&[]);
        cp(&format!("born {valeur}")).pose(14, 96, valeur).accepte(&[]);
    }
    // "Never refused" is of the date, not of the alphabet.
    ps("born with small letters").pose(3, 96, "84x199").met_de_cote(&[UNE], &[("C7", 3, 96)]);
}
