//! `validate` and its exit statuses, on the program itself: fixtures of the repository, the samples
//! of the project when they lie beside it, and files of no norm.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod figures;

use crate::support;

use gateway::run;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::gateway;

/// Timeout of a command on one file.
const LIMIT: Duration = Duration::from_secs(10);

/// Samples of the project: they stand beside the repository on the machines of its makers only.
const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/samples");
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata");

/// Returns the exit status and the report of one file, after checking that the command prints only
/// the report and writes no file.
fn validate(path: &Path) -> (i32, Option<Value>) {
    let dir = tempfile::tempdir().unwrap();
    let mut process = gateway::command(dir.path());
    process.args(["validate", "--format", "json", path.to_str().unwrap()]);
    // The samples are of this day: later their 2X limits are past.
    process.env("NOEMIE_TEST_CLOCK", "2026-02-02T09:00:00Z");
    let output = gateway::run_process(process, LIMIT);
    let (stdout, stderr) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(!stderr.contains("panicked"), "{}: {stderr}", path.display());
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        0,
        "{}: a dry run writes nothing",
        path.display()
    );
    let mut lines = stdout.lines();
    let report = lines.next().map(|line| {
        serde_json::from_str(line).unwrap_or_else(|e| panic!("{}: {e}: {line}", path.display()))
    });
    assert_eq!(lines.next(), None, "one object for one file");
    (output.status.code().expect("no signal ended it"), report)
}

/// Returns pseudo-random bytes, the same on every run.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(&mut next).flatten().take(length).collect()
}

#[test]
fn files_of_no_norm_are_refused_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let valid = fs::read(Path::new(FIXTURES).join("b2/ok/two_ps.blocks.b2")).unwrap();
    let noisy_lines: Vec<u8> = noise(1_000_000)
        .into_iter()
        .enumerate()
        .map(|(i, b)| if i % 129 == 128 { b'\n' } else { b' ' + b % 95 })
        .collect();
    let header_then_noise = [&valid[..128], &noise(1_000_000)[..]].concat();
    let header_then_nothing_else = [&valid[..128], &vec![b' '; 5_000_000][..]].concat();
    let headers_without_end = valid[..128].repeat(20_000);
    let strange: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("one byte", vec![b'0']),
        ("10 MB of noise", noise(10_000_000)),
        ("newlines", vec![b'\n'; 1_000_000]),
        ("CRLF", b"\r\n".repeat(500_000)),
        ("NULs", vec![0; 1_000_000]),
        ("blanks", vec![b' '; 1_000_000]),
        ("a line of 5 MB", vec![b'1'; 5_000_000]),
        ("lines of noise", noisy_lines),
        ("a header, then noise", header_then_noise),
        ("a header, then blanks", header_then_nothing_else),
        ("a header, again and again", headers_without_end),
        ("half a block", valid[..64].to_vec()),
        ("a NOEMIE length, then nothing", b"9999000".to_vec()),
        ("UTF-16", valid.iter().flat_map(|b| [*b, 0]).collect()),
    ];
    for (what, bytes) in strange {
        let path = dir.path().join("strange.b2");
        fs::write(&path, bytes).unwrap();
        let (status, report) = validate(&path);
        let report = report.unwrap_or_else(|| panic!("{what}: no report"));
        assert_eq!(
            (status, report["verdict"].as_str().unwrap()),
            (2, "refused"),
            "{what}: {}",
            report["detected"]
        );
        assert!(report["anomaly_count"].as_u64() > Some(0), "{what}: refused without a reason");
        assert_eq!(report["accepted_invoices"], 0, "{what}");
    }
}

#[test]
fn files_that_cannot_be_read_are_bad_usage() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("missing.b2")] {
        let (status, report) = validate(&path);
        assert_eq!((status, report), (64, None), "{}", path.display());
    }
    for arguments in [
        &["validate"][..],
        &["validate", "--format", "xml", "x"],
        &["no-such-command"],
        &["validate", "--no-such-option", "x"],
    ] {
        assert_eq!(run(dir.path(), arguments, LIMIT).status.code(), Some(64), "{arguments:?}");
    }
    assert_eq!(run(dir.path(), &["--help"], LIMIT).status.code(), Some(0));
}

#[test]
fn several_files_give_one_line_each_and_the_worst_status() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| format!("{FIXTURES}/b2/{name}");
    let files =
        [path("ok/two_ps.crlf.b2"), path("err/nir-key.crlf.b2"), path("err/missing-999.crlf.b2")];
    let statuses: Vec<_> = (1..=3)
        .map(|n| {
            let arguments: Vec<&str> = ["validate", "--format", "json"]
                .into_iter()
                .chain(files[..n].iter().map(String::as_str))
                .collect();
            let output = run(dir.path(), &arguments, LIMIT);
            (String::from_utf8(output.stdout).unwrap().lines().count(), output.status.code())
        })
        .collect();
    assert_eq!(statuses, [(1, Some(0)), (2, Some(1)), (3, Some(2))]);
    let missing =
        run(dir.path(), &["validate", "--format", "json", &files[1], "missing.b2"], LIMIT);
    assert_eq!(
        (String::from_utf8(missing.stdout).unwrap().lines().count(), missing.status.code()),
        (1, Some(64))
    );
}

#[test]
fn a_deposit_on_the_command_line_answers_as_the_dry_run() {
    let dir = tempfile::tempdir().unwrap();
    for (name, status) in
        [("ok/two_ps.crlf.b2", 0), ("err/nir-key.crlf.b2", 1), ("err/missing-999.crlf.b2", 2)]
    {
        let path = format!("{FIXTURES}/b2/{name}");
        let ingest =
            run(dir.path(), &["ingest", "--format", "json", "--sender", "oct1", &path], LIMIT);
        assert_eq!(
            ingest.status.code(),
            Some(status),
            "{name}: {}",
            String::from_utf8_lossy(&ingest.stderr)
        );
        let receipt: Value = serde_json::from_slice(&ingest.stdout).unwrap();
        let (_, report) = validate(Path::new(&path));
        let report = report.unwrap();
        for (ours, theirs) in [
            ("verdict", "verdict"),
            ("invoices", "invoices"),
            ("accepted", "accepted_invoices"),
            ("total_centimes", "total_centimes"),
        ] {
            assert_eq!(receipt[ours], report[theirs], "{name}: {ours}");
        }
        assert!(
            dir.path().join("data/out/oct1").join(receipt["arl"].as_str().unwrap()).exists(),
            "{name}: the ARL is written before the command ends"
        );
    }
}

/// `generate` writes the same bytes for the same seed, in both norms. A return answers the file of
/// the same options, or a named file.
#[test]
fn both_norms_are_generated_by_one_command() {
    let dir = tempfile::tempdir().unwrap();
    let generate = |arguments: &[&str]| {
        let output = run(dir.path(), &[&["generate"], arguments].concat(), LIMIT);
        (
            output.status.success(),
            output.stdout,
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let asked = ["--profile", "transport", "--invoices", "30", "--seed", "7"];
    let (done, dre, _) = generate(&[&["--norm", "dre"], &asked[..]].concat());
    assert!(done && dre.starts_with(b"000"));
    let (_, again, _) = generate(&[&["--norm", "dre"], &asked[..]].concat());
    assert!(dre == again, "one seed, one file");
    let file = dir.path().join("dre.b2");
    fs::write(&file, &dre).unwrap();
    let (done, answer, _) = generate(&[&["--norm", "rsp", "--movements"], &asked[..]].concat());
    assert!(done && answer.starts_with(b"0128000"));
    let (_, named, _) = generate(&[
        "--norm",
        "rsp",
        "--movements",
        "--seed",
        "7",
        "--answers",
        file.to_str().unwrap(),
    ]);
    assert!(answer == named, "the answer to a file is the answer to the options that give it");
    // Options of the other norm are refused with a message.
    for wrong in [
        &["--norm", "dre", "--movements"][..],
        &["--norm", "dre", "--damage", "rsp-state"],
        &["--norm", "rsp", "--damage", "nir-key"],
        &["--invoices", "3"],
    ] {
        let (done, written, told) = generate(wrong);
        assert!(!done && written.is_empty() && !told.is_empty(), "{wrong:?}: {told}");
    }
}

/// An assumption of the reader is reported once, whatever the number of lots and invoices.
#[test]
fn assumptions_are_reported_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("dre.b2");
    let told = || {
        let report = validate(&file).1.unwrap();
        let list = report["assumptions"].as_array().unwrap();
        list.iter()
            .map(|a| format!("{} {}", a["code"].as_str().unwrap(), a["record"]))
            .collect::<Vec<_>>()
    };
    let generate = |profile: &str| {
        let arguments = [
            "generate",
            "--norm",
            "dre",
            "--profile",
            profile,
            "--invoices",
            "200",
            "-o",
            file.to_str().unwrap(),
        ];
        assert!(run(dir.path(), &arguments, LIMIT).status.success());
    };
    generate("clinique");
    assert!(told().iter().all(|t| !t.starts_with("A2-NORME")), "{:?}", told());
    generate("pharmacie");
    assert_eq!(told(), ["A2-NORME 2", "A4-2P-DRE 3"]);
    // The same lots sent to a caisse: the 2P have the layout of 2007.
    let mut bytes = fs::read(&file).unwrap();
    bytes[25..27].copy_from_slice(b"CT");
    bytes[91..107].fill(b' ');
    fs::write(&file, bytes).unwrap();
    assert_eq!(told()[1], "A4-2P-2007 3");
}
