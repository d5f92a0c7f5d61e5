//! Returns damaged at random: the reader never panics, always ends, and either tells or shows what
//! changed.

mod noemie_commun;

use noemie_commun::{ecrit, lire};
use noemie_parsers::noemie::{ANOMALIES_MAX, Element, Flux, Morceau, Packaging};
use proptest::prelude::*;
use std::collections::HashSet;

#[derive(Debug, Clone, Copy)]
enum Degat {
    Changer(u8),
    Oter(usize),
    Inserer(u8),
    Couper,
}

fn degat() -> impl Strategy<Value = Degat> {
    prop_oneof![
        any::<u8>().prop_map(Degat::Changer),
        (1..300usize).prop_map(Degat::Oter),
        prop_oneof![any::<u8>(), Just(b' '), Just(b'@'), Just(b'\n'), Just(b'0')]
            .prop_map(Degat::Inserer),
        Just(Degat::Couper),
    ]
}

fn packaging() -> impl Strategy<Value = Packaging> {
    prop_oneof![Just(Packaging::Lignes), Just(Packaging::Blocs)]
}

fn abimer(octets: &mut Vec<u8>, endroit: usize, degat: Degat) {
    let i = endroit.min(octets.len().saturating_sub(1));
    match degat {
        _ if octets.is_empty() => {}
        Degat::Changer(b) => octets[i] = b,
        Degat::Oter(n) => drop(octets.drain(i..(i + n).min(octets.len()))),
        Degat::Inserer(b) => octets.insert(i, b),
        Degat::Couper => octets.truncate(i),
    }
}

/// Offsets of the bytes that the reader neither gives back nor always controls: zones of 990 (keys,
/// blank signs, zeros for blanks), flags of inner blocks, ends of line.
fn muets(octets: &[u8], packaging: Packaging) -> HashSet<usize> {
    let mut flux = Flux::new(octets, packaging);
    let mut muets = HashSet::new();
    while let Some(morceau) = flux.prochain().expect("memory never fails") {
        if let Morceau::Entite(e) = morceau
            && e.code == *b"990"
        {
            muets.extend(
                (5..42).map(|i| usize::try_from(e.lieu.plus_loin(i).offset()).expect("small")),
            );
        }
    }
    match packaging {
        Packaging::Blocs => muets.extend((0..octets.len()).step_by(128)),
        Packaging::Lignes => {
            muets.extend((0..octets.len()).filter(|i| matches!(octets[*i], b'\r' | b'\n')))
        }
    }
    muets
}

fn sans_contenu(avant: &[u8], apres: &[u8], packaging: Packaging) -> bool {
    let ecart =
        avant.iter().zip(apres).position(|(a, b)| a != b).unwrap_or(avant.len().min(apres.len()));
    // Caisses fill labels with NUL as others do with blanks: one in place of the other at the end
    // of a text says nothing new.
    let bourrage = avant.get(ecart) == Some(&b' ')
        && apres.get(ecart) == Some(&0)
        && avant[ecart + 1..] == apres[ecart + 1..];
    bourrage || muets(avant, packaging).contains(&ecart)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn one_damage_is_told_or_shown(packaging in packaging(), endroit in 0..4_000usize, degat in degat()) {
        let bon = ecrit(packaging);
        let mut abime = bon.clone();
        abimer(&mut abime, endroit, degat);
        let (attendu, lu) = (lire(&bon, packaging), lire(&abime, packaging));
        let montre = attendu.elements != lu.elements;
        prop_assert!(montre || abime == bon || sans_contenu(&bon, &abime, packaging), "nothing told");
    }

    #[test]
    fn a_lost_invoice_is_never_silent(packaging in packaging(), endroit in 0..4_000usize, degat in degat()) {
        let bon = ecrit(packaging);
        let mut abime = bon.clone();
        abimer(&mut abime, endroit, degat);
        let (attendu, lu) = (lire(&bon, packaging), lire(&abime, packaging));
        let argent = |c: &noemie_parsers::noemie::Comptes| (c.factures, c.amo_paye, c.amc_paye, c.recupere, c.forfaits);
        prop_assert!(argent(&attendu.comptes) == argent(&lu.comptes) || lu.comptes.anomalies > 0);
    }

    #[test]
    fn many_damages_never_stop_the_reader(packaging in packaging(), degats in prop::collection::vec((0..5_000usize, degat()), 1..40)) {
        let mut octets = ecrit(packaging).repeat(2);
        for (endroit, degat) in degats {
            abimer(&mut octets, endroit, degat);
        }
        for lecture in [Packaging::Lignes, Packaging::Blocs] {
            let lu = lire(&octets, lecture);
            let fins = lu.elements.iter().filter(|e| matches!(e, Element::FinFichier(_))).count() as u64;
            prop_assert!(fins <= lu.comptes.fichiers && lu.anomalies().len() as u64 <= ANOMALIES_MAX);
            prop_assert!(octets == ecrit(lecture) || lu.comptes.factures <= lu.comptes.entites);
        }
    }

    #[test]
    fn any_bytes_end_in_a_verdict(packaging in packaging(), octets in prop::collection::vec(any::<u8>(), 0..3_000)) {
        let lu = lire(&octets, packaging);
        prop_assert!(lu.comptes.verdict.is_some());
        for a in lu.anomalies() {
            prop_assert!(a.offset <= octets.len() as u64);
        }
    }

    #[test]
    fn printable_noise_ends_too(packaging in packaging(), texte in "[0-9@ A-C\r\n]{0,2000}") {
        let lu = lire(texte.as_bytes(), packaging);
        prop_assert!(lu.comptes.verdict.is_some());
    }
}
