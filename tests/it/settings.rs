//! Settings that are wrong, forgotten, misspelt or that contradict each other: refused by the
//! program before it creates anything, with a sentence that names the setting and no secret.

use crate::support;
use gateway::{Gateway, command};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use support::gateway;

/// Exit status of settings that cannot work.
const BAD_SETTINGS: i32 = 78;

/// Runs the program with variables, and returns exit status, standard output and standard error.
fn run(dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut process = command(dir);
    process.args(arguments).envs(variables.iter().copied()).stdin(Stdio::null());
    let output = process.output().unwrap();
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
    for command in ["serve", "migrate", "ingest", "config show"] {
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
    refused(dir.path(), &["serve"], &other, "amqp_url begins with http://: give a URL with amqp://");
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
        for arguments in [&["config", "show"][..], &["list", "claims"], &["serve"]] {
            let (status, out, err) = run(dir.path(), arguments, &[]);
            assert!(!format!("{out}{err}").contains("s3cret"), "{url}: {out}{err}");
            assert!(status == 0 || !err.is_empty(), "{url}");
        }
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
