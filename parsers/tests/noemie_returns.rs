//! Returns made by the writer of the crate are read back without a loss.

mod noemie_commun;

use noemie_commun::{PACKAGINGS, amo, ecrit, entete, facture, lire, lire_de};
use noemie_parsers::noemie::{
    Ecrivain, Element, ErreurEcriture, Etat, Flux, Gabarit, Morceau, NatureMouvement, NatureRejet,
    Packaging, e000, e020, e990,
};
use noemie_parsers::types::Montant;
use std::io::{self, Read};

#[test]
fn written_returns_are_read_without_a_finding() {
    for packaging in PACKAGINGS {
        let lu = lire(&ecrit(packaging), packaging);
        assert!(lu.anomalies().is_empty(), "{:?}", lu.anomalies());
        let c = &lu.comptes;
        assert_eq!((c.fichiers, c.lots, c.factures, c.entites), (1, 1, 3, 32));
        assert_eq!(
            [c.amo_demande, c.amo_paye, c.amc_demande, c.amc_paye].map(Montant::centimes),
            [7_934, 6_534, 4_800, 4_000]
        );
        assert_eq!(
            [c.recupere, c.forfaits, c.somme_999].map(Montant::centimes),
            [800, 2_500, 12_234]
        );
    }
}

#[test]
fn an_invoice_says_everything() {
    let lu = lire(&ecrit(Packaging::Lignes), Packaging::Lignes);
    let r = lu.retours().nth(1).expect("three invoices");
    assert_eq!(
        (r.ordinal, r.numero.as_str(), r.lot.as_str(), r.type_facture, r.traitement_amc),
        (2, "000000002", "007", 'F', 'C')
    );
    assert_eq!(
        r.date_facturation.and_then(|d| d.jjmmaa()).map(|d| d.to_string()).as_deref(),
        Some("2026-02-28")
    );
    let payee = r.contexte.destinataire.as_ref().and_then(|d| d.ps).expect("a Corsican number");
    assert_eq!(
        (payee.as_str(), r.contexte.type_retour.as_ref().map(|t| t.code.as_str())),
        ("2A0000014", Some("01"))
    );
    let amc = r.part_amc.as_ref().expect("a 199");
    assert_eq!((amc.etat, amc.demande.centimes(), amc.paye.centimes()), (Etat::Rejete, 500, 0));
    assert_eq!(amc.numero_amc.map(|n| n.as_str().to_owned()).as_deref(), Some("0099900011"));
    let [rejet] = &r.rejets[..] else { panic!("one 294") };
    assert_eq!(
        (rejet.codification.as_str(), rejet.libelle.as_str(), rejet.nature),
        ("AAA000125R", "ACTE INCONNU", NatureRejet::Rejet)
    );
    assert_eq!(r.commentaires[0].texte, "VERIFIER LES DROITS");
    let assure = r.assure.as_ref().expect("a 103");
    assert_eq!(
        assure.naissance.and_then(|n| n.jjmmaa()).map(|n| n.expose()).as_deref(),
        Some("990131")
    );
    assert!(assure.nir.is_some() && assure.nir_individuel.is_none());
    assert_eq!(r.entites.len(), 7);
}

#[test]
fn movements_keep_their_sign_and_their_details() {
    let lu = lire(&ecrit(Packaging::Blocs), Packaging::Blocs);
    let mouvements: Vec<_> = lu
        .elements
        .iter()
        .filter_map(|e| if let Element::Mouvement(m) = e { Some(m) } else { None })
        .collect();
    assert_eq!(mouvements.iter().map(|m| m.montant.centimes()).collect::<Vec<_>>(), [2_500, -800]);
    assert!(
        matches!(&mouvements[0].nature, NatureMouvement::Forfait { details, .. } if details.len() == 1 && details[0].libelle == "FORFAIT D'ESSAI")
    );
    assert!(
        matches!(&mouvements[1].nature, NatureMouvement::Retenue { dette, .. } if dette == "IND")
    );
    assert_eq!(mouvements[1].contexte.type_retour.as_ref().map(|t| t.code.as_str()), Some("05"));
}

#[test]
fn the_end_of_a_transfer_follows_its_invoices_with_the_sum_of_its_990() {
    for packaging in PACKAGINGS {
        let lu = lire(&ecrit(packaging), packaging);
        let mut before = 0;
        let ends: Vec<_> = lu
            .elements
            .iter()
            .filter_map(|element| match element {
                Element::FinVirement(fin) => Some((before, fin)),
                Element::Retour(_) | Element::Mouvement(_) => {
                    before += 1;
                    None
                }
                _ => None,
            })
            .collect();
        let [(5, fin)] = ends[..] else { panic!("one transfer after 5 elements: {ends:?}") };
        assert_eq!(fin.cumul.map(Montant::centimes), Some(12_234));
        assert!(fin.contexte.virement.is_some() && fin.contexte.destinataire.is_some());
    }
}

#[test]
fn nothing_printed_names_a_person() {
    for packaging in PACKAGINGS {
        let lu = lire(&ecrit(packaging), packaging);
        let imprime = format!("{:?}", lu.retours().collect::<Vec<_>>());
        assert!(
            !imprime.contains("29901")
                && !imprime.contains("MODELE")
                && !imprime.contains("310199")
        );
    }
}

/// A source that gives at most `pas` bytes at a time.
struct ParPas<'a> {
    reste: &'a [u8],
    pas: usize,
}

impl Read for ParPas<'_> {
    fn read(&mut self, sortie: &mut [u8]) -> io::Result<usize> {
        let n = self.pas.min(sortie.len()).min(self.reste.len());
        let (avant, apres) = self.reste.split_at(n);
        sortie[..n].copy_from_slice(avant);
        self.reste = apres;
        Ok(n)
    }
}

#[test]
fn the_cut_of_the_source_never_shows() {
    for packaging in PACKAGINGS {
        let octets = ecrit(packaging).repeat(3);
        let attendu = lire(&octets, packaging);
        for pas in [1, 7, 127, 128, 129, 65_536] {
            let lu = lire_de(ParPas { reste: &octets, pas }, packaging);
            assert_eq!(lu.elements, attendu.elements);
            assert_eq!(lu.comptes, attendu.comptes);
        }
    }
}

#[test]
fn logical_files_follow_each_other() {
    for packaging in PACKAGINGS {
        let lu = lire(&ecrit(packaging).repeat(2), packaging);
        assert!(lu.anomalies().is_empty());
        assert_eq!(
            (
                lu.comptes.fichiers,
                lu.comptes.lots,
                lu.comptes.factures,
                lu.comptes.somme_999.centimes()
            ),
            (2, 2, 6, 24_468)
        );
        assert_eq!(lu.retours().map(|r| r.ordinal).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    }
}

#[test]
fn entities_written_again_are_the_same_bytes() {
    for packaging in PACKAGINGS {
        let octets = ecrit(packaging);
        assert_eq!(recrire(&octets, packaging), octets);
    }
}

/// Reads the entities of a file and gives them to the writer.
fn recrire(octets: &[u8], packaging: Packaging) -> Vec<u8> {
    let mut flux = Flux::new(octets, packaging);
    let mut ecrivain = None;
    while let Some(morceau) = flux.prochain().expect("memory never fails") {
        match morceau {
            Morceau::EnTete(b) => {
                let entete =
                    Gabarit::copie(&e000::layout::LAYOUT, &b.octets).expect("128 characters");
                ecrivain = Some(Ecrivain::nouveau(entete, packaging).expect("a header"));
            }
            Morceau::Entite(e) => {
                let w = ecrivain.as_mut().expect("after the header");
                match (&e.code, e.niveau) {
                    (b"990", _) => w.fermer(),
                    (_, 99) => w.feuille(Gabarit::copie_de(&e).expect("whole")),
                    (_, niveau) => w.ouvrir(niveau, Gabarit::copie_de(&e).expect("whole")),
                }
                .expect("well nested");
            }
            Morceau::Fin(_) => {}
            Morceau::Faute(a) => panic!("{a:?}"),
        }
    }
    ecrivain.expect("a header").terminer().expect("closed")
}

#[test]
fn samples_written_again_are_the_same_bytes() {
    let dossier = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples");
    for name in ["580_rejects", "rsp_small", "rsp_large"] {
        for (packaging, suite) in [(Packaging::Lignes, "lines"), (Packaging::Blocs, "blocks")] {
            let Ok(octets) = std::fs::read(dossier.join(format!("{name}.{suite}.noemie"))) else {
                return;
            };
            assert!(recrire(&octets, packaging) == octets, "{name}.{suite}");
        }
    }
}

#[test]
fn the_writer_refuses_a_wrong_tree() {
    let lot = || Gabarit::nouveau(&e020::layout::LAYOUT);
    let mut e = Ecrivain::nouveau(entete("576"), Packaging::Blocs).expect("a header");
    assert_eq!(e.feuille(amo(1, "P", 1)), Err(ErreurEcriture::AucunNiveau));
    assert_eq!(e.fermer(), Err(ErreurEcriture::AucunNiveau));
    assert_eq!(e.ouvrir(2, lot()), Err(ErreurEcriture::Niveau { attendu: 1, demande: 2 }));
    e.ouvrir(1, lot()).expect("next level");
    assert_eq!(
        e.feuille(Gabarit::nouveau(&e990::layout::LAYOUT)),
        Err(ErreurEcriture::Place { table: "990" })
    );
    assert_eq!(e.terminer(), Err(ErreurEcriture::NiveauxOuverts(1)));
    assert!(Ecrivain::nouveau(facture(1), Packaging::Lignes).is_err());
}

// Damages, one control each. The fixture has 4 records: 000, two of entities, 999.
