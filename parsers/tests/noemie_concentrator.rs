//! Notices of a concentrator: the sample when the machine has it, and small files made here.

use noemie_parsers::anomaly::{Code, Severity};
use noemie_parsers::noemie::retour_concentrateur::{
    ComptesAvis, LecteurAvis, Notice, PartAvis, Suite, TypeAvis,
};
use noemie_parsers::types::Montant;
use proptest::prelude::*;

/// One notice of the type of return and amounts given.
fn avis(type_retour: &str, paye_amo: &str) -> String {
    let debut = format!("2990000000001{type_retour}00000000126030129901999990010700001000");
    let ligne =
        format!("{debut}00000500{paye_amo}00000250697{:<37}001260306  ", "FACTURE DEJA REGLEE");
    assert_eq!(ligne.len(), 128);
    ligne
}

fn lire(octets: &[u8]) -> (Vec<Notice>, ComptesAvis) {
    let mut lecteur = LecteurAvis::new(octets);
    let notices = lecteur.by_ref().map(|n| n.expect("memory never fails")).collect();
    (notices, *lecteur.comptes())
}

fn codes(notices: &[Notice]) -> Vec<Code> {
    let fautes = |n: &Notice| match n {
        Notice::Avis(a) => a.anomalies.iter().map(|a| a.code).collect(),
        Notice::Anomalie(a) => vec![a.code],
    };
    notices.iter().flat_map(fautes).collect()
}

#[test]
fn figures_of_the_sample() {
    let chemin = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/samples/concentrator_return.txt");
    let Ok(octets) = std::fs::read(chemin) else { return };
    let (notices, c) = lire(&octets);
    assert!(codes(&notices).is_empty());
    assert_eq!(
        (c.enregistrements, c.factures, c.amo_paye.centimes(), c.amc_paye.centimes(), c.verdict),
        (7, 7, 61_578, 23_343, None)
    );
}

#[test]
fn a_notice_says_everything() {
    for fin in ["\n", "\r\n", ""] {
        let (notices, comptes) = lire(format!("{}{fin}", avis("23", "00000800")).as_bytes());
        let [Notice::Avis(a)] = &notices[..] else { panic!("one notice") };
        assert_eq!(a.type_retour, TypeAvis::Connu(Suite::Rejet, PartAvis::AmoEtAmc));
        assert_eq!(
            (a.numero.as_str(), a.code_rejet.as_str(), a.lot.as_str()),
            ("000000001", "697", "001")
        );
        assert_eq!(
            a.date_facturation.aammjj().map(|d| d.to_string()).as_deref(),
            Some("2026-03-01")
        );
        assert_eq!(
            [a.facture_amo, a.facture_amc, a.paye_amo, a.paye_amc].map(Montant::centimes),
            [1_000, 500, 800, 250]
        );
        assert!(a.nir.is_some() && !format!("{a:?}").contains("29901"));
        assert_eq!((comptes.factures, comptes.verdict), (1, None));
    }
}

#[test]
fn what_each_damage_costs() {
    let bon = avis("11", "00000800");
    let lettre = avis("11", "0000O800");
    let (notices, c) = lire(format!("{bon}\n{lettre}\n{bon} \n1{}\n", &bon[1..]).as_bytes());
    assert_eq!(
        codes(&notices),
        [Code::RetourNonNumerique, Code::RetourCadrage, Code::EntiteInconnue]
    );
    assert_eq!(
        (c.factures, c.quarantaines, c.amo_paye.centimes(), c.verdict),
        (2, 1, 800, Some(Severity::File))
    );
    let (notices, c) = lire(format!("{lettre}\n").as_bytes());
    let Notice::Avis(a) = &notices[0] else { panic!("a notice") };
    assert_eq!(
        (a.anomalies[0].column, a.anomalies[0].offset, c.verdict),
        (62, 61, Some(Severity::Invoice))
    );
}

#[test]
fn unknown_types_of_return_are_kept() {
    for brut in ["41", "19", "  "] {
        let (notices, _) = lire(avis(brut, "00000000").as_bytes());
        let Notice::Avis(a) = &notices[0] else { panic!("a notice") };
        assert_eq!(a.type_retour, TypeAvis::Inconnu(brut.as_bytes().try_into().expect("two")));
    }
}

#[test]
fn an_empty_file_is_told() {
    let (notices, comptes) = lire(b"");
    assert_eq!((codes(&notices), comptes.verdict), (vec![Code::FichierVide], Some(Severity::File)));
}

proptest! {
    #[test]
    fn any_bytes_end(octets in prop::collection::vec(any::<u8>(), 0..10_000)) {
        let (notices, comptes) = lire(&octets);
        prop_assert!(comptes.factures <= comptes.enregistrements && notices.len() <= octets.len() + 1);
    }
}
