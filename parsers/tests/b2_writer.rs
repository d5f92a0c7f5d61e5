//! The writer of norm B2: a file read and composed anew is the same file, and what a reader would
//! refuse is not written.

mod b2_commun;

use b2_commun::{Fixture, fixture, fixtures, lire};
use noemie_parsers::anomaly::Code;
use noemie_parsers::b2::genre::Tables;
use noemie_parsers::b2::{
    Ecrivain, Element, ErreurEcriture, Facture, Fiche, Genre, NormeLot, Record, t000, t1, t2, t4,
    t5, t6,
};
use noemie_parsers::hypothese::Hypothese;
use noemie_parsers::layout::Layout;
use noemie_parsers::physical::enregistrements::Forme;
use noemie_parsers::types::Date;
use std::io::{self, Write};

/// Every zone of a record, put in an empty one.
fn copie(table: &'static Layout, record: &Record) -> Fiche {
    table
        .all_zones()
        .fold(Fiche::nouvelle(table), |fiche, zone| fiche.octets(zone, zone.of(record)))
}

fn fiches(facture: &Facture) -> Vec<Fiche> {
    let composees = facture.pieces.iter().filter(|p| p.genre != Genre::FinFacture);
    composees.map(|p| copie(facture.tables.layout(p.genre).expect("a table"), &p.record)).collect()
}

/// The file, from its headers and invoices: prefixes, sequences, types 5, 6 and 999 are the
/// writer's.
fn compose(fixture: &Fixture) -> Vec<u8> {
    let lecture = lire(&fixture.octets, fixture.forme);
    let mut ecrivain = Ecrivain::new(Vec::new(), fixture.forme);
    for element in &lecture.elements {
        match element {
            Element::EnTete(e) => {
                ecrivain.en_tete(&copie(&t000::layout::LAYOUT, &e.record)).expect("a header")
            }
            Element::Lot(l) => ecrivain.lot(&copie(&t1::layout::LAYOUT, &l.record)).expect("a lot"),
            Element::Facture(f) => {
                assert_eq!(ecrivain.facture(&fiches(f)).expect("an invoice"), f.totaux())
            }
            Element::FinLot(f) => {
                ecrivain = ecrivain.avec_marquage(t6::layout::INDICATEUR_MARQUAGE.of(&f.record)[0]);
                ecrivain.fermer_lot().expect("memory does not fail");
            }
            Element::FinFichier(_) => ecrivain.fermer_fichier().expect("memory does not fail"),
            Element::ComplementLot(_) | Element::Anomalies(_) => panic!("{element:?}"),
        }
    }
    let (octets, comptes) = ecrivain.terminer().expect("memory does not fail");
    assert_eq!(comptes, lecture.comptes, "{}", fixture.nom);
    octets
}

#[test]
fn a_file_composed_anew_is_the_same_file() {
    for fixture in fixtures().iter().filter(|f| f.nom.starts_with("ok/")) {
        let composee = compose(fixture);
        let differe = composee.iter().zip(&fixture.octets).position(|(a, b)| a != b);
        assert!(composee == fixture.octets, "{} differs at {differe:?}", fixture.nom);
    }
}

/// The header, the lot and the invoices of the fixture of a norm.
fn modele(nom: &str) -> (Fiche, Fiche, Vec<Vec<Fiche>>) {
    let modele = fixture(nom);
    let (mut en_tete, mut lot, mut factures) = (None, None, Vec::new());
    for element in lire(&modele.octets, modele.forme).elements {
        match element {
            Element::EnTete(e) => en_tete = Some(copie(&t000::layout::LAYOUT, &e.record)),
            Element::Lot(l) => lot = Some(copie(&t1::layout::LAYOUT, &l.record)),
            Element::Facture(f) => factures.push(fiches(&f)),
            _ => {}
        }
    }
    (en_tete.expect("a header"), lot.expect("a lot"), factures)
}

/// A writer with a file and a lot of norm PS open, and invoices for it.
fn ouvert() -> (Ecrivain<Vec<u8>>, Vec<Vec<Fiche>>) {
    let (en_tete, lot, factures) = modele("ok/two_ps.blocks.b2");
    let mut ecrivain = Ecrivain::new(Vec::new(), Forme::Blocs);
    ecrivain.en_tete(&en_tete).expect("a header");
    ecrivain.lot(&lot).expect("a lot");
    (ecrivain, factures)
}

#[track_caller]
fn refuse_la_place<T: std::fmt::Debug>(resultat: Result<T, ErreurEcriture>, attendue: &str) {
    assert!(
        matches!(&resultat, Err(ErreurEcriture::Place { table }) if *table == attendue),
        "{resultat:?}"
    );
}

#[test]
fn what_stands_at_a_wrong_place_is_not_written() {
    let (en_tete, lot, factures) = modele("ok/two_ps.blocks.b2");
    let vide = || Ecrivain::new(Vec::new(), Forme::Lf);
    refuse_la_place(vide().en_tete(&lot), "1");
    refuse_la_place(vide().lot(&lot), "1");
    refuse_la_place(vide().facture(&factures[0]), "2");
    let (mut ecrivain, factures) = ouvert();
    refuse_la_place(ecrivain.lot(&en_tete), "000");
    let (mut ecrivain, _) = ouvert();
    refuse_la_place(ecrivain.facture(&[]), "2");
    refuse_la_place(ecrivain.facture(&factures[0][1..]), "2");
    refuse_la_place(ecrivain.facture(&[&factures[0][..], &factures[1][..1]].concat()), "2");
    refuse_la_place(
        ecrivain.facture(&[&factures[0][..1], &[Fiche::nouvelle(&t5::ps::LAYOUT)]].concat()),
        "5",
    );
    // A line of the other norm.
    refuse_la_place(
        ecrivain.facture(&[&factures[0][..1], &[Fiche::nouvelle(&t4::cp::LAYOUT)]].concat()),
        "4",
    );
    // Nothing of a refused invoice was written: the next one stands right behind the lot.
    ecrivain.facture(&factures[1]).expect("an invoice");
    let (octets, comptes) = ecrivain.terminer().expect("memory does not fail");
    assert_eq!((comptes.factures, octets.len() as u64), (1, 128 * comptes.enregistrements));
    assert!(lire(&octets, Forme::Blocs).anomalies().is_empty());
}

#[test]
fn what_the_reader_would_report_is_not_written() {
    let (mut ecrivain, factures) = ouvert();
    let mut inconnue = factures[0].clone();
    inconnue[0] = inconnue[0].clone().texte(&t2::ps::NATURE_ASSURANCE, "77");
    let refus = ecrivain.facture(&inconnue);
    assert!(
        matches!(&refus, Err(ErreurEcriture::Refus(a)) if a.len() == 1 && a[0].code == Code::CodeInconnu),
        "{refus:?}"
    );
    assert!(refus.expect_err("just seen").to_string().contains("C21-CODE"));
    let (en_tete, lot, _) = modele("ok/two_ps.blocks.b2");
    let sans_nom = en_tete.octets(&t000::layout::IDENTIFICATION_FICHIER, b"      ");
    assert!(matches!(
        Ecrivain::new(Vec::new(), Forme::Lf).en_tete(&sans_nom),
        Err(ErreurEcriture::Refus(_))
    ));
    let minuscules = lot.octets(&t1::layout::ORIGINE_FICHIER, b"abcdef");
    assert!(matches!(ecrivain.lot(&minuscules), Err(ErreurEcriture::Refus(_))));
}

#[test]
fn a_number_and_an_identification_serve_once() {
    let (mut ecrivain, factures) = ouvert();
    ecrivain.facture(&factures[0]).expect("an invoice");
    let encore = ecrivain.facture(&factures[0]);
    assert!(matches!(encore, Err(ErreurEcriture::Zone { table: "2", zone: "6" })), "{encore:?}");
    let (en_tete, lot, _) = modele("ok/two_ps.blocks.b2");
    assert!(matches!(
        ecrivain.en_tete(&en_tete),
        Err(ErreurEcriture::Zone { table: "000", zone: "9" })
    ));
    // Another lot has its own numbers.
    let autre = en_tete
        .texte(&t000::layout::IDENTIFICATION_FICHIER, "AUTRE1")
        .date(&t000::layout::DATE_CREATION_FICHIER, Date::new(2026, 2, 3).expect("a date"));
    ecrivain.en_tete(&autre).expect("another file");
    ecrivain.lot(&lot).expect("a lot");
    ecrivain.facture(&factures[0]).expect("an invoice");
    assert_eq!(ecrivain.comptes().factures, 2);
}

#[test]
fn a_full_lot_and_a_full_file_say_so() {
    let (mut ecrivain, factures) = ouvert();
    let numerotee = |n: u64| {
        let mut facture = factures[1].clone();
        facture[0] = facture[0].clone().numero(n);
        facture
    };
    // The type 6 counts invoices on three digits.
    for n in 1..=999 {
        ecrivain.facture(&numerotee(n)).expect("there is room");
    }
    assert!(matches!(ecrivain.facture(&numerotee(1000)), Err(ErreurEcriture::LotPlein)));
    let (_, lot, _) = modele("ok/two_ps.blocks.b2");
    for _ in 1..999 {
        ecrivain.lot(&lot).expect("there is room");
    }
    assert!(matches!(ecrivain.lot(&lot), Err(ErreurEcriture::FichierPlein)));
}

#[test]
fn an_output_that_fails_is_told() {
    struct Pleine;
    impl Write for Pleine {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (en_tete, ..) = modele("ok/two_ps.blocks.b2");
    assert!(matches!(
        Ecrivain::new(Pleine, Forme::Lf).en_tete(&en_tete),
        Err(ErreurEcriture::Sortie(_))
    ));
}

/// What an invoice says of itself, against the columns of the fixtures.
#[test]
fn values_of_an_invoice() {
    let ps = fixture("ok/two_ps.blocks.b2");
    let lecture = lire(&ps.octets, ps.forme);
    let facture = lecture.factures().next().expect("an invoice");
    let identite = facture.identite();
    assert_eq!(
        (
            identite.ps.as_str(),
            identite.numero.as_str(),
            identite.rang,
            identite.complement.as_str()
        ),
        ("992042945", "083464096", b'1', "")
    );
    assert_eq!((&identite.nir_brut[..], identite.cle), (&b"2841099999540"[..], *b"09"));
    let dit = format!("{identite:?}");
    assert!(dit.contains("083464096") && !dit.contains("2841099999540"), "{dit}");
    assert_eq!(facture.nir_individuel().as_deref(), Some("284109999954009"));
    assert_eq!(
        (facture.adherent().as_str(), facture.organisme_amo().as_str()),
        ("96012220", "019990000")
    );
    assert_eq!(facture.date(), Date::new(2026, 1, 30));
    assert_eq!(facture.limite_reponse(), Date::new(2026, 2, 5).map(|d| (d, 20)));
    assert_eq!(facture.numero_amc().expect("given").to_string(), "0099900011");
    let ligne = facture.lignes().next().expect("a line");
    assert_eq!(
        (ligne.genre, ligne.code_acte.as_str(), ligne.date, ligne.quantite),
        (Genre::Ligne4, "PH1", Date::new(2026, 1, 30), 1)
    );
    assert_eq!((ligne.coefficient, ligne.taux, ligne.qualificatif.as_str()), (100, 100, ""));
    assert_eq!(
        [ligne.prix_unitaire, ligne.base, ligne.depense, ligne.amo, ligne.amc]
            .map(|m| m.centimes()),
        [19_826, 19_826, 19_826, 19_826, 0]
    );

    let cp = fixture("ok/two_cp.blocks.b2");
    let lecture = lire(&cp.octets, cp.forme);
    let facture = lecture.factures().next().expect("an invoice");
    // Norm CP has no date in its type 2, and no member number but the one of the 2P.
    assert_eq!((facture.date(), facture.adherent().as_str()), (Date::new(2026, 1, 30), "96012220"));
    let codes: Vec<_> = facture.lignes().map(|l| (l.genre.nom(), l.code_acte)).collect();
    assert_eq!(
        codes,
        [("3", "GHS"), ("3", "FJ"), ("4", "ADC")].map(|(g, c)| (g.to_owned(), c.to_owned()))
    );
    let Some(Element::EnTete(en_tete)) = lecture.elements.first() else {
        panic!("a file begins with its header")
    };
    assert_eq!(
        (en_tete.emetteur().as_str(), en_tete.numero_emetteur().as_str()),
        ("OT99900000000011", "99900000000011")
    );
    assert_eq!(
        (en_tete.destinataire().as_str(), en_tete.identification().as_str()),
        ("OC00000099900011", "PWDYXO")
    );
    assert_eq!(
        (en_tete.norme().as_str(), en_tete.message().as_str(), en_tete.date_brute().as_str()),
        ("CP", "FACTURE INITIALE", "260202")
    );
    let Some(Element::Lot(lot)) = lecture.elements.get(1) else { panic!("then its lot") };
    assert_eq!(
        (lot.numero().as_str(), lot.code_norme().as_str(), lot.date()),
        ("001", "CP", Date::new(2026, 2, 2))
    );
}

/// A writer cannot be asked for a record that its tables do not have.
#[test]
fn a_record_filled_is_the_one_of_its_table() {
    for norme in [NormeLot::Ps, NormeLot::Cp] {
        let tables = Tables { norme, v022003: false, dre: true };
        for genre in (b'A'..=b'Z').flat_map(|l| {
            [Genre::ComplementFacture(l), Genre::Complement3(l), Genre::Complement4(l)]
        }) {
            if let Some(table) = tables.layout(genre) {
                assert_eq!(Fiche::nouvelle(table).genre(), genre);
            }
        }
    }
    let dit =
        format!("{:?}", Fiche::nouvelle(&t2::ps::LAYOUT).octets(&t2::ps::NATURE_ASSURANCE, b"1"));
    assert!(dit.contains("\"2\"") && dit.contains("22"), "{dit}");
}

/// What the reader assumes of a lot and of an invoice, by the tables that it chose.
#[test]
fn what_the_tables_assume() {
    let dites = |octets: &[u8]| {
        let lecture = lire(octets, Forme::Blocs);
        let lots = lecture
            .elements
            .iter()
            .filter_map(|e| if let Element::Lot(l) = e { l.hypothese() } else { None });
        lots.chain(lecture.factures().next().expect("an invoice").hypotheses()).collect::<Vec<_>>()
    };
    let ps = fixture("ok/two_ps.blocks.b2").octets;
    assert_eq!(dites(&ps), [Hypothese::NormePs, Hypothese::DeuxPDre]);
    let mut caisse = ps;
    caisse[25..27].copy_from_slice(b"CT");
    caisse[91..107].fill(b' ');
    assert_eq!(dites(&caisse), [Hypothese::NormePs, Hypothese::DeuxP2007]);
    let mut cp = fixture("ok/two_cp.blocks.b2").octets;
    assert_eq!(dites(&cp), [Hypothese::DeuxPDre]);
    // A 3F in place of the 3S, in a lot of version 022003 and in one of another version.
    cp[7 * 128 + 35] = b'F';
    cp[128 + 81..128 + 87].copy_from_slice(b"022003");
    assert_eq!(dites(&cp), [Hypothese::DeuxPDre]);
    cp[128 + 81..128 + 87].copy_from_slice(b"012005");
    assert_eq!(dites(&cp), [Hypothese::DeuxPDre, Hypothese::Version2005]);
    let codes: std::collections::BTreeSet<_> = Hypothese::ALL.iter().map(|h| h.as_str()).collect();
    assert!(
        codes.len() == Hypothese::ALL.len()
            && Hypothese::ALL.iter().all(|h| !h.message().is_empty())
    );
}
