//! Finds IBAN and RIB among letters, digits and separators.

use super::MAX_SEPARATORS;
use super::symbols::Symbol;

/// Countries of IBAN by the length of their numbers: those of the registry, and those of North and
/// West Africa whose banks print one.
const IBANS: [(usize, &str); 18] = [
    (15, "NO"),
    (16, "BE"),
    (18, "DK FI FK FO GL NL SD"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU MN XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM SO TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "AO CV GW LY MZ PT ST"),
    (26, "DZ IR IS TR"),
    (27, "BI CF CG CM DJ FR GA GQ GR IT KM MC MG MR SM TD"),
    (28, "AL AZ BF BJ BY CI CY DO GT HN HU LB MA ML NE NI PL SN SV TG"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];
/// Fewest digits of an IBAN, so that words are not one by chance.
const MIN_DIGITS: usize = 10;
/// Length of a RIB: bank, branch, account, key. Bank, branch and key are digits.
const RIB: usize = 23;
/// Length of bank and branch together.
const BANK: usize = 10;
/// Length of the key of a RIB.
const RIB_KEY: usize = 2;

/// Returns the end of the IBAN or RIB that begins at the symbol `at`.
pub(super) fn end(symbols: &[Symbol], at: usize) -> Option<usize> {
    if symbols[at].value.is_ascii_digit() { rib_end(symbols, at) } else { iban_end(symbols, at) }
}

fn iban_end(symbols: &[Symbol], at: usize) -> Option<usize> {
    let [first, second] = symbols.get(at..at + 2)? else { return None };
    let is_country = first.value.is_ascii_uppercase() && second.value.is_ascii_uppercase();
    if !is_country || !begins_word(symbols, at) {
        return None;
    }
    let country = String::from_iter([first.value, second.value]);
    let listed = |(_, codes): &&(usize, &str)| codes.split(' ').any(|code| code == country);
    let (length, _) = IBANS.iter().find(listed)?;
    let (iban, end) = letters_and_digits(symbols, at, *length)?;
    let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    // A number in groups ends with a group; words and counts of a sentence are none.
    let in_groups = end - at > *length;
    if !is_digits(&iban[2..4]) || (in_groups && !ends_word(symbols, end)) {
        return None;
    }
    let found = if matches!(country.as_str(), "FR" | "MC") {
        // A mistyped check digit still names the account.
        is_digits(&iban[4..4 + BANK]) && is_digits(&iban[length - RIB_KEY..])
    } else {
        iban.bytes().filter(u8::is_ascii_digit).count() >= MIN_DIGITS && has_iban_key(&iban)
    };
    found.then_some(end)
}

fn rib_end(symbols: &[Symbol], at: usize) -> Option<usize> {
    if at > 0 && symbols[at - 1].value.is_ascii_digit() {
        return None;
    }
    let (rib, end) = letters_and_digits(symbols, at, RIB)?;
    let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let found = ends_word(symbols, end)
        && is_digits(&rib[..BANK])
        && is_digits(&rib[RIB - RIB_KEY..])
        && has_rib_key(&rib);
    found.then_some(end)
}

/// Returns whether a word begins at `at`, or the word IBAN stands right before.
fn begins_word(symbols: &[Symbol], at: usize) -> bool {
    let before = symbols[..at].iter().rev().take_while(|symbol| symbol.value.is_alphanumeric());
    let word: String = before.take("IBAN".len() + 1).map(|symbol| symbol.value).collect();
    word.is_empty() || word == "NABI"
}

/// Returns whether no letter or digit stands at `end`.
fn ends_word(symbols: &[Symbol], end: usize) -> bool {
    symbols.get(end).is_none_or(|next| !next.value.is_alphanumeric())
}

/// Returns `length` letters and digits from `at`, and where they end; separators between them are
/// skipped.
fn letters_and_digits(symbols: &[Symbol], at: usize, length: usize) -> Option<(String, usize)> {
    let (mut found, mut gap) = (String::with_capacity(length), 0);
    for (end, symbol) in symbols.iter().enumerate().skip(at) {
        if symbol.value.is_ascii_digit() || symbol.value.is_ascii_uppercase() {
            found.push(symbol.value);
            gap = 0;
        } else {
            gap += 1;
            if !symbol.is_separator() || gap > MAX_SEPARATORS {
                return None;
            }
        }
        if found.len() == length {
            return Some((found, end + 1));
        }
    }
    None
}

/// Returns whether the check digits of an IBAN are right (ISO 7064, mod 97).
fn has_iban_key(iban: &str) -> bool {
    let (head, rest) = iban.split_at(4);
    let remainder = rest.chars().chain(head.chars()).fold(0, |remainder, c| {
        let value = c.to_digit(36).unwrap_or(0);
        (remainder * if value > 9 { 100 } else { 10 } + value) % 97
    });
    remainder == 1
}

/// Returns whether the key of a RIB is right. Its letters count 1 to 9, in the rows A-I, J-R and
/// S-Z, the last of which begins with 2.
fn has_rib_key(rib: &str) -> bool {
    let value = |c: char| match c.to_digit(36).unwrap_or(0) {
        letter @ 28.. => letter - 26,
        letter @ 10.. => (letter - 10) % 9 + 1,
        digit => digit,
    };
    rib.chars().fold(0, |remainder, c| (remainder * 10 + value(c)) % 97) == 0
}
