//! Transfers as several files tell them, in every order of the files.

use super::*;
use noemie_parsers::types::Montant;
use time::macros::{date, datetime};
use time::{Duration, OffsetDateTime};

const RECEIVED: OffsetDateTime = datetime!(2026-11-30 08:00 UTC);

fn centimes(amount: i64) -> Montant {
    Montant::from_centimes(amount)
}

/// What a file tells that was received some hours after the first one.
fn told(file: &str, hours: i64, announced: Option<i64>, invoices: i64) -> Telling {
    Telling {
        told_by: file.to_owned(),
        told_at: RECEIVED + Duration::hours(hours),
        groups: 1,
        announced: announced.map(centimes),
        invoices: centimes(invoices),
        recoveries: Montant::ZERO,
        flat_payments: Montant::ZERO,
        quarantined: 0,
        is_day_unreadable: false,
        items: ItemsDigest::default(),
    }
}

/// Returns the balance, which must be one for every order of the tellings.
fn balance_of(tellings: &[Telling]) -> Balance {
    let first = balance(tellings).expect("tellings");
    let mut orders = vec![Vec::new()];
    for telling in tellings {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<Telling>| {
                (0..=order.len()).map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, telling.clone());
                    longer
                })
            })
            .collect();
    }
    for order in orders {
        assert_eq!(balance(&order), Some(first.clone()));
    }
    first
}

fn seen(tellings: &[Telling]) -> (TransferState, Option<i64>, i64, Vec<TransferFlag>) {
    let balance = balance_of(tellings);
    let announced = balance.announced.map(Montant::centimes);
    (balance.state, announced, balance.unexplained().centimes(), balance.flags)
}

#[test]
fn invoices_recoveries_and_flat_payments_add_up() {
    let telling = Telling {
        recoveries: centimes(-300),
        flat_payments: centimes(50),
        ..told("a", 0, Some(750), 1_000)
    };
    assert_eq!(seen(&[telling]), (TransferState::Explained, Some(750), 0, vec![]));
}

#[test]
fn one_centime_is_unexplained_since_its_file_came() {
    let tellings = [told("a", 3, Some(1_001), 1_000)];
    assert_eq!(seen(&tellings), (TransferState::Unexplained, Some(1_001), 1, vec![]));
    let since = balance_of(&tellings).unexplained_since;
    assert_eq!(since, Some(RECEIVED + Duration::hours(3)));
    assert_eq!(seen(&[told("a", 0, Some(999), 1_000)]).2, -1);
}

#[test]
fn without_amount_there_is_nothing_to_explain() {
    let (state, announced, unexplained, _) = seen(&[told("a", 0, None, 1_000)]);
    assert_eq!((state, announced, unexplained), (TransferState::NotAnnounced, None, 0));
}

#[test]
fn a_transfer_of_several_files_counts_once() {
    let twice = [told("a", 0, Some(1_000), 1_000), told("b", 5, Some(1_000), 1_000)];
    assert_eq!(seen(&twice), (TransferState::Explained, Some(1_000), 0, vec![]));
    assert_eq!(balance_of(&twice).first_told_at, RECEIVED);
    let with_one_that_is_silent = [told("a", 0, Some(1_000), 1_000), told("b", 5, None, 1_000)];
    assert_eq!(seen(&with_one_that_is_silent).0, TransferState::Explained);
}

#[test]
fn the_file_that_tells_a_transfer_most_often_counts() {
    let twice = Telling { groups: 2, ..told("a", 0, Some(2_000), 2_000) };
    let (state, announced, _, flags) = seen(&[twice, told("b", 5, Some(1_000), 1_000)]);
    assert_eq!((state, announced), (TransferState::Unexplained, Some(2_000)));
    assert_eq!(flags, [TransferFlag::Restated]);
}

#[test]
fn files_with_equal_sums_and_other_items_leave_the_transfer_unexplained() {
    let telling = |file: &str, invoice: &str| {
        let mut items = ItemsDigest::default();
        items.add(&[invoice]);
        Telling { items, ..told(file, 0, Some(1_000), 1_000) }
    };
    let (state, announced, unexplained, flags) = seen(&[telling("a", "1"), telling("b", "2")]);
    assert_eq!((state, announced, unexplained), (TransferState::Unexplained, Some(1_000), 0));
    assert_eq!(flags, [TransferFlag::Restated]);
    let same = seen(&[telling("a", "1"), telling("b", "1")]);
    assert_eq!((same.0, same.3), (TransferState::Explained, vec![]));
}

#[test]
fn two_totals_are_flagged_and_the_worse_one_counts() {
    let restated = [told("a", 0, Some(1_000), 1_000), told("b", 5, Some(1_200), 1_200)];
    let (state, announced, _, flags) = seen(&restated);
    assert_eq!((state, announced), (TransferState::Unexplained, Some(1_200)));
    assert_eq!(flags, [TransferFlag::Restated]);
    let worse = [told("a", 0, Some(1_001), 1_000), told("b", 5, Some(1_200), 1_200)];
    let (state, announced, unexplained, flags) = seen(&worse);
    assert_eq!((state, announced, unexplained), (TransferState::Unexplained, Some(1_001), 1));
    assert_eq!(flags, [TransferFlag::Restated]);
    let explained_otherwise = [told("a", 0, Some(1_000), 999), told("b", 5, Some(1_000), 1_000)];
    assert_eq!(seen(&explained_otherwise).0, TransferState::Unexplained);
}

#[test]
fn what_was_quarantined_or_has_no_date_is_flagged() {
    let telling =
        Telling { quarantined: 1, is_day_unreadable: true, ..told("a", 0, Some(1_000), 900) };
    let flags = seen(&[telling]).3;
    assert_eq!(flags, [TransferFlag::DayUnreadable, TransferFlag::Quarantined]);
}

#[test]
fn the_identifier_follows_from_payee_payer_day_and_reference() {
    let key = TransferKey {
        payee: "992000001".to_owned(),
        payer: "01999".to_owned(),
        day: date!(2026 - 11 - 27),
        reference: "VIR 1".to_owned(),
    };
    assert_eq!(key.clone().id(), key.id());
    for other in [
        TransferKey { payee: "992000002".to_owned(), ..key.clone() },
        TransferKey { payer: "01998".to_owned(), ..key.clone() },
        TransferKey { day: date!(2026 - 11 - 28), ..key.clone() },
        TransferKey { reference: "VIR 2".to_owned(), ..key.clone() },
    ] {
        assert_ne!(other.id(), key.id(), "{other:?}");
    }
}
