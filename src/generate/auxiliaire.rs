//! Nurses: series of AMI at 60 %, with the travel IFA, no detail records.

use super::acts::{Act, Care};
use super::random::Random;
use noemie_parsers::b2::Fiche;

/// Value of the letter AMI and of one travel, centimes.
const AMI: u64 = 315;
const IFA: u64 = 275;

pub(super) fn lines(care: &Care<'_>, random: &mut Random, out: &mut Vec<Fiche>) {
    for day in 0..random.between(1, 6) {
        // The fifth character is the complement: F on a holiday.
        let code = if random.chance(15) { "AMI F" } else { "AMI" };
        let date = care.calendar.before(care.days_before + day);
        let coefficient = 50 * random.between(2, 8);
        let act = Act {
            code,
            date,
            coefficient,
            price: AMI,
            rate: care.rate(60),
            above: 0,
            left: 0,
            place: 1,
        };
        out.push(act.record(care));
        if random.chance(70) {
            out.push(Act { code: "IFA", coefficient: 100, price: IFA, ..act }.record(care));
        }
    }
}
