//! Returns written by our writer: what is read back, and what each damage of the control table
//! costs.

mod noemie_commun;

use noemie_commun::{PACKAGINGS, amo, corps, ecrit, entete, facture, lire, lire_de, reunir};
use noemie_parsers::anomaly::{Code, Severity};
use noemie_parsers::noemie::{
    ANOMALIES_MAX, Ecrivain, Element, ErreurEcriture, Etat, Flux, Gabarit, Morceau,
    NatureMouvement, NatureRejet, Packaging, e000, e020, e990,
};
use noemie_parsers::types::Montant;
use std::io::{self, Read};

#[test]
fn what_we_write_we_read_without_a_finding() {
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
        matches!(&mouvements[0].nature, NatureMouvement::Forfait { libelles, .. } if libelles == &["FORFAIT D'ESSAI"])
    );
    assert!(
        matches!(&mouvements[1].nature, NatureMouvement::Retenue { dette, .. } if dette == "IND")
    );
    assert_eq!(mouvements[1].contexte.type_retour.as_ref().map(|t| t.code.as_str()), Some("05"));
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
fn a_place_in_blocks_is_the_byte_in_the_file() {
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
fn every_fault_is_told_at_once() {
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
fn blanks_after_the_end_are_told_and_nothing_more() {
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
