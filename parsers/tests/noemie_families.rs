//! The other families of references: rights and their answers (408, 929), old rejects (900),
//! acceptances (687). Bodies written by hand.

mod noemie_commun;

use noemie_commun::{lire, reunir};
use noemie_parsers::anomaly::{Code, Severity};
use noemie_parsers::noemie::{NatureRejet, Packaging};

/// One record of entities between a header and a trailer of that reference.
fn fichier(reference: &str, lots: u32, somme: u32, entites: &str) -> Vec<u8> {
    let commun =
        format!("OC{:<14}{:6}CS{:<14}{:6}TRESSAI1", "00000099900011", "", "99900000000011", "");
    let entete = format!("000{commun}010326{reference:<4}{:17}128{:43}", "", "");
    let fin = format!("999{commun}00000003{:19}{lots:03}{somme:011}P{:31}", "", "");
    assert_eq!((entete.len(), fin.len()), (128, 128));
    reunir(&[entete, entites.to_owned(), fin])
}

fn fin(niveau: u8, cle: &str, compteur: u32, somme: u32) -> String {
    format!("990{niveau:02}{cle:<17}{compteur:08}{somme:011}P@")
}

fn assure(niveau: u8) -> String {
    format!("110{niveau:02}299019999900107P{:<25}{:26}{:<15}@", "MODELE", "", "ANNE")
}

fn malade(niveau: u8, naissance: &str) -> String {
    format!("120{niveau:02}{naissance}1{:<25}{:<15}0000@", "MODELE", "ANNE")
}

fn rejet(code: &str) -> String {
    format!("2909901{code}{:\0<80}@", "LIBELLE")
}

fn rubrique() -> String {
    format!("1409900000001C01{}{}{}@", "20260101", "99991231", "0".repeat(36))
}

#[test]
fn answers_to_rights() {
    let beneficiaires = [
        malade(99, "310199"),
        rubrique(),
        rejet("MUJ130033C"),
        malade(99, "000000"),
        rubrique(),
        rejet("MUJ130027S"),
    ]
    .concat();
    let groupe = assure(2) + &beneficiaires + &fin(2, "", 6, 0);
    let octets = fichier("929", 1, 0, &(format!("0100199900011@{groupe}") + &fin(1, "", 1, 0)));
    let lu = lire(&octets, Packaging::Lignes);
    assert!(lu.anomalies().is_empty(), "{:?}", lu.anomalies());
    let retour = lu.retours().next().expect("one insured");
    assert_eq!(retour.contexte.organisme_complementaire.as_deref(), Some("99900011"));
    assert_eq!(
        retour.rejets.iter().map(|r| (r.libelle.as_str(), r.nature)).collect::<Vec<_>>(),
        [("LIBELLE", NatureRejet::Certification), ("LIBELLE", NatureRejet::Signalement)]
    );
    let assure = retour.assure.as_ref().expect("a 110");
    assert_eq!((assure.rang, assure.naissance.map(|n| n.expose())), ('1', Some(*b"310199")));
    assert_eq!((lu.comptes.beneficiaires, retour.entites.len()), (2, 8));
}

/// The tree of reference 900; `niveau` is that of 110 and 120.
fn rejets_900(niveau: u8, compteur: u32) -> Vec<u8> {
    let facture = [
        "10005000000042@",
        &assure(niveau),
        &malade(niveau, "310199"),
        "1609900000000000000042@",
        &rejet("AAA000900R"),
    ]
    .concat();
    let fins: String = (1..=4).rev().map(|n| fin(n, "", 1, 0)).collect();
    let groupes = "04001000000992001164@07002010326@08003010326007@15004AS@";
    fichier(
        "900",
        1,
        0,
        &(groupes.to_owned() + &facture + &fin(5, "000000042", compteur, 0) + &fins),
    )
}

#[test]
fn insured_and_patient_of_reference_900_are_leaves() {
    for (niveau, compteur) in [(5, 2), (99, 4)] {
        let lu = lire(&rejets_900(niveau, compteur), Packaging::Lignes);
        assert!(lu.anomalies().is_empty(), "{:?}", lu.anomalies());
        let retour = lu.retours().next().expect("one invoice");
        assert_eq!((retour.numero.as_str(), retour.nature_assurance.as_str()), ("000000042", "AS"));
        assert_eq!(retour.contexte.lot.as_ref().map(|l| l.numero.as_str()), Some("007"));
        assert!(retour.assure.as_ref().is_some_and(|a| a.nir.is_some() && a.naissance.is_some()));
        assert_eq!(lu.comptes.reponses.rejets, 1);
    }
    assert_eq!(lire(&rejets_900(5, 4), Packaging::Lignes).codes(), [Code::RetourCompteur]);
}

#[test]
fn acceptances_are_kept_raw_and_their_sums_not_compared() {
    let acte = format!("2559901{}00001234{}@", " ".repeat(99), " ".repeat(10));
    let groupes = format!(
        "0100199900011@07002010326@{}12704{}@02505{}@04506{}@",
        assure(3),
        " ".repeat(40),
        " ".repeat(40),
        " ".repeat(20)
    );
    let feuilles = ["0809901032600", "7@10099000000042@15599AS@", &acte].concat();
    let fins: String =
        (1..=6).rev().map(|n| fin(n, "", if n == 6 { 4 } else { 1 }, 1234)).collect();
    let lu =
        lire(&fichier("687", 1, 1234, &(groupes.clone() + &feuilles + &fins)), Packaging::Lignes);
    assert!(lu.anomalies().is_empty(), "{:?}", lu.anomalies());
    let retour = lu.retours().next().expect("one invoice");
    assert_eq!(
        (retour.numero.as_str(), retour.contexte.lot.as_ref().map(|l| l.numero.as_str())),
        ("000000042", Some("007"))
    );
    // What is known of them is named: level, line number and amount of the 255, nature of the 155.
    let partielle = |code: &[u8; 3]| {
        retour
            .entites
            .iter()
            .find(|e| e.code == *code)
            .map(|e| (e, e.partielle().expect("known in part")))
    };
    let zone = |code: &[u8; 3], nom: &str| {
        let (entite, table) = partielle(code).expect("in the invoice");
        table
            .zones
            .iter()
            .find(|z| z.name == nom)
            .map(|z| String::from_utf8_lossy(z.of(&entite.octets)).into_owned())
    };
    assert_eq!(zone(b"255", "montant").as_deref(), Some("00001234"));
    assert_eq!(zone(b"255", "numéro de ligne").as_deref(), Some("01"));
    assert_eq!(zone(b"155", "nature d'assurance").as_deref(), Some("AS"));
    assert!(partielle(b"255").is_some_and(|(e, _)| e.octets == acte.as_bytes()), "kept raw");
    // In any other reference the same entities are unknown.
    let ailleurs =
        lire(&fichier("576", 1, 1234, &(groupes + &feuilles + &fins)), Packaging::Lignes);
    assert!(ailleurs.codes().iter().all(|c| *c == Code::EntiteInconnue));
    assert_eq!(ailleurs.comptes.verdict, Some(Severity::Warning));
}

#[test]
fn act_lines_of_old_trees_are_counted_and_their_sums_not_compared() {
    let acte = format!(
        "210{}@",
        "9901".to_owned()
            + &"0".repeat(53)
            + "P"
            + "AMI"
            + &" ".repeat(2)
            + &"0".repeat(19)
            + "  "
            + &"0".repeat(30)
    );
    let facture = format!("10003000000042@{acte}{acte}{}", fin(3, "000000042", 2, 777));
    let entites = format!(
        "04001000000992001164@07002010326@{facture}{}{}",
        fin(2, "", 1, 777),
        fin(1, "", 1, 777)
    );
    let lu = lire(&fichier("528", 1, 777, &entites), Packaging::Lignes);
    assert!(lu.anomalies().is_empty(), "{:?}", lu.anomalies());
    assert_eq!((lu.comptes.lignes, lu.comptes.somme_999.centimes()), (2, 777));
}
