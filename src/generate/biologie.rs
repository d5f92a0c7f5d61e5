//! Laboratories: one line B whose coefficient is the sum of the acts, and the acts in 4B, five a
//! record.

use super::acts::{Act, Care};
use super::random::Random;
use noemie_parsers::b2::{Fiche, t4b};
use noemie_parsers::layout::Zone;

/// Zones of one act of a 4B: date, quantity, code.
const ACTS: [[&Zone; 3]; 5] = {
    use t4b::layout as t;
    [
        [&t::DATE_ACTE_1, &t::QUANTITE_1, &t::CODE_ACTE_NABM_1],
        [&t::DATE_ACTE_2, &t::QUANTITE_2, &t::CODE_ACTE_NABM_2],
        [&t::DATE_ACTE_3, &t::QUANTITE_3, &t::CODE_ACTE_NABM_3],
        [&t::DATE_ACTE_4, &t::QUANTITE_4, &t::CODE_ACTE_NABM_4],
        [&t::DATE_ACTE_5, &t::QUANTITE_5, &t::CODE_ACTE_NABM_5],
    ]
};

/// Value of the letter B, centimes.
const B: u64 = 25;

pub(super) fn lines(care: &Care<'_>, random: &mut Random, out: &mut Vec<Fiche>) {
    let count = usize::try_from(random.between(2, 12)).expect("small");
    let (mut letters, mut records) = (0, Vec::new());
    for first in (0..count).step_by(ACTS.len()) {
        let mut record = Fiche::nouvelle(&t4b::layout::LAYOUT);
        for [date, quantity, code] in ACTS.into_iter().take(count - first) {
            letters += random.between(6, 60);
            record = record
                .date(date, care.date)
                .nombre(quantity, 1)
                .nombre(code, 9_000 + random.between(1, 999));
        }
        records.push(record);
    }
    let act = Act {
        code: "B",
        date: care.date,
        coefficient: 100 * letters,
        price: B,
        rate: care.rate(60),
        above: 0,
        left: 0,
        place: 0,
    };
    out.push(act.record(care));
    out.extend(records);
}
