//! The page of a file: what the reader came for stands first, faulty records are drawn with those
//! that hold them, the others are folded, and everything is French.

#![allow(missing_docs, reason = "a test")]

use noemie_xray::{Choice, LISTED_PER_CODE, Options, Role, Summary, Xray, html, text};
use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::{Path, PathBuf};

const STAMP: html::Stamp<'_> =
    html::Stamp { software: "noemie-gateway 1.2.3", day: None, digest: "BLAKE3 0123" };

/// Length of a record of norm B2 with CR LF.
const STEP: usize = 130;

fn xray(bytes: &[u8]) -> Xray<Cursor<&[u8]>> {
    Xray::open(Cursor::new(bytes), "fichier", &Options::default()).expect("memory does not fail")
}

fn page(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    html::page(&mut out, &mut xray(bytes), &STAMP, &[]).expect("memory does not fail");
    String::from_utf8(out).expect("text")
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata")
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(testdata().join(name)).expect("the sample")
}

/// The files of the samples, and those beside the project when they are there.
fn files() -> Vec<(String, Vec<u8>)> {
    let near = ["b2/ok", "b2/err", "noemie"].map(|name| testdata().join(name));
    let shared = ["samples", "samples/bad", "cases"]
        .map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(name));
    let mut found = Vec::new();
    for entry in near.iter().chain(&shared).filter_map(|dir| std::fs::read_dir(dir).ok()).flatten()
    {
        let path = entry.expect("an entry").path();
        let is_sample = path.extension().is_some_and(|end| end == "b2" || end == "noemie");
        if is_sample {
            found.push((path.display().to_string(), std::fs::read(&path).expect("readable")));
        }
    }
    assert!(found.len() > 30, "{}", found.len());
    found
}

/// The page without its codes, which have no accents and may be English.
fn without_codes(page: &str) -> String {
    let parts = page.split("<code").map(|part| part.split_once("</code>").map_or(part, |p| p.1));
    parts.collect()
}

/// The page without its markup, a blank for each tag.
fn words(page: &str) -> String {
    let body = page.split_once("</style>").expect("a style").1;
    let mut out = String::new();
    let mut is_tag = false;
    for c in body.chars() {
        match c {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                out.push(' ');
            }
            c if !is_tag => out.push(c),
            _ => {}
        }
    }
    out
}

/// Number and role of each record that is drawn.
fn roles(bytes: &[u8]) -> Vec<(u64, Role)> {
    let mut xray = xray(bytes);
    (0..xray.len())
        .map(|i| xray.sheet(i).expect("memory does not fail"))
        .map(|sheet| (sheet.record, sheet.role))
        .collect()
}

fn records_of(bytes: &[u8], role: Role) -> Vec<u64> {
    roles(bytes).into_iter().filter(|(_, is)| *is == role).map(|(record, _)| record).collect()
}

#[test]
fn the_verdict_and_the_findings_stand_before_the_records() {
    let page = page(&sample("b2/err/nir-key.crlf.b2"));
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    let order = [
        "Fichier accepté en partie : ",
        "id=\"anomalies\"",
        "Clé du numéro d&#39;immatriculation fausse",
        "id=\"hypotheses\"",
        "id=\"enregistrements\"",
        "<section class=\"record",
        "<footer",
        "noemie-gateway 1.2.3",
        "BLAKE3 0123",
        "provisoires",
    ];
    let places = order.map(at);
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.contains("à corriger et renvoyer"));
}

#[test]
fn findings_are_listed_by_what_they_cost() {
    let mut bytes = sample("b2/ok/auxiliaire.crlf.b2");
    // A key of the first invoice, an unknown complement, and the counter of the 999.
    bytes[2 * STEP + 24] = if bytes[2 * STEP + 24] == b'9' { b'8' } else { b'9' };
    let last = bytes.len() - STEP;
    bytes[last + 50..last + 60].fill(b'9');
    bytes[6 * STEP + 35] = b'Z';
    let xray = xray(&bytes);
    let costs: Vec<_> =
        Summary::of(&xray.report.anomalies).groups.iter().map(|g| g.severity).collect();
    let mut sorted = costs.clone();
    sorted.sort_by_key(|cost| std::cmp::Reverse(*cost));
    assert_eq!(costs, sorted);
    assert_eq!(costs.iter().collect::<BTreeSet<_>>().len(), 3, "{:?}", xray.report.anomalies);
    let page = page(&bytes);
    let mut terminal = Vec::new();
    text::summary(&mut terminal, &xray.report, text::Paint::new(false)).expect("written");
    let terminal = String::from_utf8(terminal).expect("text");
    for shown in [page, terminal] {
        let places = ["refuse le fichier", "facture mise de côté", "avertissement"]
            .map(|cost| shown.rfind(cost).unwrap_or_else(|| panic!("{cost} in {shown}")));
        assert!(places.is_sorted(), "{places:?}");
    }
}

#[test]
fn a_faulty_record_is_drawn_with_the_records_that_hold_it() {
    let bytes = sample("b2/ok/auxiliaire.crlf.b2");
    let at = |record: u64| (usize::try_from(record).expect("small") - 1) * STEP;
    let kind = |record: u64| bytes[at(record)];
    let records = (bytes.len() / STEP) as u64;
    let mut held = 0;
    for record in (1..=records).filter(|r| kind(*r) == b'4') {
        let mut damaged = bytes.clone();
        damaged[at(record) + 88] = b'O';
        let before = |wanted: &[u8]| (1..record).rev().find(|r| wanted.contains(&kind(*r)));
        let main = (1..record).rev().find(|r| kind(*r) == b'2' && bytes[at(*r) + 35] == b' ');
        let expected: Vec<u64> = [before(b"0"), before(b"1"), main].into_iter().flatten().collect();
        let context = records_of(&damaged, Role::Context);
        let chosen = records_of(&damaged, Role::Chosen);
        assert!(chosen.contains(&record), "{record}: {chosen:?}");
        for group in &expected {
            assert!(context.contains(group) || chosen.contains(group), "{record}: {context:?}");
        }
        held += usize::from(context == expected);
    }
    assert!(held > 3, "{held}");
}

#[test]
fn a_fault_outside_any_lot_is_held_by_its_000_alone() {
    // Two logical files: the 999 of the second is wrong.
    let bytes = sample("b2/err/count-999.crlf.b2");
    let is_000 = |record: &usize| bytes[record * STEP..].starts_with(b"000");
    let second = (0..bytes.len() / STEP).rfind(is_000).expect("a 000") as u64 + 1;
    assert_eq!(records_of(&bytes, Role::Chosen), [(bytes.len() / STEP) as u64]);
    assert_eq!(records_of(&bytes, Role::Context), [second]);
    // A record of an invoice between the end of a lot and the next lot.
    let end = (0..bytes.len() / STEP).find(|r| bytes[r * STEP] == b'6').expect("a 6") + 1;
    let mut moved = bytes.clone();
    moved.splice(end * STEP..end * STEP, bytes[3 * STEP..4 * STEP].iter().copied());
    assert!(records_of(&moved, Role::Chosen).contains(&(end as u64 + 1)));
    assert_eq!(records_of(&moved, Role::Context), [1, second + 1]);
}

#[test]
fn a_faulty_entity_is_drawn_with_the_groups_that_hold_it() {
    for name in ["noemie/rsp_mixte.lines.noemie", "noemie/rsp_mixte.blocks.noemie"] {
        let mut bytes = sample(name);
        let last = bytes.windows(5).rposition(|w| w == b"19899").expect("a 198");
        // The amount asked of the last invoice.
        bytes[last + 8] = b'O';
        let mut xray = xray(&bytes);
        let mut entities = BTreeSet::new();
        let mut roles = Vec::new();
        for index in 0..xray.len() {
            let sheet = xray.sheet(index).expect("memory does not fail");
            if sheet.role == Role::Folded {
                continue;
            }
            roles.push(sheet.role);
            let focus = sheet.fields.iter().filter(|f| sheet.in_focus(&(f.first - 1..f.last)));
            entities.extend(focus.map(|f| f.entity.clone()));
        }
        assert_eq!(roles.first(), Some(&Role::Context), "{name}: the 000");
        assert!(roles.contains(&Role::Chosen), "{name}");
        for entity in ["020", "040", "071", "102", "198"] {
            assert!(entities.contains(entity), "{name}: {entity} in {entities:?}");
        }
        assert!(!entities.contains("103"), "{name}: {entities:?}");
    }
}

#[test]
fn sound_records_are_folded() {
    let page = page(&sample("b2/err/nir-key.crlf.b2"));
    let outside: String = page
        .split("<details")
        .enumerate()
        .map(
            |(rank, part)| {
                if rank == 0 { part } else { part.split_once("</details>").expect("closed").1 }
            },
        )
        .collect();
    assert!(page.contains("<details class=\"folded\"><summary>"));
    assert!(!page.contains("<details class=\"folded\" open"));
    assert_eq!(outside.matches("class=\"record sound\"").count(), 0);
    assert!(page.matches("class=\"record sound\"").count() > 5);
    let drawn = outside.matches("<section class=\"record").count();
    assert!((2..=4).contains(&drawn), "{drawn}");
}

#[test]
fn links_lead_to_a_record_of_the_page() {
    for (name, bytes) in files() {
        let page = page(&bytes);
        for link in page.split("href=\"#").skip(1) {
            let id = link.split('"').next().expect("closed");
            assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{name}: {id}");
        }
    }
}

#[test]
fn long_lists_are_cut_with_a_count() {
    let mut bytes = sample("b2/ok/mixte.crlf.b2");
    let acts: Vec<usize> = (0..bytes.len() / STEP).filter(|r| bytes[r * STEP] == b'4').collect();
    for act in &acts {
        // Every digit of the price is a finding of its own zone.
        bytes[act * STEP + 88] = b'O';
        bytes[act * STEP + 95] = b'O';
        bytes[act * STEP + 112] = b'O';
    }
    let xray = xray(&bytes);
    let summary = Summary::of(&xray.report.anomalies);
    let group = summary.groups.iter().find(|g| g.left_out() > 0).expect("a long list");
    assert_eq!(group.listed().count(), LISTED_PER_CODE);
    let page = page(&bytes);
    assert!(page.contains(&format!("et {} autres de même code.", group.left_out())));
}

#[test]
fn blanks_are_copied_as_blanks() {
    let bytes = sample("b2/err/nir-key.crlf.b2");
    let page = page(&bytes);
    let first = page.split("<div class=\"bytes\">").nth(1).expect("a record");
    let first = first.split_once("</div>").expect("closed").0;
    let blocks: String = first
        .split("<pre>")
        .skip(1)
        .map(|block| words(&format!("</style>{}", block.split('\n').next().expect("a line"))))
        .map(|line| line.replace("  ", " "))
        .collect();
    let dense = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(dense(&blocks), dense(&String::from_utf8_lossy(&bytes[..128])));
    assert!(first.contains("class=\"b\">      </span>") || first.contains("class=\"a b\">      "));
    assert!(!first.contains('·'));
}

/// English words of the tables and of the code.
const ENGLISH: &[&str] = &[
    "the", "of", "and", "is", "not", "blank", "only", "when", "record", "length", "with", "for",
    "invoice", "warning", "file", "unknown", "level", "cents", "from", "date of", "paid",
];

/// French words that are wrong without their accents.
const UNACCENTED: &[&str] = &[
    "numero",
    "cle",
    "complement",
    "prealable",
    "sante",
    "immatriculation assure",
    "beneficiaire",
    "enregistrement de fin errone",
    "reglement",
    "regime",
    "specialite",
    "quantite",
    "deces",
    "maternite",
    "depense",
    "delivrance date",
    "emetteur",
    "creation",
    "monetaire",
    "debut",
    "etat",
    "reference",
    "libelle",
    "delimiteur",
    "entite",
    "caracteres",
    "tete",
    "calcules",
];

#[test]
fn a_page_is_french_with_its_accents() {
    let mut wrong: BTreeSet<(String, String)> = BTreeSet::new();
    for (name, bytes) in files() {
        let page = words(&without_codes(&page(&bytes))).to_lowercase();
        let words: BTreeSet<&str> =
            page.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
        // A label that the file carries is shown as it was sent.
        let sent = String::from_utf8_lossy(&bytes).to_lowercase();
        let found = ENGLISH
            .iter()
            .chain(UNACCENTED)
            .filter(|word| words.contains(**word) && !sent.contains(**word));
        wrong.extend(found.map(|word| ((*word).to_owned(), name.clone())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_page_has_no_script_and_no_tooltip() {
    let page = page(&sample("b2/err/nir-key.crlf.b2"));
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"));
    for forbidden in ["<script", " title=", "http:", "https:", "url(", "onclick"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn a_chosen_record_is_drawn_alone() {
    let bytes = sample("b2/err/nir-key.crlf.b2");
    let options = Options { choice: Choice::Record(3), show_persons: false };
    let xray = Xray::open(Cursor::new(&bytes[..]), "fichier", &options).expect("memory");
    assert_eq!(xray.len(), 1);
    assert!(xray.shows(3) && !xray.shows(1));
}
