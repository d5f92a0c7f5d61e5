//! Differences between rows and file in words: which value, what is stored, what the file gives.

use crate::domain::Ledger;
use std::fmt::Display;

/// Returns the values that differ, each by its name: `lines: 4 stored, 5 in the file`.
pub(super) fn differences<const N: usize, T: PartialEq + Display>(
    names: [&str; N],
    stored: &[T; N],
    read: &[T; N],
) -> String {
    between(names, stored, read, ("stored", "in the file"))
}

/// Returns the values that differ, each by its name and with the words for both sides.
pub(super) fn between<const N: usize, T: PartialEq + Display>(
    names: [&str; N],
    one: &[T; N],
    other: &[T; N],
    (is_one, is_other): (&str, &str),
) -> String {
    let values = names.iter().zip(one.iter().zip(other));
    let differing: Vec<String> = values
        .filter(|(_, (one, other))| one != other)
        .map(|(name, (one, other))| format!("{name}: {one} {is_one}, {other} {is_other}"))
        .collect();
    differing.join("; ")
}

/// Returns how a stored ledger differs from the one that the file gives, and where it does not
/// balance.
pub(super) fn ledger(stored: Option<&Ledger>, expected: &Ledger) -> String {
    let Some(stored) = stored else { return "the ledger is gone".to_owned() };
    let columns =
        |l: &Ledger| [l.read, l.accepted, l.quarantined, l.duplicates, l.unmatched, l.envelope];
    let names = ["read", "accepted", "quarantined", "duplicates", "unmatched", "envelope"];
    let differing = differences(names, &columns(stored), &columns(expected));
    if expected.balances() {
        return format!("records of the ledger: {differing}");
    }
    let sum: u64 = columns(expected)[1..].iter().sum();
    let balance = format!("{} read, {sum} in all columns", expected.read);
    if differing.is_empty() {
        balance
    } else {
        format!("records of the ledger: {differing}; {balance}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_that_differ_are_named() {
        assert_eq!(
            differences(["lots", "lines"], &[1, 4], &[1, 5]),
            "lines: 4 stored, 5 in the file"
        );
        let (stored, read) = (
            Ledger { read: 5, accepted: 4, envelope: 1, ..Ledger::default() },
            Ledger { read: 5, accepted: 2, quarantined: 2, envelope: 1, ..Ledger::default() },
        );
        assert_eq!(
            ledger(Some(&stored), &read),
            "records of the ledger: accepted: 4 stored, 2 in the file; \
             quarantined: 0 stored, 2 in the file"
        );
        let lost = Ledger { read: 6, ..stored };
        assert_eq!(ledger(Some(&lost), &lost), "6 read, 5 in all columns");
        assert_eq!(ledger(None, &read), "the ledger is gone");
    }
}
