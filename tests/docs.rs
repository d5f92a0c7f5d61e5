//! Documents that say what the code says: generated tables are current, the transcript of the README is what `demo` prints.
//!
//! `NOEMIE_UPDATE_DOCS=1 cargo test --test docs` writes them anew.

use noemie_parsers::anomaly::{Code, Severity};
use std::fmt::Write as _;
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
