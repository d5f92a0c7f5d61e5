//! Q1, Q2, Q3, Q16 and the bytes after the end: frames, before any entity is understood.

use super::outils::{dit, essai};
use crate::noemie_commun::{Lu, lire};
use noemie_parsers::anomaly::Severity;
use noemie_parsers::detect::{Norme, detecter};
use noemie_parsers::noemie::Packaging::{self, Blocs, Lignes};

fn bon(packaging: Packaging) -> Vec<u8> {
    essai("").octets(packaging)
}

#[track_caller]
fn juge(nom: &str, lu: &Lu, verdict: Option<Severity>, controle: &str) {
    assert_eq!(lu.comptes.verdict, verdict, "{nom}: {}", dit(lu));
    assert!(
        controle.is_empty() || lu.anomalies().iter().any(|a| a.code.control() == controle),
        "{nom}: {controle} is not told: {}",
        dit(lu)
    );
}

#[track_caller]
fn refuse(nom: &str, octets: &[u8], packaging: Packaging, controle: &str) {
    juge(nom, &lire(octets, packaging), Some(Severity::File), controle);
}

#[test]
fn both_packagings_are_recognised() {
    assert_eq!(detecter(&bon(Lignes)).norme, Some(Norme::NoemieLignes));
    assert_eq!(detecter(&bon(Blocs)).norme, Some(Norme::NoemieBlocs));
}

#[test]
fn no_header() {
    for packaging in [Lignes, Blocs] {
        refuse("empty", b"", packaging, "Q1");
        let (debut, bon) = (if packaging == Lignes { 134 } else { 128 }, bon(packaging));
        refuse("header missing", &bon[debut..], packaging, "Q1");
    }
    let mut court = essai("");
    court.entete.pop();
    refuse("header of 127 characters", &court.octets(Lignes), Lignes, "Q1");
    court.entete.extend(*b"  ");
    refuse("header of 129 characters", &court.octets(Lignes), Lignes, "Q1");
}

#[test]
fn prefixes() {
    let lignes = bon(Lignes);
    let debuts: Vec<usize> = std::iter::once(0)
        .chain(lignes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1))
        .collect();
    for (record, debut) in debuts[..debuts.len() - 1].iter().enumerate() {
        for (nom, prefixe) in [
            ("too high", &b"9998"[..]),
            ("zero", b"0000"),
            ("a letter", b"01A8"),
            ("blank", b"    "),
            ("signed", b"+128"),
        ] {
            let mut octets = lignes.clone();
            octets[*debut..debut + 4].copy_from_slice(prefixe);
            let lu = lire(&octets, Lignes);
            juge(nom, &lu, Some(Severity::File), "Q2");
            let la = lu.anomalies().into_iter().find(|a| a.code.control() == "Q2").expect("told");
            assert_eq!(
                (la.record, la.offset),
                (record as u64 + 1, *debut as u64),
                "{nom}: {}",
                dit(&lu)
            );
        }
        let mut sans = lignes.clone();
        sans.drain(*debut..debut + 4);
        refuse("prefix missing", &sans, Lignes, "Q2");
        let mut sans = lignes.clone();
        let fin = debut + lignes[*debut..].iter().position(|b| *b == b'\r').expect("a line");
        sans.drain(fin..fin + 2);
        let dernier = record + 2 == debuts.len();
        juge(
            "line end missing",
            &lire(&sans, Lignes),
            (!dernier).then_some(Severity::File),
            if dernier { "" } else { "Q2" },
        );
        let mut vide = lignes.clone();
        vide.splice(*debut..*debut, *b"\r\n");
        if record > 0 {
            refuse("blank line", &vide, Lignes, "Q2");
        }
    }
}

#[test]
fn line_ends() {
    let lignes = bon(Lignes);
    let lf: Vec<u8> = lignes.iter().copied().filter(|b| *b != b'\r').collect();
    juge("LF", &lire(&lf, Lignes), None, "");
    juge("no line end after the 999", &lire(&lignes[..lignes.len() - 2], Lignes), None, "");
    juge("only CR after the 999", &lire(&lignes[..lignes.len() - 1], Lignes), None, "");
}

#[test]
fn blocks() {
    let blocs = bon(Blocs);
    for place in [0, 60, 128, 200, 700, blocs.len() - 128, blocs.len() - 100] {
        let (mut moins, mut plus) = (blocs.clone(), blocs.clone());
        moins.remove(place);
        plus.insert(place, b'0');
        juge(&format!("byte lost at {place}"), &lire(&moins, Blocs), Some(Severity::File), "");
        juge(&format!("byte gained at {place}"), &lire(&plus, Blocs), Some(Severity::File), "");
    }
    for drapeau in [b'0', b' ', b'2', b'A'] {
        let mut octets = blocs.clone();
        let dernier = octets.len() - 256;
        octets[dernier] = drapeau;
        juge("flag of the last block", &lire(&octets, Blocs), Some(Severity::Warning), "Q16");
    }
    let mut octets = blocs.clone();
    octets[256] = b'1';
    juge("flag 1 on an inner block", &lire(&octets, Blocs), Some(Severity::Warning), "Q16");
    octets[256] = b'X';
    juge("other flag on an inner block", &lire(&octets, Blocs), None, "");
    for bloc in 1..blocs.len() / 128 - 1 {
        let mut octets = blocs.clone();
        octets.drain(bloc * 128..(bloc + 1) * 128);
        refuse("a block is missing", &octets, Blocs, "Q8");
    }
}

#[test]
fn a_file_cut_anywhere() {
    for packaging in [Lignes, Blocs] {
        let bon = bon(packaging);
        let fin = bon.len() - if packaging == Lignes { 2 } else { 0 };
        for n in 1..fin {
            refuse(&format!("cut after {n} bytes"), &bon[..n], packaging, "");
        }
    }
}

#[test]
fn after_the_end() {
    for packaging in [Lignes, Blocs] {
        for fin in [&b"   "[..], b"\r\n\r\n", &[0; 300], b"\x1a"] {
            let lu = lire(&[&bon(packaging)[..], fin].concat(), packaging);
            juge("padding", &lu, Some(Severity::Warning), "P7");
            assert_eq!(lu.comptes.factures, 3);
        }
        for fin in [&b"X"[..], b"0010ABCDEFGHIJ\r\n", &[b'7'; 128]] {
            juge(
                "other bytes",
                &lire(&[&bon(packaging)[..], fin].concat(), packaging),
                Some(Severity::File),
                "",
            );
        }
    }
    let bon = bon(Lignes);
    juge(
        "end of file of old systems on the line of the 999",
        &lire(&[&bon[..bon.len() - 2], b"\x1a"].concat(), Lignes),
        Some(Severity::Warning),
        "P7",
    );
}
