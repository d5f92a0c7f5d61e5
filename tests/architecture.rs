//! Which room may know which: the arrows of ARCHITECTURE.md, held by reading the source.
//!
//! Reads `use` lines and inline paths of `src/`, `parsers/src/` and `xray/src/`, comments and
//! strings left out. A new arrow fails here first, and is then either a mistake or a line of
//! [`ROOMS`] that a reviewer sees.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test stops at the first surprise")]

#[path = "architecture/circles.rs"]
mod circles;
#[path = "architecture/reading.rs"]
mod reading;

use reading::{Source, code, functions, is_word, paths, root, sources};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every room of `src/` and the rooms that it may know. No room knows itself by accident: its own
/// paths are always allowed.
///
/// ```text
/// main > cli > app > {grpc, admin, decisions_queue} > service > {ingest, verify, outgoing, relay, conventionnement}
/// {ingest, verify, …} > settle > {normalise, arl, store, clock} > {domain, archive} > {parsers, xray, vault}
/// ```
const ROOMS: &[(&str, &[&str])] = &[
    ("lib", &[]),
    ("main", &["cli"]),
    // Commands check, ask the service and print: neither store, vault nor archive.
    (
        "cli",
        &[
            "app",
            "service",
            "config",
            "domain",
            "files",
            "generate",
            "telemetry",
            "clock",
            "error_chain",
        ],
    ),
    (
        "app",
        &[
            "grpc",
            "admin",
            "decisions_queue",
            "jobs",
            "ingest",
            "outgoing",
            "service",
            "conventionnement",
            "relay",
            "limits",
            "store",
            "archive",
            "vault",
            // The verifier and the witness are made from the rooms of an installation.
            "verify",
            "witness",
            "clock",
            "config",
            "domain",
            "files",
        ],
    ),
    // Each room describes its own metrics, the process registers them once.
    (
        "telemetry",
        &[
            "admin",
            "connections",
            "decisions_queue",
            "ingest",
            "jobs",
            "relay",
            "service",
            "witness",
        ],
    ),
    ("grpc", &["service", "connections", "limits", "kill_point", "clock", "domain", "error_chain"]),
    // Edges check, ask the service and convert: neither store, vault nor archive.
    ("admin", &["service", "connections", "limits"]),
    // Consumes a queue and asks the service; connection, topology and dead letters are the relay's.
    ("decisions_queue", &["service", "relay", "limits", "clock", "domain", "error_chain"]),
    // Sockets and counts, without a protocol; the numbers come from those who listen.
    ("connections", &[]),
    // Numbers only.
    ("limits", &[]),
    // Files of the caisse are returns that come in, and every deposit has its ARL.
    (
        "ingest",
        &[
            "arl",
            "settle",
            "files",
            "reading",
            "kill_point",
            "fault",
            "normalise",
            "store",
            "archive",
            "vault",
            "clock",
            "domain",
            "error_chain",
            "failure_log",
        ],
    ),
    // The same readings as a deposit, compared with what the deposit wrote.
    (
        "verify",
        &[
            "witness",
            "normalise",
            "arl",
            "store",
            "archive",
            "vault",
            "clock",
            "domain",
            "error_chain",
            "reading",
        ],
    ),
    // How far the database reached, kept in the archive: written by the process, compared by
    // `verify`.
    ("witness", &["store", "archive", "vault", "clock", "domain", "reading"]),
    // The one way from the edges to everything below.
    (
        "service",
        &[
            "settle",
            "ingest",
            "conventionnement",
            "outgoing",
            "relay",
            "verify",
            "kill_point",
            "limits",
            "store",
            "vault",
            "clock",
            "domain",
            "error_chain",
            "failure_log",
        ],
    ),
    // Runs steps without knowing what they do.
    ("jobs", &["error_chain", "failure_log"]),
    ("outgoing", &["arl", "files", "kill_point", "store", "vault", "clock", "domain"]),
    ("conventionnement", &["store", "clock", "domain"]),
    ("relay", &["kill_point", "store", "clock", "domain", "error_chain", "failure_log"]),
    // Reads an archived file for those who write its invoices and those who compare them.
    ("normalise", &["reading", "archive", "vault", "domain"]),
    // What follows from what was told, for deposits and decisions.
    ("settle", &["store", "domain"]),
    ("arl", &["vault", "domain"]),
    ("store", &["domain"]),
    ("archive", &["kill_point", "vault"]),
    ("vault", &[]),
    ("files", &["kill_point"]),
    ("reading", &[]),
    // The default size of a file is that of `ingest`, the name of the key file that of the vault.
    // Variables of tests are known by name.
    ("config", &["domain", "ingest", "kill_point", "fault", "limits", "vault", "clock"]),
    // Invented files come from the parsers alone.
    ("generate", &[]),
    // Mistakes that tests make on demand; knows nothing.
    ("fault", &[]),
    // How failures are told in logs; knows nothing.
    ("error_chain", &[]),
    // Which repeated failures are logged; knows nothing.
    ("failure_log", &[]),
    ("clock", &["domain"]),
    ("kill_point", &[]),
    ("domain", &[]),
];

/// Libraries, and the files that may use them.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("nom", &["parsers/src/"]),
    ("sqlx", &["src/store/"]),
    ("lapin", &["src/relay/", "src/decisions_queue/"]),
    ("jiff", &["src/domain/"]),
    ("tonic", &["src/grpc/"]),
    ("tonic_prost", &["src/grpc/"]),
    ("tonic_health", &["src/grpc/"]),
    ("tonic_reflection", &["src/grpc/"]),
    ("tonic_types", &["src/grpc/"]),
    ("prost", &["src/grpc/", "build.rs"]),
    ("socket2", &["src/connections/"]),
    ("prost_types", &["src/grpc/"]),
    ("tonic_prost_build", &["build.rs"]),
];

/// Crates below the gateway: no I/O but on what they are given, no clock, nothing of the gateway.
const PURE_CRATES: &[&str] = &["parsers/src", "xray/src"];

/// What a pure crate must not know: the world.
const NOT_IN_PURE_CRATES: &[&str] =
    &["std::fs", "std::net", "std::time", "std::env", "std::process", "tokio", "noemie_gateway"];

const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 70;

/// Files over the limit, and why they are better whole.
const LONG_FILES: &[(&str, &str)] = &[];

/// Columns of a line. rustfmt leaves long strings, macros and comments as they are.
const WIDTH: usize = 100;

/// Functions over the limit, and why they are better whole.
const LONG_FUNCTIONS: &[(&str, &str)] = &[];

/// The room of a file: `src/store/rows.rs` and `src/store.rs` are `store`. The second part is how
/// deep the file's module is.
fn room(name: &str) -> (&str, usize) {
    let inside =
        name.strip_prefix("src/").unwrap_or(name).trim_end_matches(".rs").trim_end_matches("/mod");
    let parts: Vec<&str> = inside.split('/').collect();
    (parts[0], parts.len())
}

/// The sources of the crates below the gateway.
fn pure_sources() -> impl Iterator<Item = Source> {
    PURE_CRATES.iter().flat_map(|folder| sources(folder))
}

/// The rooms that a file of `src/` names: by `crate::`, or by enough `super::`.
fn rooms_named(source: &Source) -> BTreeSet<String> {
    let (_, depth) = room(&source.name);
    let reach = |path: &String| {
        let parts: Vec<&str> = path.split("::").collect();
        let supers = parts.iter().take_while(|p| **p == "super").count();
        let first = match parts[0] {
            "crate" | "noemie_gateway" => parts.get(1),
            "super" if supers >= depth => parts.get(supers),
            _ => None,
        };
        first
            .filter(|name| ROOMS.iter().any(|(room, _)| room == *name))
            .map(|name| (*name).to_owned())
    };
    paths(&source.code).iter().filter_map(reach).collect()
}

#[test]
fn every_room_knows_only_those_below_it() {
    let mut forbidden = Vec::new();
    for source in sources("src") {
        let (here, _) = room(&source.name);
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == here) else {
            forbidden.push(format!("{}: room `{here}` is not in the table", source.name));
            continue;
        };
        let named = rooms_named(&source);
        let wrong = named
            .iter()
            .filter(|there| there.as_str() != here && !allowed.contains(&there.as_str()));
        forbidden.extend(wrong.map(|there| format!("{}: {here} > {there}", source.name)));
    }
    assert!(
        forbidden.is_empty(),
        "arrows that ARCHITECTURE.md does not have:\n{}",
        forbidden.join("\n")
    );
}

#[test]
fn the_table_has_no_circle_and_no_room_too_many() {
    for (name, below) in ROOMS {
        let mut reached: BTreeSet<&str> = below.iter().copied().collect();
        let mut waiting: Vec<&str> = below.to_vec();
        while let Some(next) = waiting.pop() {
            let (_, further) = ROOMS
                .iter()
                .find(|(room, _)| *room == next)
                .unwrap_or_else(|| panic!("{name} > {next}: no such room"));
            waiting.extend(further.iter().filter(|room| reached.insert(room)));
        }
        assert!(!reached.contains(name), "{name} is below itself");
        let (file, dir) =
            (root().join(format!("src/{name}.rs")), root().join(format!("src/{name}")));
        assert!(file.exists() || dir.exists(), "{name} is no room any more");
    }
    let into_grpc: Vec<&str> =
        ROOMS.iter().filter(|(_, below)| below.contains(&"grpc")).map(|(name, _)| *name).collect();
    assert_eq!(into_grpc, ["app"], "nothing points into gRPC but app");
}

#[test]
fn no_two_files_know_each_other_in_a_circle() {
    let mut found = circles::circles(&sources("src"), "src/", "noemie_gateway");
    found.extend(circles::circles(&sources("xray/src"), "xray/src/", "noemie_xray"));
    found.extend(circles::circles(&sources("parsers/src"), "parsers/src/", "noemie_parsers"));
    let found: Vec<String> = found.iter().map(|files| files.join(" ⇄ ")).collect();
    assert!(found.is_empty(), "circles between files: {found:#?}");
}

#[test]
fn every_library_stays_in_its_rooms() {
    let mut forbidden = Vec::new();
    let build = fs::read_to_string(root().join("build.rs")).unwrap();
    let build = Source { name: "build.rs".to_owned(), lines: 0, code: code(&build) };
    for source in sources("src").into_iter().chain(pure_sources()).chain([build]) {
        for path in paths(&source.code) {
            let library = path.split("::").next().unwrap_or_default();
            let Some((_, rooms)) = LIBRARIES.iter().find(|(name, _)| *name == library) else {
                continue;
            };
            if !rooms.iter().any(|room| source.name.starts_with(room)) {
                forbidden.push(format!("{}: {path}", source.name));
            }
        }
    }
    assert!(forbidden.is_empty(), "libraries outside their rooms:\n{}", forbidden.join("\n"));
}

#[test]
fn the_pure_crates_know_nothing_of_the_world() {
    let mut forbidden = Vec::new();
    for source in pure_sources() {
        let named = |path: &String| {
            NOT_IN_PURE_CRATES.iter().any(|no| path == no || path.starts_with(&format!("{no}::")))
        };
        forbidden.extend(
            paths(&source.code)
                .into_iter()
                .filter(named)
                .map(|path| format!("{}: {path}", source.name)),
        );
    }
    assert!(
        forbidden.is_empty(),
        "parsers and xray do no I/O but on what they are given:\n{}",
        forbidden.join("\n")
    );
}

#[test]
fn files_and_functions_stay_short() {
    let mut long = Vec::new();
    for source in sources("src").into_iter().chain(pure_sources()) {
        if source.lines > LONGEST_FILE && !LONG_FILES.iter().any(|(name, _)| *name == source.name) {
            long.push(format!("{}: {} lines", source.name, source.lines));
        }
        for (function, lines) in functions(&source.code) {
            let full = format!("{}::{function}", source.name);
            if lines > LONGEST_FUNCTION && !LONG_FUNCTIONS.iter().any(|(name, _)| *name == full) {
                long.push(format!("{full}: {lines} lines"));
            }
        }
    }
    assert!(
        long.is_empty(),
        "longer than {LONGEST_FILE} lines a file, {LONGEST_FUNCTION} a function:\n{}",
        long.join("\n")
    );
}

#[test]
fn lines_stay_narrow() {
    let mut wide = Vec::new();
    for source in sources("src").into_iter().chain(pure_sources()) {
        // The parsers hold the tables of the norm, one row a line.
        if source.name.starts_with("parsers/") {
            continue;
        }
        let text = fs::read_to_string(root().join(&source.name)).unwrap();
        let long = text.lines().enumerate().filter(|(_, line)| line.chars().count() > WIDTH);
        wide.extend(long.map(|(at, _)| format!("{}:{}", source.name, at + 1)));
    }
    assert!(wide.is_empty(), "lines wider than {WIDTH} columns:\n{}", wide.join("\n"));
}

/// Files of tests that may sleep, and why.
const MAY_SLEEP: &[(&str, &str)] = &[
    ("tests/support/wait.rs", "it polls probes"),
    ("src/grpc/upload.rs", "the idle time of an upload is the subject of the test"),
];

#[test]
fn tests_wait_for_probes_and_do_not_sleep() {
    let mut found = Vec::new();
    for source in
        ["tests", "src", "parsers/src", "parsers/tests", "xray"].into_iter().flat_map(sources)
    {
        if MAY_SLEEP.iter().any(|(name, _)| *name == source.name) {
            continue;
        }
        let is_test = source.name.contains("tests/") || source.name.ends_with("tests.rs");
        let start = if is_test { Some(0) } else { source.code.find("#[cfg(test)]") };
        let lines = start.into_iter().flat_map(|start| sleeps(&source.code[start..]));
        found.extend(lines.map(|line| format!("{}: {}", source.name, line.trim())));
    }
    assert!(
        found.is_empty(),
        "bare sleeps in tests; wait for a probe, see tests/support/wait.rs:\n{}",
        found.join("\n")
    );
}

/// Returns the lines of a code that call a function named `sleep` or `sleep_until`.
fn sleeps(code: &str) -> impl Iterator<Item = &str> {
    code.lines().filter(|line| {
        let mut calls = line.match_indices('(').map(|(at, _)| line[..at].rsplit(|c| !is_word(c)));
        calls.any(|mut words| matches!(words.next(), Some("sleep" | "sleep_until")))
    })
}

#[test]
fn the_exceptions_are_still_needed() {
    for (name, reason) in LONG_FILES {
        assert!(!reason.is_empty());
        let lines = fs::read_to_string(root().join(name)).unwrap_or_default().lines().count();
        assert!(lines > LONGEST_FILE, "{name} has {lines} lines: take it off the list");
    }
    for (name, reason) in LONG_FUNCTIONS {
        assert!(!reason.is_empty());
        let (file, function) = name.split_once("::").unwrap();
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        let still = functions(&code(&text))
            .into_iter()
            .any(|(found, lines)| found == function && lines > LONGEST_FUNCTION);
        assert!(still, "{name} is short now: take it off the list");
    }
}

#[test]
fn the_reading_of_sources_is_right() {
    let text = "use crate::{grpc::proto, store::{self, Store as _}};\n// use crate::relay;\n\
                let s = \"crate::admin\"; let c = '\"'; a::<'b>(super::super::cli::x)\n";
    let source = |name: &str| Source { name: name.to_owned(), lines: 0, code: code(text) };
    assert_eq!(
        rooms_named(&source("src/ingest/x.rs")),
        ["cli", "grpc", "store"].map(str::to_owned).into()
    );
    assert_eq!(
        rooms_named(&source("src/ingest/x/y.rs")),
        ["grpc", "store"].map(str::to_owned).into()
    );
    assert_eq!(room("src/store/sqlite/mod.rs"), ("store", 2));
    assert_eq!(room("src/store/mod.rs"), ("store", 1));
    let text = "pub fn a() {\n    b();\n}\n\nimpl X {\n    async fn c(\n        self,\n    ) {\n        let x = 1;\n        d();\n    }\n}\n";
    assert_eq!(functions(text), [("a".to_owned(), 3), ("c".to_owned(), 6)]);
    assert!(Path::new(&root()).join("src/main.rs").exists());
}
