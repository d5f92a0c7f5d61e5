//! The score and the reasons, one difference at a time.

use super::*;
use crate::domain::{
    ClaimId, ClaimPart, ExchangeId, Flow, KeyId, Lane, OutcomeKind, OutcomeSource, Token,
    UnmatchedReturn,
};
use noemie_parsers::types::Montant;
use time::OffsetDateTime;
use time::macros::date;
use uuid::Uuid;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const AMC: &str = "0099900011";

fn claim() -> Claim {
    let part = |kind, asked| ClaimPart::untold(kind, Montant::from_centimes(asked), NOW);
    Claim {
        lane: Lane::Real,
        id: ClaimId(Uuid::from_u128(1)),
        exchange_id: ExchangeId(Uuid::from_u128(2)),
        flow: Flow::Dre,
        sender: "oct".to_owned(),
        logical_file: 1,
        lot: "001".to_owned(),
        lot_date: Some(date!(2026 - 11 - 26)),
        ordinal: 1,
        first_record: 1,
        record_count: 4,
        identity: Token("own".to_owned()),
        person: Token(String::new()),
        token_version: 1,
        vault: Vec::new(),
        key_id: KeyId(String::new()),
        ps: "992001255".to_owned(),
        norm_code: "PH".to_owned(),
        invoice_number: "000700001".to_owned(),
        invoice_complement: "000000".to_owned(),
        invoice_date: None,
        amc_number: AMC.to_owned(),
        amo_organism: String::new(),
        total: Montant::from_centimes(2_654),
        version: 1,
        received_at: NOW,
        due_at: Some(NOW),
        date_limite_reponse_amc: String::new(),
        corrects: None,
        corrected_by: None,
        hold: None,
        amo: part(PartKind::Amo, 1_725),
        amc: part(PartKind::Amc, 929),
    }
}

fn kept() -> KeptReturn {
    KeptReturn {
        lane: Lane::Real,
        exchange_id: ExchangeId(Uuid::from_u128(3)),
        sender: "cpam".to_owned(),
        received_at: NOW,
        answer: UnmatchedReturn {
            ordinal: 1,
            identity: Token("other".to_owned()),
            other_identity: Token(String::new()),
            token_version: 1,
            ps: "992001255".to_owned(),
            invoice_number: "000700001".to_owned(),
            invoice_complement: String::new(),
            amc_number: AMC.to_owned(),
            summary: String::new(),
            vault: Vec::new(),
            key_id: KeyId(String::new()),
            is_quarantined: false,
        },
        claim_id: None,
        is_by_hand: false,
        version: 0,
    }
}

fn told() -> Outcome {
    Outcome {
        source: OutcomeSource::Return,
        told_in: Uuid::from_u128(3),
        told_by: "file".to_owned(),
        ordinal: 1,
        rank: 0,
        claim_id: None,
        part: PartKind::Amc,
        kind: OutcomeKind::Paid,
        day: date!(2026 - 11 - 27),
        amount: Montant::from_centimes(929),
        asked: Some(Montant::from_centimes(929)),
        payer: "01999".to_owned(),
        on_behalf_of: AMC.to_owned(),
        paying_caisse: None,
        amc_handling: String::new(),
        transfer: None,
        lot: "001 261126".to_owned(),
        reasons: Vec::new(),
    }
}

const SAME: PersonAgreement =
    PersonAgreement { nir: NirAgreement::Same, birth: Some(true), rank: Some(true) };

fn compared(kept: &KeptReturn, told: &Outcome, persons: PersonAgreement) -> Option<Likeness> {
    let linked_ps = BTreeSet::from(["992001255".to_owned()]);
    let outcomes = std::slice::from_ref(told);
    likeness(Answered { kept, outcomes, linked_ps: &linked_ps }, &claim(), persons)
}

#[track_caller]
fn check(likeness: Option<Likeness>, score: u8, reason: MatchReason) {
    let likeness = likeness.expect("a candidate");
    assert_eq!(likeness.score, score, "{likeness:?}");
    assert!(likeness.reasons.contains(&reason), "{likeness:?}");
}

#[test]
fn all_that_agrees_makes_a_hundred() {
    check(compared(&kept(), &told(), SAME), 100, MatchReason::SameNir);
    let mut exact = kept();
    exact.answer.other_identity = Token("own".to_owned());
    let other = PersonAgreement { nir: NirAgreement::Other, ..SAME };
    check(compared(&exact, &told(), other), 100, MatchReason::SameIdentity);
}

#[test]
fn each_difference_costs_its_weight() {
    let persons = |nir, birth, rank| PersonAgreement { nir, birth, rank };
    let by = |persons| compared(&kept(), &told(), persons);
    let beneficiary = persons(NirAgreement::Beneficiary, Some(true), Some(true));
    check(by(beneficiary), 94, MatchReason::BeneficiaryNir);
    check(by(persons(NirAgreement::Other, Some(true), Some(true))), 80, MatchReason::OtherNir);
    check(by(persons(NirAgreement::Same, Some(false), Some(true))), 92, MatchReason::OtherBirth);
    check(by(persons(NirAgreement::Same, Some(true), Some(false))), 96, MatchReason::OtherRank);
    let mut other = kept();
    other.answer.invoice_number = "700001".to_owned();
    check(compared(&other, &told(), SAME), 94, MatchReason::OtherZeros);
    let mut other = kept();
    other.answer.ps = "990000119".to_owned();
    check(compared(&other, &told(), SAME), 94, MatchReason::LinkedPs);
    let mut other = kept();
    other.answer.invoice_complement = "000001".to_owned();
    check(compared(&other, &told(), SAME), 97, MatchReason::OtherComplement);
    let asked = Some(Montant::from_centimes(930));
    let other = Outcome { asked, ..told() };
    check(compared(&kept(), &other, SAME), 92, MatchReason::OtherAmounts);
    let other = Outcome { on_behalf_of: "0099900029".to_owned(), ..told() };
    check(compared(&kept(), &other, SAME), 96, MatchReason::OtherAmc);
    for lot in ["002 261126", "001 251126"] {
        let other = Outcome { lot: lot.to_owned(), ..told() };
        check(compared(&kept(), &other, SAME), 97, MatchReason::OtherLot);
    }
}

#[test]
fn blanks_say_nothing() {
    let blank = Outcome { asked: None, on_behalf_of: String::new(), lot: String::new(), ..told() };
    let likeness = compared(&kept(), &blank, PersonAgreement::default()).expect("a candidate");
    assert_eq!(likeness.reasons, [MatchReason::SameNumber, MatchReason::SamePs]);
    assert_eq!(likeness.score, 53, "number, PS, complement");
    for lot in ["001", "261126", "1"] {
        let part = Outcome { lot: lot.to_owned(), ..told() };
        check(compared(&kept(), &part, SAME), 100, MatchReason::SameLot);
    }
}

#[test]
fn another_number_or_an_unknown_ps_is_no_candidate() {
    for (number, ps) in [("000700002", "992001255"), ("", "992001255"), ("000700001", "")] {
        let mut other = kept();
        other.answer.invoice_number = number.to_owned();
        other.answer.ps = ps.to_owned();
        assert_eq!(compared(&other, &told(), SAME), None, "{number} {ps}");
    }
    let mut stranger = kept();
    stranger.answer.ps = "990000119".to_owned();
    let (no_link, told) = (BTreeSet::new(), [told()]);
    let answered = Answered { kept: &stranger, outcomes: &told, linked_ps: &no_link };
    assert_eq!(likeness(answered, &claim(), SAME), None);
}

#[test]
fn a_number_is_looked_for_under_each_number_of_zeros() {
    assert_eq!(spellings("0070000001"), ["70000001", "070000001", "0070000001"]);
    assert_eq!(
        spellings("7"),
        ["7", "07", "007", "0007", "00007", "000007", "0000007", "00000007", "000000007"]
    );
    assert_eq!(spellings(" AB1 "), ["AB1"]);
    assert_eq!(spellings("000"), ["000"]);
}
