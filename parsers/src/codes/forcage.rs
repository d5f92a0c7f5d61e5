//! Indicateur de forçage: what the professional changed by hand in the data of the card.
//!
//! Source: nomenclature `IR_VIT_V` of the SNDS (indsante/schema-snds, MPL-2.0), state of 2020. Its
//! title names SESAM-Vitale; that type 2 PS column 38, 4S columns 71 and 100 and 2M column 94 use
//! this list is likely for the AMO zones and not proved for those of the AMC.

/// Letters, their labels, and whether the data of the complementary insurer were changed.
const LETTERS: [(u8, &str, bool); 17] = [
    (b'A', "Exonération ALD saisie ou prolongée", false),
    (b'D', "Période ou garanties de la complémentaire modifiées", true),
    (b'G', "Période ou garanties et droits de la complémentaire modifiés", true),
    (b'H', "Numéro de mutuelle et droits de la complémentaire modifiés", true),
    (b'I', "Exonération ALD, période ou garanties de la complémentaire modifiées", true),
    (b'J', "Exonération ALD et numéro de mutuelle modifiés", true),
    (b'M', "Fin de l'exonération maternité modifiée", false),
    (b'N', "Numéro de mutuelle saisi ou modifié", true),
    (b'O', "Garanties de la complémentaire et fin de l'exonération maternité modifiées", true),
    (b'P', "Fin de l'exonération maternité et numéro de mutuelle modifiés", true),
    (b'R', "Fin de l'exonération maternité et droits de la complémentaire modifiés", true),
    (b'S', "Droits à la complémentaire saisis ou prolongés", true),
    (b'T', "Table du parcours de soins modifiée", false),
    (b'U', "Table des régimes à taux particuliers modifiée", false),
    (b'W', "Table des natures d'assurance (AT, accidents de la vie privée) modifiée", false),
    (b'Y', "Tiers payant de la part AMO malgré des droits de base fermés", false),
    (b'Z', "Table de la nature d'assurance SMG (CNMSS) modifiée", false),
];

/// Returns the French label of the letter; `None` for a letter without a label.
#[must_use]
pub fn label(letter: u8) -> Option<&'static str> {
    entry(letter).map(|(_, label, _)| *label)
}

/// Returns whether the letter says that the professional typed data of the complementary insurer
/// by hand: `D G H I J N O P R S`. The risk of a reject by the AMC is higher.
#[must_use]
pub fn forces_complementary(letter: u8) -> bool {
    entry(letter).is_some_and(|(_, _, complementary)| *complementary)
}

fn entry(letter: u8) -> Option<&'static (u8, &'static str, bool)> {
    LETTERS.iter().find(|(known, ..)| *known == letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_letters_change_the_data_of_the_complementary_insurer() {
        let forced: Vec<u8> = (0..=255).filter(|letter| forces_complementary(*letter)).collect();
        assert_eq!(forced, b"DGHIJNOPRS");
        assert_eq!(label(b'N'), Some("Numéro de mutuelle saisi ou modifié"));
        assert_eq!(label(b'B'), None);
    }
}
