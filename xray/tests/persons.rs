//! Persons stay masked when the type of a record is damaged, so that it is read with the table of
//! another record.

#![allow(missing_docs, reason = "a test")]

use noemie_parsers::b2::{self, Genre, Lecteur, t2b, t2s};
use noemie_parsers::detect::{Norme, detecter};
use noemie_parsers::physical::enregistrements::Forme;
use noemie_parsers::types::Nir;
use noemie_xray::{Choice, Options, Sheet, Xray, html, text};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::path::Path;

/// Columns, 0-based, that say what a record is: its type, and its complement in the two families.
const TYPE_COLUMNS: [usize; 3] = [0, 35, 38];

/// Bytes that damage a type or a complement; the property test takes any.
const WRONG_TYPES: &[u8] = b"0123456789S \xff";
const WRONG_COMPLEMENTS: &[u8] = b"BCDEFHMPSTUX0 ";

struct Sample {
    name: String,
    bytes: Vec<u8>,
    /// Distance from one record to the next.
    step: usize,
    persons: BTreeSet<String>,
}

impl Sample {
    fn new(name: &str, bytes: Vec<u8>) -> Self {
        let Some(Norme::B2(forme)) = detecter(&bytes).norme else { panic!("{name} is no B2 file") };
        let step = match forme {
            Forme::Blocs => 128,
            Forme::Lf => 129,
            Forme::Crlf => 130,
        };
        let persons = persons(&bytes, forme);
        Self { name: name.to_owned(), bytes, step, persons }
    }

    fn records(&self) -> usize {
        self.bytes.len() / self.step
    }

    /// Replaces one byte of one record, and looks for persons in everything that is shown.
    fn check(&self, record: usize, column: usize, byte: u8) {
        let mut damaged = self.bytes.clone();
        damaged[record * self.step + column] = byte;
        let shown = output(&damaged, record as u64 + 1);
        let seen = self.persons.iter().find(|person| shown.contains(person.as_str()));
        let place = format!("record {}, column {}", record + 1, column + 1);
        assert_eq!(seen, None, "{}: {place}, byte {byte:#04x}", self.name);
    }
}

/// The NIR and the names of a clean file.
fn persons(bytes: &[u8], forme: Forme) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut reader = Lecteur::new(bytes, forme);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    while let Some(element) = reader.suivant().expect("memory does not fail") {
        let b2::Element::Facture(facture) = element else { continue };
        found.insert(text(&facture.identite().nir_brut));
        for piece in &facture.pieces {
            match piece.genre {
                Genre::ComplementFacture(b'S') => {
                    let zone = &t2s::ps::NO_IMMATRICULATION_INDIVIDUEL;
                    found.insert(text(zone.of(&piece.record)));
                }
                Genre::ComplementFacture(b'B') => {
                    found.insert(text(t2b::layout::NOM_BENEFICIAIRE.of(&piece.record)));
                }
                _ => {}
            }
        }
    }
    found.retain(|person| !person.trim_matches([' ', '0']).is_empty());
    assert!(!found.is_empty());
    found
}

fn opened(bytes: &[u8], choice: Choice) -> Xray<Cursor<&[u8]>> {
    let options = Options { choice, show_persons: false };
    Xray::open(Cursor::new(bytes), "file", &options).expect("memory does not fail")
}

fn sheets(bytes: &[u8], choice: Choice) -> Vec<Sheet> {
    let mut xray = opened(bytes, choice);
    (0..xray.len()).map(|i| xray.sheet(i).expect("memory does not fail")).collect()
}

/// The summary and the overview: bytes of each record in one line, so that no fold of a line hides
/// anything, and text and page of those around the damaged record.
fn output(bytes: &[u8], damaged: u64) -> String {
    let mut all = sheets(bytes, Choice::Overview);
    if !all.iter().any(|sheet| sheet.record == damaged) {
        all.extend(sheets(bytes, Choice::Record(damaged)));
    }
    let mut out = Vec::new();
    let report = opened(bytes, Choice::Overview).report;
    text::summary(&mut out, &report, text::Paint::new(false)).expect("memory does not fail");
    html::summary(&mut out, &report, &|_| true).expect("memory does not fail");
    for sheet in all {
        out.extend(sheet.shown.iter().collect::<String>().bytes());
        if sheet.record.abs_diff(damaged) <= 1 {
            text::sheet(&mut out, &sheet, text::Paint::new(false)).expect("memory does not fail");
            html::sheet(&mut out, &sheet).expect("memory does not fail");
        }
    }
    String::from_utf8(out).expect("text")
}

fn files(ending: &str) -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/b2/ok");
    let mut found: Vec<_> = std::fs::read_dir(dir)
        .expect("the samples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read(path).expect("readable"))
        })
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

/// The file with each NIR replaced: the new one gets its key, or a wrong one.
fn with_nir(sample: &(String, Vec<u8>), change: impl Fn(&mut [u8; 13]), right_key: bool) -> Sample {
    let plain = Sample::new(&sample.0, sample.1.clone());
    let mut bytes = plain.bytes.clone();
    let numbers: Vec<[u8; 13]> =
        plain.persons.iter().filter_map(|p| p.as_bytes().try_into().ok()).collect();
    for number in numbers.iter().filter(|n| Nir::from_bytes(*n).is_some()) {
        let mut new = *number;
        change(&mut new);
        let key = Nir::from_bytes(&new).expect("still a NIR").cle().get();
        let key = if right_key { key } else { key % 97 + 1 };
        let both = [&new[..], format!("{key:02}").as_bytes()].concat();
        for at in 0..bytes.len() - both.len() {
            if bytes[at..].starts_with(number) {
                bytes[at..at + both.len()].copy_from_slice(&both);
            }
        }
    }
    Sample::new(&sample.0, bytes)
}

#[test]
fn no_damaged_type_shows_a_person() {
    for (name, bytes) in files(".lf.b2") {
        let sample = Sample::new(&name, bytes);
        for record in 0..sample.records() {
            WRONG_TYPES.iter().for_each(|byte| sample.check(record, 0, *byte));
        }
    }
}

#[test]
fn no_damaged_complement_shows_a_person() {
    for (name, bytes) in files(".lf.b2") {
        let sample = Sample::new(&name, bytes);
        for record in 0..sample.records() {
            for column in TYPE_COLUMNS[1..].iter().copied() {
                WRONG_COMPLEMENTS.iter().for_each(|byte| sample.check(record, column, *byte));
            }
        }
    }
}

#[test]
fn a_corsican_nir_is_hidden_as_any_other() {
    for letter in *b"AB" {
        let corsican = |nir: &mut [u8; 13]| nir[5..7].copy_from_slice(&[b'2', letter]);
        for file in files("two_ps.lf.b2") {
            let sample = with_nir(&file, corsican, true);
            for record in 0..sample.records() {
                (b'1'..=b'6').for_each(|byte| sample.check(record, 0, byte));
            }
        }
    }
}

#[test]
fn a_nir_with_a_wrong_key_is_hidden_too() {
    for file in files("two_ps.lf.b2") {
        let sample = with_nir(&file, |_| {}, false);
        for record in 0..sample.records() {
            (b'1'..=b'6').for_each(|byte| sample.check(record, 0, byte));
            b"MPX 0".iter().for_each(|byte| sample.check(record, 35, *byte));
        }
    }
}

/// A number of the columns of a NIR that is no NIR to look at: provisional, or with an unknown
/// month, department or order.
#[test]
fn a_provisional_nir_is_hidden_under_any_type() {
    for number in [b"5555558921334", b"1850060057018", b"1851360057018", b"6850700057000"] {
        for file in files(".lf.b2") {
            let sample = with_nir(&file, |nir| *nir = *number, true);
            let is_2s = |at: usize| {
                let record = &sample.bytes[at * sample.step..];
                record[0] == b'2' && record[TYPE_COLUMNS[1]] == b'S'
            };
            for record in (0..sample.records()).filter(|at| is_2s(*at)) {
                WRONG_TYPES.iter().for_each(|byte| sample.check(record, 0, *byte));
            }
        }
    }
}

/// The message about a forbidden character names its column, also where the zone is hidden.
#[test]
fn a_message_that_repeats_no_byte_is_shown_whole() {
    let (name, bytes) = files("two_ps.lf.b2").remove(0);
    let sample = Sample::new(&name, bytes);
    let mut seen = 0;
    let is_2 = |record: &usize| sample.bytes[record * sample.step] == b'2';
    for (record, column) in
        (0..sample.records()).filter(is_2).flat_map(|r| (39..128).map(move |c| (r, c)))
    {
        let mut damaged = sample.bytes.clone();
        damaged[record * sample.step + column] = b'_';
        for sheet in sheets(&damaged, Choice::Record(record as u64 + 1)) {
            for fault in sheet.faults.iter().filter(|f| f.code == "C7-CARACTERE") {
                let whole = format!("colonne {} (A-Z, 0-9 et espace", column + 1);
                assert!(fault.message.contains(&whole), "{}", fault.message);
                seen += usize::from(sheet.shown[column] == '*');
            }
        }
    }
    assert!(seen > 0);
}

/// A NIR that slipped into the figures of an act, across the borders of zones.
#[test]
fn a_nir_across_zones_is_hidden() {
    let (_, bytes) = files("two_ps.lf.b2").remove(0);
    let act = 8 * 129;
    for (nir, columns) in [("185076005701818", 50..114), (" 1 85 07 60 057 018 ", 50..100)] {
        for column in columns {
            let mut changed = bytes.clone();
            let at = act + column;
            changed[at..at + nir.len()].copy_from_slice(nir.as_bytes());
            let shown = output(&changed, 9);
            assert!(!shown.contains(nir.trim()), "column {}", column + 1);
            assert!(!shown.contains("1850760057018"), "column {}", column + 1);
        }
    }
}

/// An entity of a return read with the table of another: its code is damaged.
#[test]
fn no_damaged_entity_shows_a_nir() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/noemie");
    for name in ["rsp_mixte.lines.noemie", "rsp_mixte.blocks.noemie"] {
        let bytes = std::fs::read(dir.join(name)).expect("the sample");
        let entities: Vec<usize> =
            (0..bytes.len() - 20).filter(|at| bytes[*at..].starts_with(b"10399")).collect();
        assert!(!entities.is_empty(), "{name}");
        for at in entities.into_iter().take(3) {
            let nir = String::from_utf8_lossy(&bytes[at + 5..at + 18]).into_owned();
            for (digit, byte) in (0..3).flat_map(|d| (b'0'..=b'9').map(move |b| (d, b))) {
                let mut damaged = bytes.clone();
                damaged[at + digit] = byte;
                for sheet in sheets(&damaged, Choice::Overview) {
                    let shown: String = sheet.shown.iter().collect();
                    let values = sheet.fields.iter().any(|f| f.value.contains(&nir));
                    assert!(!values && !shown.contains(&nir), "{name}: {byte} at {}", at + digit);
                }
            }
        }
    }
}

/// A beneficiary of the general regime: the digits of regime, caisse and centre look like a NIR.
#[test]
fn the_caisse_of_an_invoice_stays_visible() {
    let (_, mut bytes) = files("two_ps.lf.b2").remove(0);
    let main = 2 * 129;
    bytes[main + 48..main + 57].copy_from_slice(b"011311234");
    let shown = &sheets(&bytes, Choice::Record(3))[0].shown;
    assert_eq!(shown[48..57].iter().collect::<String>(), "011311234");
}

/// The search for a NIR must not hide figures of a sound file: a zone of a table is masked in each
/// of its records or in none.
#[test]
fn a_sound_file_is_hidden_by_its_tables_alone() {
    let mut zones: BTreeMap<(String, &str, &str), BTreeSet<bool>> = BTreeMap::new();
    for (_, bytes) in files(".b2") {
        for sheet in sheets(&bytes, Choice::Overview) {
            for field in sheet.fields.iter().filter(|f| !f.value.is_empty()) {
                let zone = (sheet.title.clone(), field.no, field.name);
                zones.entry(zone).or_default().insert(field.value == "masqué");
            }
        }
    }
    let both: Vec<_> = zones.iter().filter(|(_, masked)| masked.len() > 1).collect();
    assert!(both.is_empty(), "{both:?}");
    assert!(zones.len() > 300, "{}", zones.len());
}

/// A message repeats the bytes of its zone: where the sheet hides them, so do the fault of the
/// sheet and the finding of the report, which a summary lists.
#[test]
fn findings_hide_what_the_sheets_hide() {
    let mut masked = 0;
    for (name, bytes) in files(".lf.b2") {
        let sample = Sample::new(&name, bytes);
        for (record, byte) in (0..sample.records()).flat_map(|r| (b'1'..=b'6').map(move |b| (r, b)))
        {
            let mut damaged = sample.bytes.clone();
            damaged[record * sample.step] = byte;
            let mut xray = opened(&damaged, Choice::Overview);
            for index in 0..xray.len() {
                let sheet = xray.sheet(index).expect("memory does not fail");
                for fault in sheet.faults.iter().filter(|f| f.code != "C7-CARACTERE") {
                    let here = sheet.shown.get(fault.first - 1..fault.last);
                    if !here.is_some_and(|bytes| bytes.contains(&'*')) {
                        continue;
                    }
                    let digit = fault.message.chars().any(|c| c.is_ascii_digit());
                    assert!(!digit, "{name}, {}: {}", sheet.record, fault.message);
                    let listed = xray.report.anomalies.iter();
                    let same = listed.filter(|f| f.record == Some(sheet.record));
                    assert!(same.clone().any(|f| f.message == fault.message), "{name}");
                    masked += usize::from(fault.message.contains('*'));
                }
            }
        }
    }
    assert!(masked > 10, "{masked}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Any byte in place of the type or the complement of any record of any sample.
    #[test]
    fn no_byte_in_place_of_a_type_shows_a_person(
        file in any::<prop::sample::Index>(),
        record in any::<prop::sample::Index>(),
        column in prop::sample::select(&TYPE_COLUMNS[..]),
        byte in any::<u8>().prop_filter("a line end moves the records", |b| *b != b'\n'),
    ) {
        let files = files(".b2");
        let (name, bytes) = &files[file.index(files.len())];
        let sample = Sample::new(name, bytes.clone());
        sample.check(record.index(sample.records()), column, byte);
    }
}
