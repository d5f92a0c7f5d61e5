//! C3, C4, C5, C34 and the zones of 000, 1 and 999: what makes the identity or the completeness of
//! the file doubtful.

use super::outils::{DEUX, UNE, cp, ps};

#[test]
fn the_fixtures_are_valid() {
    ps("intact").accepte(&[]);
    cp("intact").accepte(&[]);
    ps("recounted").compte().accepte(&[]);
    cp("recounted").compte().accepte(&[]);
}

#[test]
fn identification_of_the_file() {
    for essai in [ps("identification blank"), cp("identification blank")] {
        let fin = essai.records.len();
        essai.pose(1, 50, "      ").pose(fin, 50, "      ").refuse(&[("C4", 1, 50)]);
    }
    ps("identification in small letters")
        .pose(1, 50, "pwdyxo")
        .pose(22, 50, "pwdyxo")
        .refuse(&[("C7", 1, 50), ("C7", 22, 50)]);
}

#[test]
fn zones_of_the_header() {
    ps("month 13 in the header").pose(1, 56, "261302").refuse(&[("C8", 1, 56)]);
    ps("letter in the date of the header")
        .pose(1, 56, "26O202")
        .refuse(&[("C6", 1, 56), ("C8", 1, 56)]);
    ps("letter in the sender's number")
        .pose(1, 6, "9990000000O011")
        .pose(22, 6, "9990000000O011")
        .refuse(&[("C6", 1, 6), ("C6", 22, 6)]);
    ps("letter in the length").pose(1, 83, "12B").refuse(&[("C6", 1, 83)]);
    ps("NUL in the header").pose(1, 74, [0]).refuse(&[("C7", 1, 73)]);
    // Digits and blanks are in the alphabet: a filler that is not blank carries nothing, and is not
    // told.
    ps("digits in a filler of the header").pose(1, 75, "12").accepte(&[]);
}

#[test]
fn zones_of_the_lot() {
    // The name of a lot is read by nobody: a warning, as the names of a 2B.
    for (nom, octets) in [
        ("small letters", &b"pharmacie"[..]),
        ("an accent in Latin-1", b"\xc9"),
        ("an apostrophe", b"PHARMACIE DE L'EGLISE"),
        ("an ampersand and a dot", b"DUPONT & CIE."),
    ] {
        ps(&format!("{nom} in the name of the lot")).pose(2, 30, octets).accepte(&[("C7", 2, 30)]);
    }
    ps("apostrophe in the status of the lot").pose(2, 26, "'").refuse(&[("C7", 2, 26)]);
    ps("impossible date of the lot").pose(2, 72, "260230").refuse(&[("C8", 2, 72)]);
    ps("letter in the PS number of the lot").pose(2, 2, "99X042945").refuse(&[("C6", 2, 2)]);
    ps("letter in the version").pose(2, 82, "02200X").refuse(&[("C6", 2, 82)]);
}

#[test]
fn the_999_against_the_000() {
    for (nom, colonne, texte) in [
        ("type of sender", 4, "SI"),
        ("sender", 6, "99900000000012"),
        ("type of receiver", 26, "CS"),
        ("receiver", 28, "00000099900012"),
        ("application", 48, "RX"),
        ("identification", 50, "PWDYX1"),
        ("number of records", 56, "00000021"),
        ("number of lots", 83, "002"),
        ("no record counted", 56, "        "),
    ] {
        ps(nom).pose(22, colonne, texte).refuse(&[("C34", 22, colonne as u32)]);
    }
    ps("letter in the number of records").pose(22, 56, "0000002B").refuse(&[("C6", 22, 56)]);
}

#[test]
fn facture_initiale() {
    // C3: "the logical file is not an initial invoice file". Decided for the user: its invoices are
    // set aside, each with the reason, rather than skipped in silence as one insurer does.
    let blanc = " ".repeat(37);
    ps("DRE without FACTURE INITIALE")
        .pose(1, 92, &blanc)
        .met_de_cote(&[UNE, DEUX], &[("C3", 1, 92), ("C3", 3, 0), ("C3", 13, 0)]);
    ps("other message")
        .pose(1, 92, "FACTURE RECTIFIEE")
        .met_de_cote(&[UNE, DEUX], &[("C3", 1, 92)]);
    // In a flow to a caisse the zone is blank and the control does not apply; 2P is then read with
    // the 2007 layout, which fits here.
    for essai in [ps("AMO without message"), cp("AMO without message")] {
        let fin = essai.records.len();
        essai.pose(1, 26, "CT").pose(fin, 26, "CT").pose(1, 92, &blanc).accepte(&[]);
    }
}

#[test]
fn a_file_already_received() {
    let mut double = ps("two logical files of the same identity");
    double.records.extend(double.records.clone());
    double.refuse(&[("C5", 23, 50)]);
    let autre = |essai: super::outils::Essai| {
        let mut deux = essai.clone();
        deux.records.extend(essai.pose(1, 50, "AUTRE1").pose(22, 50, "AUTRE1").records);
        deux
    };
    autre(ps("two logical files")).accepte(&[]);
    let mut meme_id = ps("same identification, other date");
    let suite = ps("").pose(1, 56, "260203").records;
    meme_id.records.extend(suite);
    meme_id.accepte(&[]);
    // The second logical file without its 999: the first one is refused with it.
    let mut ouvert = autre(ps("second 999 missing"));
    ouvert.records.pop();
    ouvert.refuse(&[("P3", 43, 0)]);
    let mut ouvert = autre(ps("first 999 missing"));
    ouvert.records.remove(21);
    ouvert.refuse(&[("P4", 22, 1)]);
}
