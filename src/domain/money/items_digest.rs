//! Digest of the items of a transfer: lists of items with equal sums have different digests.

/// Purpose of the digest of an item.
const ITEM_PURPOSE: &str = "noemie-gateway transfer item 2026-11";

/// Digest of a multiset of items: the sum of the digests of its items, modulo 2¹²⁸. Neither the
/// order of the items nor their groups in a file change it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ItemsDigest(u128);

impl ItemsDigest {
    /// Adds an item, given as the fields that the digest covers.
    pub fn add(&mut self, fields: &[&str]) {
        let mut hasher = blake3::Hasher::new_derive_key(ITEM_PURPOSE);
        for field in fields {
            hasher.update(&(field.len() as u64).to_be_bytes());
            hasher.update(field.as_bytes());
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        self.0 = self.0.wrapping_add(u128::from_be_bytes(bytes));
    }
}

impl std::iter::Sum for ItemsDigest {
    fn sum<I: Iterator<Item = Self>>(digests: I) -> Self {
        Self(digests.fold(0, |sum, digest| sum.wrapping_add(digest.0)))
    }
}

impl std::fmt::Display for ItemsDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Error for a text that is no digest of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 32 hexadecimal digits")]
pub struct InvalidItemsDigest;

impl std::str::FromStr for ItemsDigest {
    type Err = InvalidItemsDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digest = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let value = u128::from_str_radix(text, 16).ok().filter(|_| is_digest);
        value.map(Self).ok_or(InvalidItemsDigest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(items: &[&[&str]]) -> ItemsDigest {
        let mut digest = ItemsDigest::default();
        items.iter().for_each(|item| digest.add(item));
        digest
    }

    #[test]
    fn order_and_groups_change_nothing_and_items_do() {
        let (one, two): (&[&str], &[&str]) = (&["amc", "1"], &["amc", "2"]);
        assert_eq!(of(&[one, two]), of(&[two, one]));
        assert_eq!([of(&[one]), of(&[two])].into_iter().sum::<ItemsDigest>(), of(&[one, two]));
        assert_ne!(of(&[one]), of(&[two]));
        assert_ne!(of(&[one]), of(&[one, one]));
        assert_ne!(of(&[&["ab", "c"]]), of(&[&["a", "bc"]]));
    }

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = of(&[&["amc", "1"]]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!("".parse::<ItemsDigest>(), Err(InvalidItemsDigest));
    }
}
