//! Decodes the bytes of a zone for a reader: amounts in euros, dates JJ/MM/AAAA, text trimmed.

use noemie_parsers::layout::{Picture, Zone};
use noemie_parsers::picture;
use noemie_parsers::types::Date;

/// Returns the value of a zone: empty when the zone is blank, `illisible` when its bytes do not fit
/// its picture.
pub(crate) fn value(zone: &Zone, bytes: &[u8]) -> String {
    let decoded = match zone.picture {
        Picture::Montant => picture::montant(bytes).map(|m| m.map(|m| format!("{m} €"))),
        Picture::Decimal(places) => picture::nombre(bytes).map(|n| n.map(|n| decimal(n, places))),
        Picture::Aammjj => picture::aammjj(bytes).map(|d| d.map(day)),
        Picture::Jjmmaa => picture::jjmmaa(bytes).map(|d| d.map(day)),
        Picture::Aaaammjj => picture::aaaammjj(bytes).map(|d| d.map(day)),
        Picture::Aammjjhh => {
            picture::aammjjhh(bytes).map(|d| d.map(|(d, hour)| format!("{} {hour:02}h", day(d))))
        }
        Picture::Hhmm => {
            picture::nombre(bytes).map(|n| n.map(|n| format!("{:02}:{:02}", n / 100, n % 100)))
        }
        // The digits of a number are also those of an identifier: shown as sent.
        Picture::N | Picture::PersoN => Ok(Some(visible(bytes).trim().to_owned())),
        Picture::X
        | Picture::Acte
        | Picture::Nir
        | Picture::Perso
        | Picture::Nom
        | Picture::Naissance
        | Picture::Libre => Ok(Some(visible(bytes).trim().to_owned())),
    };
    match decoded {
        Ok(value) => value.unwrap_or_default(),
        Err(_) => "illisible".to_owned(),
    }
}

fn decimal(n: u64, places: u8) -> String {
    let unit = 10u64.pow(u32::from(places));
    format!("{},{:0width$}", n / unit, n % unit, width = usize::from(places))
}

/// Returns a date as JJ/MM/AAAA.
pub(crate) fn day(date: Date) -> String {
    format!("{:02}/{:02}/{:04}", date.jour(), date.mois(), date.annee())
}

/// Returns one character for each byte: Latin-1 where it has a glyph, a dot elsewhere. So columns
/// keep their numbers, and no control byte reaches a terminal.
pub(crate) fn visible(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|b| {
            if matches!(b, 0x20..=0x7e | 0xa1..=0xac | 0xae..=0xff) { char::from(*b) } else { '·' }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use noemie_parsers::b2::t4::ps;

    #[track_caller]
    fn check(zone: &Zone, bytes: &[u8], expect: &str) {
        assert_eq!(value(zone, bytes), expect);
    }

    #[test]
    fn amounts_dates_and_numbers() {
        check(&ps::PRIX_UNITAIRE, b"0012345", "123,45 €");
        check(&ps::PRIX_UNITAIRE, b"O012345", "illisible");
        check(&ps::PRIX_UNITAIRE, b"       ", "");
        check(&ps::COEFFICIENT, b"000150", "1,50");
        check(&ps::DATE_SOINS_DELIVRANCE, b"260201", "01/02/2026");
        check(&ps::DATE_SOINS_DELIVRANCE, b"260230", "illisible");
        check(&ps::CODE_ACTE, b"PH7  ", "PH7");
        check(&ps::TAUX, b"065", "065");
    }

    #[test]
    fn control_bytes_never_reach_a_terminal() {
        assert_eq!(visible(b"A\x1b[0m\x80\xd4"), "A·[0m·Ô");
    }
}
