//! Persons and professionals that cannot exist: the fictitious range of every generated file.
//!
//! | what | range |
//! |---|---|
//! | NIR | place of birth 99 999, 2A 999 or 2B 999; provisional numbers 555555 999 |
//! | PS, prescribers, FINESS | department 99: establishments 990, prescribers 991, others 992 on |
//! | insurer | 0099900011 |
//! | caisse | regime 01, caisse 999, centre 0000 |
//! | sender | 99900000000011 |
//! | products | CIP7 99xxxxx, LPP 999xxxx, NABM 00009xxx, CCAM ZZZZ999; prices are invented too |
//! | names | words for "example": EXEMPLE, ESSAI, MODELE ... |
//!
//! The generator draws from this table only, so that a generated file can be recognised outside of
//! the tests, and no real person has a number in it.

use super::random::Random;
use noemie_parsers::remplir;
use noemie_parsers::types::Nir;

/// Grand regime of every insured person: the caisse that answers, 01 999, pays for its own insured.
pub(super) const REGIME: u64 = 1;

const NAMES: &[&str] = &[
    "EXEMPLE",
    "ESSAI",
    "MODELE",
    "MAQUETTE",
    "FICTIF",
    "PROTOTYPE",
    "GABARIT",
    "PATRON",
    "MOULAGE",
    "EPURE",
    "BROUILLON",
    "ECHANTILLON",
];
const FIRST_NAMES: &[&str] = &[
    "ALICE", "BRUNO", "CLAIRE", "DENIS", "EMMA", "FELIX", "GILLES", "HELENE", "JULES", "LOUISE",
    "NADIA", "OSCAR",
];

/// Insured and beneficiary of an invoice.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Number of the insured.
    pub(super) nir: Nir,
    /// Number of the beneficiary: a child may have its own.
    pub(super) own: Nir,
    /// Birth date of the beneficiary, AAMMJJ; lunar for a few.
    pub(super) birth: [u8; 6],
    /// Birth rank.
    pub(super) rank: u64,
    /// Whether the beneficiary is the insured.
    pub(super) insured: bool,
    pub(super) civility: &'static str,
    pub(super) name: &'static str,
    pub(super) first_name: &'static str,
    pub(super) member: u64,
}

/// Returns a person of the fictitious range.
pub(super) fn person(random: &mut Random) -> Person {
    let (sex, year, month) = (random.between(1, 2), random.between(30, 99), random.between(1, 12));
    let provisional = random.chance(1);
    let nir =
        if provisional { provisional_number(random) } else { number(random, sex, year, month) };
    let insured = random.chance(84);
    let (own, born) = if insured {
        (nir, (year, month))
    } else {
        (number(random, sex, 8 + year % 15, 1 + month % 12), (8 + year % 15, 1 + month % 12))
    };
    let lunar = random.chance(1);
    let (month, day) = if lunar { (20, 0) } else { (born.1, random.between(1, 28)) };
    Person {
        nir,
        own,
        birth: six_digits(born.0, month, day),
        rank: if random.chance(2) { 2 } else { 1 },
        insured,
        civility: if sex == 1 { "M" } else { "MME" },
        name: random.pick(NAMES),
        first_name: random.pick(FIRST_NAMES),
        member: random.between(1, 99_999_999),
    }
}

fn number(random: &mut Random, sex: u64, year: u64, month: u64) -> Nir {
    let place = match random.between(0, 39) {
        0 => "2A999",
        1 => "2B999",
        _ => "99999",
    };
    let order = random.between(1, 999);
    Nir::from_bytes(format!("{sex}{year:02}{month:02}{place}{order:03}").as_bytes())
        .expect("13 characters of a NIR")
}

fn provisional_number(random: &mut Random) -> Nir {
    let order = random.between(1, 9_999);
    Nir::from_bytes(format!("555555999{order:04}").as_bytes()).expect("13 digits")
}

fn six_digits(a: u64, b: u64, c: u64) -> [u8; 6] {
    let mut out = [b'0'; 6];
    for (place, n) in out.chunks_mut(2).zip([a, b, c]) {
        let fits = remplir::nombre(place, n);
        debug_assert!(fits, "pairs of digits");
    }
    out
}

/// Returns a number of department 99 with its key; `kind` is its third digit.
pub(super) fn professional(kind: u8, rank: u64) -> String {
    let number = format!("99{kind}{:05}", rank % 100_000);
    let key = remplir::cle_type_1_2(number.as_bytes()).expect("digits");
    format!("{number}{}", char::from(key))
}

/// Returns a prescriber.
pub(super) fn prescriber(random: &mut Random) -> String {
    professional(1, random.between(10_000, 99_999))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_the_fictitious_range() {
        let mut random = Random::new(7);
        for _ in 0..2_000 {
            let p = person(&mut random);
            for nir in [p.nir, p.own] {
                let place = &nir.expose()[5..10];
                assert!(
                    matches!(place, "99999" | "2A999" | "2B999")
                        || nir.expose().starts_with("555555999"),
                    "place"
                );
            }
            assert!(prescriber(&mut random).starts_with("991"));
        }
    }
}
