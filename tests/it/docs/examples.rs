//! Each code of a finding has an example in the documents.

use super::*;
use noemie_parsers::marquage::Marquage;

/// The first record with a finding of this code, as `xray` shows it: heading, faulty lines,
/// finding.
fn example(file: &[u8], code: &str) -> Option<String> {
    let mut xray = Xray::open(Cursor::new(file), "", &noemie_xray::Options::default())
        .expect("memory does not fail");
    if let Some(finding) = xray
        .report
        .anomalies
        .iter()
        .find(|f| f.code == code && (f.record.is_none() || !xray.recognised()))
    {
        return Some(format!("! [{}] {code} : {}\n", finding.severity, finding.message));
    }
    let sheets =
        (0..xray.len()).map(|i| xray.sheet(i).expect("memory does not fail")).collect::<Vec<_>>();
    let mut sheet = sheets.into_iter().find(|s| s.faults.iter().any(|f| f.code == code))?;
    sheet.faults.retain(|f| f.code == code);
    sheet.faults.truncate(1);
    Some(format!(
        "{}\n{}{}\n",
        text::heading(&sheet),
        text::faulty_bytes(&sheet),
        text::fault_line(&sheet.faults[0])
    ))
}

/// Each code that a damage of the generator raises, with the damage that is made for it when there
/// is one.
fn damages() -> BTreeMap<String, (Damage, Vec<u8>)> {
    let mut found: BTreeMap<String, (Damage, Vec<u8>)> = BTreeMap::new();
    for damage in Damage::ALL {
        let mut file = Vec::new();
        generate::dre(
            &Options {
                invoices: 12,
                damage: Some(*damage),
                mark: Marquage::Test,
                ..Options::default()
            },
            &mut file,
        )
        .expect("generated");
        let report = noemie_xray::validate(&file[..], "").expect("memory does not fail");
        for finding in report.anomalies {
            let own = |d: &Damage| finding.code.control() == d.control();
            let better = found
                .get(finding.code.as_str())
                .is_none_or(|(before, _)| own(damage) && !own(before));
            if better {
                found.insert(finding.code.as_str().to_owned(), (*damage, file.clone()));
            }
        }
    }
    found
}

#[test]
fn each_code_that_the_generator_can_raise_has_its_example() {
    for (code, (damage, file)) in damages() {
        let shown = example(&file, &code).unwrap_or_else(|| panic!("{code} is not shown"));
        let made = format!(
            "`noemie-gateway generate --norm dre --invoices 12 --damage {}`:",
            damage.as_str()
        );
        check_section(
            "docs/controles.md",
            &format!("exemple {code}"),
            &format!("{made}\n\n```text\n{shown}```\n"),
        );
    }
}

#[test]
fn codes_of_returns_have_their_example() {
    let mut dre = Vec::new();
    generate::dre(
        &Options {
            profile: Profile::Pharmacie,
            invoices: 3,
            mark: Marquage::Test,
            ..Options::default()
        },
        &mut dre,
    )
    .expect("generated");
    for damage in ReturnDamage::ALL {
        let blocks = *damage == ReturnDamage::Flag;
        let packaging = if blocks { Packaging::Blocs } else { Packaging::Lignes };
        let options = generate::RspOptions {
            packaging,
            damage: Some(*damage),
            mark: Marquage::Test,
            ..generate::RspOptions::default()
        };
        let mut file = Vec::new();
        generate::rsp(&dre[..], Forme::Crlf, &options, &mut file).expect("answered");
        let code = damage.code().as_str();
        let shown = example(&file, code).unwrap_or_else(|| {
            panic!(
                "{code} is not raised: {:?}",
                noemie_xray::validate(&file[..], "").map(|r| r.anomalies)
            )
        });
        let packaging = if blocks { " --packaging blocks" } else { "" };
        let made = format!(
            "`noemie-gateway generate --norm rsp --profile pharmacie --invoices 3{packaging} \
             --damage {}`:",
            damage.as_str()
        );
        check_section(
            "docs/controles.md",
            &format!("exemple {code}"),
            &format!("{made}\n\n```text\n{shown}```\n"),
        );
    }
}

/// A valid file as the list of its records.
type Records = Vec<Vec<u8>>;

/// A damage that the generator does not make: code, profile of the file, what was done, how.
type RecordDamage = (&'static str, Profile, &'static str, fn(&mut Records));

/// Index of the first record of a type with this complement letter at 36; a blank is no letter.
fn first(records: &Records, kind: u8, letter: u8) -> usize {
    let is = |r: &Vec<u8>| {
        r[0] == kind && (r[35] == letter || (letter == b' ' && !r[35].is_ascii_alphabetic()))
    };
    records
        .iter()
        .position(is)
        .unwrap_or_else(|| panic!("no {}{}", char::from(kind), char::from(letter)))
}

/// Bytes at a column (1-based) of a record.
fn put(records: &mut Records, index: usize, column: usize, bytes: &[u8]) {
    records[index][column - 1..column - 1 + bytes.len()].copy_from_slice(bytes);
}

/// Bytes at a column of the first record of a type.
fn put_in(records: &mut Records, kind: u8, letter: u8, column: usize, bytes: &[u8]) {
    let index = first(records, kind, letter);
    put(records, index, column, bytes);
}

const RECORD_DAMAGES: &[RecordDamage] = &[
    ("P4-ORDRE-FACTURE", Profile::Pharmacie, "the first 4C before its 4", |r| {
        let index = first(r, b'4', b'C');
        r.swap(index - 1, index);
    }),
    (
        "P7-BLANCS-APRES-999",
        Profile::Pharmacie,
        "the end-of-file byte of old systems (0x1A) after the 999",
        |r| r.push(vec![0x1a]),
    ),
    ("P7-DONNEES-APRES-999", Profile::Pharmacie, "a letter after the 999", |r| {
        r.push(b"X".to_vec())
    }),
    ("C3-NON-INITIALE", Profile::Pharmacie, "blanks in place of FACTURE INITIALE", |r| {
        put(r, 0, 92, &[b' '; 16])
    }),
    (
        "C4-IDENTIFICATION",
        Profile::Pharmacie,
        "blanks in place of the identification of the file",
        |r| put(r, 0, 50, &[b' '; 6]),
    ),
    (
        "C13-FINESS-CORSE",
        Profile::Pharmacie,
        "the number of a Corsican with its letter in the first 4",
        |r| put_in(r, b'4', b' ', 55, b"2A0000014"),
    ),
    (
        "C14-NUMERO-NUL",
        Profile::Pharmacie,
        "zeros in place of the number of the first invoice, on its type 2",
        |r| put_in(r, b'2', b' ', 27, &[b'0'; 9]),
    ),
    ("C15-PREFIXE", Profile::Pharmacie, "another key behind the NIR of the first 4", |r| {
        let index = first(r, b'4', b' ');
        let other = if r[index][25] == b'9' { b'8' } else { r[index][25] + 1 };
        put(r, index, 26, &[other]);
    }),
    ("C17-SEQUENCE", Profile::Pharmacie, "sequence 03 on the first 4C", |r| {
        put_in(r, b'4', b'C', 37, b"03")
    }),
    ("C18-MODIFICATEURS", Profile::Clinique, "a blank before the modifier of the first 4M", |r| {
        put_in(r, b'4', b'M', 59, b" A  ")
    }),
    ("C21-CODE", Profile::Pharmacie, "nature d'assurance 77", |r| put_in(r, b'2', b' ', 77, b"77")),
    ("C22-AT", Profile::Pharmacie, "the number of an industrial accident with nature 10", |r| {
        put_in(r, b'2', b' ', 77, b"10");
        put_in(r, b'2', b' ', 86, b"260115759");
    }),
    ("C24-DELAI", Profile::Pharmacie, "care two years ago in the first 4", |r| {
        put_in(r, b'4', b' ', 68, b"240115")
    }),
    (
        "C26-ECLATEMENT",
        Profile::Pharmacie,
        "a file for a caisse (CT, no message) whose first invoice has top F",
        |r| {
            let last = r.len() - 1;
            put(r, 0, 26, b"CT");
            put(r, 0, 92, &[b' '; 16]);
            put(r, last, 26, b"CT");
            // The first invoice that asks something of the AMC.
            let line = r
                .iter()
                .position(|l| l[0] == b'4' && l[35] == b' ' && l[121..128] != *b"0000000")
                .expect("a part of the AMC");
            let main =
                r[..line].iter().rposition(|l| l[0] == b'2' && l[35] == b' ').expect("its type 2");
            put(r, main, 46, b"F");
        },
    ),
    ("C27-DEPENSE", Profile::Clinique, "another fee in the first 4", |r| {
        put_in(r, b'4', b' ', 115, b"0099999")
    }),
    (
        "C28-ACCORD",
        Profile::Pharmacie,
        "a favourable prior agreement (4) without its date in the first 4",
        |r| put_in(r, b'4', b' ', 50, b"4"),
    ),
    ("C29-OC", Profile::Pharmacie, "blanks before the number of the insurer", |r| {
        put_in(r, b'2', b' ', 119, b"  99900011")
    }),
    ("C30-TOTAL", Profile::Clinique, "another total base in the first 5", |r| {
        let index = r.iter().position(|l| l[0] == b'5').expect("a type 5");
        put(r, index, 42, b"9");
    }),
    ("C35-CALCUL", Profile::Pharmacie, "a base of 9999.99 in the first 4", |r| {
        put_in(r, b'4', b' ', 96, b"0999999")
    }),
    ("C37-CENTRE", Profile::Pharmacie, "regime 96, caisse 196, centre 1111", |r| {
        put_in(r, b'2', b' ', 49, b"961961111")
    }),
    ("P8-BOM", Profile::Pharmacie, "the byte order mark of UTF-8 (EF BB BF) before the 000", |r| {
        r[0].splice(0..0, *b"\xef\xbb\xbf");
    }),
    ("C39-DATE-FUTURE", Profile::Pharmacie, "care on 31 December 2099 in the first 4", |r| {
        put_in(r, b'4', b' ', 68, b"991231")
    }),
    ("C40-ORDRE-DATES", Profile::Pharmacie, "the first 2 billed on 1 January 2025", |r| {
        put_in(r, b'2', b' ', 40, b"250101")
    }),
    ("C41-DATE-ABSENTE", Profile::Pharmacie, "zeros in place of the date of the first 2", |r| {
        put_in(r, b'2', b' ', 40, b"000000")
    }),
    ("C42-AU-DELA", Profile::Pharmacie, "9999.99 asked of the AMC in the first 4", |r| {
        put_in(r, b'4', b' ', 122, b"0999999")
    }),
    ("C43-NUMERO-LOT", Profile::Pharmacie, "blanks in place of the number of the lot", |r| {
        put(r, 1, 20, b"   ")
    }),
    ("C44-PS-DU-LOT", Profile::Pharmacie, "another PS in the first type 1", |r| {
        put(r, 1, 2, b"760312082")
    }),
    ("C45-NIR-NUL", Profile::Pharmacie, "a NIR of zeros with its key 97 in the first 2", |r| {
        put_in(r, b'2', b' ', 12, b"000000000000097")
    }),
    ("M1-MARQUAGE", Profile::Pharmacie, "the mark R on the first type 2", |r| {
        put_in(r, b'2', b' ', 37, b"R")
    }),
    ("L1-LIMITE", Profile::Pharmacie, "the first 4 written 20000 times more", |r| {
        let index = first(r, b'4', b' ');
        let line = r[index].clone();
        r.splice(index..index, std::iter::repeat_n(line, 20_000));
    }),
];

#[test]
fn codes_that_the_generator_does_not_make_have_their_example() {
    for (code, profile, what, damage) in RECORD_DAMAGES {
        let mut clean = Vec::new();
        generate::dre(
            &Options {
                profile: *profile,
                invoices: 3,
                forme: Forme::Lf,
                mark: Marquage::Test,
                ..Options::default()
            },
            &mut clean,
        )
        .expect("generated");
        let mut records: Records =
            clean.split(|b| *b == b'\n').filter(|r| !r.is_empty()).map(<[u8]>::to_vec).collect();
        damage(&mut records);
        let file: Vec<u8> = records.iter().flat_map(|r| r.iter().chain(b"\n")).copied().collect();
        let shown = example(&file, code).unwrap_or_else(|| {
            panic!(
                "{code} is not raised: {:?}",
                noemie_xray::validate(&file[..], "").map(|r| r.anomalies)
            )
        });
        let made = format!(
            "`noemie-gateway generate --norm dre --profile {} --invoices 3 --form lf`, then \
             {what}:",
            profile.as_str()
        );
        check_section(
            "docs/controles.md",
            &format!("exemple {code}"),
            &format!("{made}\n\n```text\n{shown}```\n"),
        );
    }
}

/// Codes without an example, and why.
const WITHOUT_EXAMPLE: &[(Code, &str)] =
    &[(Code::LimiteReponse, "a finding about the hour of reception, which an example has not")];

#[test]
fn each_code_has_an_example_held_by_a_test() {
    let damages = damages();
    let made: BTreeSet<&str> = damages
        .keys()
        .map(String::as_str)
        .chain(ReturnDamage::ALL.iter().map(|d| d.code().as_str()))
        .chain(RECORD_DAMAGES.iter().map(|d| d.0))
        .collect();
    for code in Code::ALL {
        let excused = WITHOUT_EXAMPLE.iter().any(|(c, _)| c == code);
        assert!(
            made.contains(code.as_str()) != excused,
            "{code}: an example is missing, or is excused for nothing"
        );
    }
}
