//! The money of a part, scenario by scenario, in every order of what was told.

use super::*;
use crate::domain::{Caisse, ClaimId, PartKind, PartState, Reason};
use noemie_parsers::types::Montant;
use time::macros::date;
use time::{Date, Duration};
use uuid::Uuid;

const DAY: Date = date!(2026 - 11 - 27);
const AMC: &str = "0099900011";

fn attempt(n: u128) -> ClaimId {
    ClaimId(Uuid::from_u128(n))
}

/// A return of a caisse that pays, on a day, by a transfer of a label.
fn paid(file: &str, amount: i64, day: i64, label: &str) -> Outcome {
    let day = DAY + Duration::days(day);
    Outcome {
        source: OutcomeSource::Return,
        told_in: Uuid::from_u128(file.len() as u128),
        told_by: file.to_owned(),
        ordinal: 1,
        rank: 0,
        claim_id: Some(attempt(1)),
        part: PartKind::Amc,
        kind: OutcomeKind::Paid,
        day,
        amount: Montant::from_centimes(amount),
        asked: Some(Montant::from_centimes(1_000)),
        payer: "01999".to_owned(),
        on_behalf_of: AMC.to_owned(),
        paying_caisse: None,
        amc_handling: String::new(),
        transfer: Some(Transfer { day, raw_day: String::new(), label: label.into() }),
        lot: "001 261126".to_owned(),
        reasons: Vec::new(),
    }
}

fn told(kind: OutcomeKind, file: &str, day: i64) -> Outcome {
    Outcome {
        kind,
        transfer: None,
        reasons: vec![Reason::of_invoice("122".into(), "Rejet".into())],
        ..paid(file, 0, day, "")
    }
}

fn by(source: OutcomeSource, outcome: Outcome) -> Outcome {
    Outcome { source, payer: AMC.to_owned(), asked: None, ..outcome }
}

/// Returns the position of a part of which 1,000 centimes are asked, which must be one for every
/// order of what was told.
fn position_of(outcomes: &[Outcome]) -> Position {
    let asked = Asked {
        claim_id: attempt(1),
        kind: PartKind::Amc,
        amount: Montant::from_centimes(1_000),
        amc_number: AMC,
        amo_organism: "019990000",
        standing: Standing::Current,
    };
    let first = position(asked, outcomes);
    for order in orders(outcomes.len()) {
        let shuffled: Vec<Outcome> = order.iter().map(|at| outcomes[*at].clone()).collect();
        assert_eq!(position(asked, &shuffled), first, "order {order:?}");
    }
    first
}

/// Every order of `n` things.
fn orders(n: usize) -> Vec<Vec<usize>> {
    let Some(last) = n.checked_sub(1) else { return vec![Vec::new()] };
    let insert = |order: Vec<usize>| {
        (0..=last).map(move |at| {
            let mut longer = order.clone();
            longer.insert(at, last);
            longer
        })
    };
    orders(last).into_iter().flat_map(insert).collect()
}

/// State, sum, flags and reason of the gap.
fn seen(outcomes: &[Outcome]) -> (PartState, i64, Vec<Flag>, Option<GapReason>) {
    let position = position_of(outcomes);
    (position.state, position.sum.centimes(), position.flags, position.gap)
}

#[test]
fn a_payment_as_asked_stops_the_clock() {
    let position = position_of(&[paid("a", 1_000, 0, "VIR 1")]);
    assert_eq!((position.state, position.gap, position.is_awaited), (PartState::Paid, None, false));
    assert!(position.flags.is_empty());
    let untold = position_of(&[]);
    assert_eq!((untold.state, untold.gap), (PartState::Received, Some(GapReason::Awaited)));
    assert!(untold.is_awaited);
}

#[test]
fn a_transfer_that_several_files_tell_counts_once() {
    let (state, sum, flags, _) =
        seen(&[paid("a", 1_000, 0, "VIR 1"), paid("bb", 1_000, 0, "vir  1")]);
    assert_eq!((state, sum, flags), (PartState::Paid, 1_000, vec![]));
}

#[test]
fn two_transfers_of_one_amount_are_two_payments() {
    let (state, sum, flags, gap) =
        seen(&[paid("a", 1_000, 0, "VIR 1"), paid("bb", 1_000, 3, "VIR 2")]);
    assert_eq!((state, sum, flags), (PartState::Overpaid, 2_000, vec![Flag::PaidTwice]));
    assert_eq!(gap, Some(GapReason::PaidAbove));
}

#[test]
fn instalments_add_up() {
    let (state, sum, _, gap) = seen(&[paid("a", 500, 0, "VIR 1"), paid("bb", 400, 3, "VIR 2")]);
    assert_eq!(
        (state, sum, gap),
        (PartState::PartlyPaid, 900, Some(GapReason::DifferenceAnnounced))
    );
    let equal = seen(&[paid("a", 500, 0, "VIR 1"), paid("bb", 500, 3, "VIR 2")]);
    assert_eq!((equal.0, equal.1, equal.2), (PartState::Paid, 1_000, vec![]));
}

#[test]
fn one_invoice_twice_in_one_transfer_is_two_payments() {
    let again = Outcome { ordinal: 2, ..paid("a", 500, 0, "VIR 1") };
    assert_eq!(seen(&[paid("a", 500, 0, "VIR 1"), again]).1, 1_000);
}

#[test]
fn cancel_and_replace_leaves_the_replacement() {
    let cancel = Outcome { rank: 1, ..paid("bb", -1_000, 1, "VIR 2") };
    let replace = Outcome { rank: 2, ..paid("bb", 900, 1, "VIR 2") };
    let (state, sum, flags, gap) = seen(&[paid("a", 1_000, 0, "VIR 1"), cancel, replace]);
    assert_eq!((state, sum, flags), (PartState::PartlyPaid, 900, vec![]));
    assert_eq!(gap, Some(GapReason::TakenBack));
}

#[test]
fn a_take_back_leaves_the_other_payment() {
    let three = [
        paid("a", 1_000, 0, "VIR 1"),
        paid("bb", 1_000, 2, "VIR 2"),
        paid("ccc", -1_000, 4, "VIR 3"),
    ];
    let (state, sum, flags, _) = seen(&three);
    assert_eq!((state, sum, flags), (PartState::Paid, 1_000, vec![]));
    let (state, sum, flags, _) = seen(&three[2..]);
    assert_eq!((state, sum), (PartState::Recovered, -1_000));
    assert_eq!(flags, vec![Flag::TakenBackTooMuch]);
}

#[test]
fn kinds_of_source_agree_by_label_or_by_amount() {
    let file = || paid("a", 1_000, 0, "VIR MONEY 1");
    let worker = |label| by(OutcomeSource::Worker, paid("w", 1_000, 1, label));
    let flags = |outcomes: &[Outcome]| (seen(outcomes).1, seen(outcomes).2);
    assert_eq!(flags(&[file(), worker("MONEY 1")]), (1_000, vec![]), "one label in the other");
    assert_eq!(flags(&[file(), worker("")]), (1_000, vec![Flag::SameByAmount]));
    assert_eq!(flags(&[file(), worker("OTHER")]), (2_000, vec![Flag::PaidTwice]));
    // Two of the file, two of the worker: as many as any one kind tells.
    let two = [
        file(),
        paid("a", 1_000, 3, "VIR MONEY 2"),
        worker(""),
        by(OutcomeSource::Worker, paid("ww", 1_000, 4, "")),
    ];
    assert_eq!(seen(&two).1, 2_000);
}

#[test]
fn payments_without_label_on_one_day_are_one_and_doubtful() {
    let twice = [paid("a", 1_000, 0, ""), paid("bb", 1_000, 0, "")];
    assert_eq!((seen(&twice).1, seen(&twice).2), (1_000, vec![Flag::MaybeTwice]));
    assert_eq!(seen(&[paid("a", 1_000, 0, ""), paid("bb", 1_000, 1, "")]).1, 2_000);
}

#[test]
fn what_does_not_fit_is_flagged_and_kept() {
    let flags = |outcomes: &[Outcome]| seen(outcomes).2;
    assert_eq!(flags(&[paid("a", 10_000, 0, "V")]), vec![Flag::OverAsked]);
    assert_eq!(flags(&[paid("a", 0, 0, "V")]), vec![Flag::PaidZero]);
    let with_money = |kind| Outcome { kind, ..paid("a", 1_000, 0, "V") };
    let rejected = flags(&[with_money(OutcomeKind::Rejected)]);
    assert_eq!(rejected, vec![Flag::PaidAndRejected, Flag::StateDisagrees]);
    assert_eq!(flags(&[with_money(OutcomeKind::Untreated)]), vec![Flag::StateDisagrees]);
    let other = Outcome { on_behalf_of: "0099900022".to_owned(), ..paid("a", 1_000, 0, "V") };
    assert_eq!(flags(&[other]), vec![Flag::OtherPayer]);
    let asked = Outcome { asked: Some(Montant::from_centimes(900)), ..paid("a", 1_000, 0, "V") };
    assert_eq!(flags(&[asked]), vec![Flag::AskedDiffers]);
}

#[test]
fn another_caisse_than_that_of_the_invoice_is_flagged_where_both_are_known() {
    let flags_of_amo = |organism: &str, payer: &str, amount: i64| {
        let asked = Asked {
            claim_id: attempt(1),
            kind: PartKind::Amo,
            amount: Montant::from_centimes(1_000),
            amc_number: AMC,
            amo_organism: organism,
            standing: Standing::Current,
        };
        let told = Outcome {
            part: PartKind::Amo,
            paying_caisse: Caisse::of_number(payer),
            ..paid("a", amount, 0, "V")
        };
        position(asked, &[told]).flags
    };
    assert_eq!(flags_of_amo("019990000", "01751", 1_000), vec![Flag::OtherPayer]);
    let silent = [("019990000", "01999000"), ("019990123", "01999"), ("", "01751"), ("01999", "")];
    for (organism, payer) in silent {
        assert_eq!(flags_of_amo(organism, payer, 1_000), vec![], "{organism} {payer}");
    }
    assert_eq!(flags_of_amo("019990000", "01751", 0), vec![Flag::PaidZero], "no money moved");
}

#[test]
fn a_caisse_pays_no_amc_part_that_was_split_at_its_source() {
    let flags = |handling: &str, payer: Option<Caisse>| {
        let amc_handling = handling.to_owned();
        seen(&[Outcome { amc_handling, paying_caisse: payer, ..paid("a", 1_000, 0, "V") }]).2
    };
    for (handling, expected) in
        [("E", vec![Flag::OtherPayer]), ("F", vec![Flag::OtherPayer]), ("C", vec![]), ("", vec![])]
    {
        assert_eq!(flags(handling, Caisse::of_number("01999")), expected, "{handling}");
    }
    assert_eq!(flags("E", None), vec![], "an insurer");
}

#[test]
fn a_payment_of_nothing_keeps_the_last_decision() {
    let zero = position_of(&[told(OutcomeKind::Accepted, "a", 0), paid("bb", 0, 1, "V")]);
    assert_eq!((zero.state, zero.is_awaited), (PartState::Accepted, false));
}

#[test]
fn decisions_are_ordered_by_their_days() {
    let state = |outcomes: &[Outcome]| seen(outcomes).0;
    let (accept, reject) =
        (told(OutcomeKind::Accepted, "a", 0), told(OutcomeKind::Rejected, "bb", 1));
    assert_eq!(state(&[accept.clone(), reject.clone()]), PartState::RejectedAfterAcceptance);
    let reopened = told(OutcomeKind::Reopened, "ccc", 2);
    assert_eq!(state(&[accept, reject.clone(), reopened]), PartState::Received);
    // On one day a worker comes after returns, whichever arrived first.
    let worker = by(OutcomeSource::Worker, told(OutcomeKind::Accepted, "w", 1));
    assert_eq!(state(&[worker, reject.clone()]), PartState::Accepted);
    let paid = paid("dddd", 1_000, 3, "V");
    assert_eq!(seen(&[reject, paid]).2, vec![Flag::PaidAndRejected]);
}

#[test]
fn decisions_belong_to_their_attempt_and_money_to_the_invoice() {
    let of_second = |outcome: Outcome| Outcome { claim_id: Some(attempt(2)), ..outcome };
    let reject = of_second(told(OutcomeKind::Rejected, "a", 0));
    assert_eq!(seen(&[reject]).0, PartState::Received);
    assert_eq!(seen(&[of_second(paid("a", 1_000, 0, "V"))]).0, PartState::Paid);
}

#[test]
fn a_decision_that_two_files_tell_is_one() {
    let again = Outcome { ordinal: 9, ..told(OutcomeKind::Rejected, "bb", 5) };
    let reopened = told(OutcomeKind::Reopened, "ccc", 2);
    let state = seen(&[told(OutcomeKind::Rejected, "a", 0), again, reopened]).0;
    assert_eq!(state, PartState::Received, "the second telling takes the place of the first");
}

#[test]
fn nothing_asked_and_nothing_told_is_not_requested() {
    let asked = Asked {
        claim_id: attempt(1),
        kind: PartKind::Amc,
        amount: Montant::ZERO,
        amc_number: AMC,
        amo_organism: "019990000",
        standing: Standing::Current,
    };
    let zero = Outcome { asked: Some(Montant::ZERO), ..paid("a", 0, 0, "V") };
    let nothing = position(asked, &[zero]);
    assert_eq!((nothing.state, nothing.flags), (PartState::NotRequested, vec![]));
    let money = position(asked, &[paid("a", 100, 0, "V")]);
    assert_eq!(money.state, PartState::Overpaid);
    let superseded = Asked { standing: Standing::Superseded, ..asked };
    assert_eq!(position(superseded, &[]).state, PartState::Superseded);
    let held = Asked { standing: Standing::Held, ..asked };
    assert_eq!(position(held, &[]).state, PartState::HeldOtherSender);
}
