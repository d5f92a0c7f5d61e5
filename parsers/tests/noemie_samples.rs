//! The invented sample files, when the machine has them: every figure their manifest gives, and the
//! damages it names.

use noemie_parsers::anomaly::{Anomaly, Code, Severity};
use noemie_parsers::noemie::{Comptes, Element, Packaging, Reader, Retour};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

fn sample(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples").join(name);
    fs::read(path).ok()
}

fn packaging(name: &str) -> Packaging {
    if name.contains(".blocks.") { Packaging::Blocs } else { Packaging::Lignes }
}

struct Lu {
    elements: Vec<Element>,
    comptes: Comptes,
}

impl Lu {
    fn retours(&self) -> impl Iterator<Item = &Retour> {
        self.elements
            .iter()
            .filter_map(|e| if let Element::Retour(r) = e { Some(&**r) } else { None })
    }

    fn anomalies(&self) -> Vec<&Anomaly> {
        let hors = self
            .elements
            .iter()
            .filter_map(|e| if let Element::Anomalies(a) = e { Some(a) } else { None })
            .flatten();
        self.retours().flat_map(|r| &r.anomalies).chain(hors).collect()
    }

    fn quarantaine(&self) -> Vec<&str> {
        self.retours().filter(|r| r.quarantined()).map(|r| r.numero.as_str()).collect()
    }
}

fn lire(octets: &[u8], packaging: Packaging) -> Lu {
    let mut reader = Reader::new(octets, packaging);
    let mut elements = Vec::new();
    while let Some(e) = reader.next_element().expect("memory never fails") {
        elements.push(e);
    }
    Lu { elements, comptes: reader.comptes().clone() }
}

/// Figures in the order of the manifest: records, entities, files, lots, invoices, AMO asked and
/// paid, AMC asked and paid, recovered, flat, total.
type Figures = [i64; 12];

fn figures(c: &Comptes) -> Figures {
    let n = |v: u64| i64::try_from(v).expect("small");
    [
        n(c.enregistrements),
        n(c.entites),
        n(c.fichiers),
        n(c.lots),
        n(c.factures),
        c.amo_demande.centimes(),
        c.amo_paye.centimes(),
        c.amc_demande.centimes(),
        c.amc_paye.centimes(),
        c.recupere.centimes(),
        c.forfaits.centimes(),
        c.somme_999.centimes(),
    ]
}

#[track_caller]
fn check(name: &str, attendu: Figures) {
    let Some(octets) = sample(name) else { return };
    let lu = lire(&octets, packaging(name));
    assert_eq!(lu.anomalies(), Vec::<&Anomaly>::new(), "{name}");
    assert_eq!(figures(&lu.comptes), attendu, "{name}");
    assert_eq!(lu.comptes.acceptees(), lu.comptes.factures);
}

#[test]
fn every_figure_of_the_valid_samples() {
    check("408_rights.lines.noemie", [26, 24, 1, 1, 5, 0, 0, 0, 0, 0, 0, 0]);
    check("929_answer.lines.noemie", [3, 30, 1, 1, 5, 0, 0, 0, 0, 0, 0, 0]);
    check(
        "rsp_small.lines.noemie",
        [5, 35, 1, 1, 5, 119_707, 90_528, 37_793, 22_082, 0, 0, 112_610],
    );
    check(
        "rsp_small.blocks.noemie",
        [19, 35, 1, 1, 5, 119_707, 90_528, 37_793, 22_082, 0, 0, 112_610],
    );
    check(
        "rsp_large.lines.noemie",
        [20, 263, 1, 1, 40, 365_900, 293_996, 205_036, 147_587, 4_250, 4_200, 441_533],
    );
    check(
        "rsp_large.blocks.noemie",
        [135, 263, 1, 1, 40, 365_900, 293_996, 205_036, 147_587, 4_250, 4_200, 441_533],
    );
    check("580_rejects.lines.noemie", [5, 35, 1, 1, 4, 0, 0, 60_125, 0, 0, 0, 0]);
    check("580_rejects.blocks.noemie", [22, 35, 1, 1, 4, 0, 0, 60_125, 0, 0, 0, 0]);
    check("900_rejects.lines.noemie", [4, 34, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0]);
    check("900_rejects_level99.lines.noemie", [4, 34, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn states_of_the_returns() {
    for name in ["rsp_large.lines.noemie", "rsp_large.blocks.noemie"] {
        let Some(octets) = sample(name) else { return };
        let Comptes { etats_amo: amo, etats_amc: amc, .. } = lire(&octets, packaging(name)).comptes;
        assert_eq!([amo.paye, amo.rejete, amo.differe, amo.non_traite], [32, 4, 4, 0]);
        assert_eq!([amc.paye, amc.rejete, amc.differe, amc.non_traite], [20, 8, 4, 8]);
    }
    let Some(octets) = sample("929_answer.lines.noemie") else { return };
    let comptes = lire(&octets, Packaging::Lignes).comptes;
    assert_eq!(
        [comptes.reponses.certifications, comptes.reponses.rejets, comptes.reponses.signalements],
        [3, 2, 1]
    );
    assert_eq!(comptes.beneficiaires, 6);
    let Some(octets) = sample("900_rejects.lines.noemie") else { return };
    assert_eq!(lire(&octets, Packaging::Lignes).comptes.reponses.rejets, 3);
}

#[test]
fn transfers_are_the_bank_credits() {
    let Some(octets) = sample("rsp_large.blocks.noemie") else { return };
    let mut virements: BTreeMap<String, i64> = BTreeMap::new();
    for element in lire(&octets, Packaging::Blocs).elements {
        let (contexte, montant) = match &element {
            Element::Retour(r) => (&r.contexte, r.parts().map(|(_, p)| p.paye).sum()),
            Element::Mouvement(m) => (&m.contexte, m.montant),
            _ => continue,
        };
        let libelle = contexte.virement.as_ref().expect("under a 071").libelle_1.clone();
        assert!(contexte.destinataire.as_ref().is_some_and(|d| d.ps.is_some()));
        *virements.entry(libelle).or_default() += montant.centimes();
    }
    let montants: Vec<i64> = virements.into_values().collect();
    assert_eq!(montants, [201_196, 15_105, 112_610, 54_608, 17_176, 40_838]);
}

#[test]
fn an_entity_without_delimiter_costs_its_invoice() {
    let Some(octets) = sample("bad/22_noemie_no_at.lines.noemie") else { return };
    let lu = lire(&octets, Packaging::Lignes);
    assert_eq!(lu.comptes.verdict, Some(Severity::Invoice));
    assert_eq!(lu.quarantaine(), ["000416010"]);
    assert_eq!(
        figures(&lu.comptes),
        [20, 263, 1, 1, 40, 343_778, 271_874, 205_036, 147_587, 4_250, 4_200, 441_533]
    );
    assert_eq!(lu.comptes.acceptees(), 39);
    let [faute] = lu.anomalies()[..] else { panic!("one fault") };
    assert_eq!(
        (faute.code, faute.record, faute.column, faute.offset),
        (Code::EntiteSansFin, 6, 225, 4077)
    );
}

#[test]
fn a_wrong_counter_is_a_warning() {
    let Some(octets) = sample("bad/23_noemie_990_counter.lines.noemie") else { return };
    let lu = lire(&octets, Packaging::Lignes);
    assert_eq!(lu.comptes.verdict, Some(Severity::Warning));
    assert_eq!(
        figures(&lu.comptes),
        [20, 263, 1, 1, 40, 365_900, 293_996, 205_036, 147_587, 4_250, 4_200, 441_533]
    );
    assert_eq!(lu.comptes.acceptees(), 40);
    let [faute] = lu.anomalies()[..] else { panic!("one fault") };
    assert_eq!(
        (faute.code, faute.record, faute.column, faute.offset),
        (Code::RetourCompteur, 3, 864, 1966)
    );
}

#[test]
fn a_wrong_prefix_refuses_the_file() {
    let Some(octets) = sample("bad/24_noemie_prefix.lines.noemie") else { return };
    let lu = lire(&octets, Packaging::Lignes);
    assert_eq!(lu.comptes.verdict, Some(Severity::File));
    let [faute] = lu.anomalies()[..] else { panic!("one fault") };
    assert_eq!(
        (faute.code, faute.record, faute.column, faute.offset),
        (Code::RetourCadrage, 4, 1, 2029)
    );
}
