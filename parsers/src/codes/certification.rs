//! Top de certification of a lot (type 1, column 81): how the invoices were secured.
//!
//! Source: nomenclature `IR_TCR_V` of the SNDS (indsante/schema-snds, MPL-2.0), state of 2020; `S`,
//! `F` and `D` stand in the layout of 2007 too. `L` and `P` name invoices that may never travel in
//! a file.

/// Letters and labels, in alphabetical order.
const LETTERS: [(u8, &str); 7] = [
    (b'C', "B2 sécurisée, non chiffrée"),
    (b'D', "SESAM dégradé, sans carte Vitale, chiffrée avec la CPS"),
    (b'F', "SESAM sans carte Vitale, sécurisée et chiffrée"),
    (b'L', "Facture saisie en ligne"),
    (b'N', "Sans objet"),
    (b'P', "Facture SEFI+"),
    (b'S', "SESAM avec carte Vitale, sécurisée et chiffrée"),
];

/// Returns the French label of the letter; `None` for a blank and for a letter without a label.
#[must_use]
pub fn label(letter: u8) -> Option<&'static str> {
    LETTERS.iter().find(|(known, _)| *known == letter).map(|(_, label)| *label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_the_two_sources_have_a_label() {
        assert_eq!(label(b'F'), Some("SESAM sans carte Vitale, sécurisée et chiffrée"));
        assert_eq!((label(b' '), label(b'Z')), (None, None));
        assert!(LETTERS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
