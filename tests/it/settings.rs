//! Settings that are wrong, forgotten, misspelt or that contradict each other: refused by the
//! program before it creates anything, with a sentence that names the setting and no secret.

use crate::support;
use gateway::{Gateway, PROGRAM, command, run_process};
use noemie_gateway::generate::{self, Options};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::gateway;

/// Time limit of a command, of which some wait ten seconds for a server.
const LIMIT: Duration = Duration::from_secs(30);
/// Exit status of settings that cannot work.
const BAD_SETTINGS: i32 = 78;

/// Runs the program with variables, and returns exit status, standard output and standard error.
fn run(dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut process = command(dir);
    process.args(arguments).envs(variables.iter().copied());
    // A `serve` that should be refused would run for ever.
    let output = run_process(process, LIMIT);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Asserts that settings are refused with a text, and that nothing is created.
#[track_caller]
fn refused(dir: &Path, arguments: &[&str], variables: &[(&str, &str)], told: &str) {
    let (status, _, err) = run(dir, arguments, variables);
    assert_eq!(status, BAD_SETTINGS, "{variables:?}: {err}");
    assert!(err.contains(told), "{variables:?}: {err}");
    assert!(!err.contains("s3cret"), "{err}");
    assert!(!dir.join("data").exists(), "{variables:?} created an installation");
}

#[test]
fn a_misspelt_variable_starts_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for command in ["serve", "migrate", "ingest x.b2", "config show"] {
        let arguments: Vec<&str> = command.split(' ').collect();
        let typo = [("NOEMIE_AMPQ_URL", "amqp://u:s3cret@h")];
        refused(dir.path(), &arguments, &typo, "NOEMIE_AMPQ_URL is not a setting: did you mean ");
    }
    let of_tests = [("NOEMIE_TEST_DATABASE_URL", "x")];
    refused(dir.path(), &["migrate"], &of_tests, "NOEMIE_TEST_DATABASE_URL is not a setting");
    let of_kubernetes = [
        ("NOEMIE_GATEWAY_SERVICE_HOST", "10.0.0.7"),
        ("NOEMIE_GATEWAY_SERVICE_PORT", "50051"),
        ("NOEMIE_GATEWAY_SERVICE_PORT_GRPC", "50051"),
        ("NOEMIE_GATEWAY_PORT", "tcp://10.0.0.7:50051"),
        ("NOEMIE_GATEWAY_PORT_50051_TCP_ADDR", "10.0.0.7"),
    ];
    assert_eq!(run(dir.path(), &["config", "show"], &of_kubernetes).0, 0);
}

#[test]
fn half_an_installation_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = ("NOEMIE_DATABASE_URL", "postgres://u:s3cret@127.0.0.1:1/d");
    let broker = ("NOEMIE_AMQP_URL", "amqp://u:s3cret@127.0.0.1:1");
    for command in ["serve", "migrate", "list claims", "verify"] {
        let arguments: Vec<&str> = command.split(' ').collect();
        refused(dir.path(), &arguments, &[server], "amqp_url is not set");
        refused(dir.path(), &arguments, &[broker], "database_url is not");
    }
    let both = [server, broker, ("NOEMIE_SINK", "local")];
    refused(dir.path(), &["serve"], &both, "amqp_url is set and sink is local");
    let other = [("NOEMIE_AMQP_URL", "http://u:s3cret@h"), server];
    refused(
        dir.path(),
        &["serve"],
        &other,
        "amqp_url begins with http://: give a URL with amqp://",
    );
}

#[test]
fn directories_and_keys_that_contradict_each_other_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    fs::create_dir(dir.path().join("exchange")).unwrap();
    symlink("exchange", dir.path().join("link")).unwrap();
    let (exchange, link) = (at("exchange"), at("link/in"));
    let nested = [("NOEMIE_OUT_DIR", exchange.as_str()), ("NOEMIE_DROP_DIR", link.as_str())];
    refused(dir.path(), &["serve"], &nested, "overlap");
    let digits = "0".repeat(64);
    let keys = [("NOEMIE_VAULT_KEY", digits.as_str()), ("NOEMIE_VAULT_KEY_FILE", "s3cret")];
    refused(dir.path(), &["migrate"], &keys, "vault_key and vault_key_file are both set");
    refused(dir.path(), &["migrate"], &[("NOEMIE_VAULT_KEY", "s3cret")], "vault_key");
}

#[test]
fn no_form_of_a_password_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("noemie-gateway.toml");
    for url in [
        "postgres://u:s3cret@127.0.0.1:1/d",
        "postgres://127.0.0.1:1/d?user=u&password=s3cret",
        "postgres://127.0.0.1:1/d?p%61ssword=s3cret",
        "postgres://u:pa/s3cret@127.0.0.1:1/d",
        "postgres://u:s3cret@[127.0.0.1:1/d",
        "host=127.0.0.1 user=u password=s3cret",
    ] {
        fs::write(&file, format!("database_url = {url:?}\nsink = \"local\"\n")).unwrap();
        let (status, out, err) = run(dir.path(), &["config", "show"], &[]);
        assert!(!format!("{out}{err}").contains("s3cret"), "{url}: {out}{err}");
        assert!(status == 0 || !err.is_empty(), "{url}");
    }
    // No server answers there, and the last URL is malformed: both errors name the database.
    for url in ["postgres://127.0.0.1:1/d?user=u&password=s3cret", "postgres://u:s3cret@[::1/d"] {
        fs::write(&file, format!("database_url = {url:?}\nsink = \"local\"\n")).unwrap();
        let (status, out, err) = run(dir.path(), &["list", "claims"], &[]);
        assert!(status != 0 && !format!("{out}{err}").contains("s3cret"), "{url}: {out}{err}");
    }
    fs::write(&file, "amqp_url = \"amqp://u:s3cret@h\n").unwrap();
    refused(dir.path(), &["migrate"], &[], "line 1, column ");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_that_was_read_is_announced() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("noemie-gateway.toml"), "max_uploads = 7\n").unwrap();
    let (status, out, err) = run(dir.path(), &["config", "show"], &[]);
    assert!(status == 0 && out.contains("\"max_uploads\": 7"), "{out}{err}");
    assert!(err.starts_with("settings of /") && err.contains("noemie-gateway.toml"), "{err}");
    let named = run(dir.path(), &["--config", "noemie-gateway.toml", "config", "show"], &[]);
    assert_eq!(named.2, "", "a file that was asked for");
    let gateway = Gateway::start(dir.path(), &[]).await;
    let log = gateway.log();
    let line = log.lines().find(|line| line.contains("settings were read"));
    assert!(line.is_some_and(|line| line.contains("noemie-gateway.toml")), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_gateway_on_a_data_directory_is_refused_and_commands_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(dir.path(), &[]).await;
    let ports = [("NOEMIE_GRPC_LISTEN", "127.0.0.1:0"), ("NOEMIE_ADMIN_LISTEN", "127.0.0.1:0")];
    let file = format!("sqlite:{}", dir.path().join("other/gateway.db").display());
    let other_database = [ports.as_slice(), &[("NOEMIE_DATABASE_URL", file.as_str())]].concat();
    for variables in [ports.as_slice(), &other_database] {
        let (status, _, err) = run(dir.path(), &["serve"], variables);
        assert_eq!(status, BAD_SETTINGS, "{err}");
        let named = dir.path().join("data").display().to_string();
        assert!(err.contains("another gateway serves ") && err.contains(&named), "{err}");
    }
    fs::write(dir.path().join("whole.b2"), dre()).unwrap();
    let (status, out, err) = run(dir.path(), &["ingest", "whole.b2", "--sender", "oct"], &[]);
    assert_eq!(status, 0, "{out}{err}");
    assert_eq!(run(dir.path(), &["verify"], &[]).0, 0);
    drop(gateway);
    // The lock ends with its process, however it ends.
    Gateway::start(dir.path(), &[]).await;
}

/// Returns a DRE of one invoice.
fn dre() -> Vec<u8> {
    let mut bytes = Vec::new();
    generate::dre(&Options { invoices: 1, ..Options::default() }, &mut bytes).unwrap();
    bytes
}

/// Returns every file and directory below one, with its mode and group.
fn modes(dir: &Path) -> Vec<(PathBuf, u32, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        found.push((path.clone(), metadata.mode() & 0o7777, metadata.gid()));
        if metadata.is_dir() {
            found.extend(modes(&path));
        }
    }
    found
}

/// Returns a command that runs the program with no umask at all.
fn without_umask(dir: &Path, arguments: &str) -> Command {
    let mut shell = gateway::without_settings(Command::new("sh"));
    let script = format!("umask 000; exec {PROGRAM} --data-dir data {arguments}");
    shell.args(["-c", &script]).current_dir(dir).stdin(Stdio::null());
    shell
}

#[test]
fn files_are_private_whatever_the_umask() {
    let dir = tempfile::tempdir().unwrap();
    let inputs = tempfile::tempdir().unwrap();
    let file = inputs.path().join("whole.b2");
    fs::write(&file, dre()).unwrap();
    let (file, page) = (file.display(), "page.html");
    for arguments in [
        format!("ingest {file} --sender oct"),
        format!("xray {file} --show-persons --html {page}"),
        "generate --norm dre --invoices 1 --output other.b2".to_owned(),
    ] {
        let output = without_umask(dir.path(), &arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let found = modes(dir.path());
    for name in ["gateway.db", "vault.key", "page.html", "other.b2", "out/oct", "archive"] {
        assert!(found.iter().any(|(path, ..)| path.ends_with(name)), "{name}: {found:?}");
    }
    for (path, mode, _) in found {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{} is {mode:o}", path.display());
    }
}

/// A data directory of before, or copied by hand, is closed at the next start, with a line in the
/// log; a directory that senders cross stays so.
#[test]
fn rights_of_others_on_an_older_installation_are_taken_away() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(dir.path(), &["migrate"], &[]).0, 0);
    let open = |name: &str, mode: u32| {
        let path = dir.path().join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let (data, file) = (open("data", 0o755), open("data/gateway.db", 0o644));
    let (status, out, err) = run(dir.path(), &["verify"], &[]);
    assert_eq!(status, 0, "{out}{err}");
    let mode = |path: &Path| path.metadata().unwrap().mode() & 0o7777;
    assert_eq!((mode(&data), mode(&file)), (0o711, 0o600));
    for told in ["gateway.db", "0644", "0755", "taken away"] {
        assert!(err.contains(told), "{told}: {err}");
    }
    let (_, _, err) = run(dir.path(), &["verify"], &[]);
    assert!(!err.contains("taken away"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_reads_the_return_files_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    // A group that this user may give: root gives any, another user only its own.
    let own = dir.path().metadata().unwrap();
    let group = if own.uid() == 0 { 54_321 } else { own.gid() };
    let number = group.to_string();
    let gateway = Gateway::start(dir.path(), &[("NOEMIE_FILE_GROUP", &number)]).await;
    fs::write(dir.path().join("whole.b2"), dre()).unwrap();
    let (status, out, err) = run(dir.path(), &["ingest", "whole.b2", "--sender", "oct"], &[]);
    assert_eq!(status, 0, "{out}{err}");
    let delivered = dir.path().join("data/out/oct");
    let arl = gateway::eventually("the ARL is delivered", || async {
        fs::read_dir(&delivered).ok()?.find_map(|entry| {
            let path = entry.unwrap().path();
            path.extension().is_some_and(|end| end == "noemie").then_some(path)
        })
    })
    .await;
    let of = |path: &Path| path.metadata().map(|m| (m.mode() & 0o7777, m.gid())).unwrap();
    assert_eq!(of(&dir.path().join("data")), (0o710, group));
    assert_eq!(of(&dir.path().join("data/out")), (0o2750, group));
    assert_eq!((of(&delivered), of(&arl)), ((0o2750, group), (0o640, group)));
    for (path, mode, _) in modes(&dir.path().join("data")) {
        if !path.starts_with(dir.path().join("data/out")) && !path.ends_with("in") {
            assert_eq!(mode & 0o077, 0, "{} is {mode:o}", path.display());
        }
    }
    drop(gateway);
    let nobody = [("NOEMIE_FILE_GROUP", "no-such-group")];
    let (status, _, err) = run(dir.path(), &["migrate"], &nobody);
    assert!(status == BAD_SETTINGS && err.contains("no group no-such-group"), "{err}");
}
