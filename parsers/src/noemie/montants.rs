//! Amounts of entities: unsigned digits and a sign in another zone, and which of them are money
//! paid.

use super::{e198, e199, e250, e261, e990};
use crate::picture;
use crate::types::Montant;

/// Whether a sign zone is one the norm knows: P, N, or blank (seen where the amount is zero).
pub(super) fn signe_connu(signe: &[u8]) -> bool {
    matches!(signe, b"P" | b"N" | b" ")
}

/// A signed amount in centimes; zero when the zone is blank; `None` when it cannot be read.
pub(super) fn signe(montant: &[u8], signe: &[u8]) -> Option<Montant> {
    let montant = picture::montant(montant).ok()?.unwrap_or_default();
    signe_connu(signe).then(|| if signe == b"N" { -montant } else { montant })
}

/// The signed sum of a 990, in centimes; `None` when the zone is blank or cannot be read, so that it
/// says nothing.
pub(super) fn cumul(octets: &[u8]) -> Option<Montant> {
    use e990::layout as t;
    picture::montant(t::CUMUL_MONTANTS.of(octets)).ok()??;
    signe(t::CUMUL_MONTANTS.of(octets), t::SIGNE.of(octets))
}

/// What an entity pays, in centimes, signed; zero when it pays nothing; `None` when its amount
/// cannot be read.
///
/// The sums of 990 and 999 are sums of this (198, 199, 261 and 250; source: the samples, confidence
/// L).
pub(super) fn verse(code: &[u8], octets: &[u8]) -> Option<Montant> {
    match code {
        b"198" => signe(e198::layout::MONTANT_AMO_PAYE.of(octets), e198::layout::SIGNE.of(octets)),
        b"199" => signe(e199::layout::MONTANT_AMC_PAYE.of(octets), e199::layout::SIGNE.of(octets)),
        b"250" => signe(e250::layout::MONTANT_MOUVEMENT.of(octets), e250::layout::SIGNE.of(octets)),
        b"261" => signe(e261::layout::MONTANT.of(octets), b"P"),
        _ => Some(Montant::ZERO),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs() {
        let centimes = |m: &[u8], s: &[u8]| signe(m, s).map(Montant::centimes);
        assert_eq!(centimes(b"00004250", b"N"), Some(-4250));
        assert_eq!(centimes(b"00004250", b"P"), Some(4250));
        assert_eq!(centimes(b"        ", b" "), Some(0));
        assert_eq!(centimes(b"00004250", b"X"), None);
        assert_eq!(centimes(b"0000A250", b"P"), None);
    }

    #[test]
    fn a_blank_sum_says_nothing() {
        let fin = |cumul: &str, signe: char| format!("99003{:17}{:08}{cumul}{signe}@", "", 1);
        let lue = |fin: String| cumul(fin.as_bytes()).map(Montant::centimes);
        assert_eq!(lue(fin("00000004250", 'P')), Some(4250));
        assert_eq!(lue(fin("00000004250", 'N')), Some(-4250));
        assert_eq!(lue(fin("00000000000", ' ')), Some(0));
        assert_eq!(lue(fin("           ", ' ')), None);
        assert_eq!(lue(fin("0000000A250", 'P')), None);
    }

    #[test]
    fn what_pays() {
        let retenue = b"2509901DET0000002241225INDRPR00004250N00001500@";
        assert_eq!(verse(b"250", retenue).map(Montant::centimes), Some(-4250));
        assert_eq!(verse(b"261", b"261990000100004200@").map(Montant::centimes), Some(4200));
        assert_eq!(verse(b"150", b"15004AS@"), Some(Montant::ZERO));
    }
}
