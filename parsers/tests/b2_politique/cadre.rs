//! P1, P2, P3, P7: bytes, before any record is understood. The form is the one that the detection
//! finds, as in the gateway.

use super::outils::{DEUX, FORMES, UNE, dit, ps};
use crate::b2_commun::{Lecture, lire};
use noemie_parsers::anomaly::Severity;
use noemie_parsers::detect::{Norme, detecter};
use noemie_parsers::physical::enregistrements::Forme;

fn bon(forme: Forme) -> Vec<u8> {
    ps("").octets(forme)
}

/// Reads as the gateway does; `None` when nothing is recognised, which is P1.
fn reconnu(octets: &[u8]) -> Option<Lecture> {
    match detecter(octets).norme {
        Some(Norme::B2(forme)) => Some(lire(octets, forme)),
        _ => None,
    }
}

#[track_caller]
fn refuse(nom: &str, octets: &[u8], controle: &str, record: u64, colonne: u32) {
    let Some(lu) = reconnu(octets) else {
        assert_eq!(controle, "P1", "{nom} is not recognised");
        return;
    };
    assert_eq!(lu.verdict(), Some(Severity::File), "{nom}: {}", dit(&lu));
    let la = |a: &noemie_parsers::anomaly::Anomaly| {
        a.code.control() == controle && a.record == record && (colonne == 0 || a.column == colonne)
    };
    assert!(
        lu.anomalies().into_iter().any(la),
        "{nom}: {controle} is not told at {record}:{colonne}: {}",
        dit(&lu)
    );
}

#[track_caller]
fn accepte(nom: &str, octets: &[u8], controle: Option<&str>) {
    let lu = reconnu(octets).expect("recognised");
    let vus: Vec<_> = lu.anomalies().iter().map(|a| a.code.control()).collect();
    assert_eq!(vus, Vec::from_iter(controle), "{nom}: {}", dit(&lu));
    assert!(lu.verdict() <= Some(Severity::Warning), "{nom}");
    let numeros: Vec<_> = lu.factures().map(noemie_parsers::b2::Facture::numero).collect();
    assert_eq!(
        (numeros, lu.comptes.lignes, lu.comptes.enregistrements),
        (vec![UNE.into(), DEUX.into()], 2, 22),
        "{nom}"
    );
}

#[test]
fn nothing_recognised() {
    for (nom, octets) in [
        ("empty", &b""[..]),
        ("blanks", &[b' '; 1_280]),
        ("NUL", &[0; 1_280]),
        ("line ends", &[b'\n'; 1_280]),
        ("at signs", &[b'@'; 1_280]),
        ("CSV", b"numero;montant\r\n1;2\r\n"),
        ("XML", b"<?xml version=\"1.0\"?><dre/>"),
        ("UTF-16", b"\xff\xfe0\x000\x000\x00O\x00T\x00"),
    ] {
        refuse(nom, octets, "P1", 1, 0);
    }
    // The valid file in EBCDIC: digits from 0xF0, capitals from 0xC1, blank 0x40.
    let ebcdic = bon(Forme::Blocs).into_iter().map(|b| match b {
        b'0'..=b'9' => b - b'0' + 0xf0,
        b' ' => 0x40,
        autre => autre.wrapping_add(0x80),
    });
    refuse("EBCDIC", &ebcdic.collect::<Vec<u8>>(), "P1", 1, 0);
}

#[test]
fn lengths_of_records() {
    for forme in [Forme::Crlf, Forme::Lf] {
        for (nom, longueur) in [
            ("empty", 0usize),
            ("1 byte", 1),
            ("127 bytes", 127),
            ("129 bytes", 129),
            ("256 bytes", 256),
            ("400 bytes", 400),
        ] {
            for record in [1, 2, 3, 9, 12, 21, 22] {
                let mut essai = ps("");
                essai.records[record - 1].resize(longueur, b' ');
                refuse(
                    &format!("record {record} of {nom}"),
                    &essai.octets(forme),
                    "P2",
                    record as u64,
                    0,
                );
            }
        }
        let accent = ps("").records.into_iter().enumerate().flat_map(|(i, r)| {
            let mut r = r;
            if i == 4 {
                r.splice(44..45, "É".bytes());
            }
            [&r[..], if forme == Forme::Lf { b"\n" } else { b"\r\n" }].concat()
        });
        refuse("accent in UTF-8", &accent.collect::<Vec<_>>(), "P2", 5, 0);
        refuse(
            "blank line in the middle",
            &ps("").insere(13, Vec::new()).octets(forme),
            "P2",
            13,
            0,
        );
        refuse(
            "blank line in an invoice",
            &ps("").insere(10, Vec::new()).octets(forme),
            "P2",
            10,
            0,
        );
        refuse(
            "two records on one line",
            &{
                let mut essai = ps("");
                let suite = essai.records.remove(10);
                essai.records[9].extend(suite);
                essai.octets(forme)
            },
            "P2",
            10,
            0,
        );
    }
}

#[test]
fn a_byte_lost_or_gained_in_blocks() {
    for record in [1usize, 2, 3, 9, 12, 20, 21] {
        let place = (record - 1) * 128 + 60;
        let (mut moins, mut plus) = (bon(Forme::Blocs), bon(Forme::Blocs));
        moins.remove(place);
        plus.insert(place, b' ');
        refuse(&format!("byte lost in record {record}"), &moins, "P2", record as u64, 0);
        refuse(&format!("byte gained in record {record}"), &plus, "P2", record as u64, 0);
    }
    let mut moins = bon(Forme::Blocs);
    moins.remove(21 * 128 + 60);
    refuse("byte lost in the 999", &moins, "P3", 22, 0);
}

/// The column of a P2, where one byte was added or an accent has two bytes.
#[test]
fn column_of_an_added_byte() {
    let p2 = |essai: &super::outils::Essai, forme, record: u64, colonne: u32| {
        refuse(&format!("record {record} {forme:?}"), &essai.octets(forme), "P2", record, colonne);
    };
    let avec = |record: usize, colonne: usize, octets: &[u8]| {
        let mut essai = ps("");
        essai.records[record - 1].splice(colonne - 1..colonne - 1, octets.iter().copied());
        essai
    };
    for forme in FORMES {
        // An accent of the name of the lot in UTF-8.
        let mut accent = ps("");
        accent.records[1].splice(46..47, "É".bytes());
        p2(&accent, forme, 2, 47);
        for octet in [b'\t', 0, 0x1a, 0x7f, 0xe9] {
            p2(&avec(9, 100, &[octet]), forme, 9, 100);
        }
        // A blank among digits, then at the end of a record; a letter in a number.
        p2(&avec(9, 91, b" "), forme, 9, 91);
        p2(&avec(2, 129, b" "), forme, 2, 129);
        p2(&avec(3, 53, b"X"), forme, 3, 53);
    }
    for record in 1..=22 {
        p2(&avec(record, 129, b"\r"), Forme::Crlf, record as u64, 129);
    }
}

#[test]
fn byte_order_mark() {
    for forme in FORMES {
        let octets = [b"\xef\xbb\xbf", &bon(forme)[..]].concat();
        accepte("byte order mark", &octets, Some("P8"));
    }
}

#[test]
fn a_file_cut_anywhere() {
    for forme in FORMES {
        let (octets, pas) = (
            bon(forme),
            128 + if forme == Forme::Crlf { 2 } else { usize::from(forme == Forme::Lf) },
        );
        for record in 2..=22usize {
            // Between two records, after 1, 60 and 127 bytes, and inside CR LF.
            let entre = (record - 1) * pas;
            refuse(
                &format!("cut before record {record}"),
                &octets[..entre],
                "P3",
                record as u64 - 1,
                0,
            );
            for n in [1, 60, 127] {
                refuse(
                    &format!("cut after {n} bytes of record {record}"),
                    &octets[..entre + n],
                    "P3",
                    record as u64,
                    n as u32 + 1,
                );
            }
            // A single record with its CR has nothing that tells lines from blocks: the CR is then
            // a record cut after one byte.
            if forme == Forme::Crlf && record > 2 {
                refuse(
                    &format!("cut in the CR LF before record {record}"),
                    &octets[..entre - 1],
                    "P3",
                    record as u64 - 1,
                    0,
                );
            }
            if pas > 128 {
                refuse(
                    &format!("cut before the line end of record {record}"),
                    &octets[..entre - pas + 128],
                    "P3",
                    record as u64 - 1,
                    0,
                );
            }
        }
    }
}

#[test]
fn line_ends() {
    let crlf = bon(Forme::Crlf);
    accepte("no final line end", &crlf[..crlf.len() - 2], None);
    accepte("only CR at the end", &crlf[..crlf.len() - 1], None);
    accepte("LF file without final LF", &bon(Forme::Lf)[..22 * 129 - 1], None);
    for (nom, autre) in [("LF then CR LF", 0), ("CR LF then LF", 1)] {
        let melange = ps("").records.into_iter().enumerate().flat_map(|(i, r)| {
            [&r[..], if i % 2 == autre { &b"\n"[..] } else { b"\r\n" }].concat()
        });
        accepte(nom, &melange.collect::<Vec<_>>(), None);
    }
    let cr: Vec<u8> = crlf.iter().copied().filter(|b| *b != b'\n').collect();
    refuse("CR only", &cr, "P2", 1, 0);
    let double: Vec<u8> =
        ps("").records.iter().flat_map(|r| [&r[..], b"\r\r\n"].concat()).collect();
    refuse("CR CR LF", &double, "P2", 1, 0);
    let espace: Vec<u8> = ps("").records.iter().flat_map(|r| [&r[..], b" \r\n"].concat()).collect();
    refuse("a blank before every line end", &espace, "P2", 1, 0);
    // One line end lost, at every record.
    for record in 1..22 {
        let mut octets = crlf.clone();
        octets.drain(record * 130 - 2..record * 130);
        refuse(&format!("line end lost after record {record}"), &octets, "P2", record as u64, 0);
    }
}

#[test]
fn after_the_999() {
    for forme in FORMES {
        for (nom, fin) in [
            ("blanks", &b"    "[..]),
            ("blank lines", b"\r\n\r\n\r\n"),
            ("NUL up to a sector", &[0; 512]),
            ("end of file of old systems", b"\x1a"),
            ("all of them", b"\r\n \0\0\x1a"),
            ("128 blanks", &[b' '; 128]),
        ] {
            accepte(
                &format!("{nom} after the 999, {}", forme.as_str()),
                &[&bon(forme)[..], fin].concat(),
                Some("P7"),
            );
        }
        for (nom, fin) in [
            ("a letter", &b"X"[..]),
            ("a digit", b"1"),
            ("a record", &[b'4'; 128]),
            ("blanks then a letter", b"   \r\nX"),
            ("0xff", b"\xff"),
        ] {
            refuse(&format!("{nom} after the 999"), &[&bon(forme)[..], fin].concat(), "P7", 23, 0);
        }
        // A logical file that begins and stops.
        refuse(
            "a piece of a 000 after the 999",
            &[&bon(forme)[..], b"000OT"].concat(),
            "P3",
            23,
            0,
        );
    }
    // Without a final line end, the padding stands on the line of the 999.
    let crlf = bon(Forme::Crlf);
    for fin in [&b"\x1a"[..], b"\0\0\0\0", b"\r\x1a", b"   "] {
        accepte(
            "padding right behind the 999",
            &[&crlf[..crlf.len() - 2], fin].concat(),
            Some("P7"),
        );
    }
    refuse("a letter right behind the 999", &[&crlf[..crlf.len() - 2], b"X"].concat(), "P2", 22, 0);
}
