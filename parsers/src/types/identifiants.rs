//! Numbers of professionals, structures and insurers, and their common key.

use std::fmt;

/// Whether a number with its key passes the "cle type 1-2" (Luhn over the whole number, A = 1, B =
/// 2): control C12.
///
/// `false` for an empty number or any other character.
#[must_use]
pub fn cle_type_1_2_valide(number: &[u8]) -> bool {
    let mut sum = 0u32;
    for (rank, byte) in number.iter().rev().enumerate() {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A' => 1,
            b'B' => 2,
            _ => return false,
        };
        let weighted = if rank % 2 == 1 { value * 2 } else { value };
        sum += if weighted > 9 { weighted - 9 } else { weighted };
    }
    !number.is_empty() && sum.is_multiple_of(10)
}

/// Defines an identifier of fixed length kept as ASCII text.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $len:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Reads the exact bytes; `None` when they are not well formed. The key is not checked
            /// here.
            #[must_use]
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                let raw: [u8; $len] = bytes.try_into().ok()?;
                let accepts: fn(usize, u8) -> bool = $accepts;
                raw.iter().enumerate().all(|(i, b)| accepts(i, *b)).then_some(Self(raw))
            }

            /// The characters.
            #[must_use]
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.0).expect("ASCII, checked at construction")
            }

            /// Whether its last character is the right key (cle type 1-2).
            #[must_use]
            pub fn cle_valide(&self) -> bool {
                cle_type_1_2_valide(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.as_str())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

identifier! {
    /// Number of a professional or structure with its key: billing number ("numero AM") or FINESS,
    /// 9 characters.
    ///
    /// Third character `0`: a FINESS (establishment); `1` to `9`: a billing number of a
    /// professional or supplier.
    NumeroPs, 9, |i, b| b.is_ascii_digit() || (i == 1 && matches!(b, b'A' | b'B'))
}

identifier! {
    /// RPPS of a person, 11 digits, the last one its key.
    Rpps, 11, |_, b| b.is_ascii_digit()
}

impl NumeroPs {
    /// Whether it is a FINESS by its third character, and not a billing number.
    #[must_use]
    pub const fn is_finess(&self) -> bool {
        self.0[2] == b'0'
    }
}

/// Number of a complementary insurer (AMC) as exchanged: 10 characters, zero-filled on the left (B2
/// type 2, columns 119-128).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NumeroAmc([u8; 10]);

impl NumeroAmc {
    /// Reads 1 to 10 digits, with blanks around, and fills with zeros on the left; `None` when
    /// blank, zero or not digits.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let digits = bytes.trim_ascii();
        if digits.is_empty()
            || digits.len() > 10
            || !digits.iter().all(u8::is_ascii_digit)
            || digits.iter().all(|b| *b == b'0')
        {
            return None;
        }
        let mut raw = [b'0'; 10];
        raw[10 - digits.len()..].copy_from_slice(digits);
        Some(Self(raw))
    }

    /// The 10 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("ASCII digits, checked at construction")
    }
}

impl fmt::Debug for NumeroAmc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NumeroAmc({})", self.as_str())
    }
}

impl fmt::Display for NumeroAmc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_type_1_2() {
        for good in ["760312082", "200102689", "200102168", "291991107", "2A0000014"] {
            assert!(cle_type_1_2_valide(good.as_bytes()), "{good}");
        }
        for bad in ["760312083", "2a0000014", "", "76031208 "] {
            assert!(!cle_type_1_2_valide(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn third_character_tells_finess_from_billing_number() {
        assert!(NumeroPs::from_bytes(b"010002301").expect("well formed").is_finess());
        assert!(!NumeroPs::from_bytes(b"992001362").expect("well formed").is_finess());
    }

    #[test]
    fn amc_numbers_are_padded() {
        assert_eq!(NumeroAmc::from_bytes(b"775627391").expect("digits").as_str(), "0775627391");
        assert!(NumeroAmc::from_bytes(b"         M").is_none());
        assert!(NumeroAmc::from_bytes(b"0000000000").is_none());
    }
}
