//! Code norme of a lot (type 1, columns 79-80): the profession that made the invoices.
//!
//! Source: column `DCT_ENT_CB2` of nomenclature `IR_SAF_V` of the SNDS (indsante/schema-snds,
//! MPL-2.0), state of 2020, equal in all regimes; `ES` comes from the DRE of establishments (ROC).
//! The category is the third digit of the billing number.

/// A code norme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NormCode {
    /// Two letters, as written.
    pub code: &'static str,
    /// Profession that writes the code, in French.
    pub who: &'static str,
    /// Categories of billing numbers (third digit) that go with it.
    pub categories: &'static [u8],
    /// Code of today of an older spelling.
    pub now: Option<&'static str>,
}

const fn code(code: &'static str, who: &'static str, categories: &'static [u8]) -> NormCode {
    NormCode { code, who, categories, now: None }
}

/// The codes, in alphabetical order. `AX` and `TR` are seen in files and kept as older spellings.
pub const CODES: [NormCode; 16] = [
    NormCode { now: Some("IF"), ..code("AX", "infirmiers et auxiliaires (ancien code)", b"6789") },
    code("CP", "cliniques, hôpitaux, facturation directe des établissements publics", b"0"),
    code("CS", "centres de santé", b"0"),
    code("CT", "établissements thermaux", b"0"),
    code("ER", "médecins, dentistes, sages-femmes", b"145"),
    code("ES", "établissements (DRE, ROC)", b"0"),
    code("FR", "fournisseurs (LPP, optique, audioprothèse)", b"2"),
    code("IF", "infirmiers", b"6"),
    code("LB", "laboratoires", b"3"),
    code("MK", "masseurs-kinésithérapeutes", b"7"),
    code("OO", "orthophonistes", b"9"),
    code("OY", "orthoptistes", b"9"),
    code("PE", "pédicures-podologues", b"8"),
    code("PH", "pharmaciens", b"2"),
    code("TA", "transporteurs", b"2"),
    NormCode { now: Some("TA"), ..code("TR", "transporteurs (ancien code)", b"2") },
];

/// Returns the entry of the two letters; `None` for a code that the list does not have.
#[must_use]
pub fn norm_code(letters: &str) -> Option<&'static NormCode> {
    CODES.iter().find(|entry| entry.code == letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_spellings_name_the_code_of_today() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
        for entry in CODES.iter().filter_map(|entry| entry.now) {
            assert!(norm_code(entry).is_some_and(|today| today.now.is_none()), "{entry}");
        }
        assert_eq!(norm_code("PH").map(|entry| entry.categories), Some(&b"2"[..]));
        assert_eq!(norm_code("ZZ"), None);
    }
}
