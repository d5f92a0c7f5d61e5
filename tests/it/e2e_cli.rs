//! `validate` and its exit statuses, on the program itself: fixtures of the repository, the samples
//! of the project when they lie beside it, and files of no norm.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

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
    let output = run(dir.path(), &["validate", "--format", "json", path.to_str().unwrap()], LIMIT);
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

/// Returns the figures of a report that differ from the figures beside the file.
fn differences(expected: &Value, report: &Value) -> Vec<String> {
    const FIGURES: &[(&str, &str)] = &[
        ("invoices", "invoices"),
        ("lines", "lines"),
        ("lots", "lots"),
        ("records", "records"),
        ("entities", "entities"),
        ("packaging", "packaging"),
        ("accepted", "accepted_invoices"),
        ("quarantined", "quarantined_invoices"),
        ("total", "total_centimes"),
        ("amo", "amo_centimes"),
        ("amc", "amc_centimes"),
        ("sums", "sums"),
    ];
    let mut found = Vec::new();
    for (theirs, ours) in FIGURES {
        if expected.get(theirs).is_some_and(|e| *e != report[ours]) {
            found.push(format!("{ours}: expected {}, got {}", expected[theirs], report[ours]));
        }
    }
    // The expected value is a list of logical files, or their number.
    let logical = expected
        .get("logical_files")
        .map(|l| l.as_array().map_or(l.as_u64(), |list| Some(list.len() as u64)));
    if logical.is_some_and(|n| n != report["logical_files"].as_u64()) {
        found.push(format!(
            "logical_files: expected {}, got {}",
            expected["logical_files"], report["logical_files"]
        ));
    }
    found
}

/// Returns verdict and exit status of a severity.
fn cost(severity: &str) -> (&'static str, i32) {
    match severity {
        "file" => ("refused", 2),
        "invoice" => ("partial", 1),
        "warning" | "ok" => ("accepted", 0),
        other => panic!("severity {other}"),
    }
}

/// Checks that a damage raised its control, in its record, in a column of its zone, at the offset of
/// that column.
fn finding_is_there(damage: &Value, columns: (u64, u64), report: &Value) -> Result<(), String> {
    let (record, column, offset) = (
        damage["record"].as_u64().unwrap_or(0),
        damage["column"].as_u64().unwrap_or(0),
        damage["offset"].as_u64(),
    );
    let findings = report["anomalies"].as_array().expect("a list");
    let of_control = findings.iter().filter(|f| f["control"] == damage["control"]);
    let fits = |f: &&Value| {
        let (at, place) = (f["record"].as_u64().unwrap_or(0), f["column"].as_u64().unwrap_or(0));
        let in_zone = columns == (0, 0) || (columns.0..=columns.1).contains(&place);
        let right_offset =
            column == 0 || f["offset"].as_u64() == offset.map(|o| o + place - column);
        at == record && in_zone && right_offset
    };
    if of_control.clone().any(|f| fits(&f)) {
        return Ok(());
    }
    let got: Vec<String> = of_control
        .map(|f| format!("record {} column {} offset {}", f["record"], f["column"], f["offset"]))
        .collect();
    Err(format!(
        "{} record {record} column {column} offset {offset:?}: got {got:?}",
        damage["control"]
    ))
}

fn manifest(path: &str) -> Option<Vec<Value>> {
    let manifest: Value = serde_json::from_slice(&fs::read(path).ok()?).expect("a manifest");
    Some(manifest["files"].as_array().expect("a list of files").clone())
}

#[test]
fn fixtures_give_the_figures_beside_them() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in fixtures() {
        let expected: Value =
            serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
        let (status, report) = validate(&path);
        let report = report.expect("a report");
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let severity = expected.get("verdict").and_then(Value::as_str).unwrap_or("ok");
        if (report["verdict"].as_str().unwrap(), status) != cost(severity) {
            wrong.push(format!(
                "{name}: {} with status {status}, expected {severity}",
                report["verdict"]
            ));
        }
        let figures = expected.get("expected").unwrap_or(&expected);
        wrong.extend(differences(figures, &report).into_iter().map(|d| format!("{name}: {d}")));
        if let Some(damage) = expected.get("damage").filter(|damage| damage.is_object()) {
            let columns = (
                damage["columns"][0].as_u64().unwrap_or(0),
                damage["columns"][1].as_u64().unwrap_or(0),
            );
            wrong.extend(
                finding_is_there(damage, columns, &report).err().map(|e| format!("{name}: {e}")),
            );
        } else if report["anomaly_count"] != 0 {
            wrong.push(format!("{name}: {} anomalies", report["anomaly_count"]));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 30, "only {seen} fixtures");
}

fn fixtures() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for dir in ["b2/ok", "b2/err", "noemie"] {
        let entries =
            fs::read_dir(Path::new(FIXTURES).join(dir)).unwrap().map(|e| e.unwrap().path());
        found.extend(entries.filter(|p| p.extension().is_some_and(|e| e == "b2" || e == "noemie")));
    }
    found.sort();
    found
}

#[test]
fn samples_give_the_figures_of_their_manifest() {
    let Some(files) = manifest(&format!("{SAMPLES}/manifest.json")) else {
        return eprintln!("no samples beside the repository: nothing compared");
    };
    let mut wrong = Vec::new();
    for file in files {
        let name = file["file"].as_str().unwrap();
        let (status, report) = validate(&Path::new(SAMPLES).join(name));
        let report = report.expect("a report");
        wrong.extend(
            differences(&file["expected"], &report).into_iter().map(|d| format!("{name}: {d}")),
        );
        if report["norm"] != file["format"] {
            wrong.push(format!("{name}: norm {}", report["norm"]));
        }
        if status != 0 || report["verdict"] != "accepted" || report["anomaly_count"] != 0 {
            wrong.push(format!(
                "{name}: status {status}, {}, {}",
                report["verdict"], report["anomalies"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn damaged_samples_are_found_out_where_they_are_damaged() {
    let Some(files) = manifest(&format!("{SAMPLES}/bad/manifest.json")) else {
        return eprintln!("no samples beside the repository: nothing compared");
    };
    let mut wrong = Vec::new();
    for file in files {
        let name = file["file"].as_str().unwrap();
        let (status, report) = validate(&Path::new(SAMPLES).join("bad").join(name));
        let report = report.expect("a report");
        if (report["verdict"].as_str().unwrap(), status) != cost(file["verdict"].as_str().unwrap())
        {
            wrong.push(format!(
                "{name}: {} with status {status}, expected {}",
                report["verdict"], file["verdict"]
            ));
        }
        wrong.extend(
            differences(&file["expected"], &report).into_iter().map(|d| format!("{name}: {d}")),
        );
        let columns: Vec<u64> = file["damage"]["reported_columns"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(Value::as_u64)
            .collect();
        let zone = (
            columns.iter().min().copied().unwrap_or(0),
            columns.iter().max().copied().unwrap_or(0),
        );
        wrong.extend(
            finding_is_there(&file["damage"], zone, &report).err().map(|e| format!("{name}: {e}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
fn what_is_no_file_of_any_norm_is_refused_in_time() {
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
fn what_cannot_be_read_is_bad_usage() {
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
fn a_deposit_on_the_command_line_says_what_the_dry_run_said() {
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
