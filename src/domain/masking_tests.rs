//! Numbers that are masked, and numbers that stay.

use super::*;
use noemie_parsers::types::Nir;
use proptest::strategy::Strategy as _;

#[track_caller]
fn check(text: &str, expect: &str) {
    assert_eq!(masked(text), expect, "{text}");
    assert_eq!(holds_identity(text), text != expect, "{text}");
}

/// Checks that every letter and digit of the number is masked, and nothing around it.
#[track_caller]
fn check_hidden(number: &str) {
    let stars: String = number.chars().map(|c| if c.is_alphanumeric() { '*' } else { c }).collect();
    check(number, &stars);
    check(&format!("vu {number}, ce jour"), &format!("vu {stars}, ce jour"));
}

#[test]
fn nirs_are_masked_however_written() {
    check("NIR 1850760057018 INCONNU", "NIR ************* INCONNU");
    check("NIR1850760057018X", "NIR*************X");
    check("N° 1 85 07 60 057 018 23.", "N° * ** ** ** *** *** **.");
    check("2850720A", "2850720A");
    check("185072A004018 et 1 85 07 2A 004 018", "************* et * ** ** ** *** ***");
    for nir in [
        "185076005701818",
        "185 07 60 057 018",
        "1-85-07-60-057-018",
        "1.85.07.60.057.018.23",
        "1\u{a0}85\u{a0}07 60\u{202f}057 018",
        "1850760057018 23",
        "185072A00401823",
        "1 85 07 2b 004 018",
        "1 85 07 2 A 004 018",
        // Overseas: 974 with a commune of two digits.
        "2 85 07 97 411 018",
        // A month that stands for an unknown one.
        "1 85 63 99 350 018",
        "285O799999123",
        "1 85 O7 6O O57 O18",
    ] {
        check_hidden(nir);
    }
}

#[test]
fn separators_of_every_kind_join_the_groups() {
    for separator in [
        "–", "—", "\u{2011}", "'", "|", ";", "\"", "+", "*", "=", "\\", "(", ")", "…", "\u{2027}",
        " / ", "    ", "\n    ", "_", ",", ":", "·", "%", ") (", "•", " - ", "\u{2028}",
    ] {
        check_hidden(&["1", "85", "07", "60", "057", "018"].join(separator));
        check_hidden(&["1", "85", "07", "2A", "057", "018", "18"].join(separator));
    }
    check("1%2085%2007%2060%20057%20018", "*%****%****%****%*****%*****");
    check("1%C2%A085%2F07%7c60%20057%20018", "*%**%****%****%****%*****%*****");
    let far = ["1", "85", "07", "60", "057", "018"].join("         ");
    check(&far, &far);
}

#[test]
fn digits_of_every_script_are_digits() {
    let nir = "1850760057018";
    for zero in ['０', '٠', '۰', '०', '𝟎', '𝟬'] {
        let digit = |c: char| {
            char::from_u32(u32::from(zero) + c.to_digit(10).expect("a digit")).expect("a digit")
        };
        check_hidden(&nir.chars().map(digit).collect::<String>());
        check_hidden(&"1 85 07 60 057 018".replace(|c: char| c != ' ', &digit('1').to_string()));
    }
    check_hidden("¹⁸⁵⁰⁷⁶⁰⁰⁵⁷⁰¹⁸");
    check_hidden("₁₈₅₀₇₆₀₀₅₇₀₁₈");
    check_hidden("①⑧⑤⓪⑦⑥⓪⓪⑤⑦⓪①⑧");
    check_hidden("1８5٠7⁶00５7018");
    check_hidden("ＦＲ７６ 3000 6000 0112 3456 7890 189");
}

#[test]
fn characters_that_are_not_seen_do_not_part_digits() {
    for unseen in [
        '\u{202e}',
        '\u{2066}',
        '\u{180e}',
        '\u{fe0f}',
        '\u{34f}',
        '\u{61c}',
        '\u{e0020}',
        '\u{332}',
        '\u{301}',
        '\u{20e3}',
        '\u{200b}',
        '\u{ad}',
        '\u{7f}',
        '\u{feff}',
    ] {
        check_hidden(&"1850760057018".chars().flat_map(|c| [c, unseen]).collect::<String>());
        check_hidden(&format!("1 85{unseen} 07 6{unseen}0 057 018"));
    }
}

#[test]
fn nirs_in_other_groups_are_masked_by_their_key_or_their_month() {
    check("vu 1850 7600 5701 818 ce jour", "vu **** **** **** *** ce jour");
    check("1850 7600 57018", "**** **** *****");
    check("vu le 12 02 2026, 1850 7600 57018", "vu le 12 02 2026, **** **** *****");
    check("1850 7600 5701 899", "**** **** **** ***");
    check("1850760057 018", "********** ***");
    check("18507 60057018", "***** ********");
}

#[test]
fn a_nir_in_a_longer_row_is_masked() {
    for row in [
        // A digit that makes it a SIRET by Luhn, behind and before.
        "18507600570182",
        "81850760057018",
        "01185076005701801",
        "18507600570180102198",
        "00000001850760057018",
        // Behind a date, and with the key.
        "202611301850760057018",
        "2026113018507600570181800",
    ] {
        check_hidden(row);
    }
    check("185076005701818abcdefabcdefabcdef", &format!("{}abcdefabcdefabcdef", "*".repeat(15)));
    check("abcdefabcdefabcdefa1850760057018", &format!("abcdefabcdefabcdefa{}", "*".repeat(13)));
}

#[test]
fn bank_accounts_are_masked() {
    let french = "FR76 3000 6000 0112 3456 7890 189";
    let stars = "**** **** **** **** **** **** ***";
    check(&format!("IBAN {french}, BIC X"), &format!("IBAN {stars}, BIC X"));
    check("IBANFR7630006000011234567890189", "IBAN***************************");
    check("IBANDE89 3704 0044 0532 0130 00", "IBAN**** **** **** **** **** **");
    for account in [
        french,
        &french.to_lowercase().replace(' ', "-"),
        // A wrong check digit in a French account.
        "FR75 3000 6000 0112 3456 7890 189",
        "FR14 2004 1010 0505 0001 3M02 606",
        "DE89 3704 0044 0532 0130 00",
        "BE68 5390 0754 7034",
        "nl91abna0417164300",
        "TR33 0006 1005 1978 6457 8413 26",
        "AE07 0331 2345 6789 0123 456",
        "GE29 NB00 0000 0101 9049 17",
        "GI75 NWBK 0000 0000 7099 453",
        "MU17 BOMM 0101 1010 3030 0200 000M UR",
        "BR18 0036 0305 0000 1000 9795 493C 1",
        "RS35 2600 0560 1001 6113 79",
        "NO93 8601 1117 947",
        "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
        "SC18 SSCB 1101 0000 0000 0000 1497 USD",
        // RIB, also with a letter, in its groups, in fours and in one.
        "30006 00001 12345678901 89",
        "20041 01005 0500013M026 06",
        "2004 1010 0505 0001 3M02 606",
        "20041010050500013m02606",
        "3000 6000 0112 3456 7890 189",
        "30006000011234567890189",
    ] {
        check_hidden(account);
    }
    // Neither an account nor a NIR.
    for text in ["BE68 5390 0754 7035", "30006 00001 12345678901 88"] {
        check(text, text);
    }
}

#[test]
fn references_and_other_numbers_stay() {
    for text in [
        "",
        "é",
        "SP_FP_20260202.b2",
        "PS 123456782 FACTURE 000000017",
        "12 02 2026 1234567 89",
        "AMC 0099900011",
        "12B",
        "RPPS 10999999880",
        "SIREN 732 829 320, TVA FR44732829320 du mois",
        "01 02 03 04 05",
        "2026-11-29 21:52:09",
        // References of transfers.
        "VIR-20261130-00042",
        "20261130-00042",
        "SCT/2026/11/30/00042",
        "2026-334-000421",
        "30/11/2026 00042",
        "30112026-00042",
        "AMC 0099900011/001",
        "BQ 30002 20261130 7",
        "2026-11-30 9:05:12",
        "VIR20261130000012",
        "CPAM VIR 202602060000100",
        "20261129215209123",
        // SIRET: a company's, La Poste's with its own check digit, a town's that looks like a NIR.
        "SIRET 73282932000074",
        "35600000049837",
        "OCT 99900000000012",
        "21310555400017",
        // Words and counts of a sentence.
        "2000 invoices, 4018 lines, 21151 records, 2757820 bytes, total 525101,79 €",
        // UUID and digests.
        "0199d0a8-1234-7123-8123-123456789012",
        "key 550e8400e29b41d4a716446655440000",
        "18507600-5701-8a00-8000-000000000000",
    ] {
        check(text, text);
    }
}

#[test]
fn a_date_of_a_month_that_births_have_is_no_date() {
    // Born in October and November 2002, as the dates 2021-0x and 2021-1x.
    check("2021077511601", "*************");
    check("2021175116001", "*************");
    check("2031175116001", "*************");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(512))]

    /// Masking leaves no NIR in any of its written forms, keeps the length, and is idempotent.
    #[test]
    fn no_nir_survives(
        nir in "[123478][0-9]{2}(0[1-9]|1[0-2]|[23][0-9]|[5-9][0-9])(2[AB]|[1-9][0-9])[0-9]{6}",
        before in "[ a-zé:#(]{0,8}",
        after in "[ a-np-zé:#)]{0,8}",
        separator in "[^\\p{L}\\p{N}]{1,5}"
            .prop_filter("letters part groups", |text| !text.contains(char::is_alphanumeric)),
        keyed in proptest::bool::ANY,
    ) {
        // A row without key that begins with a date is a reference.
        proptest::prop_assume!(keyed || !super::nir::is_date(&nir[..8]));
        let key = Nir::from_bytes(nir.as_bytes()).expect("a NIR").cle().get();
        let number = if keyed { format!("{nir}{key:02}") } else { nir.clone() };
        let written = [(0, 1), (1, 3), (3, 5), (5, 7), (7, 10), (10, 13), (13, number.len())]
            .map(|(from, to)| number[from..to].to_owned())
            .join(&separator);
        for form in [written, number.clone(), number.to_lowercase()] {
            let text = format!("{before}{form}{after}");
            let hidden = masked(&text);
            let left = hidden.chars().filter(char::is_ascii_digit).count();
            proptest::prop_assert_eq!(left, 0, "{} {}", text, hidden);
            proptest::prop_assert_eq!(hidden.chars().count(), text.chars().count());
        }
    }

    /// A masked text is left as it is, whatever it is made of.
    #[test]
    fn masking_is_idempotent(
        text in "([0-9]{1,16}|[A-F0-9]{30,36}|FR|DE|2A|O|[ ./*-]{1,3}|é){0,12}",
    ) {
        let hidden = masked(&text);
        proptest::prop_assert_eq!(masked(&hidden), hidden);
    }

    /// A text with less than 10 digits has no number of a person or an account.
    #[test]
    fn a_text_with_few_digits_is_unchanged(text in "([0-9]|([A-Za-zé ./:%\u{301}-]){1,12}){0,9}") {
        proptest::prop_assert_eq!(masked(&text), text);
    }
}

#[test]
fn the_number_of_a_party_is_kept_unless_it_is_a_nir() {
    for kept in ["OT00000099900011", "OC99900000000011", "TP73282932000074", "OC", ""] {
        check(kept, kept);
    }
    for nir in ["OT01850760057018", "OT01856399350018", "OT18507600570181", "OC1850760057018"] {
        assert!(masked(nir).ends_with("*************"), "{nir}");
    }
}
