//! Reads numbers as people type them. A missing digit of the number of a professional or structure
//! is never added, because two numbers may fit; a hint names the number that was perhaps meant.

use noemie_parsers::types::{NumeroPs, Rpps, cle_type_1_2_valide};

/// A well-formed number of a professional or structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    /// Billing number or FINESS, 9 characters.
    Ps(NumeroPs),
    /// RPPS, 11 digits.
    Rpps(Rpps),
}

impl Number {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Ps(number) => number.as_str(),
            Self::Rpps(number) => number.as_str(),
        }
    }

    /// Returns whether the last character is the right key.
    pub(crate) fn key_is_right(&self) -> bool {
        match self {
            Self::Ps(number) => number.cle_valide(),
            Self::Rpps(number) => number.cle_valide(),
        }
    }
}

/// Why a number is not well formed: a stable code and a sentence in French.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadShape {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// Returns whether a text has the shape of a domain code.
pub(crate) fn is_domain(text: &str) -> bool {
    (2..=8).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Returns the text trimmed and in upper case.
pub(crate) fn normalise(text: &str) -> String {
    text.trim().to_uppercase()
}

/// Returns the number as one word: without blanks, points and hyphens, in upper case.
pub(crate) fn compact(text: &str) -> String {
    let is_kept = |c: &char| !c.is_whitespace() && !matches!(c, '.' | '-');
    text.chars().filter(is_kept).collect::<String>().to_uppercase()
}

/// Returns an invoice number as it is stored: 9 digits, filled with zeros on the left.
pub(crate) fn invoice_number(text: &str) -> String {
    let number = compact(text);
    let is_short = number.len() < 9 && !number.is_empty();
    if is_short && number.bytes().all(|b| b.is_ascii_digit()) {
        format!("{number:0>9}")
    } else {
        number
    }
}

/// Returns what may be wrong with the number of a PS as typed, in French, from its form alone;
/// `None` when its form and its key are right.
pub(crate) fn ps_hint(text: &str) -> Option<String> {
    match read_ps(&compact(text)) {
        Err(shape) => Some(shape.message),
        Ok(number) if !number.cle_valide() => Some(WRONG_KEY.to_owned()),
        Ok(_) => None,
    }
}

/// Returns the billing number, FINESS or RPPS of a text as typed.
pub(crate) fn read_number(text: &str) -> Result<Number, BadShape> {
    let text = normalise(text);
    if text.len() == 11 && text.is_ascii() {
        return Rpps::from_bytes(text.as_bytes()).map(Number::Rpps).ok_or_else(|| {
            bad("IDENTIFIANT_CARACTERES", "Un RPPS est fait de 11 chiffres.".to_owned())
        });
    }
    read_ps(&text).map(Number::Ps)
}

/// Returns the billing number or FINESS of a text that is normalised already.
pub(crate) fn read_ps(text: &str) -> Result<NumeroPs, BadShape> {
    if text.is_empty() {
        return Err(bad("IDENTIFIANT_ABSENT", "Le numéro est absent.".to_owned()));
    }
    if text.chars().count() != 9 {
        return Err(bad(
            "IDENTIFIANT_LONGUEUR",
            format!(
                "Un numéro a 9 caractères (11 pour un RPPS) ; celui-ci en a {}.{}",
                text.chars().count(),
                hint(text)
            ),
        ));
    }
    NumeroPs::from_bytes(text.as_bytes()).ok_or_else(|| {
        bad(
            "IDENTIFIANT_CARACTERES",
            "Un numéro est fait de chiffres, sauf le deuxième caractère \
            qui peut être A ou B (Corse)."
                .to_owned(),
        )
    })
}

/// Returns a question about the digit that a number of 8 characters may lack: the leading zero, or
/// the key. Empty when neither makes a valid number.
fn hint(text: &str) -> String {
    if text.len() != 8 || !text.is_ascii() {
        return String::new();
    }
    let padded = format!("0{text}");
    if NumeroPs::from_bytes(padded.as_bytes()).is_some_and(|number| number.cle_valide()) {
        return format!(" Le zéro de tête a peut-être été supprimé par un tableur : {padded} ?");
    }
    let with_key = (0..10)
        .map(|key| format!("{text}{key}"))
        .find(|number| cle_type_1_2_valide(number.as_bytes()));
    with_key.map_or_else(String::new, |number| format!(" La clé manque peut-être : {number} ?"))
}

const fn bad(code: &'static str, message: String) -> BadShape {
    BadShape { code, message }
}

/// Message about a number whose key is wrong.
pub(crate) const WRONG_KEY: &str =
    "La clé de ce numéro (dernier caractère) est fausse : une erreur de saisie est probable.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_understood_as_people_type_them() {
        assert_eq!(compact(" 99 200.123-0 "), "992001230");
        assert_eq!(invoice_number("123"), "000000123");
        assert_eq!(invoice_number("000 355 001"), "000355001");
        assert_eq!(invoice_number("12A"), "12A", "no number");
        assert_eq!(ps_hint("992 001 230"), None);
        assert!(ps_hint("99200123").is_some_and(|hint| hint.starts_with("Un numéro a 9")));
        assert_eq!(ps_hint("992001231").as_deref(), Some(WRONG_KEY));
    }

    #[test]
    fn numbers_are_trimmed_and_upper_cased() {
        assert_eq!(read_number(" 2a0000014 ").expect("well formed").as_str(), "2A0000014");
        assert!(matches!(read_number("10999999997"), Ok(Number::Rpps(_))));
    }

    #[test]
    fn nothing_is_padded_but_the_loss_is_named() {
        let eaten = read_number("10002301").expect_err("eight characters");
        assert_eq!(eaten.code, "IDENTIFIANT_LONGUEUR");
        assert!(eaten.message.contains("010002301"), "{}", eaten.message);
        let keyless = read_number("99200136").expect_err("eight characters");
        assert!(keyless.message.contains("992001362"), "{}", keyless.message);
    }

    #[test]
    fn bad_shapes_have_codes() {
        for (text, code) in [
            ("", "IDENTIFIANT_ABSENT"),
            ("12345", "IDENTIFIANT_LONGUEUR"),
            ("99C001362", "IDENTIFIANT_CARACTERES"),
            ("é92001362", "IDENTIFIANT_CARACTERES"),
            ("1234567890A", "IDENTIFIANT_CARACTERES"),
        ] {
            assert_eq!(read_number(text).expect_err(text).code, code, "{text}");
        }
    }
}
