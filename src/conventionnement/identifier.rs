//! Reads numbers as people type them: trimmed and upper-cased. A missing digit is never added.

use noemie_parsers::types::{NumeroPs, Rpps, cle_type_1_2_valide};

/// A well-formed number of a professional or structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// Billing number or FINESS, 9 characters.
    Ps(NumeroPs),
    /// RPPS, 11 digits.
    Rpps(Rpps),
}

impl Number {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Ps(number) => number.as_str(),
            Self::Rpps(number) => number.as_str(),
        }
    }

    /// Returns whether the last character is the right key.
    pub(super) fn key_is_right(&self) -> bool {
        match self {
            Self::Ps(number) => number.cle_valide(),
            Self::Rpps(number) => number.cle_valide(),
        }
    }
}

/// Why a number is not well formed: a stable code and a sentence in French.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadShape {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// Returns whether a text has the shape of a domain code.
pub(super) fn is_domain(text: &str) -> bool {
    (2..=8).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Returns the text trimmed and in upper case.
pub(super) fn normalise(text: &str) -> String {
    text.trim().to_uppercase()
}

/// Returns the billing number, FINESS or RPPS of a text as typed.
pub(super) fn read_number(text: &str) -> Result<Number, BadShape> {
    let text = normalise(text);
    if text.len() == 11 && text.is_ascii() {
        return Rpps::from_bytes(text.as_bytes()).map(Number::Rpps).ok_or_else(|| {
            bad("IDENTIFIANT_CARACTERES", "Un RPPS est fait de 11 chiffres.".to_owned())
        });
    }
    read_ps(&text).map(Number::Ps)
}

/// Returns the billing number or FINESS of a text that is normalised already.
pub(super) fn read_ps(text: &str) -> Result<NumeroPs, BadShape> {
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
        return format!(" Un tableur a peut-être mangé le zéro de tête : {padded} ?");
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
pub(super) const WRONG_KEY: &str =
    "La clé de ce numéro (dernier caractère) est fausse : une erreur de saisie est probable.";

#[cfg(test)]
mod tests {
    use super::*;

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
