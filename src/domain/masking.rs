//! Finds the numbers of persons and of bank accounts in texts that come from outside.
//!
//! A name cannot be told from other words; a NIR or an IBAN can be told from other numbers. A NIR
//! that is let through is a leak, a reference that is masked is lost for the matching of transfers:
//! plausibility decides, and the key or the grouping of a NIR raises certainty. *Plausible* means
//! sex 1-4, 7 or 8, month 01-12, 20-42 or 50-99 and a department other than 00; a *real month* is
//! 01-12; *dated* means a start that is a date of 2022 to 2099 (`AAAAMMJJ`): as a NIR it would have
//! a month that stands for an unknown one. Dates of 2020, 2021, 2030 and 2031 are not taken for
//! dates, because births of January, October and November have them.
//!
//! | text | decision |
//! |---|---|
//! | 15 digits with the right key of a NIR, in a row or in any groups | masked |
//! | 13 digits or more in a row that begin, after zeros, with a plausible NIR, not dated | masked |
//! | a NIR with a real month inside a longer row, behind its date when dated | masked |
//! | a NIR with its right key inside a longer row, dated or not | masked |
//! | groups of a NIR (`s aa mm dd ccc ooo [kk]`, 3 separators or more), plausible | masked |
//! | other groups, 13 to 15 digits in all, a real month, none of them a date | masked |
//! | IBAN with the length of its country and the right check digits | masked |
//! | IBAN of France and Monaco with wrong check digits | masked |
//! | RIB in any groups, letters too: 23 characters with the right key | masked |
//! | dated row of 13 digits or more without key (`VIR20261130000012`, timestamps) | kept |
//! | rows and groups that are not plausible (AMC 10 + 3, senders of 14 digits) | kept |
//! | SIRET by its check digit, unless a NIR of sex 1 or 2 with a real month is in it | kept |
//! | such a SIRET too when its SIREN is right and its NIC begins with 000 | kept |
//! | UUID; digest (32 hexadecimal digits or more) that does not begin or end with a NIR | kept |
//! | NIR with words between its groups, or with more than 8 separators | kept |
//! | RIB, or IBAN of another country, with a wrong key | kept |
//!
//! A row is masked whole. Digits are those of any script, full-width, superscript and circled ones
//! too; a letter O among digits is a zero. Separators are all characters but letters and digits.
//! Characters that are not seen and accents that stand alone do not part digits. The letter of a
//! Corsican department (`2A`, `2B`) counts as a digit.

mod account;
mod nir;
mod symbols;

pub use symbols::{is_line_end, is_unseen};

use symbols::{OPAQUE, Symbol, symbols};

/// Most separators in a row that still join two groups: a line end and the margin behind it. Masked
/// numbers have more stars, so that digits around them are not joined.
const MAX_SEPARATORS: usize = 8;
/// Shortest row of hexadecimal digits that is a digest.
const DIGEST: usize = 32;
/// Positions of the dashes of a UUID, and its length with them.
const UUID_DASHES: [usize; 4] = [8, 13, 18, 23];
const UUID: usize = 36;

/// Returns the text with stars in place of every digit and letter that may be part of a NIR or of a
/// bank account. A masked text is left as it is.
#[must_use]
pub fn masked(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    // A number that was masked may leave others that stand differently: until nothing changes.
    loop {
        let covered = identities(&chars);
        if !covered.contains(&true) {
            return chars.into_iter().collect();
        }
        for (c, _) in chars.iter_mut().zip(covered).filter(|(c, hide)| *hide && c.is_alphanumeric())
        {
            *c = '*';
        }
    }
}

/// Returns whether [`masked`] would change the text.
#[must_use]
pub fn holds_identity(text: &str) -> bool {
    identities(&text.chars().collect::<Vec<_>>()).contains(&true)
}

/// Marks the characters of every NIR and every bank account. A per cent sign is read both as a
/// separator and as the start of an escape.
fn identities(chars: &[char]) -> Vec<bool> {
    let mut covered = vec![false; chars.len()];
    cover_identities(symbols(chars, false), &mut covered);
    if chars.contains(&'%') {
        cover_identities(symbols(chars, true), &mut covered);
    }
    covered
}

fn cover_identities(mut symbols: Vec<Symbol>, covered: &mut [bool]) {
    exempt_digests(&mut symbols);
    let mut cover = |first: usize, end: usize| {
        covered[symbols[first].start..symbols[end - 1].end].fill(true);
    };
    let mut chain_end = 0;
    for at in 0..symbols.len() {
        if let Some(end) = account::end(&symbols, at) {
            cover(at, end);
        }
        if at >= chain_end && digit(&symbols, at).is_some() {
            let groups = groups(&symbols, at);
            chain_end = groups.last().map_or(at + 1, |group| group.end);
            for (first, end) in numbers(&groups) {
                cover(first, end);
            }
        }
    }
}

/// Makes UUID and digests opaque, except digests that hold a NIR.
fn exempt_digests(symbols: &mut [Symbol]) {
    let mut at = 0;
    while at < symbols.len() {
        let begins = at == 0 || !symbols[at - 1].value.is_alphanumeric();
        let length = if begins { digest_length(&symbols[at..]) } else { 0 };
        symbols[at..at + length].iter_mut().for_each(|symbol| symbol.value = OPAQUE);
        at += length.max(1);
    }
}

/// Returns the length of the UUID or digest at the start, 0 for anything else.
fn digest_length(symbols: &[Symbol]) -> usize {
    let dashed = |at: usize, value: char| value == '-' && UUID_DASHES.contains(&at);
    let belongs = |(at, s): (usize, &Symbol)| s.value.is_ascii_hexdigit() || dashed(at, s.value);
    let length = symbols.iter().enumerate().position(|s| !belongs(s)).unwrap_or(symbols.len());
    let text: String = symbols[..length].iter().map(|symbol| symbol.value).collect();
    let is_uuid = length == UUID && UUID_DASHES.iter().all(|at| text[*at..].starts_with('-'));
    let is_digest = length >= DIGEST && !text.contains('-') && !nir::is_in_digest(&text);
    let ends = symbols.get(length).is_none_or(|next| !next.value.is_alphanumeric());
    let is_hex = text.bytes().any(|b| b.is_ascii_alphabetic());
    if (is_uuid || is_digest) && is_hex && ends { length } else { 0 }
}

/// Digits in a row, and the symbols that they have.
struct Group {
    digits: String,
    first: usize,
    end: usize,
}

/// Returns the groups of digits that begin at `at`, with separators between them.
fn groups(symbols: &[Symbol], at: usize) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut first = at;
    loop {
        let digits: String = (first..).map_while(|at| digit(symbols, at)).collect();
        let end = first + digits.len();
        groups.push(Group { digits, first, end });
        let gap = separators(symbols, end);
        first = end + gap;
        if !(1..=MAX_SEPARATORS).contains(&gap) || digit(symbols, first).is_none() {
            return groups;
        }
    }
}

/// Returns the number of separators from `at`.
fn separators(symbols: &[Symbol], at: usize) -> usize {
    symbols[at..].iter().take_while(|symbol| symbol.is_separator()).count()
}

/// Returns the digit that a symbol is read as: itself, a zero for an O among digits, `A` or `B` for
/// the letter of a Corsican department.
fn digit(symbols: &[Symbol], at: usize) -> Option<char> {
    match symbols.get(at)?.value {
        value @ '0'..='9' => Some(value),
        'O' => is_zero(symbols, at).then_some('0'),
        value @ ('A' | 'B') => is_corsican(symbols, at).then_some(value),
        _ => None,
    }
}

/// Returns whether the letter O at `at` has a digit beside it and no letter, behind other digits:
/// no NIR begins with a zero.
fn is_zero(symbols: &[Symbol], at: usize) -> bool {
    let is_o = |symbol: &&Symbol| symbol.value == 'O';
    let is_digit = |symbol: Option<&Symbol>| symbol.is_some_and(|s| s.value.is_ascii_digit());
    let before = || symbols[..at].iter().rev().take(nir::LENGTH).skip_while(is_o);
    let behind = symbols[at..].iter().take(nir::LENGTH).find(|s| !is_o(s));
    let digit_before = before().find(|s| !s.is_separator() && s.value != 'O');
    is_digit(digit_before)
        && (is_digit(before().next()) || is_digit(behind))
        && behind.is_none_or(|s| !s.value.is_alphabetic())
}

/// Returns whether the letter at `at` stands behind a 2 and before a digit, separators left out.
fn is_corsican(symbols: &[Symbol], at: usize) -> bool {
    let next = |symbol: &&Symbol| !symbol.is_separator();
    let before = symbols[..at].iter().rev().take(MAX_SEPARATORS + 1).find(next);
    let behind = symbols[at + 1..].iter().take(MAX_SEPARATORS + 1).find(next);
    before.is_some_and(|s| s.value == '2')
        && behind.is_some_and(|s| s.value.is_ascii_digit() || s.value == 'O')
}

/// Returns the symbols, first and end, of each group or row of groups that may be a NIR.
fn numbers(groups: &[Group]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (first, group) in groups.iter().enumerate() {
        if nir::is_in_row(&group.digits) {
            found.push((group.first, group.end));
        }
        let (mut number, mut breaks) = (group.digits.clone(), Vec::new());
        let mut dated = nir::is_date(&group.digits);
        for next in &groups[first + 1..] {
            // `2 A` is one department, as `2A` is.
            if !next.digits.starts_with(char::is_alphabetic) {
                breaks.push(number.len());
            }
            number.push_str(&next.digits);
            dated |= nir::is_date(&next.digits);
            if number.len() > nir::LENGTH_WITH_KEY {
                break;
            }
            if nir::is_in_groups(&number, &breaks, dated) {
                found.push((group.first, next.end));
            }
        }
    }
    found
}

#[cfg(test)]
#[path = "masking_tests.rs"]
mod tests;
