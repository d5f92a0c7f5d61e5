//! Reads the characters of a text as a person sees them: digits of any script as `0` to `9`,
//! letters as capitals, characters that are not seen as part of the one before.

/// Value of a symbol that is no part of a number.
pub(super) const OPAQUE: char = 'x';

/// A character as it is read, and the characters of the text that it stands for.
#[derive(Debug)]
pub(super) struct Symbol {
    /// Digit, capital letter, or the character itself.
    pub(super) value: char,
    /// First character.
    pub(super) start: usize,
    /// End of the characters.
    pub(super) end: usize,
}

impl Symbol {
    /// Returns whether the symbol may stand between two groups of digits.
    pub(super) fn is_separator(&self) -> bool {
        !self.value.is_alphanumeric()
    }
}

/// Returns the symbols of a text. With `escapes`, those of separators in an address, such as `%20`,
/// are read as separators.
pub(super) fn symbols(chars: &[char], escapes: bool) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> = Vec::with_capacity(chars.len());
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        let (start, escape) = (at, escapes && is_escape(&chars[at..]));
        at += if escape { 3 } else { 1 };
        if is_unseen(*c) || is_mark(*c) {
            if let Some(before) = symbols.last_mut() {
                before.end = at;
            }
            continue;
        }
        symbols.push(Symbol { value: if escape { ' ' } else { read(*c) }, start, end: at });
    }
    symbols
}

/// Returns whether a text begins with the escape of a separator: a per cent sign and `20`, or two
/// hexadecimal digits with a letter among them.
fn is_escape(chars: &[char]) -> bool {
    let &['%', first, second, ..] = chars else { return false };
    let is_hex = first.is_ascii_hexdigit() && second.is_ascii_hexdigit();
    is_hex && ((first, second) == ('2', '0') || !first.is_numeric() || !second.is_numeric())
}

/// Returns the character that a reader takes `c` for.
fn read(c: char) -> char {
    if let Some(digit) = digit_value(c) {
        return char::from_digit(digit, 10).unwrap_or(c);
    }
    match c {
        'Ａ'..='Ｚ' | 'ａ'..='ｚ' => {
            char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c).to_ascii_uppercase()
        }
        _ => c.to_ascii_uppercase(),
    }
}

/// Returns whether a character is a line end or a tabulator.
#[must_use]
pub const fn is_line_end(c: char) -> bool {
    matches!(c, '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Returns whether a character is not seen: controls, joiners, marks of direction, tags, variation
/// selectors. A mark of direction turns around what a terminal shows.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    (c.is_control() && !is_line_end(c))
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Returns whether a character is drawn over the one before: accents, lines, circles.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{591}'..='\u{5bd}'
            | '\u{64b}'..='\u{65f}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{3099}'..='\u{309a}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Zeros of the scripts of Unicode 14 (category Nd); the digits 1 to 9 follow each.
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
    0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50,
    0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// Digits in a form of their own: first, last, value of the first.
const STYLED: [(char, char, u32); 16] = [
    ('¹', '¹', 1),
    ('²', '³', 2),
    ('⁰', '⁰', 0),
    ('⁴', '⁹', 4),
    ('₀', '₉', 0),
    ('①', '⑨', 1),
    ('⑴', '⑼', 1),
    ('⒈', '⒐', 1),
    ('⓪', '⓪', 0),
    ('⓵', '⓽', 1),
    ('⓿', '⓿', 0),
    ('❶', '❾', 1),
    ('➀', '➈', 1),
    ('➊', '➒', 1),
    ('\u{1f100}', '\u{1f100}', 0),
    ('\u{1f101}', '\u{1f10a}', 0),
];

/// Returns the value of a decimal digit of any script.
fn digit_value(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let code = u32::from(c);
    let zero = ZEROS[ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?];
    if code - zero < 10 {
        return Some(code - zero);
    }
    let styled = STYLED.iter().find(|(first, last, _)| (*first..=*last).contains(&c))?;
    Some(styled.2 + code - u32::from(styled.0))
}
