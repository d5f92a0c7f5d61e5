//! Files that could make the reading slow, endless or large: time and memory stay bounded by the
//! size of one invoice.

use super::outils::{pose, ps};
use noemie_parsers::anomaly::{Code, Severity};
use noemie_parsers::b2::{Element, Lecteur};
use noemie_parsers::physical::enregistrements::Forme;
use std::time::{Duration, Instant};

/// Generous: debug build, shared machine. A quadratic reading of these files takes minutes.
const LIMITE: Duration = Duration::from_secs(20);
const TAILLE: usize = 600_000;

/// Reads to the end without keeping anything; answers the longest list of findings and of records
/// seen.
fn mesure(nom: &str, octets: &[u8], forme: Forme) -> (usize, usize) {
    let depart = Instant::now();
    let (mut findings, mut pieces) = (0, 0);
    let mut lecteur = Lecteur::new(octets, forme);
    while let Some(element) = lecteur.suivant().expect("memory does not fail") {
        match element {
            Element::Facture(f) => {
                (findings, pieces) = (findings.max(f.anomalies.len()), pieces.max(f.pieces.len()))
            }
            Element::Anomalies(a) => findings = findings.max(a.len()),
            _ => {}
        }
        assert!(depart.elapsed() < LIMITE, "{nom}");
    }
    assert!(depart.elapsed() < LIMITE, "{nom}");
    (findings, pieces)
}

fn repete(record: &[u8], fin: &[u8]) -> Vec<u8> {
    let un = [record, fin].concat();
    un.repeat(TAILLE / un.len().max(1))
}

#[test]
fn one_record_repeated() {
    for record in ps("").records.iter().chain([&vec![b'8'; 128]]) {
        for (forme, fin) in [(Forme::Blocs, &b""[..]), (Forme::Crlf, b"\r\n")] {
            mesure(&String::from_utf8_lossy(&record[..3]), &repete(record, fin), forme);
        }
    }
}

#[test]
fn one_byte_repeated() {
    for octet in [b'\n', b'\r', b'@', b' ', b'0', b'1', b'2', b'4', b'9', 0, 0xff] {
        for forme in [Forme::Blocs, Forme::Crlf, Forme::Lf] {
            mesure(&format!("{octet:#x}"), &vec![octet; TAILLE], forme);
        }
    }
}

/// A valid beginning, then the same bytes up to the end.
fn apres(n: usize, suite: Vec<u8>) -> Vec<u8> {
    let debut: Vec<u8> =
        ps("").records[..n].iter().flat_map(|r| [&r[..], b"\r\n"].concat()).collect();
    [debut, suite].concat()
}

#[test]
fn an_invoice_that_does_not_end() {
    let records = ps("").records;
    for modele in [3, 8, 9] {
        let (findings, pieces) = mesure(
            "invoice without end",
            &apres(9, repete(&records[modele], b"\r\n")),
            Forme::Crlf,
        );
        assert!(pieces <= 20_001 && findings <= 20_000, "{pieces} records, {findings} findings");
    }
    // Every zone of every record is wrong.
    let mut faux = records[8].clone();
    faux[38..].fill(b'#');
    let (findings, _) = mesure("every zone wrong", &apres(9, repete(&faux, b"\r\n")), Forme::Crlf);
    assert!(findings <= 20_000, "{findings} findings for one invoice");
    mesure("blank lines in an invoice", &apres(9, vec![b'\n'; TAILLE / 10]), Forme::Crlf);
    let long: Vec<u8> = [&records[8][..], b" \r\n"].concat();
    mesure("lines of 129", &apres(9, long.repeat(5_000)), Forme::Crlf);
    faux.push(b'#');
    mesure(
        "lines of 129, all wrong",
        &apres(9, [&faux[..], b"\r\n"].concat().repeat(5_000)),
        Forme::Crlf,
    );
    mesure("a line without end", &apres(9, vec![b'4'; TAILLE]), Forme::Crlf);
}

#[test]
fn many_lots_and_many_files() {
    let records = ps("").records;
    let lot: Vec<u8> = [&records[1][..], &records[20][..]].concat();
    let vides = [&records[0][..], &lot.repeat(TAILLE / 256)].concat();
    mesure("empty lots", &vides, Forme::Blocs);
    let fichier = [&records[0][..], &records[21][..]].concat();
    mesure("empty files", &fichier.repeat(TAILLE / 256), Forme::Blocs);
    let facture: Vec<u8> = records[12..20].concat();
    mesure(
        "one lot of many invoices",
        &[records[0].clone(), records[1].clone(), facture.repeat(3_000)].concat(),
        Forme::Blocs,
    );
}

/// The numbers of a lot are kept for C14: a lot that does not end is refused, and the reading stops
/// there.
#[test]
fn a_lot_that_does_not_end() {
    let records = ps("").records;
    let (tete, fin) = (records[12].clone(), records[19].clone());
    let mut octets = records[..2].concat();
    for n in 0..100_010u64 {
        for record in [&tete, &fin] {
            let mut record = record.clone();
            pose(&mut record, 27, 9, n + 1);
            octets.extend(record);
        }
    }
    let mut lecteur = Lecteur::new(&octets[..], Forme::Blocs);
    let (mut factures, mut limite) = (0u64, None);
    while let Some(element) = lecteur.suivant().expect("memory does not fail") {
        if let Element::Facture(f) = element {
            factures += 1;
            limite = limite.or_else(|| {
                f.anomalies.iter().find(|a| a.code == Code::Limite).map(|a| (factures, a.severity))
            });
        }
    }
    assert_eq!((factures, limite), (100_001, Some((100_001, Severity::File))));
}
