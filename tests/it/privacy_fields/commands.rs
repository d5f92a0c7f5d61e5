//! The commands of the program, with planted arguments, file names and tables.

use super::bases::{SENDER, file};
use super::plants::plants;
use super::sinks::Sinks;
use crate::support::gateway::Gateway;
use std::fs;
use std::path::Path;

/// Stands for the planted number in an argument.
const HERE: &str = "{}";
/// Identifier of nothing.
const NOTHING: &str = "0199d0a8-1234-7123-8123-abcdefabcdef";

/// Commands with the place of the planted number.
const COMMANDS: &[&[&str]] = &[
    &["ingest", "--sender", HERE, "one.b2"],
    &["ingest", "--sender", SENDER, "{}.b2"],
    &["ingest", "--sender", SENDER, "absent-{}.b2"],
    &["validate", "--format", "json", "{}.b2"],
    &["validate", "absent-{}.b2"],
    &["xray", "{}.b2"],
    &["status", HERE],
    &["status", "--ps", HERE, "--invoice", HERE],
    &["lookup", HERE, "--amc", "99900011"],
    &["lookup", "992001214", "--amc", HERE],
    &["lookup", "992001214", "--amc", "99900011", "--domain", HERE, "--format", "json"],
    &["lookup", "992001214", "--amc", "99900011", "--on", HERE],
    &["list", "exchanges", "--sender", HERE],
    &["list", "claims", "--ps", HERE],
    &["list", "claims", "--status", HERE],
    &["list", "returns", "--sender", HERE, "--format", "json"],
    &["transfers", HERE],
    &["transfers", "--ps", HERE],
    &["transfers", "--payer", HERE, "--format", "csv"],
    &["transfers", "--from", HERE],
    &["list", "unmatched", "--sender", HERE],
    &["list", "unmatched", "--ps", HERE, "--after", HERE],
    &["match", HERE, "1", NOTHING, "--why", "essai"],
    &["match", NOTHING, "1", NOTHING, "--why", HERE, "--by", HERE],
    &["deposits", "abandon", HERE, "--why", "essai"],
    &["deposits", "abandon", NOTHING, "--why", HERE, "--by", HERE, "--yes"],
    &["finess", "import", "finess-{}.csv", "--format", "json"],
    &["conventions", "import", "conventions-{}.csv", "--format", "json"],
    &["conventions", "import", "header-{}.csv"],
    &["verify", "--since", HERE],
    &["dlq", "show", "--group", HERE],
    &["dlq", "drop", "--origin", HERE, "--yes"],
    &["dlq", "drop", "--reason", HERE, "--yes"],
    &["dlq", "drop", "--routing-key", HERE, "--yes"],
    &["dlq", "drop", "--event", HERE, "--yes"],
    &["dlq", "drop", "--claim", HERE, "--yes"],
    &["dlq", "replay", "--all", "--by", HERE],
    &[HERE],
];

/// Answers that are read once all is done.
const READINGS: &[&[&str]] = &[
    &["list", "exchanges", "--limit", "1000"],
    &["list", "exchanges", "--limit", "1000", "--format", "json"],
    &["list", "claims", "--limit", "1000"],
    &["list", "claims", "--limit", "1000", "--format", "json"],
    &["list", "returns", "--limit", "1000", "--format", "json"],
    &["transfers", "--limit", "1000"],
    &["transfers", "--limit", "1000", "--format", "json"],
    &["list", "unmatched", "--limit", "100"],
    &["list", "unmatched", "--matched", "--format", "json"],
    &["lookup", "992001214", "--amc", "99900011"],
    &["lookup", "990000119", "--amc", "99900011", "--format", "json"],
    &["dlq", "journal", "--limit", "1000", "--format", "json"],
    &["deposits", "list"],
    &["outbox"],
    &["verify"],
];

/// Runs every command with two of the planted numbers, in turn.
pub(super) fn run(gateway: &Gateway, sinks: &mut Sinks) {
    let plants = plants();
    for plant in &plants {
        write_files(&gateway.dir, &plant.text);
    }
    for (n, command) in COMMANDS.iter().enumerate() {
        for plant in [&plants[n % 2], &plants[2 + (n + 1) % 2]] {
            let planted: Vec<String> =
                command.iter().map(|part| part.replace(HERE, &plant.text)).collect();
            let arguments: Vec<&str> = planted.iter().map(String::as_str).collect();
            answer(gateway, &arguments, &command.join(" "), sinks);
        }
    }
    for reading in READINGS {
        answer(gateway, reading, &reading.join(" "), sinks);
    }
    for plant in &plants {
        remove_files(&gateway.dir, &plant.text);
    }
}

fn answer(gateway: &Gateway, arguments: &[&str], name: &str, sinks: &mut Sinks) {
    let output = gateway.run_beside(arguments);
    sinks.add(format!("`{name}`"), output.stdout);
    sinks.add(format!("`{name}`, errors"), output.stderr);
}

fn tables(text: &str) -> [(String, String); 3] {
    let testdata = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
        fs::read_to_string(path).expect("a fixture")
    };
    let finess = testdata("finess/ok_20240101.csv")
        .replacen("PHARMACIE INVENTÉE DE L'ÉTÉ", text, 1)
        .replace("Pharmacie d'Officine", text)
        .replace("99001 VILLE INVENTÉE", text);
    let conventions = testdata("conventions/ok.csv").replace(";;OCT-INVENTE;", ";P;P;");
    [
        (format!("finess-{text}.csv"), finess),
        (
            format!("conventions-{text}.csv"),
            conventions.replace(";P;P;", &format!(";{text};{text};")),
        ),
        (format!("header-{text}.csv"), format!("identifiant;{text}\n992001214;{text}\n")),
    ]
}

fn write_files(dir: &Path, text: &str) {
    fs::write(dir.join("one.b2"), file()).expect("writes");
    fs::write(dir.join(format!("{text}.b2")), file()).expect("writes");
    for (name, table) in tables(text) {
        fs::write(dir.join(name), table).expect("writes");
    }
}

/// The files belong to whoever typed the command: they are no sink.
fn remove_files(dir: &Path, text: &str) {
    fs::remove_file(dir.join(format!("{text}.b2"))).expect("removes");
    for (name, _) in tables(text) {
        fs::remove_file(dir.join(name)).expect("removes");
    }
}
