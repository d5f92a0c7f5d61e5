//! Pharmacies: PH7 at 65 %, PH4 at 30 %, PH1 at 100 %, and the products in 4C, five products
//! a record.

use super::acts::{Act, Care};
use super::random::Random;
use noemie_parsers::b2::{Fiche, t4c};
use noemie_parsers::layout::Zone;

/// Zones of one product of a 4C: code, price, quantity, code taux, substitution.
type Product = [&'static Zone; 5];

const PRODUCTS: [Product; 5] = {
    use t4c::v2007 as t;
    [
        [
            &t::CODE_CIP7_1,
            &t::PRIX_UNITAIRE_1,
            &t::QUANTITE_1,
            &t::CODE_TAUX_1,
            &t::INDICATEUR_SUBSTITUTION_1,
        ],
        [
            &t::CODE_CIP7_2,
            &t::PRIX_UNITAIRE_2,
            &t::QUANTITE_2,
            &t::CODE_TAUX_2,
            &t::INDICATEUR_SUBSTITUTION_2,
        ],
        [
            &t::CODE_CIP7_3,
            &t::PRIX_UNITAIRE_3,
            &t::QUANTITE_3,
            &t::CODE_TAUX_3,
            &t::INDICATEUR_SUBSTITUTION_3,
        ],
        [
            &t::CODE_CIP7_4,
            &t::PRIX_UNITAIRE_4,
            &t::QUANTITE_4,
            &t::CODE_TAUX_4,
            &t::INDICATEUR_SUBSTITUTION_4,
        ],
        [
            &t::CODE_CIP7_5,
            &t::PRIX_UNITAIRE_5,
            &t::QUANTITE_5,
            &t::CODE_TAUX_5,
            &t::INDICATEUR_SUBSTITUTION_5,
        ],
    ]
};

/// Act code, usual rate, code taux of its products.
const ACTS: [(&str, u64, u64); 3] = [("PH7", 65, 4), ("PH4", 30, 2), ("PH1", 100, 5)];

pub(super) fn lines(care: &Care<'_>, random: &mut Random, out: &mut Vec<Fiche>) {
    for _ in 0..random.between(1, 3) {
        let (code, rate, rate_code) = match random.between(0, 9) {
            0..=5 => ACTS[0],
            6..=8 => ACTS[1],
            _ => ACTS[2],
        };
        let (price, products) = dispensed(rate_code, random);
        let act = Act {
            code,
            date: care.date,
            coefficient: 100,
            price,
            rate: care.rate(rate),
            above: 0,
            left: 0,
            place: 0,
        };
        out.push(act.record(care));
        out.extend(products);
    }
}

/// Products dispensed for a line, and their price.
fn dispensed(rate_code: u64, random: &mut Random) -> (u64, Vec<Fiche>) {
    let count = usize::try_from(random.between(1, 7)).expect("small");
    let (mut total, mut records) = (0, Vec::new());
    for first in (0..count).step_by(PRODUCTS.len()) {
        let mut record = Fiche::nouvelle(&t4c::v2007::LAYOUT);
        for [code, price, quantity, rate, substitution] in PRODUCTS.into_iter().take(count - first)
        {
            let (cents, boxes) = (random.between(100, 3_200), random.between(1, 3));
            total += cents * boxes;
            record = record
                .nombre(code, 9_900_000 + random.between(0, 99_999))
                .nombre(price, cents)
                .nombre(quantity, boxes)
                .nombre(rate, rate_code)
                .texte(substitution, random.pick(&["D", "G", "P"]));
        }
        records.push(record);
    }
    (total, records)
}
