//! Compares the person of an answer with the person of a claim. Both come from the vault and leave
//! this file as agreements only.

use crate::domain::near_match::{NirAgreement, PersonAgreement};
use crate::vault::PersonRecord;

/// Digits of a NIR without its key.
const NIR_LEN: usize = 13;

/// Compares two persons, field by field; a blank field agrees with nothing and differs from
/// nothing.
pub(super) fn compare(answer: &PersonRecord, claim: &PersonRecord) -> PersonAgreement {
    PersonAgreement {
        nir: nir(answer, claim),
        birth: birth(&answer.birth_date, &claim.birth_date),
        rank: Some(rank(&answer.birth_rank) == rank(&claim.birth_rank)),
    }
}

fn nir(answer: &PersonRecord, claim: &PersonRecord) -> NirAgreement {
    let (told, own) = (bare_nir(&answer.nir), bare_nir(&claim.nir));
    let (told_individual, individual) =
        (bare_nir(&answer.individual_nir), bare_nir(&claim.individual_nir));
    if told.is_empty() || own.is_empty() {
        NirAgreement::Unknown
    } else if told == own {
        NirAgreement::Same
    } else if told == individual || told_individual == own {
        NirAgreement::Beneficiary
    } else {
        NirAgreement::Other
    }
}

/// Returns a NIR without its key; empty when it is blank or zeros.
fn bare_nir(nir: &str) -> &str {
    let bare = nir.trim();
    let bare = bare.get(..NIR_LEN).unwrap_or(bare);
    if bare.bytes().all(|b| b == b'0') { "" } else { bare }
}

/// Compares birth dates of 6 digits. Some insurers write a return in the order AAMMJJ, so that the
/// other order of its digits agrees as well.
fn birth(answer: &str, claim: &str) -> Option<bool> {
    let (answer, claim) = (answer.trim(), claim.trim());
    if answer.is_empty() || claim.is_empty() {
        return None;
    }
    let turned = match (answer.get(..2), answer.get(2..4), answer.get(4..)) {
        (Some(a), Some(b), Some(c)) => format!("{c}{b}{a}"),
        _ => String::new(),
    };
    Some(claim == answer || claim == turned)
}

/// Returns a birth rank; a rank that is blank or 0 is that of a single child.
fn rank(rank: &str) -> &str {
    match rank.trim() {
        "" | "0" => "1",
        rank => rank,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(nir: &str, birth_date: &str, birth_rank: &str, individual: &str) -> PersonRecord {
        PersonRecord {
            nir: nir.to_owned(),
            nir_key: String::new(),
            birth_date: birth_date.to_owned(),
            birth_rank: birth_rank.to_owned(),
            individual_nir: individual.to_owned(),
            member_number: String::new(),
        }
    }

    const HOLDER: &str = "2550814168025";
    const CHILD: &str = "1850760057018";

    #[test]
    fn the_beneficiary_is_found_on_either_side() {
        let claim = person(HOLDER, "850701", "1", "185076005701818");
        let nir = |answer: PersonRecord| compare(&answer, &claim).nir;
        assert_eq!(nir(person(HOLDER, "", "", "")), NirAgreement::Same);
        assert_eq!(nir(person(CHILD, "", "", "")), NirAgreement::Beneficiary);
        assert_eq!(nir(person("1900299999187", "", "", HOLDER)), NirAgreement::Beneficiary);
        assert_eq!(nir(person("1900299999187", "", "", "")), NirAgreement::Other);
        assert_eq!(nir(person("0000000000000", "", "", "")), NirAgreement::Unknown);
    }

    #[test]
    fn births_agree_in_both_orders_and_blanks_say_nothing() {
        let claim = person(HOLDER, "850701", "2", "");
        let compared = |birth: &str, rank: &str| compare(&person("", birth, rank, ""), &claim);
        assert_eq!(compared("850701", "2").birth, Some(true));
        assert_eq!(compared("010785", "2").birth, Some(true));
        assert_eq!(compared("850702", "2").birth, Some(false));
        assert_eq!(compared("", "2").birth, None);
        assert_eq!(compared("850701", "0").rank, Some(false), "twins stay two");
        assert_eq!(compared("850701", "2").rank, Some(true));
    }
}
