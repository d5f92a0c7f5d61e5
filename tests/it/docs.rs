//! Documents that say what the code says: generated tables are current, the transcript of the
//! README is what `demo` prints.
//!
//! `NOEMIE_UPDATE_DOCS=1 cargo test --test it docs::` writes them anew.

mod examples;
mod readme;
mod transports;

use crate::support::gateway::{PROGRAM, program};
use noemie_gateway::generate::{self, Damage, Options, Profile, ReturnDamage};
use noemie_parsers::anomaly::{Code, Severity};
use noemie_parsers::documentation;
use noemie_parsers::hypothese::Hypothese;
use noemie_parsers::noemie::Packaging;
use noemie_parsers::physical::enregistrements::Forme;
use noemie_xray::{Xray, text};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Cursor;
use std::os::unix::process::CommandExt as _;
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
pub fn check_section(file: &str, marker: &str, expected: &str) {
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
    panic!(
        "{file} is not current: run NOEMIE_UPDATE_DOCS=1 cargo test --test it docs::\n--- \
         expected\n{expected}"
    );
}

#[test]
fn the_table_of_controls_is_current() {
    let mut table = String::from(
        "| code | contrôle | gravité | verdict du fichier | anomalie | qui peut corriger | à faire |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let (severity, verdict) = match code.severity() {
            Severity::File => ("file", "refusé"),
            Severity::Invoice => ("invoice", "partiel : la facture est mise de côté"),
            Severity::Warning => ("warning", "accepté"),
            Severity::Unknown => unreachable!("no code of this version has it"),
        };
        writeln!(
            table,
            "| `{code}` | {} | `{severity}` | {verdict} | {} | {} | {} |",
            code.control(),
            code.titre(),
            code.fixed_by().libelle(),
            code.fix()
        )
        .expect("a string takes all");
    }
    check_section("docs/controles.md", "controles", &table);
}

#[test]
fn the_table_of_assumptions_is_current() {
    let mut table = String::from("| code | ce qui est supposé |\n|---|---|\n");
    for hypothese in Hypothese::ALL {
        writeln!(table, "| `{}` | {} |", hypothese.as_str(), hypothese.message())
            .expect("a string takes all");
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
    assert!(
        std::env::var_os("NOEMIE_UPDATE_DOCS").is_some(),
        "{file} is not current: run NOEMIE_UPDATE_DOCS=1 cargo test --test it docs::"
    );
    std::fs::create_dir_all(path.parent().expect("in a folder")).expect("the folder can be made");
    std::fs::write(path, expected).expect("the document can be written");
}

#[test]
fn the_tables_of_the_formats_are_current() {
    check_file("docs/formats/b2.md", &documentation::b2());
    check_file("docs/formats/noemie.md", &documentation::noemie());
}

#[test]
fn each_code_has_a_remedy() {
    let _turn = DOCUMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let text = std::fs::read_to_string(root().join("docs/controles.md")).expect("the document");
    for code in Code::ALL {
        assert!(
            text.contains(&format!("\n### `{code}`\n")),
            "docs/controles.md has no entry for {code}"
        );
    }
}

#[test]
fn codes_are_unique_and_name_their_control() {
    let mut seen = std::collections::HashSet::new();
    for code in Code::ALL {
        assert!(seen.insert(code.as_str()), "{code} twice");
        assert_eq!(code.as_str().split('-').next(), Some(code.control()), "{code}");
    }
}
