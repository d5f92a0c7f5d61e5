//! X-ray: persons masked, the right records chosen, anomalies at their bytes, NOEMIE entities
//! mapped into their blocks.

use crate::support::gateway::program;
use noemie_gateway::generate::{self, Damage, Options, Profile, RspOptions};
use noemie_parsers::b2::{self, Genre, Lecteur, t2b};
use noemie_parsers::noemie::Packaging;
use noemie_parsers::physical::enregistrements::Forme;
use noemie_xray::{Choice, Role, Sheet, Xray, html, text};
use std::io::Cursor;
use std::path::Path;

fn dre(profile: Profile, forme: Forme, damage: Option<Damage>) -> (Vec<u8>, generate::Summary) {
    let mut bytes = Vec::new();
    let options = Options { profile, invoices: 12, seed: 7, forme, damage, ..Options::default() };
    let summary = generate::dre(&options, &mut bytes).expect("generated");
    (bytes, summary)
}

fn rsp(packaging: Packaging, invoices: u64) -> (Vec<u8>, Vec<u8>) {
    let (mut bytes, mut out) = (Vec::new(), Vec::new());
    let options = Options { profile: Profile::Pharmacie, invoices, seed: 7, ..Options::default() };
    generate::dre(&options, &mut bytes).expect("generated");
    generate::rsp(
        &bytes[..],
        Forme::Crlf,
        &RspOptions { packaging, ..RspOptions::default() },
        &mut out,
    )
    .expect("answered");
    (bytes, out)
}

fn open(bytes: &[u8], choice: Choice, show_persons: bool) -> Xray<Cursor<Vec<u8>>> {
    Xray::open(Cursor::new(bytes.to_vec()), "file", &noemie_xray::Options { choice, show_persons })
        .expect("memory does not fail")
}

fn sheets(bytes: &[u8], choice: Choice, show_persons: bool) -> Vec<Sheet> {
    let mut xray = open(bytes, choice, show_persons);
    (0..xray.len()).map(|i| xray.sheet(i).expect("memory does not fail")).collect()
}

/// The page as a caller without a command line draws it.
fn page(bytes: &[u8], show_persons: bool) -> String {
    let stamp = html::Stamp { software: "test", day: None, digest: "" };
    let mut out = Vec::new();
    let mut xray = open(bytes, Choice::Overview, show_persons);
    html::page(&mut out, &mut xray, &stamp, &[]).expect("memory does not fail");
    String::from_utf8(out).expect("text")
}

/// All outputs: text, page, and the bytes in one line so that no fold hides a person.
fn output(bytes: &[u8], show_persons: bool) -> String {
    let mut out = page(bytes, show_persons).into_bytes();
    let report = open(bytes, Choice::Overview, show_persons).report;
    text::summary(&mut out, &report, text::Paint::new(false)).expect("memory does not fail");
    for sheet in sheets(bytes, Choice::Overview, show_persons) {
        text::sheet(&mut out, &sheet, text::Paint::new(false)).expect("memory does not fail");
        html::sheet(&mut out, &sheet).expect("memory does not fail");
        out.extend(sheet.shown.iter().collect::<String>().bytes());
    }
    String::from_utf8(out).expect("text")
}

/// NIR and names of a clean file. Names with their blanks: invented ones look like the signs of
/// invented pharmacies.
fn persons(bytes: &[u8], forme: Forme) -> Vec<String> {
    let mut found = Vec::new();
    let mut reader = Lecteur::new(bytes, forme);
    while let Some(element) = reader.suivant().expect("memory does not fail") {
        let b2::Element::Facture(facture) = element else { continue };
        found.push(String::from_utf8(facture.identite().nir_brut.to_vec()).expect("ASCII"));
        found.extend(facture.nir_individuel());
        let names = facture.pieces.iter().filter(|p| p.genre == Genre::ComplementFacture(b'B'));
        found.extend(names.map(|p| {
            String::from_utf8_lossy(t2b::layout::NOM_BENEFICIAIRE.of(&p.record)).into_owned()
        }));
    }
    found.sort();
    found.dedup();
    assert!(!found.is_empty());
    found
}

#[test]
fn persons_are_masked_whatever_is_wrong_with_the_file() {
    for forme in [Forme::Crlf, Forme::Blocs] {
        let persons = persons(&dre(Profile::Mixte, forme, None).0, forme);
        for damage in std::iter::once(None).chain(Damage::ALL.iter().copied().map(Some)) {
            let shown = output(&dre(Profile::Mixte, forme, damage).0, false);
            let seen = persons.iter().find(|p| shown.contains(p.as_str()));
            assert_eq!(seen, None, "{damage:?} {forme:?} shows a person");
        }
    }
}

#[test]
fn a_byte_lost_or_gained_anywhere_shows_no_nir() {
    let (clean, _) = dre(Profile::Pharmacie, Forme::Crlf, None);
    let persons = persons(&clean, Forme::Crlf);
    let record = 2 * 130;
    for place in (0..128).step_by(3) {
        let (mut lost, mut gained) = (clean.clone(), clean.clone());
        lost.remove(record + place);
        gained.insert(record + place, b'0');
        // The length stays right: one byte in, the last blank out.
        let mut moved = gained.clone();
        moved.remove(record + 128);
        for damaged in [lost, gained, moved] {
            let shown = output(&damaged, false);
            assert_eq!(
                persons.iter().find(|p| shown.contains(p.as_str())),
                None,
                "column {}",
                place + 1
            );
        }
    }
}

#[test]
fn persons_are_shown_when_asked() {
    let (bytes, _) = dre(Profile::Pharmacie, Forme::Crlf, None);
    let shown = output(&bytes, true);
    assert!(persons(&bytes, Forme::Crlf).iter().any(|p| shown.contains(p)));
}

#[test]
fn returns_mask_persons_in_both_packagings() {
    for packaging in [Packaging::Lignes, Packaging::Blocs] {
        let (dre, out) = rsp(packaging, 6);
        let shown = output(&out, false);
        assert!(
            !persons(&dre, Forme::Crlf).iter().any(|p| shown.contains(p.as_str())),
            "{packaging:?}"
        );
        assert!(output(&out, true).contains(&persons(&dre, Forme::Crlf)[0]), "{packaging:?}");
    }
}

#[test]
fn each_damage_is_shown_at_its_column() {
    for damage in
        Damage::ALL.iter().copied().filter(|d| !matches!(d, Damage::Empty | Damage::Garbage))
    {
        let (bytes, summary) = dre(Profile::Mixte, Forme::Crlf, Some(damage));
        let damaged = summary.damaged.expect("a damage");
        let sheets = sheets(&bytes, Choice::Record(damaged.record), false);
        let [sheet] = &sheets[..] else { panic!("{damage:?}: {} sheets", sheets.len()) };
        assert_eq!(sheet.record, damaged.record);
        let (first, last) = damaged.columns;
        let found = sheet.faults.iter().any(|f| {
            f.code.control() == damaged.control
                && (first as usize..=last as usize).contains(&f.first)
        });
        assert!(found, "{damage:?} expected at {first}-{last}: {:?}", sheet.faults);
        assert!(text::bytes(sheet, text::Paint::new(false)).contains('^'));
    }
}

#[test]
fn the_overview_shows_the_first_records_and_the_faulty_ones() {
    let (bytes, summary) = dre(Profile::Mixte, Forme::Crlf, Some(Damage::Count999));
    let sheets = sheets(&bytes, Choice::Overview, false);
    let (held, drawn): (Vec<&Sheet>, Vec<&Sheet>) =
        sheets.iter().partition(|sheet| sheet.role == Role::Context);
    let records: Vec<u64> = drawn.iter().map(|sheet| sheet.record).collect();
    let expect: Vec<u64> =
        (1..=noemie_xray::FIRST).chain(summary.damaged.map(|d| d.record)).collect();
    assert_eq!(records, expect);
    // The 999 at fault is of the second logical file.
    assert_eq!(held.iter().map(|sheet| sheet.kind.as_str()).collect::<Vec<_>>(), ["000"]);
}

#[test]
fn an_invoice_is_shown_whole_and_alone() {
    for forme in [Forme::Crlf, Forme::Blocs] {
        let (bytes, _) = dre(Profile::Pharmacie, forme, None);
        let all = sheets(&bytes, Choice::Overview, false);
        let number = all[4].invoice.clone().expect("in an invoice");
        let one = sheets(&bytes, Choice::Invoice(number.clone()), false);
        assert!(one.len() > 3 && one.iter().all(|s| s.invoice.as_deref() == Some(number.as_str())));
        assert_eq!((one[0].kind.as_str(), one.last().map(|s| s.kind.as_str())), ("2", Some("5")));
        assert!(sheets(&bytes, Choice::Invoice("1".to_owned()), false).is_empty());
        assert!(sheets(&bytes, Choice::Record(100_000), false).is_empty());
    }
}

/// Entity, zone, value, and bytes of each zone of the data records, parts of a zone joined.
fn zones(bytes: &[u8]) -> Vec<(String, &'static str, String, String)> {
    let mut out: Vec<(String, &'static str, String, String)> = Vec::new();
    for sheet in sheets(bytes, Choice::Overview, true).iter().filter(|s| s.kind.is_empty()) {
        for field in &sheet.fields {
            let part: String = sheet.shown[field.first - 1..field.last].iter().collect();
            match out.last_mut() {
                Some(before) if field.continued => before.3.push_str(&part),
                _ => out.push((field.entity.clone(), field.no, field.value.clone(), part)),
            }
        }
    }
    out
}

#[test]
fn entities_are_mapped_into_their_blocks() {
    let (lines, blocks) = (rsp(Packaging::Lignes, 4).1, rsp(Packaging::Blocs, 4).1);
    assert!(
        blocks.len() / 128 < usize::try_from(noemie_xray::FIRST).expect("small"),
        "the overview must hold the whole file"
    );
    let expect = zones(&lines);
    assert!(expect.iter().any(|z| z.0 == "103") && expect.len() > 100);
    assert_eq!(zones(&blocks), expect);
}

#[test]
fn the_invoice_of_a_return_is_found_in_its_records() {
    for packaging in [Packaging::Lignes, Packaging::Blocs] {
        let (dre, out) = rsp(packaging, 6);
        let number = sheets(&dre, Choice::Overview, false)[2].invoice.clone().expect("an invoice");
        let found = sheets(&out, Choice::Invoice(number.clone()), false);
        assert!(
            found.iter().flat_map(|s| &s.fields).any(|f| f.entity == "102" && f.value == number),
            "{packaging:?}"
        );
    }
}

#[test]
fn notices_of_a_concentrator_are_read() {
    let line = format!(
        "2999000000000130004160022601282861299999002930003638{:<76}\r\n",
        "0000150000000000"
    );
    let sheets = sheets(line.as_bytes(), Choice::Overview, false);
    let shown: String = sheets[0].shown.iter().collect();
    assert_eq!(sheets[0].title, "Retour de concentrateur (avis de règlement)");
    assert!(shown.starts_with("299900000000013000416002260128***************"), "{shown}");
}

#[test]
fn a_page_stands_alone_and_escapes_the_file() {
    let (mut bytes, _) = dre(Profile::Pharmacie, Forme::Crlf, None);
    let name = 130 + 29;
    bytes[name..name + 8].copy_from_slice(b"<script>");
    let dir = tempfile::tempdir().expect("a directory");
    let (file, page) = (dir.path().join("x.b2"), dir.path().join("x.html"));
    std::fs::write(&file, &bytes).expect("written");
    assert_eq!(status(&["xray".as_ref(), file.as_ref(), "--html".as_ref(), page.as_ref()]), 0);
    let page = std::fs::read_to_string(page).expect("a page");
    assert!(page.contains("&lt;script&gt;") && page.trim_end().ends_with("</html>"));
    for outside in ["<script", "http://", "https://", "src=", "<link", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    for tag in
        ["section", "article", "details", "dl", "table", "pre", "mark", "ul", "li", "tr", "td"]
    {
        let open =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(open, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

/// Most bytes of the page of a file with one fault: 40 records from its start, the invoice at
/// fault and the style.
const PAGE_OF_ONE_FAULT_MAX: usize = 250_000;

#[test]
fn the_page_of_a_big_file_with_one_fault_is_short() {
    let mut bytes = Vec::new();
    let options = Options {
        profile: Profile::Mixte,
        invoices: 2_000,
        seed: 7,
        forme: Forme::Crlf,
        damage: Some(Damage::NirKey),
        ..Options::default()
    };
    let damaged = generate::dre(&options, &mut bytes).expect("generated").damaged.expect("damaged");
    let page = page(&bytes, false);
    assert!(page.len() < PAGE_OF_ONE_FAULT_MAX, "{}", page.len());
    assert!(page.contains("1999 factures acceptées, 1 à corriger et renvoyer"));
    let link = format!("<a href=\"#r{}\">", damaged.record);
    let fault = page.find(&link).expect("the fault is a link");
    let body = page.find("<body>").expect("a body");
    assert!(fault - body < 3_000, "the fault stands {} bytes down", fault - body);
    assert!(fault < page.find("<section class=\"record").expect("a record"));
    let outside: String = page
        .split("<details")
        .map(|part| part.rsplit_once("</details>").map_or(part, |(_, after)| after))
        .collect();
    let drawn = sheets(&bytes, Choice::Overview, false);
    assert!(drawn.len() < 100, "{}", drawn.len());
    let kinds: Vec<&str> = drawn
        .iter()
        .filter(|sheet| sheet.role != Role::Folded)
        .map(|sheet| sheet.kind.as_str())
        .collect();
    assert_eq!(kinds[..2], ["000", "1"], "{kinds:?}");
    assert_eq!(outside.matches("<section class=\"record").count(), kinds.len());
}

#[test]
fn the_command_dates_its_page_and_says_what_to_do_in_text() {
    let (bytes, _) = dre(Profile::Pharmacie, Forme::Crlf, Some(Damage::NirKey));
    let dir = tempfile::tempdir().expect("a directory");
    let (file, page) = (dir.path().join("x.b2"), dir.path().join("x.html"));
    std::fs::write(&file, &bytes).expect("written");
    let run = |args: &[&Path]| {
        let output = program()
            .env("NOEMIE_TEST_CLOCK", "2026-03-02T12:00:00Z")
            .args(args)
            .output()
            .expect("the binary runs");
        String::from_utf8(output.stdout).expect("text")
    };
    run(&["xray".as_ref(), file.as_ref(), "--html".as_ref(), page.as_ref()]);
    let page = std::fs::read_to_string(page).expect("a page");
    let foot = page.split("<footer").nth(1).expect("a foot");
    for fact in [
        concat!("noemie-gateway ", env!("CARGO_PKG_VERSION"), " le 02/03/2026"),
        &format!("BLAKE3 {}", blake3::hash(&bytes).to_hex()),
        "provisoires",
    ] {
        assert!(foot.contains(fact), "{fact} in {foot}");
    }
    let text = run(&["xray".as_ref(), file.as_ref()]);
    let places =
        ["Fichier accepté en partie", "C10-NIR-CLE", "à faire (", "· contexte", " 25-26  5"]
            .map(|part| text.find(part).unwrap_or_else(|| panic!("{part} in {text}")));
    assert!(places.is_sorted(), "{places:?} in {text}");
}

fn status(args: &[&Path]) -> i32 {
    let output = program().args(args).output().expect("the binary runs");
    assert!(!output.stdout.contains(&0x1b), "colours in a pipe");
    output.status.code().expect("a status")
}

#[test]
fn exit_statuses_are_those_of_the_other_commands() {
    let dir = tempfile::tempdir().expect("a directory");
    let (good, noise, empty) =
        (dir.path().join("good"), dir.path().join("noise"), dir.path().join("empty"));
    std::fs::write(&good, dre(Profile::Pharmacie, Forme::Crlf, None).0).expect("written");
    std::fs::write(&noise, dre(Profile::Pharmacie, Forme::Crlf, Some(Damage::Garbage)).0)
        .expect("written");
    std::fs::write(&empty, b"").expect("written");
    let xray = |more: &[&str], file: &Path| {
        let mut args: Vec<&Path> = vec!["xray".as_ref(), file];
        args.extend(more.iter().map(Path::new));
        status(&args)
    };
    assert_eq!((xray(&[], &good), xray(&["--record", "3"], &good)), (0, 0));
    assert_eq!((xray(&["--record", "99999"], &good), xray(&["--invoice", "1"], &good)), (1, 1));
    assert_eq!((xray(&[], &noise), xray(&[], &empty)), (2, 2));
    assert_eq!((xray(&[], &dir.path().join("absent")), xray(&["--record", "0"], &good)), (64, 64));
}
