//! Numbers that are masked, and numbers that stay.

use super::*;

#[track_caller]
fn check(text: &str, expect: &str) {
    assert_eq!(masked(text), expect, "{text}");
    assert_eq!(holds_identity(text), text != expect, "{text}");
}

#[test]
fn nirs_are_masked_however_written() {
    check("NIR 1850760057018 INCONNU", "NIR ************* INCONNU");
    check("185076005701823", "***************");
    check("NIR1850760057018X", "NIR*************X");
    check("N° 1 85 07 60 057 018 23.", "N° * ** ** ** *** *** **.");
    check("185 07 60 057 018", "*** ** ** *** ***");
    check("1-85-07-60-057-018", "*-**-**-**-***-***");
    check("1.85.07.60.057.018.23", "*.**.**.**.***.***.**");
    check("1\u{a0}85\u{a0}07 60\u{202f}057 018", "*\u{a0}**\u{a0}** **\u{202f}*** ***");
    check("1850760057018 23", "************* **");
    check("2850720A", "2850720A");
    check("185072A00401823", "***************");
    check("185072A004018 et 1 85 07 2A 004 018", "************* et * ** ** ** *** ***");
    check("1 85 07 2b 004 018", "* ** ** ** *** ***");
    // Overseas: 974 with a commune of two digits.
    check("2 85 07 97 411 018", "* ** ** ** *** ***");
}

#[test]
fn nirs_in_other_groups_are_masked_by_their_key_or_when_they_stand_alone() {
    let key = 97 - 1_850_760_057_018_u64 % 97;
    check(&format!("vu 1850 7600 5701 8{key:02} ce jour"), "vu **** **** **** *** ce jour");
    check("1850 7600 57018", "**** **** *****");
    check("vu le 12 02 2026, 1850 7600 57018", "vu le 12 02 2026, 1850 7600 57018");
}

#[test]
fn bank_accounts_are_masked() {
    let french = "FR76 3000 6000 0112 3456 7890 189";
    let stars = "**** **** **** **** **** **** ***";
    check(&format!("IBAN {french}, BIC X"), &format!("IBAN {stars}, BIC X"));
    check(&french.to_lowercase().replace(' ', "-"), &stars.replace(' ', "-"));
    check("IBANFR7630006000011234567890189", "IBAN***************************");
    // A wrong check digit in a French account.
    check("FR75 3000 6000 0112 3456 7890 189", stars);
    check("DE89 3704 0044 0532 0130 00", "**** **** **** **** **** **");
    check("BE68 5390 0754 7034", "**** **** **** ****");
    check("nl91abna0417164300", "******************");
    // Neither an account nor 13 digits in a row.
    check("BE68 5390 0754 7035", "BE68 5390 0754 7035");
    check("30006 00001 12345678901 88", "30006 00001 12345678901 88");
    check("30006 00001 12345678901 89", "***** ***** *********** **");
}

#[test]
fn other_numbers_stay() {
    for text in [
        "",
        "é",
        "SP_FP_20260202.b2",
        "PS 123456782 FACTURE 000000017",
        "12 02 2026 1234567 89",
        "AMC 0099900011",
        "12B",
        "RPPS 10999999880",
        "SIRET 73282932000074",
        "SIREN 732 829 320, TVA FR44732829320 du mois",
        "01 02 03 04 05",
        "0199d0a8-1234-7123-8123-123456789012",
        "key 550e8400e29b41d4a716446655440000",
        "2026-11-29 21:52:09",
    ] {
        check(text, text);
    }
}

#[test]
fn a_long_row_of_digits_is_masked_unless_it_is_a_siret() {
    check("73282932000075", "**************");
    check("20261129215209123", "*****************");
    check("30006000011234567890189", "***********************");
}

proptest::proptest! {
    /// Masking is stable, keeps the length, and leaves no NIR in any of its written forms.
    #[test]
    fn no_nir_survives(
        nir in "[1278][0-9]{2}(0[1-9]|1[0-2])(2[AB]|[0-9]{2})[0-9]{6}",
        before in "[ a-zé:#(]{0,8}",
        after in "[ a-zé:#)]{0,8}",
        separator in "[ .-]",
    ) {
        let written = [(0, 1), (1, 3), (3, 5), (5, 7), (7, 10), (10, 13)]
            .map(|(from, to)| nir[from..to].to_owned())
            .join(&separator);
        for form in [nir.clone(), nir.to_lowercase(), written] {
            let text = format!("{before}{form}{after}");
            let hidden = masked(&text);
            proptest::prop_assert!(!hidden.contains(&form), "{text} {hidden}");
            proptest::prop_assert_eq!(hidden.chars().count(), text.chars().count());
            proptest::prop_assert_eq!(masked(&hidden), hidden);
        }
    }
}

#[test]
fn the_number_of_a_party_is_kept_unless_it_is_a_nir() {
    for kept in ["OT00000099900011", "OC99900000000011", "TP73282932000074", "OC", ""] {
        assert_eq!(masked_party(kept), kept);
    }
    for nir in ["OT01850760057018", "OT18507600570181", "OC1850760057018"] {
        assert!(masked_party(nir).ends_with("*************"), "{nir}");
    }
}
