//! Tokens: keyed digests that stand for a person or an invoice in rows, events, logs and queries.

use super::{SubKey, Vault};
use hmac::{Hmac, KeyInit, Mac};
use noemie_parsers::b2::{complement_compare, rang_compare};
use sha2::Sha256;

/// Version of the construction of tokens, stored beside them: HMAC-SHA-256 under the key of the
/// use, over each field without surrounding blanks, its length before it as 8 bytes, big-endian. In
/// an identity, a birth rank blank or 0 is written 1, and a complement of zeros is left empty. The
/// tokens of test files have the field `test` after the others.
/// Another construction gets the next number, so that tokens of both are told apart.
pub const TOKEN_VERSION: u32 = 1;

/// Identity of an invoice: the fields that a sender keeps when sending it again (the invoice date
/// is not one of them). Values are taken as sent without surrounding blanks, so that the padding of
/// both norms gives one identity. Two fields are filled in differently by a DRE and its return, and
/// count as one value: a birth rank that is blank, 0 or 1, and a complement that is blank or zeros.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    /// PS number, 9 characters.
    pub ps: &'a str,
    /// Invoice number.
    pub invoice_number: &'a str,
    /// NIR of the insured.
    pub nir: &'a str,
    /// Key of the NIR.
    pub nir_key: &'a str,
    /// Birth date of the beneficiary, AAMMJJ as sent.
    pub birth_date: &'a str,
    /// Birth rank.
    pub birth_rank: &'a str,
    /// Complement of the titre de recette, empty when none.
    pub complement: &'a str,
    /// Whether the file is a test: the identity of a test invoice is never that of a real one.
    pub is_test: bool,
}

impl Vault {
    /// Returns the token of an invoice's identity, 64 hexadecimal digits.
    #[must_use]
    pub fn identity_token(&self, identity: &Identity<'_>) -> String {
        let Identity {
            ps,
            invoice_number,
            nir,
            nir_key,
            birth_date,
            birth_rank,
            complement,
            is_test,
        } = *identity;
        let fields = [
            ps,
            invoice_number,
            nir,
            nir_key,
            birth_date,
            rang_compare(birth_rank),
            complement_compare(complement),
        ];
        token(&self.identity, &of_lane(&fields, is_test))
    }

    /// Returns the token of an insured person, 64 hexadecimal digits. A person has another token in
    /// test files than in real ones.
    #[must_use]
    pub fn person_token(&self, nir: &str, nir_key: &str, is_test: bool) -> String {
        token(&self.person, &of_lane(&[nir, nir_key], is_test))
    }
}

/// Returns the fields of a token; a test token has one field more, so that none equals a real one.
fn of_lane<'a>(fields: &[&'a str], is_test: bool) -> Vec<&'a str> {
    fields.iter().copied().chain(is_test.then_some("test")).collect()
}

impl Vault {
    /// Returns the link of a receipt: an HMAC over the link before, its number and the text of the
    /// receipt, so that nobody without the key can make another chain.
    #[must_use]
    pub fn receipt_link(&self, previous: &str, sequence: u64, receipt: &str) -> String {
        token(&self.chain, &[previous, &sequence.to_string(), receipt])
    }

    /// Returns the check value of the mark of an installation or of a sink: an HMAC over its
    /// fields, by which another key and an altered row are noticed at the start.
    #[must_use]
    pub fn mark_check(&self, fields: &[&str]) -> String {
        token(&self.mark, fields)
    }
}

/// Result of comparing the keyed digest of a row with its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowCheck {
    /// The digest is that of the fields.
    Right,
    /// The digest was made under another vault key.
    OtherKey,
    /// The digest names this key, and is not that of the fields.
    Altered,
}

impl Vault {
    /// Returns the keyed digest of a row: the id of the key, a colon, and an HMAC over the fields
    /// as they are, blanks included.
    #[must_use]
    pub fn row_digest(&self, fields: &[&str]) -> String {
        let mut digest = self.key_id();
        digest.push(':');
        digest.push_str(&mac(&self.journal, fields.iter().copied()));
        digest
    }

    /// Compares the keyed digest of a row with its fields. A digest that names another key is
    /// told from an altered row.
    #[must_use]
    pub fn check_row(&self, digest: &str, fields: &[&str]) -> RowCheck {
        if digest == self.row_digest(fields) {
            RowCheck::Right
        } else if names_other_key(digest, &self.key_id()) {
            RowCheck::OtherKey
        } else {
            RowCheck::Altered
        }
    }
}

/// Returns whether a digest begins with the id of another key.
fn names_other_key(digest: &str, key_id: &str) -> bool {
    digest.split_once(':').is_some_and(|(named, _)| {
        named.len() == key_id.len()
            && named != key_id
            && named.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// HMAC over the fields without surrounding blanks, each preceded by its length: `("ab", "c")` and
/// `("a", "bc")` are different inputs.
fn token(key: &SubKey, fields: &[&str]) -> String {
    mac(key, fields.iter().map(|field| field.trim_matches(' ')))
}

fn mac<'a>(key: &SubKey, fields: impl Iterator<Item = &'a str>) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.as_slice()).expect("HMAC takes keys of any length");
    for field in fields {
        let field = field.as_bytes();
        mac.update(&(field.len() as u64).to_be_bytes());
        mac.update(field);
    }
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vault() -> Vault {
        Vault::from_master_key([1; 32])
    }

    fn identity<'a>(fields: &[&'a str; 7]) -> Identity<'a> {
        let [ps, invoice_number, nir, nir_key, birth_date, birth_rank, complement] = *fields;
        Identity {
            ps,
            invoice_number,
            nir,
            nir_key,
            birth_date,
            birth_rank,
            complement,
            is_test: false,
        }
    }

    const FIELDS: [&str; 7] = ["751234567", "000000042", "2550814168025", "38", "550814", "1", ""];

    #[test]
    fn tokens_never_change_between_versions() {
        // Known answers, computed by another HMAC and HKDF: a stored token must be found again by
        // every later version.
        assert_eq!(
            vault().person_token("2550814168025", "38", false),
            "d52973c7dbe2a872aa3c69a658359750f8ffb44a6fae1ad2e9e8bcf00c6db0f9"
        );
        assert_eq!(
            vault().identity_token(&identity(&FIELDS)),
            "9ba3f1718a0d7e2e205e8d6e6c158127973f062b6535d39a4f72402c417374ff"
        );
    }

    #[test]
    fn each_field_and_the_key_count() {
        let reference = vault().identity_token(&identity(&FIELDS));
        for field in 0..FIELDS.len() {
            let mut changed = FIELDS;
            changed[field] = "9";
            assert_ne!(vault().identity_token(&identity(&changed)), reference, "field {field}");
        }
        assert_ne!(Vault::from_master_key([2; 32]).identity_token(&identity(&FIELDS)), reference);
        assert_ne!(vault().person_token("12", "3", false), vault().person_token("1", "23", false));
        assert_eq!(
            vault().person_token(" 2550814168025", "38 ", false),
            vault().person_token("2550814168025", "38", false)
        );
    }

    #[test]
    fn a_test_token_is_never_a_real_one() {
        let real = identity(&FIELDS);
        let test = Identity { is_test: true, ..real };
        assert_ne!(vault().identity_token(&test), vault().identity_token(&real));
        assert_ne!(vault().person_token("1", "2", true), vault().person_token("1", "2", false));
        assert_ne!(
            vault().person_token("1", "2", true),
            vault().person_token("1", "2 test", false)
        );
    }

    #[test]
    fn a_row_of_another_key_is_told_from_an_altered_row() {
        let digest = vault().row_digest(&["a", "b"]);
        assert_eq!(vault().check_row(&digest, &["a", "b"]), RowCheck::Right);
        assert_eq!(vault().check_row(&digest, &["ab", ""]), RowCheck::Altered);
        assert_eq!(vault().check_row("", &["a", "b"]), RowCheck::Altered);
        let other = Vault::from_master_key([2; 32]);
        assert_eq!(other.check_row(&digest, &["a", "b"]), RowCheck::OtherKey);
        let of_no_key = digest.replacen(':', "x:", 1);
        assert_eq!(vault().check_row(&of_no_key, &["a", "b"]), RowCheck::Altered);
    }

    #[test]
    fn blank_and_zero_are_one_value_where_they_say_nothing() {
        let token = |rank, complement| {
            let mut fields = FIELDS;
            (fields[5], fields[6]) = (rank, complement);
            vault().identity_token(&identity(&fields))
        };
        let reference = token("1", "");
        for (rank, complement) in
            [("", ""), ("0", ""), (" ", "      "), ("1", "000000"), ("0", "0")]
        {
            assert_eq!(token(rank, complement), reference, "{rank:?} {complement:?}");
        }
        assert_ne!(token("2", ""), reference, "twins stay two");
        assert_ne!(token("1", "000001"), reference);
    }

    proptest! {
        #[test]
        fn no_two_splits_collide(text in "[0-9A-Z]{8}", a in 0usize..8, b in 0usize..8) {
            let split = |at: usize| vault().person_token(&text[..at], &text[at..], false);
            prop_assert_eq!(split(a) == split(b), a == b);
        }
    }
}
