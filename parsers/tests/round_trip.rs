//! What is written is read back: every zone of every record and entity, and whole files byte for
//! byte.

#![allow(clippy::cast_possible_truncation, reason = "records, columns and lengths of small files")]

mod b2_commun;
mod noemie_commun;

use b2_commun::{fixtures, recopie};
use noemie_commun::{PACKAGINGS, ecrit};
use noemie_parsers::b2::genre::Tables;
use noemie_parsers::b2::{Fiche, Genre, NormeLot};
use noemie_parsers::layout::{Layout, Picture, Zone};
use noemie_parsers::noemie::{ENTITES, Ecrivain, Flux, Gabarit, Morceau, Packaging, e000, e999};
use noemie_parsers::picture;
use noemie_parsers::types::{Date, Montant};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A value of a zone, as the writer takes it.
#[derive(Debug, Clone, PartialEq)]
enum Valeur {
    Nombre(u64),
    Date(Date),
    DateHeure(Date, u8),
    Texte(String),
    Octets(Vec<u8>),
}

/// Small deterministic values from one seed: the shrinking of the seed is enough to find a case
/// again.
struct Hasard(u64);

impl Hasard {
    fn jusqu_a(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n.max(1)
    }

    fn octet(&mut self, alphabet: &[u8]) -> u8 {
        alphabet[usize::try_from(self.jusqu_a(alphabet.len() as u64)).expect("an index")]
    }

    fn date(&mut self) -> Date {
        let (annee, mois) = (2000 + self.jusqu_a(100), 1 + self.jusqu_a(12));
        let jour = 1 + self.jusqu_a(28);
        Date::new(annee as u16, mois as u8, jour as u8).expect("in every calendar")
    }

    /// Text that fits, without blanks at its ends: those are padding.
    fn texte(&mut self, len: usize, alphabet: &[u8]) -> String {
        let n = self.jusqu_a(len as u64 + 1) as usize;
        let octets: Vec<u8> = (0..n).map(|_| self.octet(alphabet)).collect();
        String::from_utf8(octets).expect("ASCII").trim().to_owned()
    }

    fn valeur(&mut self, zone: &Zone, alphabet: &[u8]) -> Valeur {
        let len = usize::from(zone.len);
        match zone.picture {
            Picture::N
            | Picture::PersoN
            | Picture::Montant
            | Picture::Decimal(_)
            | Picture::Hhmm => {
                let max = 10u64.saturating_pow(u32::from(zone.len).min(18));
                // Small, large and largest numbers.
                Valeur::Nombre(match self.jusqu_a(4) {
                    0 => max - 1,
                    1 => self.jusqu_a(10),
                    _ => (self.jusqu_a(u64::MAX) * self.jusqu_a(u64::MAX)) % max,
                })
            }
            Picture::Aammjj | Picture::Jjmmaa if len == 6 => Valeur::Date(self.date()),
            Picture::Aaaammjj => {
                let d = self.date();
                Valeur::Octets(
                    format!("{:04}{:02}{:02}", d.annee(), d.mois(), d.jour()).into_bytes(),
                )
            }
            Picture::Aammjjhh => Valeur::DateHeure(self.date(), self.jusqu_a(24) as u8),
            Picture::Nir => Valeur::Octets((0..len).map(|_| self.octet(b"0123456789")).collect()),
            Picture::Libre => Valeur::Octets((0..len).map(|_| self.jusqu_a(256) as u8).collect()),
            _ => Valeur::Texte(self.texte(len, alphabet)),
        }
    }
}

fn lue(zone: &Zone, octets: &[u8], ecrite: &Valeur) -> Valeur {
    let zone_lue = zone.of(octets);
    match ecrite {
        Valeur::Nombre(_) => {
            Valeur::Nombre(picture::nombre(zone_lue).expect("digits").unwrap_or_default())
        }
        Valeur::Date(_) if zone.picture == Picture::Jjmmaa => {
            Valeur::Date(picture::jjmmaa(zone_lue).expect("a date").expect("given"))
        }
        Valeur::Date(_) => Valeur::Date(picture::aammjj(zone_lue).expect("a date").expect("given")),
        Valeur::DateHeure(..) => {
            let (date, heure) = picture::aammjjhh(zone_lue).expect("a date").expect("given");
            Valeur::DateHeure(date, heure)
        }
        Valeur::Texte(_) => Valeur::Texte(picture::texte(zone_lue)),
        Valeur::Octets(_) => Valeur::Octets(zone_lue.to_vec()),
    }
}

/// Every table of norm B2, once each.
fn tables_b2() -> Vec<&'static Layout> {
    let genres = (b'A'..=b'Z')
        .flat_map(|l| [Genre::ComplementFacture(l), Genre::Complement3(l), Genre::Complement4(l)]);
    let mains = [
        Genre::EnTete,
        Genre::Lot,
        Genre::Facture,
        Genre::Ligne3,
        Genre::Ligne4,
        Genre::FinFacture,
        Genre::FinLot,
        Genre::FinFichier,
    ];
    let genres: Vec<Genre> = genres.chain(mains).collect();
    let mut tables = BTreeMap::new();
    for norme in [NormeLot::Ps, NormeLot::Cp] {
        for (v022003, dre) in [(true, true), (true, false), (false, true), (false, false)] {
            let set = Tables { norme, v022003, dre };
            tables.extend(
                genres.iter().filter_map(|g| set.layout(*g)).map(|l| ((l.tag, l.variant), l)),
            );
        }
    }
    tables.into_values().collect()
}

/// The zones that the filler does not write by itself: all but the type, the complement letter, the
/// code and the delimiter.
fn libres(table: &'static Layout, fixes: &[u16]) -> Vec<&'static Zone> {
    table.all_zones().filter(|z| !fixes.contains(&z.start)).collect()
}

fn remplir_b2(
    table: &'static Layout,
    hasard: &mut Hasard,
) -> (Vec<u8>, Vec<(&'static Zone, Valeur)>) {
    let mut fiche = Fiche::nouvelle(table);
    let lettre = if table.tag.len() == 2 {
        if table.famille.zones().last().is_some_and(|z| z.end() == 38) { 39 } else { 36 }
    } else {
        1
    };
    let mut ecrites = Vec::new();
    for zone in libres(table, &[1, lettre]) {
        let valeur = hasard.valeur(zone, b"ABCXYZ0189 ");
        fiche = match &valeur {
            Valeur::Nombre(n) if zone.picture == Picture::Montant => {
                fiche.montant(zone, Montant::from_centimes(i64::try_from(*n).expect("18 digits")))
            }
            Valeur::Nombre(n) => fiche.nombre(zone, *n),
            Valeur::Date(d) => fiche.date(zone, *d),
            Valeur::DateHeure(d, h) => fiche.date_heure(zone, *d, *h),
            Valeur::Texte(t) => fiche.texte(zone, t),
            Valeur::Octets(o) => fiche.octets(zone, o),
        };
        ecrites.push((zone, valeur));
    }
    (fiche.finir().expect("every value fits").to_vec(), ecrites)
}

fn remplir_noemie(
    table: &'static Layout,
    hasard: &mut Hasard,
) -> (Vec<u8>, Vec<(&'static Zone, Valeur)>) {
    let mut gabarit = Gabarit::nouveau(table);
    let entite = table.zones.last().is_some_and(|z| z.name == "délimiteur");
    let fixes = if entite { vec![1, 4, table.len] } else { vec![1] };
    let mut ecrites = Vec::new();
    for zone in libres(table, &fixes) {
        let valeur = match hasard.valeur(zone, b"ABCXYZ0189 '-.") {
            Valeur::Date(d) => Valeur::Octets(
                (if zone.picture == Picture::Jjmmaa { d.jjmmaa() } else { d.aammjj() })
                    .into_bytes(),
            ),
            autre => autre,
        };
        gabarit = match &valeur {
            Valeur::Nombre(n) if zone.picture == Picture::Montant => {
                gabarit.montant(zone, Montant::from_centimes(i64::try_from(*n).expect("18 digits")))
            }
            Valeur::Nombre(n) => gabarit.nombre(zone, *n),
            Valeur::Texte(t) => gabarit.texte(zone, t),
            Valeur::Octets(o) => gabarit.octets(zone, o),
            Valeur::Date(_) | Valeur::DateHeure(..) => {
                unreachable!("no such zone in a NOEMIE entity")
            }
        };
        ecrites.push((zone, valeur));
    }
    (gabarit.finir().expect("every value fits"), ecrites)
}

#[test]
fn every_table_is_here() {
    // 35 tables of b2.md, 2P and 3F counted in both versions.
    assert!(tables_b2().len() >= 33, "{}", tables_b2().len());
    assert_eq!(ENTITES.len(), 25);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_zone_of_every_record_of_b2(graine in any::<u64>()) {
        for table in tables_b2() {
            let mut hasard = Hasard(graine);
            let (octets, ecrites) = remplir_b2(table, &mut hasard);
            prop_assert_eq!(octets.len(), 128);
            for (zone, valeur) in ecrites {
                prop_assert_eq!(&lue(zone, &octets, &valeur), &valeur, "{} {} zone {}", table.tag, table.variant, zone.no);
            }
            prop_assert!(octets.starts_with(&table.tag.as_bytes()[..1]));
        }
    }

    #[test]
    fn every_zone_of_every_entity_of_noemie(graine in any::<u64>()) {
        for table in ENTITES.iter().copied().chain([&e000::layout::LAYOUT, &e999::layout::LAYOUT]) {
            let mut hasard = Hasard(graine);
            let (octets, ecrites) = remplir_noemie(table, &mut hasard);
            prop_assert_eq!(octets.len(), usize::from(table.len));
            for (zone, valeur) in ecrites {
                prop_assert_eq!(&lue(zone, &octets, &valeur), &valeur, "{} zone {}", table.tag, zone.no);
            }
            prop_assert_eq!(&octets, &Gabarit::copie(table, &octets).expect("whole").finir().expect("a copy"));
        }
    }
}

#[test]
fn valid_b2_files_are_written_back() {
    for fixture in fixtures().iter().filter(|f| f.nom.starts_with("ok/")) {
        assert!(recopie(&fixture.octets, fixture.forme) == fixture.octets, "{}", fixture.nom);
    }
}

/// Line ends are not always those of the form: the last one may be absent, or one line may have
/// another one than its neighbours.
#[test]
fn line_ends_are_written_back() {
    let clean = fixtures().into_iter().find(|f| f.nom == "ok/two_ps.crlf.b2").expect("a fixture");
    for perdus in [1, 2] {
        let sans_fin = &clean.octets[..clean.octets.len() - perdus];
        assert!(recopie(sans_fin, clean.forme) == sans_fin);
    }
    let mut melee = clean.octets.clone();
    melee.remove(128);
    assert!(recopie(&melee, clean.forme) == melee);
    // The padding behind a 999 has a warning and is not part of any record.
    let suivie = [&clean.octets[..], b"\r\n\x1a  "].concat();
    assert!(recopie(&suivie, clean.forme) == clean.octets);
}

/// Reads entities and writes them again, counters, sums and frames computed anew.
fn recomposer(octets: &[u8], packaging: Packaging) -> Vec<u8> {
    recomposer_en(octets, packaging, packaging, |_| {})
}

fn recomposer_en(
    octets: &[u8],
    de: Packaging,
    vers: Packaging,
    mut apres_chaque: impl FnMut(&mut Ecrivain),
) -> Vec<u8> {
    let mut flux = Flux::new(octets, de);
    let mut ecrivain = None;
    while let Some(morceau) = flux.prochain().expect("memory does not fail") {
        match morceau {
            Morceau::EnTete(b) => {
                let entete =
                    Gabarit::copie(&e000::layout::LAYOUT, &b.octets).expect("128 characters");
                ecrivain = Some(Ecrivain::nouveau(entete, vers).expect("a header"));
            }
            Morceau::Entite(e) => {
                let w = ecrivain.as_mut().expect("after the header");
                let copie = || Gabarit::copie_de(&e).expect("whole");
                match (&e.code, e.niveau) {
                    (b"990", _) => w.fermer(),
                    (_, 99) => w.feuille(copie()),
                    (_, niveau) => w.ouvrir(niveau, copie()),
                }
                .expect("well nested");
                apres_chaque(w);
            }
            Morceau::Fin(_) => {}
            Morceau::Faute(a) => panic!("{a:?}"),
        }
    }
    ecrivain.expect("a header").terminer().expect("closed")
}

/// Taken as they come, the bytes of a return are those of the whole, and what waits is never more
/// than a record.
#[test]
fn a_return_is_written_as_it_comes() {
    let octets = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../testdata/noemie/rsp_mixte.lines.noemie"
    ))
    .expect("a fixture");
    for packaging in PACKAGINGS {
        let entier = recomposer_en(&octets, Packaging::Lignes, packaging, |_| {});
        let mut pris = Vec::new();
        let reste = recomposer_en(&octets, Packaging::Lignes, packaging, |ecrivain| {
            pris.extend(ecrivain.produits())
        });
        assert!(
            reste.len() < 3_000 && pris.len() > 4 * reste.len(),
            "{packaging:?}: {} taken, {} left",
            pris.len(),
            reste.len()
        );
        assert!([pris, reste].concat() == entier, "{packaging:?}");
    }
}

#[test]
fn valid_returns_are_written_back() {
    for packaging in PACKAGINGS {
        let octets = ecrit(packaging);
        assert!(recomposer(&octets, packaging) == octets, "{packaging:?}");
        let suite = if packaging == Packaging::Lignes { "lines" } else { "blocks" };
        let nom = format!(
            concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/noemie/rsp_mixte.{}.noemie"),
            suite
        );
        let octets = std::fs::read(nom).expect("a fixture");
        assert!(recomposer(&octets, packaging) == octets, "rsp_mixte.{suite}");
    }
}
