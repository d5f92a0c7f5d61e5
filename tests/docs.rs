//! Documents that say what the code says: generated tables are current, the transcript of the README is what `demo` prints.
//!
//! `NOEMIE_UPDATE_DOCS=1 cargo test --test docs` writes them anew.

use noemie_gateway::generate::{self, Damage, Options};
use noemie_gateway::validate;
use noemie_gateway::xray::{self, Xray, text};
use noemie_parsers::anomaly::{Code, Severity};
use noemie_parsers::documentation;
use noemie_parsers::hypothese::Hypothese;
use noemie_parsers::physical::enregistrements::Forme;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Tests that bring one document up to date take turns.
static DOCUMENTS: Mutex<()> = Mutex::new(());

/// Compares the text between two markers of a file with what it should be, or writes it.
#[track_caller]
fn check_section(file: &str, marker: &str, expected: &str) {
    let _turn = DOCUMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let path = root().join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
    let (begin, end) = (format!("<!-- {marker}:begin -->\n"), format!("<!-- {marker}:end -->"));
    let start = text.find(&begin).unwrap_or_else(|| panic!("{file} has no {begin}")) + begin.len();
    let stop = start + text[start..].find(&end).unwrap_or_else(|| panic!("{file} has no {end}"));
    if text[start..stop] == *expected {
        return;
    }
    if std::env::var_os("NOEMIE_UPDATE_DOCS").is_some() {
        let updated = format!("{}{expected}{}", &text[..start], &text[stop..]);
        std::fs::write(Path::new(&path), updated).expect("the document can be written");
        return;
    }
    panic!("{file} is not current: run NOEMIE_UPDATE_DOCS=1 cargo test --test docs\n--- expected\n{expected}");
}

#[test]
fn the_table_of_controls_is_current() {
    let mut table = String::from("| code | contrôle | gravité | verdict du fichier | anomalie |\n|---|---|---|---|---|\n");
    for code in Code::ALL {
        let (severity, verdict) = match code.severity() {
            Severity::Fichier => ("file", "refusé"),
            Severity::Facture => ("invoice", "partiel : la facture est mise de côté"),
            Severity::Avertissement => ("warning", "accepté"),
        };
        writeln!(table, "| `{code}` | {} | `{severity}` | {verdict} | {} |", code.control(), code.titre()).expect("a string takes all");
    }
    check_section("docs/controles.md", "controles", &table);
}

#[test]
fn the_table_of_assumptions_is_current() {
    let mut table = String::from("| code | ce qui est supposé |\n|---|---|\n");
    for hypothese in Hypothese::ALL {
        writeln!(table, "| `{}` | {} |", hypothese.as_str(), hypothese.message()).expect("a string takes all");
    }
    check_section("docs/controles.md", "hypotheses", &table);
}

/// Compares a whole file with what it should be, or writes it.
#[track_caller]
fn check_file(file: &str, expected: &str) {
    let path = root().join(file);
    if std::fs::read_to_string(&path).is_ok_and(|text| text == expected) {
        return;
    }
    assert!(std::env::var_os("NOEMIE_UPDATE_DOCS").is_some(), "{file} is not current: run NOEMIE_UPDATE_DOCS=1 cargo test --test docs");
    std::fs::create_dir_all(path.parent().expect("in a folder")).expect("the folder can be made");
    std::fs::write(path, expected).expect("the document can be written");
}

#[test]
fn the_tables_of_the_formats_are_current() {
    check_file("docs/formats/b2.md", &documentation::b2());
    check_file("docs/formats/noemie.md", &documentation::noemie());
}

/// The first record with a finding of this code, as `xray` shows it: heading, faulty lines, finding.
fn example(file: &[u8], code: &str) -> Option<String> {
    let mut xray = Xray::open(Cursor::new(file), "", &xray::Options::default()).expect("memory does not fail");
    if let Some(finding) = xray.report.anomalies.iter().find(|f| f.code == code && (f.record.is_none() || !xray.recognised())) {
        return Some(format!("! [{}] {code} : {}\n", finding.severity, finding.message));
    }
    let sheets = (0..xray.len()).map(|i| xray.sheet(i).expect("memory does not fail")).collect::<Vec<_>>();
    let mut sheet = sheets.into_iter().find(|s| s.faults.iter().any(|f| f.code == code))?;
    sheet.faults.retain(|f| f.code == code);
    sheet.faults.truncate(1);
    Some(format!("{}\n{}{}\n", text::heading(&sheet), text::faulty_bytes(&sheet), text::fault_line(&sheet.faults[0])))
}

/// Each code that a damage of the generator raises, with the damage that is made for it when there is one.
fn damages() -> BTreeMap<&'static str, (Damage, Vec<u8>)> {
    let mut found: BTreeMap<&'static str, (Damage, Vec<u8>)> = BTreeMap::new();
    for damage in Damage::ALL {
        let mut file = Vec::new();
        generate::dre(&Options { invoices: 12, damage: Some(*damage), ..Options::default() }, &mut file).expect("generated");
        let report = validate::validate(&file[..], "").expect("memory does not fail");
        for finding in report.anomalies {
            let own = |d: &Damage| finding.code.split('-').next() == Some(d.control());
            let better = found.get(finding.code).is_none_or(|(before, _)| own(damage) && !own(before));
            if better {
                found.insert(finding.code, (*damage, file.clone()));
            }
        }
    }
    found
}

#[test]
fn each_code_that_the_generator_can_raise_has_its_example() {
    for (code, (damage, file)) in damages() {
        let shown = example(&file, code).unwrap_or_else(|| panic!("{code} is not shown"));
        let made = format!("`noemie-gateway generate --norm dre --invoices 12 --damage {}`:", damage.as_str());
        check_section("docs/controles.md", &format!("exemple {code}"), &format!("{made}\n\n```text\n{shown}```\n"));
    }
}

/// Damages of a NOEMIE return of two or three invoices: code, what was done, how.
type ReturnDamage = (&'static str, &'static str, fn(&mut Vec<u8>));

/// Offset of the `n`th byte (1-based, as in the tables) of the first entity with this code and level.
fn column(file: &[u8], entity: &str, n: usize) -> usize {
    let mark = format!("@{entity}");
    file.windows(mark.len()).position(|w| w == mark.as_bytes()).unwrap_or_else(|| panic!("no {entity}")) + n
}

/// Offset of the `n`th byte of the 999.
fn column_999(file: &[u8], n: usize) -> usize {
    file.windows(7).rposition(|w| w == b"0128999").expect("a 999") + 3 + n
}

const RETURN_DAMAGES: &[ReturnDamage] = &[
    ("Q2-CADRAGE", "the length before the second record says one byte more", |f| f[130 + 4 + 3] = if f[137] == b'9' { b'8' } else { f[137] + 1 }),
    ("Q3-999", "the last record is cut off", |f| f.truncate(column_999(f, 1) - 4)),
    ("Q4-DELIMITEUR", "a blank in place of the `@` of the entity before a 198", |f| {
        let place = column(f, "19899", 0);
        f[place] = b' ';
    }),
    ("Q5-DECALAGE", "a letter in the code of a 198", |f| {
        let place = column(f, "19899", 1);
        f[place] = b'X';
    }),
    ("Q6-COMPTEUR", "another figure in the counter of a 990", |f| {
        let place = column(f, "99005", 30);
        f[place] = b'9';
    }),
    ("Q7-CUMUL", "another figure in the sum of a 990", |f| {
        let place = column(f, "99005", 36);
        f[place] = b'9';
    }),
    ("Q8-ENREGISTREMENTS", "the 999 counts 99 records", |f| {
        let place = column_999(f, 62);
        f[place..place + 2].copy_from_slice(b"99");
    }),
    ("Q9-LOTS", "the 999 counts 9 lots more", |f| {
        let place = column_999(f, 84);
        f[place] = b'9';
    }),
    ("Q10-ENTITE-INCONNUE", "entity 777 in place of a 199", |f| {
        let place = column(f, "19999", 1);
        f[place..place + 3].copy_from_slice(b"777");
    }),
    ("Q11-NON-NUMERIQUE", "letter O for a zero in the amount of a 198", |f| {
        let place = column(f, "19899", 6);
        f[place] = b'O';
    }),
    ("Q13-ETAT", "state X in a 198", |f| {
        let place = column(f, "19899", 14);
        f[place] = b'X';
    }),
    ("Q15-NIVEAUX", "level 09 in the first 990", |f| {
        let place = column(f, "99005", 5);
        f[place] = b'9';
    }),
];

#[test]
fn codes_of_returns_have_their_example() {
    let (mut dre, mut clean) = (Vec::new(), Vec::new());
    generate::dre(&Options { profile: generate::Profile::Pharmacie, invoices: 3, ..Options::default() }, &mut dre).expect("generated");
    generate::rsp(&dre[..], Forme::Crlf, &generate::RspOptions::default(), &mut clean).expect("answered");
    for (code, what, damage) in RETURN_DAMAGES {
        let mut file = clean.clone();
        damage(&mut file);
        let shown =
            example(&file, code).unwrap_or_else(|| panic!("{code} is not raised: {:?}", validate::validate(&file[..], "").map(|r| r.anomalies)));
        check_section("docs/controles.md", &format!("exemple {code}"), &format!("A return of `generate rsp`, {what}:\n\n```text\n{shown}```\n"));
    }
}

#[test]
fn each_code_says_how_to_mend_it() {
    let _turn = DOCUMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let text = std::fs::read_to_string(root().join("docs/controles.md")).expect("the document");
    for code in Code::ALL {
        assert!(text.contains(&format!("\n### `{code}`\n")), "docs/controles.md has no entry for {code}");
    }
}

#[test]
fn the_transcript_of_the_readme_is_what_the_demo_prints() {
    let dir = tempfile::tempdir().expect("a directory");
    let output = Command::new(env!("CARGO_BIN_EXE_noemie-gateway")).args(["demo", "--dir"]).arg(dir.path()).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).expect("text").replace(&dir.path().display().to_string(), "/tmp/noemie-gateway-demo");
    check_section("README.md", "demo", &format!("```text\n{printed}```\n"));
}

#[test]
fn codes_are_unique_and_name_their_control() {
    let mut seen = std::collections::HashSet::new();
    for code in Code::ALL {
        assert!(seen.insert(code.as_str()), "{code} twice");
        assert_eq!(code.as_str().split('-').next(), Some(code.control()), "{code}");
    }
}
