//! Caisses: the organisms that pay the AMO part.

/// Grand regime and number of a caisse: 2 and 3 digits. The centre is left out, because a caisse
/// pays for each of its centres.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Caisse(String);

/// Lengths of a number with regime (2), caisse (3) and perhaps centre (3 or 4 digits).
const LENGTHS: [usize; 3] = [5, 8, 9];

/// Zeros before regime, caisse and centre in the number of a sender (000, columns 6 to 19).
const ZEROS_OF_SENDER: &str = "000000";

/// Regimes that manage rights of the general scheme: a caisse of one regime may pay for one of
/// another.
const GENERAL_SCHEME: [&str; 8] = ["01", "03", "91", "92", "93", "94", "95", "96"];

/// Grand regime of an unknown caisse.
const UNKNOWN_REGIME: &str = "99";

/// Kinds of sender (000, columns 4 and 5) whose number is that of one caisse. The computing centre
/// `CT` sends the files of several caisses, and `CR` has numbers of its own.
const CAISSES: [&str; 16] = [
    "CP", "MA", "SR", "CM", "CF", "RP", "EN", "RM", "CE", "CC", "AN", "SE", "BF", "CI", "PB", "SM",
];

impl Caisse {
    /// Returns the caisse of a number that begins with regime and caisse; `None` for any other text
    /// and for a regime or caisse of zeros.
    #[must_use]
    pub fn of_number(number: &str) -> Option<Self> {
        let number = number.trim();
        let is_number = number.bytes().all(|b| b.is_ascii_digit());
        if !is_number || !LENGTHS.contains(&number.len()) {
            return None;
        }
        let (regime, caisse) = (number.get(..2)?, number.get(2..5)?);
        let is_named = regime != "00" && regime != UNKNOWN_REGIME && caisse != "000";
        is_named.then(|| Self(number[..5].to_owned()))
    }

    /// Returns the caisse that pays in a file of this kind of sender: that of the payer of the 071,
    /// else the sender. `None` where the sender is no caisse, because the numbers of insurers and
    /// of concentrators may look like that of a caisse.
    #[must_use]
    pub fn of_file(kind_of_sender: &str, sender: &str, payer: &str) -> Option<Self> {
        if !CAISSES.contains(&kind_of_sender) {
            return None;
        }
        if payer.trim().is_empty() {
            return Self::of_number(sender.strip_prefix(ZEROS_OF_SENDER)?);
        }
        Self::of_number(payer)
    }

    /// Returns the caisse that was stored as text; `None` for an empty text.
    #[must_use]
    pub fn stored(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// Returns regime and number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether this caisse may pay what was asked of another one: the two are one, or
    /// manage the general scheme under different regimes.
    #[must_use]
    pub fn may_pay_for(&self, asked: &Self) -> bool {
        let (regime, of_asked) = (self.regime(), asked.regime());
        let is_general = |regime| GENERAL_SCHEME.contains(&regime);
        self == asked || (regime != of_asked && is_general(regime) && is_general(of_asked))
    }

    fn regime(&self) -> &str {
        self.0.get(..2).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caisse(number: &str) -> Caisse {
        Caisse::of_number(number).expect("a caisse")
    }

    #[test]
    fn regime_and_caisse_are_read_with_and_without_centre() {
        for number in ["01999", "01999     ", "01999000", "019990000"] {
            assert_eq!(caisse(number).as_str(), "01999", "{number}");
        }
        for number in ["", "0099900011", "99900011", "00000", "01000", "0199X", "992001230 1"] {
            assert_eq!(Caisse::of_number(number), None, "{number}");
        }
    }

    #[test]
    fn the_payer_of_a_file_is_that_of_the_071_else_the_sender() {
        let of = |kind, sender, payer| {
            Caisse::of_file(kind, sender, payer).map(|caisse| caisse.as_str().to_owned())
        };
        assert_eq!(of("CP", "00000001999000", "01751     ").as_deref(), Some("01751"));
        assert_eq!(of("CP", "00000001999000", "").as_deref(), Some("01999"));
        assert_eq!(of("CP", "00000001999000", "CPAM DE L "), None, "a name says nothing");
        assert_eq!(of("CP", "00000992003251", ""), None, "a number of another length");
        assert_eq!(of("OC", "00000012345678", ""), None, "the number of an insurer");
        assert_eq!(of("CT", "00000001999000", "01999"), None, "a computing centre");
    }

    #[test]
    fn caisses_of_the_general_scheme_pay_for_one_another_under_other_regimes_only() {
        assert!(caisse("01999").may_pay_for(&caisse("01999")));
        assert!(!caisse("01751").may_pay_for(&caisse("01999")));
        assert!(!caisse("02999").may_pay_for(&caisse("01999")));
        assert!(caisse("01751").may_pay_for(&caisse("91811")));
    }
}
