//! A small file with one byte wrong at every place: the reader never panics, always ends, always
//! says so, and never touches the other invoice.

mod b2_commun;

use b2_commun::{Lecture, fixture, lire};
use noemie_parsers::anomaly::Severity;
use noemie_parsers::b2::Facture;
use noemie_parsers::physical::enregistrements::{Forme, LONGUEUR};
use proptest::prelude::*;

const FORMES: [(&str, Forme); 3] =
    [("blocks", Forme::Blocs), ("crlf", Forme::Crlf), ("lf", Forme::Lf)];

fn each(test: impl Fn(&str, &[u8], Forme)) {
    for (mot, forme) in FORMES {
        for norme in ["ps", "cp"] {
            let f = fixture(&format!("ok/two_{norme}.{mot}.b2"));
            test(&f.nom, &f.octets, forme);
        }
    }
}

/// Bytes of each invoice of a valid file.
fn etendues(octets: &[u8], forme: Forme) -> Vec<std::ops::Range<usize>> {
    let fin = |f: &Facture| f.pieces.last().map_or(0, |p| p.position.offset) + LONGUEUR as u64;
    let at = |n: u64| usize::try_from(n).expect("a small file");
    lire(octets, forme).factures().map(|f| at(f.principale().position.offset)..at(fin(f))).collect()
}

fn records(facture: &Facture) -> Vec<[u8; LONGUEUR]> {
    facture.pieces.iter().map(|p| p.record).collect()
}

/// Whether a reading still has this invoice, whole and accepted.
fn has(lecture: &Lecture, intact: &Facture) -> bool {
    lecture.factures().any(|f| !f.quarantined() && records(f) == records(intact))
}

/// A mutation is told, or left the file valid; an invoice that was not touched is still there,
/// unless the file is refused.
fn judge(what: &str, clean: &Lecture, mutated: &Lecture, untouched: &[&Facture], told: bool) {
    if told {
        assert!(!mutated.anomalies().is_empty(), "{what}: nothing was told");
    }
    if mutated.verdict() != Some(Severity::File) {
        for facture in untouched {
            assert!(has(mutated, facture), "{what}: invoice {} was lost", facture.rang);
        }
        assert!(mutated.comptes.fichiers >= clean.comptes.fichiers, "{what}");
    }
}

#[test]
fn a_flipped_byte_touches_one_invoice() {
    each(|nom, octets, forme| {
        let clean = lire(octets, forme);
        let etendues = etendues(octets, forme);
        assert_eq!(etendues.len(), 2);
        for place in 0..octets.len() {
            // A small letter is in no alphabet of the norm: it is always told, but in the zones
            // that are not controlled.
            for valeur in [b'z', b'#', 0xff, 0x00] {
                let mut mutated = octets.to_vec();
                mutated[place] = valeur;
                let lecture = lire(&mutated, forme);
                let touched = etendues.iter().position(|e| e.contains(&place));
                let untouched: Vec<&Facture> = clean
                    .factures()
                    .enumerate()
                    .filter(|(i, _)| touched.is_some_and(|t| t != *i))
                    .map(|(_, f)| f)
                    .collect();
                let certification = certification(&clean, place);
                judge(
                    &format!("{nom} byte {place} = {valeur}"),
                    &clean,
                    &lecture,
                    &untouched,
                    !certification,
                );
            }
        }
    });
}

/// Zones of any bytes: columns 97-128 of 5 (norm PS) and of 6.
fn certification(clean: &Lecture, place: usize) -> bool {
    let within = |offset: u64| (offset + 96..offset + 128).contains(&(place as u64));
    clean.elements.iter().any(|e| match e {
        noemie_parsers::b2::Element::Facture(f) => {
            !f.is_cp() && f.pieces.last().is_some_and(|p| within(p.position.offset))
        }
        noemie_parsers::b2::Element::FinLot(fin) => within(fin.position.offset),
        _ => false,
    })
}

#[test]
fn a_lost_or_gained_byte_is_told() {
    each(|nom, octets, forme| {
        let clean = lire(octets, forme);
        for place in 0..octets.len() {
            let mut shorter = octets.to_vec();
            shorter.remove(place);
            // A CR LF that lost its CR is still a line end.
            let line_end = octets[place] == b'\r';
            let last = place + 1 == octets.len() && forme != Forme::Blocs;
            judge(
                &format!("{nom} without byte {place}"),
                &clean,
                &lire(&shorter, forme),
                &[],
                !line_end && !last,
            );
            let mut longer = octets.to_vec();
            longer.insert(place, b' ');
            judge(
                &format!("{nom} with a blank at {place}"),
                &clean,
                &lire(&longer, forme),
                &[],
                true,
            );
        }
    });
}

#[test]
fn a_cut_file_is_refused() {
    each(|nom, octets, forme| {
        for len in 0..octets.len() {
            let lecture = lire(&octets[..len], forme);
            let whole = octets[len..].iter().all(|b| matches!(b, b'\r' | b'\n'));
            assert!(whole || lecture.verdict() == Some(Severity::File), "{nom} cut at {len}");
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn several_mutations_never_stop_the_reader(which in 0..6usize, edits in prop::collection::vec((any::<u16>(), any::<u8>(), 0..3u8), 1..12)) {
        let (mot, forme) = FORMES[which % 3];
        let norme = if which < 3 { "ps" } else { "cp" };
        let mut octets = fixture(&format!("ok/two_{norme}.{mot}.b2")).octets;
        for (place, valeur, how) in edits {
            let place = usize::from(place) % octets.len().max(1);
            match how {
                0 => octets[place] = valeur,
                1 => octets.insert(place, valeur),
                _ => {
                    octets.remove(place);
                }
            }
        }
        let lecture = lire(&octets, forme);
        prop_assert!(lecture.comptes.enregistrements <= octets.len() as u64 + 1);
    }

    #[test]
    fn any_bytes_are_read_to_their_end(octets in prop::collection::vec(any::<u8>(), 0..2_000), which in 0..3usize) {
        let lecture = lire(&octets, FORMES[which].1);
        prop_assert!(!lecture.anomalies().is_empty());
    }
}
