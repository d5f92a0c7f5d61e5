//! The NIR (numero d'inscription au repertoire) and its key.

use std::fmt;

/// A NIR: 13 characters, digits but for `2A` / `2B` of Corsica at 6-7. Never printed.
///
/// Source: B2 type 2, columns 12-24. The number is kept as sent: provisional (555555) and anonymous
/// numbers are accepted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nir([u8; 13]);

/// The key of a NIR, 1 to 97.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CleNir(u8);

impl Nir {
    /// Reads 13 bytes; `None` when they are not digits with an optional Corsican letter.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let raw: [u8; 13] = bytes.try_into().ok()?;
        let well_formed = raw.iter().enumerate().all(|(i, b)| {
            b.is_ascii_digit() || (i == 6 && matches!(b, b'A' | b'B') && raw[5] == b'2')
        });
        well_formed.then_some(Self(raw))
    }

    /// The 13 characters. The caller is responsible for where they go.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).expect("13 ASCII characters, checked at construction")
    }

    /// `97 - (NIR mod 97)`, Corsica read as 19 (2A) or 18 (2B): control C10.
    #[must_use]
    pub fn cle(&self) -> CleNir {
        let mut n: u64 = 0;
        for (i, b) in self.0.iter().enumerate() {
            let digit = match (i, b) {
                (5, b'2') if self.0[6] == b'A' || self.0[6] == b'B' => 1,
                (6, b'A') => 9,
                (6, b'B') => 8,
                _ => u64::from(b - b'0'),
            };
            n = n * 10 + digit;
        }
        CleNir(u8::try_from(97 - n % 97).expect("1 to 97"))
    }
}

impl CleNir {
    /// Reads the two digits of a key, 01 to 97.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [a @ b'0'..=b'9', b @ b'0'..=b'9'] => {
                let n = (a - b'0') * 10 + (b - b'0');
                (1..=97).contains(&n).then_some(Self(n))
            }
            _ => None,
        }
    }

    /// The key as a number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for Nir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nir(*************)")
    }
}

impl fmt::Display for Nir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("*************")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(nir: &str, key: u8) {
        assert_eq!(Nir::from_bytes(nir.as_bytes()).expect("well formed").cle().get(), key);
    }

    #[test]
    fn keys_of_mainland_and_corsica() {
        check("1850760057018", 18);
        check("1800299999187", 92);
        check("292082A999001", 53);
    }

    #[test]
    fn a_letter_elsewhere_is_refused() {
        assert!(Nir::from_bytes(b"18507A0057018").is_none());
        assert!(Nir::from_bytes(b"185071A057018").is_none());
        assert!(Nir::from_bytes(b"185076005701").is_none());
    }

    #[test]
    fn it_never_prints_itself() {
        let nir = Nir::from_bytes(b"1850760057018").expect("well formed");
        assert!(!format!("{nir:?}{nir}").contains("185"));
    }
}
