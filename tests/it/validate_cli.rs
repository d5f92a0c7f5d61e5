//! `validate` on the program itself: standard input, directories, `--strict`, a closed pipe.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test stops at the first surprise")]

use crate::support;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/b2");

fn validate(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = support::gateway::program();
    command.current_dir(dir).arg("validate").args(arguments).stdin(Stdio::null());
    // The fixtures are of this day: later their 2X limits are past.
    command.env("NOEMIE_TEST_CLOCK", "2026-02-02T09:00:00Z");
    command
}

/// Exit status, and for each report the file and its verdict.
fn answer(output: &Output) -> (i32, Vec<String>) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    let line = |line: &str| {
        let report: Value = serde_json::from_str(line).unwrap();
        format!("{} {}", report["file"].as_str().unwrap(), report["verdict"].as_str().unwrap())
    };
    let lines = String::from_utf8_lossy(&output.stdout).lines().map(line).collect();
    (output.status.code().unwrap(), lines)
}

fn json(dir: &Path, arguments: &[&str]) -> (i32, Vec<String>) {
    answer(&validate(dir, &[&["--format", "json"], arguments].concat()).output().unwrap())
}

fn fixture(name: &str) -> PathBuf {
    Path::new(FIXTURES).join(name)
}

#[test]
fn the_standard_input_is_a_file() {
    let dir = tempfile::tempdir().unwrap();
    for (name, expected) in [
        ("ok/two_ps.crlf.b2", (0, "- accepted")),
        ("err/nir-key.crlf.b2", (1, "- partial")),
        ("err/empty.crlf.b2", (2, "- refused")),
    ] {
        let mut process = validate(dir.path(), &["--format", "json", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let bytes = fs::read(fixture(name)).unwrap();
        process.stdin.take().unwrap().write_all(&bytes).unwrap();
        let (status, reports) = answer(&process.wait_with_output().unwrap());
        assert_eq!((status, &reports[..]), (expected.0, &[expected.1.to_owned()][..]), "{name}");
    }
    assert_eq!(json(dir.path(), &["-", "-"]), (64, vec![]));
}

#[test]
fn a_directory_stands_for_its_files_in_order() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("in/deep")).unwrap();
    let copy = |from: &str, to: &str| fs::copy(fixture(from), dir.path().join(to)).unwrap();
    copy("ok/two_ps.crlf.b2", "in/b.b2");
    copy("err/nir-key.crlf.b2", "in/a.b2");
    copy("err/missing-999.crlf.b2", "in/deep/c.b2");
    copy("err/garbage.crlf.b2", "in/.hidden");
    let flat = vec!["in/a.b2 partial".to_owned(), "in/b.b2 accepted".to_owned()];
    assert_eq!(json(dir.path(), &["in"]), (1, flat.clone()));
    let deep = [flat.clone(), vec!["in/deep/c.b2 refused".to_owned()]].concat();
    assert_eq!(json(dir.path(), &["--recursive", "in"]), (2, deep));
    // What follows an unreadable argument is validated all the same.
    fs::create_dir(dir.path().join("none")).unwrap();
    assert_eq!(json(dir.path(), &["none", "in"]), (64, flat));
}

/// A link to the directory above would otherwise be read for ever.
#[cfg(unix)]
#[test]
fn a_circle_of_links_ends() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    fs::copy(fixture("ok/two_ps.crlf.b2"), dir.path().join("in/a.b2")).unwrap();
    std::os::unix::fs::symlink(dir.path(), dir.path().join("in/up")).unwrap();
    std::os::unix::fs::symlink("a.b2", dir.path().join("in/z.b2")).unwrap();
    let expected = vec!["in/a.b2 accepted".to_owned(), "in/z.b2 accepted".to_owned()];
    assert_eq!(json(dir.path(), &["--recursive", "in"]), (0, expected));
}

#[test]
fn strict_fails_on_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    for (name, plain, strict) in [
        ("ok/two_ps.crlf.b2", 0, 0),
        ("err/lot-total.crlf.b2", 0, 1),
        ("err/nir-key.crlf.b2", 1, 1),
        ("err/missing-999.crlf.b2", 2, 2),
    ] {
        let path = fixture(name);
        let path = path.to_str().unwrap();
        assert_eq!(json(dir.path(), &[path]).0, plain, "{name}");
        assert_eq!(json(dir.path(), &["--strict", path]).0, strict, "{name} --strict");
    }
}

#[test]
fn the_help_names_the_exit_statuses() {
    let dir = tempfile::tempdir().unwrap();
    let output = validate(dir.path(), &["--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for line in ["  0  accepted", "  1  accepted in part", "  2  refused", " 64  bad usage"] {
        assert!(help.contains(line), "{line:?} is missing in:\n{help}");
    }
}

/// The exit status is the verdict, also when nobody reads the report to its end.
#[test]
fn a_closed_pipe_is_no_failure() {
    let dir = tempfile::tempdir().unwrap();
    for (name, status) in [("ok/mixte.crlf.b2", 0), ("err/missing-999.crlf.b2", 2)] {
        let path = fixture(name);
        for program in ["validate", "xray"] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let output = support::gateway::program()
                .current_dir(dir.path())
                .args([program, path.to_str().unwrap()])
                .stdin(Stdio::null())
                .stdout(Stdio::from(writer))
                .output()
                .unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{program} {name}");
            let expected = if program == "xray" { 0 } else { status };
            assert_eq!(output.status.code(), Some(expected), "{program} {name}");
        }
    }
}

/// The text form has remedy and person under each fault; its last line names `xray`.
#[test]
fn a_fault_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let file = fixture("err/nir-key.crlf.b2");
    let file = file.to_str().unwrap();
    let said = validate(dir.path(), &[file]).output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    let remedy = "à faire (professionnel de santé) : Relire la carte Vitale ou l'attestation";
    assert!(text.contains(remedy), "{text}");
    assert!(text.ends_with(&format!("noemie-gateway xray {file}\n")), "{text}");
    let json = validate(dir.path(), &["--format", "json", file]).output().unwrap();
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    let key = |finding: &&Value| finding["code"] == "C10-NIR-CLE";
    let finding = report["anomalies"].as_array().unwrap().iter().find(key).unwrap();
    assert_eq!(finding["fixed_by"], "professionnel");
    assert!(finding["fix"].as_str().unwrap().starts_with("Relire la carte"), "{finding}");
}

/// Codes of anomalies and of rejects are explained; an unknown one names the list.
#[test]
fn a_code_is_explained() {
    let explain = |codes: &[&str]| {
        let output = support::gateway::program().arg("explain").args(codes).output().unwrap();
        let text =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code().unwrap(), text)
    };
    for (code, said) in [
        ("c10-nir-cle", "qui peut corriger : professionnel de santé"),
        ("AAA000697R", "famille : DOUBLON"),
        ("0250-050", "Assuré absent du référentiel"),
        ("i1002", "Droits non ouverts"),
        ("tarif", "Vérifier la cotation"),
        ("DEJA_RECUE", "ne pas renvoyer"),
    ] {
        let (status, text) = explain(&[code]);
        assert!(
            status == 0 && text.contains(said) && text.contains("à faire : "),
            "{code}: {text}"
        );
    }
    let (status, text) = explain(&["C99-RIEN", "C12-CLE"]);
    assert!(status == 1 && text.contains("noemie-gateway codes"), "{text}");
    assert!(text.contains("C12-CLE [invoice]"), "the known code is explained: {text}");
}
