//! Rust sources as the tests of the architecture read them: paths and functions, comments and
//! strings left out.

use std::fs;
use std::path::PathBuf;

pub struct Source {
    /// From the root of the repository, with `/`.
    pub name: String,
    /// The text, comments and the content of strings blanked out.
    pub code: String,
    pub lines: usize,
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn sources(under: &str) -> Vec<Source> {
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

/// The code of a text: comments, and what stands in strings and characters, become blanks; lines
/// stay.
pub fn code(text: &str) -> String {
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

pub fn is_word(c: char) -> bool {
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
        (Some((_, '\\')), _) => {
            text.char_indices().skip(3).find(|(_, c)| *c == '\'').map_or(0, |(i, _)| i + 1)
        }
        (Some(_), Some((i, '\''))) => i + 1,
        _ => 0,
    }
}

/// Every path of a code that begins with a word, one path per leaf of a `use` group: `a::{b, c::d}`
/// gives `a::b` and `a::c::d`.
pub fn paths(code: &str) -> Vec<String> {
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
    let here = if prefix.is_empty() {
        text[..word].to_owned()
    } else {
        format!("{prefix}::{}", &text[..word])
    };
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

/// Functions of a formatted text, with their lines: rustfmt puts the closing brace under the `fn`.
pub fn functions(code: &str) -> Vec<(String, usize)> {
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
        let end = if one_line {
            Some(0)
        } else {
            lines[start..].iter().position(|l| l.trim_end() == closing)
        };
        found.extend(end.map(|length| (name, length + 1)));
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let mut words = line.split_whitespace().skip_while(|w| {
        w.starts_with("pub") || matches!(*w, "const" | "async" | "unsafe" | "in" | "crate")
    });
    (words.next()? == "fn").then_some(())?;
    Some(words.next()?.chars().take_while(|c| is_word(*c)).collect())
}
