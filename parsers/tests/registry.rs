//! Every table that the sources state is in the registry, and tiles its record or entity.

use noemie_parsers::layout::Layout;
use noemie_parsers::{b2, documentation, noemie};
use std::collections::HashSet;
use std::path::Path;

/// Tables stated in the sources of a folder.
fn stated(folder: &str) -> usize {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
    let files = std::fs::read_dir(dir)
        .expect("the sources")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.is_file());
    files
        .map(|p| {
            std::fs::read_to_string(p)
                .expect("text")
                .lines()
                .filter(|l| l.starts_with("record! {"))
                .count()
        })
        .sum()
}

#[track_caller]
fn check(folder: &str, tables: &[&'static Layout]) {
    assert_eq!(stated(folder), tables.len(), "a table of {folder} is not in its registry");
    let names: HashSet<_> = tables.iter().map(|t| (t.tag, t.variant)).collect();
    assert_eq!(names.len(), tables.len(), "a table is twice in the registry");
    for table in tables {
        let mut next = 1;
        for zone in table.all_zones() {
            assert_eq!(
                zone.start, next,
                "{} {} zone {} {}",
                table.tag, table.variant, zone.no, zone.name
            );
            next = zone.end() + 1;
        }
        assert_eq!(
            next,
            table.len + 1,
            "{} {} ends too early or too late",
            table.tag,
            table.variant
        );
    }
}

#[test]
fn every_table_of_b2_is_registered_and_tiles_its_record() {
    check("b2", b2::TABLES);
    assert!(b2::TABLES.iter().all(|t| t.len == 128));
}

#[test]
fn every_table_of_noemie_is_registered_and_tiles_its_entity() {
    check("noemie", &noemie::tables().collect::<Vec<_>>());
}

/// Every zone of every table has its line, with its columns and its picture, and no cell is broken
/// by what it holds.
#[test]
fn every_zone_is_in_the_documents() {
    for (document, tables) in [
        (documentation::b2(), b2::TABLES.to_vec()),
        (documentation::noemie(), noemie::tables().collect()),
    ] {
        for table in tables {
            let titre = format!("`{}` {}", table.tag, table.variant);
            let section = format!("\n## {}: {}\n", titre.trim_end(), table.title);
            let suite =
                document.split_once(&section).unwrap_or_else(|| panic!("no section {section}")).1;
            let section = suite.split("\n## ").next().unwrap_or_default();
            for zone in table.zones {
                let cellules = format!(
                    "| {} | {} | {} | ",
                    documentation::columns(zone),
                    zone.len,
                    documentation::picture(zone)
                );
                assert!(section.contains(&cellules), "{titre}: {cellules}");
            }
            let lignes: Vec<&str> = section.lines().filter(|l| l.starts_with("| ")).collect();
            assert_eq!(lignes.len(), table.zones.len() + 1, "{titre}");
            assert!(
                lignes.iter().all(|l| l.replace("\\|", "").matches('|').count() == 9),
                "{titre}: a broken line"
            );
        }
    }
}
