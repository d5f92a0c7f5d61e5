//! Circles between the files of a source tree: file A names an item of B, and B, directly or over
//! others, names an item of A.
//!
//! A module that has children (`mod.rs`, or `x.rs` beside a folder `x/`) is the parent of its room:
//! it knows its children by declaring them, so it takes no part in a circle. What it re-exports
//! counts as an item of the child that defines it.

use crate::reading::{Source, paths};
use std::collections::{BTreeMap, BTreeSet};

/// A module by its path from the root of the crate.
type Module = Vec<String>;

/// The files of one crate, and what each parent module re-exports.
struct Tree<'a> {
    modules: BTreeMap<Module, &'a Source>,
    /// (parent module, name) → where the name comes from, relative to the parent.
    reexports: BTreeMap<(Module, String), Vec<String>>,
}

/// The groups of files of a crate that know each other in a circle. `src` is its folder of sources
/// with a slash at the end, `name` what its own tests call it.
pub fn circles(sources: &[Source], src: &str, name: &str) -> Vec<Vec<String>> {
    let tree = Tree::new(sources, src);
    let arrows: BTreeMap<&str, BTreeSet<&str>> = tree
        .modules
        .iter()
        .filter(|(module, _)| !tree.is_parent(module))
        .map(|(module, source)| (source.name.as_str(), tree.named_by(module, source, name)))
        .collect();
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        arrows.keys().map(|file| (*file, reachable(&arrows, file))).collect();
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for (file, reached) in &reach {
        if reached.contains(file) {
            let members = reached.iter().filter(|other| reach[**other].contains(file));
            found.insert(members.map(|file| (*file).to_owned()).collect());
        }
    }
    found.into_iter().collect()
}

fn reachable<'a>(
    arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    start: &'a str,
) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(file) = waiting.pop() {
        for next in arrows.get(file).into_iter().flatten() {
            if reached.insert(*next) {
                waiting.push(next);
            }
        }
    }
    reached
}

impl<'a> Tree<'a> {
    fn new(sources: &'a [Source], src: &str) -> Self {
        let modules: BTreeMap<Module, &Source> =
            sources.iter().map(|source| (module_of(&source.name, src), source)).collect();
        let mut reexports = BTreeMap::new();
        for (module, source) in &modules {
            for path in public_uses(&source.code) {
                let parts: Vec<String> = path.split("::").map(str::to_owned).collect();
                if let Some(name) = parts.last() {
                    reexports.insert((module.clone(), name.clone()), parts);
                }
            }
        }
        Self { modules, reexports }
    }

    fn is_parent(&self, module: &Module) -> bool {
        self.modules.keys().any(|other| other.len() > module.len() && other.starts_with(module))
    }

    /// The files whose items a file names.
    fn named_by(&self, module: &Module, source: &'a Source, crate_name: &str) -> BTreeSet<&'a str> {
        let found = paths(&source.code).into_iter().filter_map(|path| {
            let parts: Vec<String> = path.split("::").map(str::to_owned).collect();
            self.file_of(&absolute(module, &parts, crate_name)?, 0)
        });
        found.filter(|file| *file != source.name).collect()
    }

    /// The file that defines the item at an absolute path; `None` for items of parent modules.
    fn file_of(&self, path: &[String], depth: u8) -> Option<&'a str> {
        let length = (0..=path.len()).rev().find(|n| self.modules.contains_key(&path[..*n]))?;
        let module = path[..length].to_vec();
        if !self.is_parent(&module) {
            return Some(self.modules[&module].name.as_str());
        }
        let item = path.get(length)?;
        let origin = self.reexports.get(&(module.clone(), item.clone()))?;
        // A name that is re-exported from itself would never end.
        (depth < 8).then_some(())?;
        let relative = absolute(&module, origin, "crate")
            .unwrap_or_else(|| module.iter().chain(origin).cloned().collect());
        self.file_of(&relative, depth + 1)
    }
}

/// `src/store/rows.rs` is `store::rows`, `src/store/mod.rs` is `store`.
fn module_of(file: &str, src: &str) -> Module {
    let inside = file.strip_prefix(src).unwrap_or(file).trim_end_matches(".rs");
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    match inside {
        "lib" => Vec::new(),
        inside => inside.split('/').map(str::to_owned).collect(),
    }
}

/// A path from the root of the crate; `None` when it begins neither with `crate`, `super` nor
/// `self`.
fn absolute(module: &[String], parts: &[String], crate_name: &str) -> Option<Vec<String>> {
    let supers = parts.iter().take_while(|part| *part == "super").count();
    let (base, rest) = match parts.first()?.as_str() {
        "crate" => (&module[..0], &parts[1..]),
        first if first == crate_name => (&module[..0], &parts[1..]),
        "self" => (module, &parts[1..]),
        "super" => (&module[..module.len().checked_sub(supers)?], &parts[supers..]),
        _ => return None,
    };
    Some(base.iter().chain(rest).cloned().collect())
}

/// The paths of `pub use` and `pub(…) use`.
fn public_uses(code: &str) -> Vec<String> {
    let statements = code.split(';').filter_map(|statement| {
        let (before, path) = statement.rsplit_once(" use ")?;
        let visibility = before.rsplit(['\n', '}']).next()?.trim();
        visibility.starts_with("pub").then(|| paths(&format!("{path};")))
    });
    statements.flatten().collect()
}

#[test]
fn a_circle_over_a_reexport_is_found() {
    let source =
        |name: &str, code: &str| Source { name: name.to_owned(), lines: 1, code: code.to_owned() };
    let circle = [
        source("src/room/mod.rs", "mod a;\nmod b;\npub use a::Item;\n"),
        source("src/room/a.rs", "use super::b::Other;\npub struct Item(Other);\n"),
        source("src/room/b.rs", "use super::Item;\npub struct Other(Box<Item>);\n"),
        source("src/room/c.rs", "use super::{Item, b};\n"),
    ];
    assert_eq!(circles(&circle, "src/", "x"), [["src/room/a.rs", "src/room/b.rs"]]);
    assert!(circles(&circle[..2], "src/", "x").is_empty());
}
