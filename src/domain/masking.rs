//! Texts that come from outside and go where no person may be named: labels of rejects, comments,
//! file names.
//!
//! Names cannot be told from other words; a NIR can be told from other numbers. The rule is
//! generous: a long number that is none is masked too.

/// Length of a NIR without its key.
const NIR: usize = 13;
/// How people write it.
const GROUPS: [usize; 6] = [1, 2, 2, 2, 3, 3];

/// The text with every number that may be a NIR replaced by stars: 13 digits or more in a row, or
/// the groups of a written NIR (`1 85 07 60 057 018`). The letter of a Corsican department (2A, 2B)
/// counts as a digit.
#[must_use]
pub fn without_nir(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let (number, after) = number.split_at(length(number.as_bytes()));
        out.push_str(before);
        if may_be_nir(number) {
            out.extend(number.chars().map(|c| if c == ' ' { ' ' } else { '*' }));
        } else {
            out.push_str(number);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// How far a number goes: digits, one blank between two of them, and the letter of a Corsican
/// department.
fn length(text: &[u8]) -> usize {
    let is_digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    let belongs = |at: usize| match text[at] {
        b'0'..=b'9' => true,
        b' ' => is_digit(at + 1),
        b'A' | b'B' | b'a' | b'b' => {
            at > 0
                && text[at - 1] == b'2'
                && (is_digit(at + 1) || (text.get(at + 1) == Some(&b' ') && is_digit(at + 2)))
        }
        _ => false,
    };
    (0..text.len()).find(|at| !belongs(*at)).unwrap_or(text.len())
}

fn may_be_nir(number: &str) -> bool {
    let groups: Vec<usize> = number.split(' ').map(str::len).collect();
    groups.iter().any(|length| *length >= NIR)
        || groups.windows(GROUPS.len()).any(|window| window == GROUPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(without_nir(text), expect);
    }

    #[test]
    fn nirs_are_masked_however_written() {
        check("NIR 1850760057018 INCONNU", "NIR ************* INCONNU");
        check("185076005701823", "***************");
        check("N° 1 85 07 60 057 018 23.", "N° * ** ** ** *** *** **.");
        check("2850720A", "2850720A");
        check("185072A004018 et 1 85 07 2A 004 018", "************* et * ** ** ** *** ***");
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "",
            "é",
            "SP_FP_20260202.b2",
            "PS 123456782 FACTURE 000000017",
            "12 02 2026 1234567 89",
            "AMC 0099900011",
            "12B",
        ] {
            check(text, text);
        }
    }
}
