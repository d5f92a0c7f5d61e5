//! Which room may know which: the arrows of ARCHITECTURE.md, held by reading the source.
//!
//! Reads `use` lines and inline paths of `src/` and `parsers/src/`, comments and strings left out. A new arrow fails here first, and is then
//! either a mistake or a line of [`ROOMS`] that a reviewer sees.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every room of `src/` and the rooms that it may know. No room knows itself by accident: its own paths are always allowed.
///
/// ```text
/// main > cli > app > {grpc, admin} > {ingest, returns, conventionnement} > {validate, normalise}; below: archive, vault > domain
/// everything from relay and conventionnement up > store > domain
/// ```
const ROOMS: &[(&str, &[&str])] = &[
    ("lib", &[]),
    ("main", &["cli"]),
    // The commands speak to the rooms directly; gRPC is not their way in.
    (
        "cli",
        &[
            "app",
            "admin",
            "telemetry",
            "config",
            "clock",
            "conventionnement",
            "domain",
            "error_chain",
            "generate",
            "ingest",
            "journal",
            "relay",
            "returns",
            "store",
            "validate",
            // Where the key came from is told to whoever made it.
            "vault",
            "verify",
            "xray",
        ],
    ),
    (
        "app",
        &["grpc", "admin", "ingest", "returns", "conventionnement", "relay", "store", "archive", "vault", "clock", "config", "domain", "validate"],
    ),
    // Each room describes its own metrics, the process registers them once.
    ("telemetry", &["admin", "relay"]),
    ("grpc", &["ingest", "kill_point", "returns", "conventionnement", "validate", "store", "vault", "clock", "domain", "error_chain"]),
    ("admin", &["relay", "store", "clock", "domain"]),
    // Files of the caisse are returns that come in, and every deposit has its ARL.
    ("ingest", &["returns", "kill_point", "validate", "normalise", "store", "archive", "vault", "clock", "domain", "error_chain"]),
    // The same readings as the door, compared with what it wrote.
    ("verify", &["ingest", "returns", "validate", "store", "archive", "vault", "clock", "domain"]),
    ("returns", &["kill_point", "validate", "normalise", "store", "vault", "clock", "domain"]),
    ("conventionnement", &["store", "clock", "domain"]),
    ("relay", &["journal", "kill_point", "store", "clock", "domain", "error_chain"]),
    // What is done by hand, whatever it is done to.
    ("journal", &["store", "clock"]),
    // A claim ready to be stored is a type of the store.
    ("normalise", &["store", "vault", "domain"]),
    // A view of a file, with the findings of its validation.
    ("xray", &["validate"]),
    ("validate", &["domain"]),
    ("store", &["domain"]),
    ("archive", &["kill_point", "vault", "domain"]),
    ("vault", &["domain"]),
    // The default size of a file is the door's.
    ("config", &["ingest", "kill_point"]),
    // Invented files come from the parsers alone.
    ("generate", &[]),
    // How failures are told in logs; knows nothing.
    ("error_chain", &[]),
    ("clock", &[]),
    ("kill_point", &[]),
    ("domain", &[]),
];

/// Libraries that live behind one door.
const DOORS: &[(&str, &[&str])] = &[
    ("nom", &["parsers/src/"]),
    ("sqlx", &["src/store/"]),
    ("lapin", &["src/relay/"]),
    ("tonic", &["src/grpc/"]),
    ("tonic_prost", &["src/grpc/"]),
    ("tonic_health", &["src/grpc/"]),
    ("tonic_reflection", &["src/grpc/"]),
    ("tonic_types", &["src/grpc/"]),
    ("prost", &["src/grpc/", "build.rs"]),
    ("prost_types", &["src/grpc/"]),
    ("tonic_prost_build", &["build.rs"]),
];

/// What a crate of parsers must not know: the world.
const NOT_IN_PARSERS: &[&str] = &["std::fs", "std::net", "std::time", "std::env", "std::process", "tokio", "noemie_gateway"];

const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 70;

/// Files over the limit, and why they are better whole.
const LONG_FILES: &[(&str, &str)] = &[];

/// Functions over the limit, and why they are better whole.
const LONG_FUNCTIONS: &[(&str, &str)] = &[];

struct Source {
    /// From the root of the repository, with `/`.
    name: String,
    /// The text, comments and the content of strings blanked out.
    code: String,
    lines: usize,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(under: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join(under)];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
            found.push(Source { name, lines: text.lines().count(), code: code(&text) });
        }
    }
    assert!(!found.is_empty(), "nothing under {under}");
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The code of a text: comments, and what stands in strings and characters, become blanks; lines stay.
fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while i < bytes.len() {
        let rest = &text[i..];
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |n| n + 2)
        } else if let Some(n) = raw_string(rest).filter(|_| !out.ends_with(is_word)) {
            n
        } else if rest.starts_with('"') {
            string(rest)
        } else if rest.starts_with('\'') {
            character(rest)
        } else {
            0
        };
        if skipped > 0 {
            out.extend(rest[..skipped].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            i += skipped;
        } else {
            let c = rest.chars().next().unwrap();
            out.push(c);
            i += c.len_utf8();
        }
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Length of the raw string at the start of a text, if there is one.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = after.bytes().take_while(|b| *b == b'#').count();
    after[hashes..].starts_with('"').then_some(())?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = text.len() - after.len() + hashes + 1;
    Some(start + text[start..].find(&end)? + end.len())
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return i + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of a character literal; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), _) => text.char_indices().skip(3).find(|(_, c)| *c == '\'').map_or(0, |(i, _)| i + 1),
        (Some(_), Some((i, '\''))) => i + 1,
        _ => 0,
    }
}

/// Every path of a code that begins with a word, one path per leaf of a `use` group: `a::{b, c::d}` gives `a::b` and `a::c::d`.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut i = 0;
    while i < code.len() {
        let rest = &code[i..];
        let word: usize = rest.chars().take_while(|c| is_word(*c)).map(char::len_utf8).sum();
        if word == 0 {
            i += rest.chars().next().map_or(1, char::len_utf8);
        } else if rest[word..].starts_with("::") {
            i += path(rest, "", &mut found);
        } else {
            i += word;
        }
    }
    found
}

/// Reads one path at the start of a text and its groups; answers the length read.
fn path(text: &str, prefix: &str, found: &mut Vec<String>) -> usize {
    let word: usize = text.chars().take_while(|c| is_word(*c)).map(char::len_utf8).sum();
    let here = if prefix.is_empty() { text[..word].to_owned() } else { format!("{prefix}::{}", &text[..word]) };
    let Some(after) = text[word..].strip_prefix("::") else {
        found.push(here);
        return word.max(1);
    };
    let mut length = word + 2;
    if !after.starts_with('{') {
        return length + path(after, &here, found);
    }
    length += 1;
    while let Some(c) = text[length..].chars().next() {
        match c {
            '}' => return length + 1,
            c if is_word(c) => length += path(&text[length..], &here, found),
            c => length += c.len_utf8(),
        }
    }
    length
}

/// The room of a file: `src/store/rows.rs` and `src/store.rs` are `store`. The second part is how deep the file's module is.
fn room(name: &str) -> (&str, usize) {
    let inside = name.strip_prefix("src/").unwrap_or(name).trim_end_matches(".rs").trim_end_matches("/mod");
    let parts: Vec<&str> = inside.split('/').collect();
    (parts[0], parts.len())
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
        first.filter(|name| ROOMS.iter().any(|(room, _)| room == *name)).map(|name| (*name).to_owned())
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
        let wrong = named.iter().filter(|there| there.as_str() != here && !allowed.contains(&there.as_str()));
        forbidden.extend(wrong.map(|there| format!("{}: {here} > {there}", source.name)));
    }
    assert!(forbidden.is_empty(), "arrows that ARCHITECTURE.md does not have:\n{}", forbidden.join("\n"));
}

#[test]
fn the_table_has_no_circle_and_no_room_too_many() {
    for (name, below) in ROOMS {
        let mut reached: BTreeSet<&str> = below.iter().copied().collect();
        let mut waiting: Vec<&str> = below.to_vec();
        while let Some(next) = waiting.pop() {
            let (_, further) = ROOMS.iter().find(|(room, _)| *room == next).unwrap_or_else(|| panic!("{name} > {next}: no such room"));
            waiting.extend(further.iter().filter(|room| reached.insert(room)));
        }
        assert!(!reached.contains(name), "{name} is below itself");
        let (file, dir) = (root().join(format!("src/{name}.rs")), root().join(format!("src/{name}")));
        assert!(file.exists() || dir.exists(), "{name} is no room any more");
    }
    let into_grpc: Vec<&str> = ROOMS.iter().filter(|(_, below)| below.contains(&"grpc")).map(|(name, _)| *name).collect();
    assert_eq!(into_grpc, ["app"], "nothing points into gRPC but app");
}

#[test]
fn every_library_stays_behind_its_door() {
    let mut forbidden = Vec::new();
    let build = fs::read_to_string(root().join("build.rs")).unwrap();
    let build = Source { name: "build.rs".to_owned(), lines: 0, code: code(&build) };
    for source in sources("src").into_iter().chain(sources("parsers/src")).chain([build]) {
        for path in paths(&source.code) {
            let library = path.split("::").next().unwrap_or_default();
            let Some((_, doors)) = DOORS.iter().find(|(name, _)| *name == library) else { continue };
            if !doors.iter().any(|door| source.name.starts_with(door)) {
                forbidden.push(format!("{}: {path}", source.name));
            }
        }
    }
    assert!(forbidden.is_empty(), "libraries outside their door:\n{}", forbidden.join("\n"));
}

#[test]
fn the_parsers_know_nothing_of_the_world() {
    let mut forbidden = Vec::new();
    for source in sources("parsers/src") {
        let named = |path: &String| NOT_IN_PARSERS.iter().any(|no| path == no || path.starts_with(&format!("{no}::")));
        forbidden.extend(paths(&source.code).into_iter().filter(named).map(|path| format!("{}: {path}", source.name)));
    }
    assert!(forbidden.is_empty(), "the parsers do no I/O but on what they are given:\n{}", forbidden.join("\n"));
}

#[test]
fn files_and_functions_stay_short() {
    let mut long = Vec::new();
    for source in sources("src").into_iter().chain(sources("parsers/src")) {
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
    assert!(long.is_empty(), "longer than {LONGEST_FILE} lines a file, {LONGEST_FUNCTION} a function:\n{}", long.join("\n"));
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
        let still = functions(&code(&text)).into_iter().any(|(found, lines)| found == function && lines > LONGEST_FUNCTION);
        assert!(still, "{name} is short now: take it off the list");
    }
}

/// Functions of a formatted text, with their lines: rustfmt puts the closing brace under the `fn`.
fn functions(code: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let Some(name) = function_name(line.trim_start()) else { continue };
        // A method of a trait may have no body.
        let body = lines[start..].iter().find(|l| l.contains('{') || l.trim_end().ends_with(';'));
        if !body.is_some_and(|l| l.contains('{')) {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(indent));
        let one_line = line.trim_end().ends_with('}');
        let end = if one_line { Some(0) } else { lines[start..].iter().position(|l| l.trim_end() == closing) };
        found.extend(end.map(|length| (name, length + 1)));
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let mut words = line.split_whitespace().skip_while(|w| w.starts_with("pub") || matches!(*w, "const" | "async" | "unsafe" | "in" | "crate"));
    (words.next()? == "fn").then_some(())?;
    Some(words.next()?.chars().take_while(|c| is_word(*c)).collect())
}

#[test]
fn the_reading_of_sources_is_right() {
    let text = "use crate::{grpc::proto, store::{self, Store as _}};\n// use crate::relay;\nlet s = \"crate::admin\"; let c = '\"'; a::<'b>(super::super::cli::x)\n";
    let source = |name: &str| Source { name: name.to_owned(), lines: 0, code: code(text) };
    assert_eq!(rooms_named(&source("src/ingest/x.rs")), ["cli", "grpc", "store"].map(str::to_owned).into());
    assert_eq!(rooms_named(&source("src/ingest/x/y.rs")), ["grpc", "store"].map(str::to_owned).into());
    assert_eq!(room("src/store/sqlite/mod.rs"), ("store", 2));
    assert_eq!(room("src/store/mod.rs"), ("store", 1));
    let text = "pub fn a() {\n    b();\n}\n\nimpl X {\n    async fn c(\n        self,\n    ) {\n        let x = 1;\n        d();\n    }\n}\n";
    assert_eq!(functions(text), [("a".to_owned(), 3), ("c".to_owned(), 6)]);
    assert!(Path::new(&root()).join("src/main.rs").exists());
}
