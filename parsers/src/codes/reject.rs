//! Codes of rejects that payers are seen to send, with family, label and validity.
//!
//! Three lists: the codes of an insurer's program for invoices from concentrators (labels of this
//! project), those of a CPAM memo for orthoptists (AMO, seven digits: data concerned and control),
//! and the renumbering of the caisses that the CNAM announced for "jeudi 3 octobre" (2024 fits
//! best). The list that all insurers share since 2016 is not public.

use super::Validity;
use super::amo_anomaly;
use super::family::RejectFamily;
use crate::types::Date;

/// Payer that sends a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Issuer {
    /// Complementary insurer.
    Amc,
    /// Caisse, before the renumbering.
    AmoBefore2024,
    /// Caisse, since the renumbering.
    AmoSince2024,
}

/// A code of a reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RejectCode {
    /// Code as written in lists: three digits (AMC), or four and three with a blank (AMO).
    pub code: &'static str,
    /// Payer.
    pub issuer: Issuer,
    /// Family.
    pub family: RejectFamily,
    /// French label.
    pub label: &'static str,
}

impl RejectCode {
    /// Returns the days on which payers send the code.
    #[must_use]
    pub fn validity(&self) -> Validity {
        match self.issuer {
            Issuer::Amc => Validity::default(),
            Issuer::AmoBefore2024 => Validity { from: None, until: Date::new(2024, 10, 2) },
            Issuer::AmoSince2024 => Validity { from: Date::new(2024, 10, 3), until: None },
        }
    }
}

const fn amc(code: &'static str, family: RejectFamily, label: &'static str) -> RejectCode {
    RejectCode { code, issuer: Issuer::Amc, family, label }
}

const fn amo(code: &'static str, family: RejectFamily, label: &'static str) -> RejectCode {
    RejectCode { code, issuer: Issuer::AmoBefore2024, family, label }
}

/// The codes: those of insurers, then those of the AMO, in order.
pub const CODES: [RejectCode; 17] = [
    amc("122", RejectFamily::Rights, "Garantie non active ou acte non couvert à la date des soins"),
    amc("125", RejectFamily::Tariff, "Acte inconnu"),
    amc(
        "413",
        RejectFamily::Complementary,
        "Absence d'attestation de tiers payant (avant juin 2006)",
    ),
    amc("651", RejectFamily::Complementary, "Absence d'attestation de tiers payant pour cet acte"),
    amc("697", RejectFamily::Duplicate, "Facture déjà réglée au professionnel"),
    amc("705", RejectFamily::PriorAgreement, "Prise en charge inconnue"),
    amc("706", RejectFamily::PriorAgreement, "Prise en charge close ou périmée"),
    amc("707", RejectFamily::PriorAgreement, "Montant différent de celui de la prise en charge"),
    amc("900", RejectFamily::Other, "Rejet technique"),
    RejectCode {
        issuer: Issuer::AmoSince2024,
        ..amo(
            "0009 816",
            RejectFamily::Exemption,
            "ALD inconnue en base (prise en charge possible sur motif du FSV)",
        )
    },
    amo("0250 050", RejectFamily::Rights, "Assuré absent du référentiel"),
    amo("0317 051", RejectFamily::Rights, "Incompatibilité avec la nature d'assurance"),
    amo("0450 054", RejectFamily::Exemption, "Exonération non trouvée dans la base de la caisse"),
    amo(
        "0450 072",
        RejectFamily::Exemption,
        "Exonération absente du fichier de la caisse à la date des soins",
    ),
    amo(
        "0460 053",
        RejectFamily::Prescription,
        "Établissement prescripteur inconnu au fichier national",
    ),
    amo("0470 049", RejectFamily::Prescription, "Prescription interdite à cette date"),
    amo("2900 005", RejectFamily::Duplicate, "Facture déjà payée"),
];

/// Returns the entry of a code in any of its written forms: `122`, `000122`, `AAA000122R`,
/// `0250 050`, `0250-050`, `0250050`.
#[must_use]
pub fn reject_code(code: &str) -> Option<&'static RejectCode> {
    let wanted = canonical(code);
    CODES.iter().find(|entry| canonical(entry.code) == wanted)
}

/// Returns the family of a reason: that of its code in the tables, else the one that the words of
/// its label tell.
#[must_use]
pub fn family(code: &str, label: &str) -> RejectFamily {
    if let Some(entry) = reject_code(code) {
        return entry.family;
    }
    match amo_anomaly::anomaly(code.trim()).map(|entry| entry.family) {
        Some(family) if family != RejectFamily::Other => family,
        _ => RejectFamily::of_label(label),
    }
}

/// Returns the form in which codes are compared: capitals, blanks, dashes and the leading zeros of
/// insurers' codes do not count; `AAA000122R` is the code `122`.
#[must_use]
pub fn canonical(code: &str) -> String {
    let is_kept = |c: &char| !c.is_whitespace() && *c != '-';
    let code: String = code.chars().filter(is_kept).collect::<String>().to_uppercase();
    let digits = match code.strip_prefix("AAA").and_then(|rest| rest.strip_suffix('R')) {
        Some(digits) if digits.len() == 6 => digits,
        _ => &code,
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number {
        return code;
    }
    // The codes of the AMO have seven digits, the first of which may be 0.
    let kept = if digits.len() > 6 { digits } else { digits.trim_start_matches('0') };
    kept.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_each_of_its_forms() {
        for code in ["122", "000122", "AAA000122R", " 122 ", "aaa000122r"] {
            assert_eq!(reject_code(code).map(|entry| entry.code), Some("122"), "{code}");
        }
        for code in ["0250 050", "0250-050", "0250050"] {
            assert_eq!(reject_code(code).map(|entry| entry.code), Some("0250 050"), "{code}");
        }
        for code in ["", "AAA122R", "1220", "AAA000122S", "250050"] {
            assert_eq!(reject_code(code), None, "{code}");
        }
    }

    #[test]
    fn the_renumbering_divides_the_codes_of_the_amo() {
        let day = |year, month, day| Date::new(year, month, day).expect("a date");
        let holds = |code, on| reject_code(code).is_some_and(|entry| entry.validity().includes(on));
        assert!(holds("0450 054", day(2024, 10, 2)) && !holds("0450 054", day(2024, 10, 3)));
        assert!(!holds("0009 816", day(2024, 10, 2)) && holds("0009 816", day(2024, 10, 3)));
        assert!(holds("122", day(2006, 1, 1)) && holds("122", day(2026, 1, 1)));
    }

    #[test]
    fn a_family_comes_from_the_code_and_else_from_the_label() {
        assert_eq!(family("AAA000697R", ""), RejectFamily::Duplicate);
        assert_eq!(family("I1002", ""), RejectFamily::Rights);
        assert_eq!(family("9999 999", "Droits fermés"), RejectFamily::Rights);
        assert_eq!(family("R0101", "Prescripteur inconnu"), RejectFamily::Prescription);
        assert_eq!(family("NON_CONVENTIONNE", ""), RejectFamily::Other);
    }

    #[test]
    fn labels_agree_with_the_family_of_their_code() {
        for entry in &CODES {
            let told = RejectFamily::of_label(entry.label);
            assert!(
                told == entry.family || told == RejectFamily::Other,
                "{}: {told:?}",
                entry.code
            );
        }
    }
}
