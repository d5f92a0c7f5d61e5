//! Documents that say what the code says: generated tables are current, the transcript of the README is what `demo` prints.
//!
//! `NOEMIE_UPDATE_DOCS=1 cargo test --test docs` writes them anew.

use noemie_gateway::generate::{self, Damage, Options};
use noemie_gateway::validate;
use noemie_gateway::xray::{self, Xray, text};
use noemie_parsers::anomaly::{Code, Severity};
use noemie_parsers::documentation;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares the text between two markers of a file with what it should be, or writes it.
#[track_caller]
fn check_section(file: &str, marker: &str, expected: &str) {
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
        let made = format!("`noemie-gateway generate dre --invoices 12 --damage {}`:", damage.as_str());
        check_section("docs/controles.md", &format!("exemple {code}"), &format!("{made}\n\n```text\n{shown}```\n"));
    }
}

#[test]
fn each_code_says_how_to_mend_it() {
    let text = std::fs::read_to_string(root().join("docs/controles.md")).expect("the document");
    for code in Code::ALL {
        assert!(text.contains(&format!("\n### `{code}`\n")), "docs/controles.md has no entry for {code}");
    }
}

#[test]
fn the_transcript_of_the_readme_is_what_the_demo_prints() {
    let dir = tempfile::tempdir().expect("a directory");
    let output = Command::new(env!("CARGO_BIN_EXE_noemie-gateway"))
        .env_remove("NOEMIE_UPDATE_DOCS")
        .args(["demo", "--dir"])
        .arg(dir.path())
        .output()
        .expect("the binary runs");
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
