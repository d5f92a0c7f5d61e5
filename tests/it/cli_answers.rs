//! Answers and refusals of commands: reasons in words, exit statuses, directories of their own,
//! and names that are safe to print.

use crate::support;

use gateway::{command, run};
use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::gateway;

const LIMIT: Duration = Duration::from_secs(60);
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/b2");

struct Answer {
    status: i32,
    out: String,
    err: String,
}

impl Answer {
    fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn answer(process: &mut Command) -> Answer {
    let output = process.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!err.contains("panicked"), "{err}");
    Answer { status: output.status.code().unwrap(), out, err }
}

fn ask(dir: &Path, arguments: &[&str]) -> Answer {
    // The fixtures are of this day: later their 2X limits are past.
    answer(command(dir).args(arguments).env("NOEMIE_TEST_CLOCK", "2026-02-02T09:00:00Z"))
}

/// Returns every file below a directory with its bytes.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "enc") {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn the_demo_takes_only_a_directory_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    // `command` gives --data-dir, which is the directory of the demonstration.
    let first = ask(dir.path(), &["demo"]);
    assert_eq!(first.status, 0, "{}", first.err);
    let data = dir.path().join("data");
    assert!(data.join("gateway.db").exists(), "the demonstration is where --data-dir says");
    let before = files(&data);
    assert!(!before.is_empty());
    for arguments in [&["demo"][..], &["demo", "--dir", data.to_str().unwrap()]] {
        let again = ask(dir.path(), arguments);
        assert_eq!((again.status, again.out.as_str()), (64, ""), "{}", again.err);
        assert!(again.err.contains("is not empty") && again.err.contains("--dir"), "{}", again.err);
    }
    assert_eq!(files(&data), before, "no archived file is touched");
    let two = ask(dir.path(), &["demo", "--dir", "elsewhere"]);
    assert!(two.status == 64 && two.err.contains("--data-dir"), "{}", two.err);
    assert!(!dir.path().join("elsewhere").exists());
}

#[test]
fn a_deposit_tells_its_faults_and_its_report_tells_them_again() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // An invoice with a wrong key, in a file whose end is missing: the end costs the whole file.
    let dre = fs::read(format!("{FIXTURES}/err/nir-key.crlf.b2")).unwrap();
    fs::write(dir.join("cut.b2"), &dre[..dre.len() - 130]).unwrap();
    fs::write(dir.join("fault.b2"), &dre).unwrap();
    let deposit = ask(dir, &["ingest", "cut.b2", "fault.b2"]);
    assert_eq!(deposit.status, 2, "{}", deposit.err);
    let lines: Vec<&str> = deposit.out.lines().collect();
    let first_fault = lines.iter().find(|line| line.starts_with("  - ")).unwrap();
    assert!(first_fault.starts_with("  - [file] "), "{}", deposit.out);
    let arl = lines[1].split_once("; ARL ").unwrap().1;
    assert!(Path::new(arl).is_file(), "{arl} is the ARL");
    assert!(deposit.out.contains("  - [invoice] C10-NIR-CLE : "), "{}", deposit.out);
    for name in ["cut.b2", "fault.b2"] {
        let checked = ask(dir, &["validate", name]).out;
        for fault in checked.lines().filter(|line| line.starts_with("  - ")) {
            assert!(deposit.out.contains(fault), "{fault}\n{}", deposit.out);
        }
    }

    let again = ask(dir, &["ingest", "fault.b2", "--format", "json"]).json().remove(0);
    assert_eq!(again["findings"][0]["code"], "C10-NIR-CLE");
    assert!(Path::new(again["arl_path"].as_str().unwrap()).is_file());
    assert!(again["received_at"].as_str().unwrap().ends_with('Z'), "{again}");
    let id = again["exchange_id"].as_str().unwrap();
    let report = ask(dir, &["report", id]);
    assert_eq!(report.status, 0, "{}", report.err);
    assert!(report.out.contains("C10-NIR-CLE") && report.out.contains(id), "{}", report.out);
    assert!(report.out.contains("1 mise de côté"), "{}", report.out);
    let json = ask(dir, &["report", id, "--format", "json"]).json().remove(0);
    assert_eq!(json["findings"], again["findings"]);
    assert_eq!(json["quarantined_invoices"][0]["codes"][0], "C10-NIR-CLE");
    assert!(json["ledger"]["quarantined"].as_u64() > Some(0), "{json}");
    let unknown = ask(dir, &["report", "00000000-0000-0000-0000-000000000001"]);
    assert_eq!((unknown.status, unknown.out.as_str()), (1, ""));

    let waiting = ask(dir, &["list", "quarantine", "--waiting", "--sender", "cli", "--test"]);
    assert!(waiting.out.contains(id) && waiting.out.contains("C10-NIR-CLE"), "{}", waiting.out);
    assert!(waiting.out.contains("cli fault.b2"), "{}", waiting.out);
    let listed = ask(dir, &["list", "quarantine", "--test", "--format", "json"]).json();
    assert_eq!((listed.len(), &listed[0]["sender"]), (1, &"cli".into()));
    assert_eq!(ask(dir, &["list", "quarantine", "--sender", "nobody"]).out, "");
    let exchanges = ask(dir, &["list", "exchanges", "--test"]).out;
    assert!(exchanges.contains("1 mise de côté"), "{exchanges}");
    // The fixtures are marked as tests: the real lane has nothing of them.
    for listing in ["exchanges", "claims", "quarantine", "returns"] {
        assert_eq!(ask(dir, &["list", listing]).out, "", "{listing}");
        assert_ne!(ask(dir, &["list", listing, "--test"]).out, "", "{listing}");
    }
    assert!(report.out.contains("fichier de test : rien ne sera payé"), "{}", report.out);
    assert_eq!(again["test"], true);
    let checked = ask(dir, &["validate", "fault.b2"]).out;
    assert!(checked.contains("fichier de test : rien ne sera payé"), "{checked}");
}

#[test]
fn settings_that_cannot_work_are_told_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().to_string();
    for (arguments, name, value) in [
        (&["list", "claims"][..], "NOEMIE_MAX_UPLOADS", "0"),
        (&["list", "claims"], "NOEMIE_DATABASE_URL", "mysql://u@h/d"),
        (&["list", "claims"], "NOEMIE_LOG_FORMAT", "xml"),
        (&["list", "claims"], "NOEMIE_TEST_CLOCK", "demain"),
        (&["serve"], "NOEMIE_GRPC_LISTEN", &port),
        (&["serve"], "NOEMIE_ADMIN_LISTEN", &port),
        (&["migrate"], "NOEMIE_VAULT_KEY", "abc"),
    ] {
        let mut process = command(dir.path());
        if name != "NOEMIE_GRPC_LISTEN" {
            process.env("NOEMIE_GRPC_LISTEN", "127.0.0.1:0");
        }
        let refused = answer(process.args(arguments).env(name, value));
        assert_eq!(refused.status, 78, "{name}: {}", refused.err);
        let setting = name.trim_start_matches("NOEMIE_").to_lowercase();
        let told = refused.err.to_lowercase();
        assert!(told.contains(&setting), "{name}: {told}");
        assert!(!dir.path().join("data").exists(), "{name}");
    }
    fs::write(dir.path().join("noemie-gateway.toml"), "max_upload = 3\n").unwrap();
    let unknown = ask(dir.path(), &["list", "claims"]);
    assert!(unknown.status == 78 && unknown.err.contains("max_upload"), "{}", unknown.err);
}

#[test]
fn files_that_are_not_there_create_no_installation() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("folder")).unwrap();
    for arguments in [
        &["ingest", "missing.b2", "folder"][..],
        &["finess", "import", "missing.csv"],
        &["conventions", "import", "missing.csv"],
    ] {
        let refused = ask(dir.path(), arguments);
        assert_eq!(refused.status, 64, "{arguments:?}: {}", refused.err);
        for file in arguments.iter().filter(|word| word.contains("missing")) {
            assert!(refused.err.contains(file), "{}", refused.err);
        }
        assert!(!dir.path().join("data").exists(), "{arguments:?}");
    }
    let whole = format!("{FIXTURES}/ok/two_ps.crlf.b2");
    let both = ask(dir.path(), &["ingest", "missing.b2", &whole]);
    assert!(both.status == 64 && both.out.contains("Fichier accepté"), "{} {}", both.out, both.err);
}

#[test]
fn bad_usage_says_what_is_usable() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, expected) in [
        (&["list", "claims", "--status", "bogus"][..], &["received", "paid_and_rejected"][..]),
        (&["list", "claims", "--status", "quarantined"], &["list quarantine"]),
        (&["status"], &["--ps", "--invoice", "<CLAIM>"]),
        (&["dlq", "show", "--older-than", "100000years"], &["100 years"]),
        (&["dlq", "drop", "--younger-than", "100000years"], &["100 years"]),
    ] {
        let refused = ask(dir.path(), arguments);
        assert_eq!(refused.status, 64, "{arguments:?}: {}", refused.err);
        for part in expected {
            assert!(refused.err.contains(part), "{arguments:?}: {}", refused.err);
        }
    }
    let shown = ask(dir.path(), &["config", "show"]);
    let config: Value = serde_json::from_str(&shown.out).unwrap();
    for (setting, file) in [("drop_dir", "in"), ("out_dir", "out"), ("vault_key_file", "vault.key")]
    {
        let path = dir.path().join("data").join(file);
        assert_eq!(config[setting], path.to_str().unwrap(), "{setting}");
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let dead = answer(command(dir.path()).arg("health").env("NOEMIE_ADMIN_LISTEN", &port));
    assert_eq!((dead.status, dead.err.lines().count()), (1, 1), "{}", dead.err);
    assert!(dead.err.contains(&port) && dead.err.contains("no answer"), "{}", dead.err);
}

/// A pipe would make the reading wait for a writer; a name may hold anything.
#[test]
fn a_directory_of_strange_entries_is_read_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("in");
    fs::create_dir(&folder).unwrap();
    let copy = |name: &str| {
        fs::copy(format!("{FIXTURES}/ok/two_ps.crlf.b2"), folder.join(name)).unwrap();
    };
    copy("a\u{1b}[31m.b2");
    copy("dre 185076005701824.b2");
    let made = Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink("nowhere", folder.join("link")).unwrap();
    let output = run(dir.path(), &["validate", "in"], LIMIT);
    let (out, err) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(64), "{out} {err}");
    assert_eq!(out.matches("Fichier accepté").count(), 2, "{out}");
    assert!(err.contains("in/pipe: ") && err.contains("in/link: "), "{err}");
    assert!(!out.contains('\u{1b}') && out.contains("a\\u{1b}[31m.b2"), "{out}");
    assert!(!out.contains("185076005701824"), "{out}");
}

#[test]
fn an_xray_reads_the_standard_input_and_speaks_french() {
    let dir = tempfile::tempdir().unwrap();
    for (name, status, expected) in [
        ("err/nir-key.crlf.b2", 0, "- : Fichier accepté en partie : "),
        ("err/garbage.crlf.b2", 2, "Fichier refusé : son contenu n'est pas reconnu"),
    ] {
        let input = fs::File::open(format!("{FIXTURES}/{name}")).unwrap();
        let output = command(dir.path()).args(["xray", "-"]).stdin(input).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(status), "{text}");
        assert!(text.contains(expected), "{text}");
        for english in ["norm PS", "all norms", "neither", "practitioners"] {
            assert!(!text.contains(english), "{english}: {text}");
        }
    }
}

/// A day of `--since` is one of Paris; a raw file that cannot be read is not counted as read.
#[test]
fn a_verification_counts_days_of_paris_and_files_that_it_read() {
    let dir = tempfile::tempdir().unwrap();
    let whole = format!("{FIXTURES}/ok/two_ps.crlf.b2");
    let mut ingest = command(dir.path());
    // Half past midnight in Paris.
    ingest.args(["ingest", &whole]).env("NOEMIE_TEST_CLOCK", "2026-03-09T23:30:00Z");
    assert_eq!(answer(&mut ingest).status, 0);
    for (day, files) in [("2026-03-10", "1 file read"), ("2026-03-11", "0 files read")] {
        let verified = ask(dir.path(), &["verify", "--since", day]);
        assert!(verified.status == 0 && verified.out.contains(files), "{day}: {}", verified.out);
    }
    for (path, _) in files(&dir.path().join("data")) {
        fs::remove_file(path).unwrap();
    }
    let verified = ask(dir.path(), &["verify"]);
    assert_eq!(verified.status, 1, "{}", verified.out);
    assert!(verified.out.contains("1 receipt, 0 files read again"), "{}", verified.out);
    assert!(verified.out.contains("1 finding\n"), "{}", verified.out);
    assert!(verified.out.contains("without a new deposit: its receipt holds"), "{}", verified.out);
}

/// Alerts send people to commands and to lines of the log: both exist.
#[test]
fn what_the_alerts_quote_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let alerts = fs::read_to_string(root.join("deploy/prometheus/alerts.yml")).unwrap();
    let alerts = alerts.split_whitespace().collect::<Vec<_>>().join(" ");
    let quotes: Vec<&str> =
        alerts.split("« ").skip(1).map(|rest| rest.split_once(" »").unwrap().0).collect();
    assert!(quotes.len() > 5, "{quotes:?}");
    let mut source = String::new();
    sources(&root.join("src"), &mut source);
    let dir = tempfile::tempdir().unwrap();
    for quote in quotes {
        if let Some(arguments) = quote.strip_prefix("noemie-gateway ") {
            let mut words: Vec<&str> = arguments.split(' ').collect();
            words.push("--help");
            assert_eq!(ask(dir.path(), &words).status, 0, "{quote}");
        } else if !quote.starts_with("--") {
            assert!(source.contains(quote), "no line of the log says {quote:?}");
        }
    }
}

/// Appends every source below a directory, with texts over several lines joined.
fn sources(dir: &Path, into: &mut String) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else {
            let text = fs::read_to_string(&path).unwrap().replace("\\\n", " ");
            into.push_str(&text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}
