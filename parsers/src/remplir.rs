//! Filling the bytes of a zone: numbers on the right with zeros, text on the left with blanks,
//! capitals without accents.
//!
//! The writers of both norms stand on these leaves. They know lengths, not pictures nor tables.

use crate::types::cle_type_1_2_valide;

/// Characters on the right, zeros before them. `false`, and nothing written, when they do not fit.
#[must_use]
pub fn a_droite(place: &mut [u8], caracteres: &[u8]) -> bool {
    let Some(vide) = place.len().checked_sub(caracteres.len()) else { return false };
    place[..vide].fill(b'0');
    place[vide..].copy_from_slice(caracteres);
    true
}

/// A number on the right, zeros before it. `false` when it does not fit; the zone then holds its
/// last digits.
#[must_use]
pub fn nombre(place: &mut [u8], valeur: u64) -> bool {
    let mut reste = valeur;
    for case in place.iter_mut().rev() {
        *case = b'0' + u8::try_from(reste % 10).unwrap_or_default();
        reste /= 10;
    }
    reste == 0
}

/// Text on the left, blanks behind it. `false` when it was cut.
pub fn a_gauche(place: &mut [u8], texte: &[u8]) -> bool {
    let n = texte.len().min(place.len());
    place[..n].copy_from_slice(&texte[..n]);
    place[n..].fill(b' ');
    n == texte.len()
}

/// The key type 1-2 of a number without its key (control C12: Luhn, A = 1, B = 2); `None` when it
/// holds another character.
#[must_use]
pub fn cle_type_1_2(numero: &[u8]) -> Option<u8> {
    let mut avec = numero.to_vec();
    avec.push(b'0');
    (b'0'..=b'9').find(|cle| {
        if let Some(dernier) = avec.last_mut() {
            *dernier = *cle;
        }
        cle_type_1_2_valide(&avec)
    })
}

/// Capitals without accents; what has no place in a flat file, `@` of NOEMIE first, becomes a
/// blank.
#[must_use]
pub fn capitales(texte: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(texte.len());
    for c in texte.chars().flat_map(char::to_uppercase) {
        match c {
            '@' => octets.push(b' '),
            ' '..='~' => octets.push(u8::try_from(c).expect("ASCII")),
            'À' | 'Á' | 'Â' | 'Ã' | 'Ä' | 'Å' => octets.push(b'A'),
            'Ç' => octets.push(b'C'),
            'È' | 'É' | 'Ê' | 'Ë' => octets.push(b'E'),
            'Ì' | 'Í' | 'Î' | 'Ï' => octets.push(b'I'),
            'Ñ' => octets.push(b'N'),
            'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ö' => octets.push(b'O'),
            'Ù' | 'Ú' | 'Û' | 'Ü' => octets.push(b'U'),
            'Ÿ' | 'Ý' => octets.push(b'Y'),
            'Æ' => octets.extend_from_slice(b"AE"),
            'Œ' => octets.extend_from_slice(b"OE"),
            '’' => octets.push(b'\''),
            _ => octets.push(b' '),
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_say_when_they_do_not_fit() {
        let mut zone = *b"xxxx";
        assert!(nombre(&mut zone, 42) && zone == *b"0042");
        assert!(!nombre(&mut zone, 12_345));
        assert!(a_droite(&mut zone, b"2A1") && zone == *b"02A1");
        assert!(!a_droite(&mut zone, b"12345") && zone == *b"02A1");
        assert!(a_gauche(&mut zone, b"AB") && zone == *b"AB  ");
        assert!(!a_gauche(&mut zone, b"ABCDE") && zone == *b"ABCD");
    }

    #[test]
    fn the_key_completes_the_number() {
        assert_eq!(cle_type_1_2(b"76031208"), Some(b'2'));
        assert_eq!(cle_type_1_2(b"2A000001"), Some(b'4'));
        assert_eq!(cle_type_1_2(b"7603120-"), None);
    }

    #[test]
    fn accents_are_lost() {
        assert_eq!(capitales("Œuvre déjà@"), b"OEUVRE DEJA ");
        assert_eq!(
            capitales("Ægir, çà Îlot ñandú ôté Ülrich Ÿ"),
            b"AEGIR, CA ILOT NANDU OTE ULRICH Y"
        );
        // What has no place becomes one blank: columns stay columns.
        assert_eq!(capitales("L’été€\t"), b"L'ETE  ");
    }
}
