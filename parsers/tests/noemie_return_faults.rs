//! Faults of returns: each raises its finding, at its record and column.

mod noemie_commun;

use noemie_commun::{PACKAGINGS, corps, ecrit, lire, reunir};
use noemie_parsers::anomaly::{Code, Severity};
use noemie_parsers::noemie::{ANOMALIES_MAX, Packaging};

/// Replaces the first occurrence in the bodies, whose length may change.
#[track_caller]
fn remplacer(avant: &str, apres: &str) -> Vec<u8> {
    let mut corps = corps();
    let touche = corps.iter_mut().find(|c| c.contains(avant)).expect("the fixture has it");
    *touche = touche.replacen(avant, apres, 1);
    reunir(&corps)
}

#[track_caller]
fn check(
    octets: &[u8],
    codes: &[Code],
    verdict: impl Into<Option<Severity>>,
    quarantaine: &[&str],
) {
    let lu = lire(octets, Packaging::Lignes);
    assert_eq!(lu.codes(), codes, "{:?}", lu.anomalies());
    assert_eq!(lu.comptes.verdict, verdict.into());
    assert_eq!(lu.quarantaine(), quarantaine);
}

#[test]
fn q1_no_header() {
    check(b"", &[Code::RetourVide], Severity::File, &[]);
    let lu = lire(&reunir(&corps()[1..]), Packaging::Lignes);
    // The count of the 999 includes the missing record.
    assert_eq!(lu.codes(), [Code::RetourVide, Code::RetourEnregistrements]);
    assert_eq!(lu.retours().count(), 3);
    for packaging in PACKAGINGS {
        let lu = lire(&[0x5a; 5000], packaging);
        assert_eq!(lu.comptes.verdict, Some(Severity::File));
        assert!(lu.codes().contains(&Code::RetourVide));
    }
}

#[test]
fn q2_frames() {
    let bon = String::from_utf8(ecrit(Packaging::Lignes)).expect("ASCII");
    check(bon.replacen("0128", "0127", 1).as_bytes(), &[Code::RetourCadrage], Severity::File, &[]);
    check(bon.replacen("0128", "01A8", 1).as_bytes(), &[Code::RetourCadrage], Severity::File, &[]);
    check(bon.replace("\r\n", "\n").as_bytes(), &[], None, &[]);
}

#[test]
fn q3_trailers() {
    let sans_fin = reunir(&corps()[..corps().len() - 1]);
    check(&sans_fin, &[Code::RetourFin], Severity::File, &[]);
    let lu = lire(&sans_fin, Packaging::Lignes);
    let [faute] = lu.anomalies()[..] else { panic!("one fault") };
    assert_eq!(
        (faute.record, faute.column, faute.offset),
        (corps().len() as u64, 1, sans_fin.len() as u64)
    );
    check(&remplacer("999CP", "999CT"), &[Code::RetourFin], Severity::File, &[]);
    for packaging in PACKAGINGS {
        let octets = ecrit(packaging);
        let fin = octets.len() - if packaging == Packaging::Blocs { 128 } else { 134 };
        let deux = [&octets[..fin], &octets].concat();
        assert_eq!(lire(&deux, packaging).codes(), [Code::RetourFin], "{packaging:?}");
    }
}

#[test]
fn q4_lost_delimiter_in_an_invoice() {
    check(
        &remplacer("1989900001234P00001234P@", "1989900001234P00001234P "),
        &[Code::EntiteSansFin],
        Severity::Invoice,
        &["000000002"],
    );
}

#[test]
fn q5_lost_delimiter_in_a_group_or_lost_step() {
    check(
        &remplacer("0810401              @", "0810401               "),
        &[Code::EntiteDecalee],
        Severity::File,
        &[],
    );
    let lu = lire(&remplacer("1989900001234P", "1989900001234P0"), Packaging::Lignes);
    assert!(lu.codes().contains(&Code::EntiteDecalee));
    assert_eq!((lu.retours().count(), lu.comptes.verdict), (3, Some(Severity::File)));
}

#[test]
fn q6_q7_counters_and_sums() {
    let lu = lire(
        &remplacer(
            "99005000000001        0000000300000010000P@",
            "99005000000001        0000000400000010001P@",
        ),
        Packaging::Lignes,
    );
    assert_eq!(lu.codes(), [Code::RetourCompteur, Code::RetourCumul]);
    assert_eq!(lu.comptes.verdict, Some(Severity::Warning));
    assert_eq!(lu.retours().next().map(|r| r.anomalies.len()), Some(2));
    check(
        &remplacer("    00100000012234P", "    00100000012235P"),
        &[Code::RetourCumul],
        Severity::Warning,
        &[],
    );
}

#[test]
fn q8_q9_totals_of_the_trailer() {
    check(
        &remplacer("ESSAI100000004", "ESSAI100000006"),
        &[Code::RetourEnregistrements],
        Severity::File,
        &[],
    );
    check(
        &remplacer("ESSAI10000000", "ESSAI1OOOOOOO"),
        &[Code::RetourEnregistrements],
        Severity::File,
        &[],
    );
    check(
        &remplacer("    00100000012234P", "    00200000012234P"),
        &[Code::RetourLots],
        Severity::Warning,
        &[],
    );
}

#[test]
fn q10_unknown_entities_are_kept() {
    let octets = remplacer("29499AAA000125R", "77799QUELQUE CHOSE@29499AAA000125R");
    let lu = lire(&octets, Packaging::Lignes);
    let retour = lu.retours().nth(1).expect("three invoices");
    assert!(retour.entites.iter().any(|e| e.octets == b"77799QUELQUE CHOSE@"));
    // The unknown entity is a leaf more for the counter.
    check(&octets, &[Code::EntiteInconnue, Code::RetourCompteur], Severity::Warning, &[]);
}

#[test]
fn q11_letters_in_numbers() {
    check(
        &remplacer("1989900001234P", "19899OOOO1234P"),
        &[Code::RetourNonNumerique],
        Severity::Invoice,
        &["000000002"],
    );
    check(
        &remplacer("07103060326", "0710306O326"),
        &[Code::RetourNonNumerique],
        Severity::File,
        &[],
    );
    check(
        &remplacer("00000003000000", "000000O3000000"),
        &[Code::RetourNonNumerique],
        Severity::Warning,
        &[],
    );
    check(&remplacer("1989900001234P", "19899        P"), &[], None, &[]);
    let lu =
        lire(&remplacer("1989900000700P00000700N@", "1989900000700P00000700X@"), Packaging::Lignes);
    assert_eq!((lu.codes(), lu.quarantaine()), (vec![Code::RetourNonNumerique], vec!["000000003"]));
}

#[test]
fn q13_unknown_states() {
    check(
        &remplacer("1989900001234P", "1989900001234Q"),
        &[Code::EtatInconnu],
        Severity::Invoice,
        &["000000002"],
    );
}

#[test]
fn q15_levels() {
    let niveaux = |octets: &[u8]| {
        let lu = lire(octets, Packaging::Lignes);
        (
            lu.codes().iter().filter(|c| **c == Code::Niveaux).count(),
            lu.comptes.verdict,
            lu.retours().count(),
        )
    };
    // A jump, an end of another level, an end that is missing, a leaf outside any group.
    assert_eq!(niveaux(&remplacer("10205000000002", "10206000000002")).1, Some(Severity::File));
    assert_eq!(
        niveaux(&remplacer("99005000000001", "99007000000001")),
        (2, Some(Severity::File), 3)
    );
    assert_eq!(
        niveaux(&remplacer("99005000000001        0000000300000010000P@", "")),
        (1, Some(Severity::File), 3)
    );
    assert_eq!(niveaux(&remplacer("02001", "2950000000@02001")).1, Some(Severity::File));
    let mut ouverts = corps();
    let dernier = ouverts.len() - 2;
    ouverts[dernier] = ouverts[dernier].rsplit_once("99001").expect("the last 990").0.to_owned();
    assert_eq!(niveaux(&reunir(&ouverts)), (1, Some(Severity::File), 3));
}

#[test]
fn an_invoice_never_disappears_in_silence() {
    let lu = lire(&remplacer("10205000000002", "10905000000002"), Packaging::Lignes);
    assert_eq!((lu.retours().count(), lu.comptes.verdict), (2, Some(Severity::File)));
    assert!(lu.codes().contains(&Code::Niveaux));
}

#[test]
fn q16_flag_of_the_last_block() {
    let mut octets = ecrit(Packaging::Blocs);
    let dernier = octets.len() - 256;
    octets[dernier] = b'0';
    let lu = lire(&octets, Packaging::Blocs);
    let [faute] = lu.anomalies()[..] else { panic!("one fault") };
    assert_eq!((faute.code, faute.offset, faute.column), (Code::DrapeauBloc, dernier as u64, 1));
    assert_eq!(lu.comptes.verdict, Some(Severity::Warning));
}

#[test]
fn a_position_in_blocks_is_the_offset_in_the_file() {
    let mut octets = ecrit(Packaging::Blocs);
    for i in 128..octets.len() - 128 {
        let mut abime = octets.clone();
        abime[i] = b'#';
        for a in lire(&abime, Packaging::Blocs).anomalies() {
            assert_eq!(a.offset, (a.record - 1) * 128 + u64::from(a.column) - 1, "{a:?}");
        }
    }
    let etat = octets.windows(13).position(|w| w == b"1989900001234").map(|i| i + 13);
    if let Some(i) = etat {
        octets[i] = b'Q';
        let lu = lire(&octets, Packaging::Blocs);
        assert_eq!(lu.anomalies()[0].offset, i as u64);
    }
}

#[test]
fn every_fault_is_reported_at_once() {
    let mut corps = corps();
    for c in &mut corps {
        *c = c
            .replace("1989900006000P", "1989900006000Z")
            .replace("0710306", "07103O6")
            .replace("ESSAI100000004", "ESSAI100000009");
    }
    let lu = lire(&reunir(&corps), Packaging::Lignes);
    let codes = lu.codes();
    for code in [Code::EtatInconnu, Code::RetourNonNumerique, Code::RetourEnregistrements] {
        assert!(codes.contains(&code), "{code:?} in {codes:?}");
    }
}

#[test]
fn blanks_after_the_end_are_the_only_finding() {
    let lignes = [ecrit(Packaging::Lignes), b"\r\n\x1a".to_vec()].concat();
    assert!(lire(&lignes, Packaging::Lignes).codes().iter().all(|c| *c == Code::ApresFin));
    let blocs = [ecrit(Packaging::Blocs), b"\r\n".to_vec()].concat();
    assert_eq!(lire(&blocs, Packaging::Blocs).codes(), [Code::ApresFin]);
}

#[test]
fn findings_are_bounded_and_no_quarantine_is_lost() {
    let mut corps = corps();
    let bruit = "77799@".repeat(1_000);
    let tete = corps[1].clone();
    let coupe = tete.find("10205").expect("an invoice");
    let mut records = vec![corps.remove(0), tete[..coupe].to_owned()];
    records.extend(std::iter::repeat_n(bruit, 12));
    records.push(tete[coupe..].to_owned());
    records.extend(corps.drain(1..));
    let octets = reunir(&records);
    let octets =
        String::from_utf8(octets).expect("ASCII").replacen("1989900001234P", "1989900001234Q", 1);
    let lu = lire(octets.as_bytes(), Packaging::Lignes);
    assert!(lu.comptes.anomalies > 12_000);
    assert!(lu.anomalies().len() as u64 <= ANOMALIES_MAX + 10);
    assert_eq!((lu.quarantaine(), lu.comptes.verdict), (vec!["000000002"], Some(Severity::File)));
}
