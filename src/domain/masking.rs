//! Finds the numbers of persons and of bank accounts in texts that come from outside.
//!
//! A name cannot be told from other words; a NIR or an IBAN can be told from other numbers. The
//! rules favour persons over readability:
//!
//! | text | decision |
//! |---|---|
//! | 13 digits or more in a row (NIR, NIR with key, RIB, epoch in milliseconds) | masked |
//! | 14 digits that are a SIRET by its check digit | kept: a SIRET names a company |
//! | groups of a written NIR (`1 85 07 60 057 018 23`, also with `.`, `-` or `/`) | masked |
//! | other groups, 15 digits in all with the right key of a NIR | masked |
//! | the only number, 13 digits in groups with sex, month and department of a NIR | masked |
//! | `FR` or `MC` with the length of an IBAN, blanks and dashes allowed | masked |
//! | IBAN of another country: its length and its check digits | masked |
//! | RIB in groups (5, 5, 11, 2) with the right key | masked |
//! | PS, FINESS, invoice number (9), AMC (10), RPPS (11 digits), SIREN, dates, amounts | kept |
//! | UUID, digest (32 hexadecimal digits or more, a letter among them) | kept |
//!
//! The letter of a Corsican department (`2A`, `2B`) counts as a digit; overseas departments have
//! digits only.

/// Length of a NIR without its key.
const NIR: usize = 13;
/// Length of a NIR with its key.
const NIR_WITH_KEY: usize = 15;
/// Length of a SIRET.
const SIRET: usize = 14;
/// Lengths of the groups of a RIB: bank, branch, account, key.
const RIB: [usize; 4] = [5, 5, 11, 2];
/// Positions after which a written NIR has a separator.
const NIR_BREAKS: [usize; 6] = [1, 3, 5, 7, 10, 13];
/// Separators in a row that still join two groups.
const MAX_SEPARATORS: usize = 3;
/// Shortest row of hexadecimal digits that is a digest or a UUID.
const DIGEST: usize = 32;

/// Country codes and lengths of IBAN.
const IBANS: [(&str, usize); 36] = [
    ("AD", 24),
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("CH", 21),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DZ", 26),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("GB", 22),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IS", 26),
    ("IT", 27),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MA", 28),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("TN", 24),
];
/// Length of a French IBAN, and of one of Monaco.
const FRENCH_IBAN: usize = 27;

/// Returns the text with stars in place of every digit and letter that may be part of a NIR or of a
/// bank account.
#[must_use]
pub fn masked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let covered = identities(&chars);
    let hide = |(c, covered): (char, bool)| if covered && c.is_alphanumeric() { '*' } else { c };
    chars.into_iter().zip(covered).map(hide).collect()
}

/// Returns whether [`masked`] would change the text.
#[must_use]
pub fn holds_identity(text: &str) -> bool {
    identities(&text.chars().collect::<Vec<_>>()).contains(&true)
}

/// Returns the type and the number of a party of an exchange (2 letters, 14 digits with zeros
/// before), with stars in place of a number that is a NIR. [`masked`] would hide every such number,
/// because all have 14 digits.
#[must_use]
pub fn masked_party(party: &str) -> String {
    let number: String = party.chars().filter(char::is_ascii_digit).collect();
    let is_nir = |at: usize| number.get(at..at + NIR).is_some_and(is_plausible_nir);
    if (is_nir(0) || is_nir(1)) && !is_siret(&number) {
        party.chars().map(|c| if c.is_ascii_digit() { '*' } else { c }).collect()
    } else {
        party.to_owned()
    }
}

/// Marks the characters of every NIR and every bank account.
fn identities(chars: &[char]) -> Vec<bool> {
    let mut covered = vec![false; chars.len()];
    let mut at = 0;
    while at < chars.len() {
        let digest = digest_length(&chars[at..]);
        if digest > 0 && (at == 0 || !chars[at - 1].is_alphanumeric()) {
            at += digest;
            continue;
        }
        if let Some(end) = iban_end(chars, at) {
            covered[at..end].fill(true);
        }
        if chars[at].is_ascii_digit() {
            let groups = groups(chars, at);
            cover_numbers(chars, &groups, &mut covered);
            at = groups.last().map_or(at + 1, |group| group.1);
        } else {
            at += 1;
        }
    }
    covered
}

/// Returns the length of the UUID or digest at the start, 0 for anything else.
fn digest_length(chars: &[char]) -> usize {
    let belongs = |(at, c): (usize, &char)| {
        c.is_ascii_hexdigit() || (*c == '-' && matches!(at, 8 | 13 | 18 | 23))
    };
    let end = chars.iter().enumerate().position(|c| !belongs(c)).unwrap_or(chars.len());
    let digits = chars[..end].iter().filter(|c| c.is_ascii_hexdigit()).count();
    let is_hex = chars[..end].iter().any(|c| c.is_ascii_alphabetic());
    let ends = chars.get(end).is_none_or(|c| !c.is_alphanumeric());
    if digits >= DIGEST && is_hex && ends { end } else { 0 }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '.' | '-' | '/' | '_' | ',' | ':' | '·')
}

/// Returns the groups of digits that begin at `at`, as ranges, with separators between them.
fn groups(chars: &[char], at: usize) -> Vec<(usize, usize)> {
    let mut groups = Vec::new();
    let mut start = at;
    loop {
        let mut end = start;
        while end < chars.len() && is_nir_digit(chars, end) {
            end += 1;
        }
        groups.push((start, end));
        let blank = chars[end..].iter().take_while(|c| is_separator(**c)).count();
        start = end + blank;
        if !(1..=MAX_SEPARATORS).contains(&blank)
            || !chars.get(start).is_some_and(char::is_ascii_digit)
        {
            return groups;
        }
    }
}

/// Returns whether a character is a digit, or the letter of a Corsican department before one.
fn is_nir_digit(chars: &[char], at: usize) -> bool {
    let is_digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    match chars[at] {
        '0'..='9' => true,
        'A' | 'B' | 'a' | 'b' => {
            let next = chars[at + 1..].iter().take(MAX_SEPARATORS);
            let blank = next.take_while(|c| is_separator(**c)).count();
            at > 0 && chars[at - 1] == '2' && is_digit(at + 1 + blank)
        }
        _ => false,
    }
}

/// Covers the groups, or rows of groups, that may be a NIR or a RIB.
fn cover_numbers(chars: &[char], groups: &[(usize, usize)], covered: &mut [bool]) {
    for (first, group) in groups.iter().enumerate() {
        let mut number = String::new();
        let mut breaks = Vec::new();
        for (last, (start, end)) in groups.iter().enumerate().skip(first) {
            number.extend(&chars[*start..*end]);
            let alone = groups.len() == last - first + 1;
            if is_identity(&number, &breaks, alone) {
                covered[group.0..*end].fill(true);
            }
            breaks.push(number.len());
        }
    }
}

/// Returns whether digits, with separators after the positions `breaks`, may be a NIR or a RIB.
/// `alone`: no other number stands beside them.
fn is_identity(number: &str, breaks: &[usize], alone: bool) -> bool {
    if breaks.is_empty() {
        return number.len() >= NIR && !is_siret(number);
    }
    let written = breaks.iter().all(|at| NIR_BREAKS.contains(at));
    match number.len() {
        NIR => written || (alone && is_plausible_nir(number)),
        NIR_WITH_KEY => written || has_nir_key(number),
        _ => breaks == [RIB[0], RIB[0] + RIB[1], RIB[0] + RIB[1] + RIB[2]] && has_rib_key(number),
    }
}

/// Returns whether 14 digits are a SIRET by Luhn's check digit.
fn is_siret(number: &str) -> bool {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    number.len() == SIRET && number.bytes().all(|b| b.is_ascii_digit()) && sum.is_multiple_of(10)
}

/// Returns whether the sex, the month and the department of 13 digits exist.
fn is_plausible_nir(number: &str) -> bool {
    let month = number[3..5].parse().unwrap_or(0);
    matches!(number.as_bytes()[0], b'1'..=b'4' | b'7' | b'8')
        && (matches!(month, 1..=12 | 20 | 30..=42 | 50..=99))
        && &number[5..7] != "00"
}

/// Returns whether the last 2 of 15 digits are the key of a NIR.
fn has_nir_key(number: &str) -> bool {
    let digits = number.to_ascii_uppercase().replace("2A", "19").replace("2B", "18");
    let (nir, key) = digits.split_at(NIR);
    matches!((nir.parse::<u64>(), key.parse::<u64>()), (Ok(nir), Ok(key)) if key == 97 - nir % 97)
}

/// Returns whether the last 2 of 23 digits are the key of a RIB.
fn has_rib_key(number: &str) -> bool {
    number.len() == RIB.iter().sum::<usize>()
        && number.parse::<u128>().is_ok_and(|rib| rib.is_multiple_of(97))
}

/// Returns the end of the IBAN that begins at `at`.
fn iban_end(chars: &[char], at: usize) -> Option<usize> {
    let start = chars.get(at..at + 4)?;
    if !start[0].is_ascii_alphabetic() || !start[1].is_ascii_alphabetic() {
        return None;
    }
    let country: String = start[..2].iter().map(char::to_ascii_uppercase).collect();
    let french = matches!(country.as_str(), "FR" | "MC");
    let known = IBANS.iter().find(|(code, _)| *code == country).map(|(_, length)| *length);
    let length = if french { FRENCH_IBAN } else { known? };
    let (iban, end) = letters_and_digits(chars, at, length)?;
    if !iban.as_bytes()[2..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let found = if french {
        // Bank and branch are digits; a mistyped check digit still names the account.
        iban.as_bytes()[4..14].iter().all(u8::is_ascii_digit)
    } else {
        (at == 0 || !chars[at - 1].is_alphanumeric()) && has_iban_key(&iban)
    };
    found.then_some(end)
}

/// Returns `length` letters and digits from `at`, in capitals, and where they end; separators
/// between them are skipped.
fn letters_and_digits(chars: &[char], at: usize, length: usize) -> Option<(String, usize)> {
    let (mut found, mut separators) = (String::new(), 0);
    for (end, c) in chars.iter().enumerate().skip(at) {
        if c.is_ascii_alphanumeric() {
            found.push(c.to_ascii_uppercase());
            separators = 0;
        } else {
            separators += 1;
            if !is_separator(*c) || separators > MAX_SEPARATORS {
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

#[cfg(test)]
#[path = "masking_tests.rs"]
mod tests;
