//! Opticians: a frame and two lenses at 60 % of a small tariff, a price far above it, and a part
//! that may stay with the patient.

use super::acts::{Act, Care};
use super::random::Random;
use noemie_parsers::b2::{Fiche, t4f};

pub(super) fn lines(care: &Care<'_>, random: &mut Random, out: &mut Vec<Fiche>) {
    let tariffs = [300, 900, 975, 1_200];
    for code in ["9990101", "9990201", "9990202"] {
        let price = random.pick(&tariffs);
        let above = random.between(1_000, 13_000);
        let left = if random.chance(30) { random.between(1, 500) } else { 0 };
        let act = Act {
            code: "OPT",
            date: care.date,
            coefficient: 100,
            price,
            rate: care.rate(60),
            above,
            left,
            place: 0,
        };
        out.push(act.record(care));
        out.push(article(code, &act));
    }
}

fn article(code: &str, act: &Act) -> Fiche {
    use t4f::layout as t;
    Fiche::nouvelle(&t::LAYOUT)
        .texte(&t::CODE_LPP, code)
        .texte(&t::TYPE_PRESTATION_FOURNIE, "A")
        .date(&t::DATE_DEBUT_LOCATION_ACHAT, act.date)
        .nombre(&t::TARIF_REFERENCE_LPP_PU_DEVIS, act.price)
        .nombre(&t::NOMBRE_UNITES, 1)
        .nombre(&t::PRIX_UNITAIRE_VENTE, act.billed())
        .nombre(&t::BASE_REMBOURSEMENT_LPP, act.base())
        .nombre(&t::MONTANT_TOTAL_FACTURE, act.billed())
}
