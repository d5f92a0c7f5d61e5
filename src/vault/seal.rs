//! Sealed blobs.
//!
//! ```text
//! | version (1) | key id (4) | nonce (24) | ciphertext and tag |
//! associated data: version, key id, context
//! ```

use super::{KeyId, PersonRecord, Vault, VaultError};
use chacha20poly1305::aead::{Aead, Generate, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Version of the format.
const VERSION: u8 = 1;
/// Version and key id.
const PREFIX_BYTES: usize = 1 + size_of::<KeyId>();
/// Prefix and nonce.
const HEADER_BYTES: usize = PREFIX_BYTES + 24;

impl Vault {
    /// Encrypts `plain` for one `context` (for example `return/<id>`).
    #[must_use]
    pub fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        let nonce = XNonce::generate();
        let aad = self.associated_data(context);
        let cipher = XChaCha20Poly1305::new((&*self.seal).into());
        let body = cipher
            .encrypt(&nonce, Payload { msg: plain, aad: &aad })
            .expect("the cipher takes 256 GiB, more than any memory given to it");
        let mut sealed = Vec::with_capacity(HEADER_BYTES + body.len());
        sealed.extend_from_slice(&aad[..PREFIX_BYTES]);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        sealed
    }

    /// Decrypts a blob that was sealed for the same context.
    pub fn unseal(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (header, body) = sealed.split_at_checked(HEADER_BYTES).ok_or(VaultError::NotSealed)?;
        let nonce = &header[PREFIX_BYTES..];
        match self.is_under_this_key(sealed) {
            None => return Err(VaultError::NotSealed),
            Some(false) => return Err(VaultError::OtherKey),
            Some(true) => {}
        }
        let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::NotSealed)?;
        let aad = self.associated_data(context);
        let cipher = XChaCha20Poly1305::new((&*self.seal).into());
        cipher.decrypt(&nonce, Payload { msg: body, aad: &aad }).map_err(|_| VaultError::Altered)
    }

    /// Returns whether the header of a blob names this key; `None` when the bytes are no blob. The
    /// blob is not decrypted.
    #[must_use]
    pub fn is_under_this_key(&self, sealed: &[u8]) -> Option<bool> {
        let prefix = sealed.get(..PREFIX_BYTES).filter(|prefix| prefix[0] == VERSION)?;
        Some(prefix[1..] == self.id)
    }

    /// Encrypts the person of a claim.
    #[must_use]
    pub fn seal_person(&self, person: &PersonRecord, claim: Uuid) -> Vec<u8> {
        let plain =
            Zeroizing::new(serde_json::to_vec(person).expect("a struct of strings is always JSON"));
        self.seal(&person_context(claim), &plain)
    }

    /// Decrypts the person of a claim. Callers journal the access first.
    pub fn unseal_person(&self, sealed: &[u8], claim: Uuid) -> Result<PersonRecord, VaultError> {
        let plain = Zeroizing::new(self.unseal(&person_context(claim), sealed)?);
        serde_json::from_slice(&plain).map_err(|_| VaultError::NotAPerson)
    }

    /// Encrypts the person that an answer of a payer names.
    #[must_use]
    pub fn seal_answer_person(
        &self,
        person: &PersonRecord,
        exchange: Uuid,
        ordinal: u64,
    ) -> Vec<u8> {
        let plain =
            Zeroizing::new(serde_json::to_vec(person).expect("a struct of strings is always JSON"));
        self.seal(&answer_context(exchange, ordinal), &plain)
    }

    /// Decrypts the person that an answer of a payer names. Callers compare it with the persons of
    /// claims, and show it to nobody.
    pub fn unseal_answer_person(
        &self,
        sealed: &[u8],
        exchange: Uuid,
        ordinal: u64,
    ) -> Result<PersonRecord, VaultError> {
        let plain = Zeroizing::new(self.unseal(&answer_context(exchange, ordinal), sealed)?);
        serde_json::from_slice(&plain).map_err(|_| VaultError::NotAPerson)
    }

    fn associated_data(&self, context: &str) -> Vec<u8> {
        [&[VERSION], self.id.as_slice(), context.as_bytes()].concat()
    }
}

fn person_context(claim: Uuid) -> String {
    format!("person/{claim}")
}

fn answer_context(exchange: Uuid, ordinal: u64) -> String {
    format!("answer/{exchange}/{ordinal}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vault() -> Vault {
        Vault::from_master_key([1; 32])
    }

    fn person() -> PersonRecord {
        PersonRecord {
            nir: "2550814168025".into(),
            nir_key: "38".into(),
            birth_date: "550814".into(),
            birth_rank: "1".into(),
            individual_nir: String::new(),
            member_number: "A 12".into(),
        }
    }

    #[test]
    fn a_blob_opens_only_where_it_was_sealed() {
        let sealed = vault().seal("return/1", b"text");
        assert_eq!(vault().unseal("return/1", &sealed).unwrap(), b"text");
        assert!(matches!(vault().unseal("return/2", &sealed), Err(VaultError::Altered)));
        assert!(matches!(
            Vault::from_master_key([2; 32]).unseal("return/1", &sealed),
            Err(VaultError::OtherKey)
        ));
        assert_ne!(sealed, vault().seal("return/1", b"text"), "the nonce is random");
        let told = |key, blob: &[u8]| Vault::from_master_key([key; 32]).is_under_this_key(blob);
        assert_eq!(
            (told(1, &sealed), told(2, &sealed), told(1, b"text")),
            (Some(true), Some(false), None)
        );
    }

    #[test]
    fn a_person_opens_only_for_its_claim_and_shows_nothing_sealed() {
        let (claim, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = vault().seal_person(&person(), claim);
        assert_eq!(vault().unseal_person(&sealed, claim).unwrap(), person());
        assert!(matches!(vault().unseal_person(&sealed, other), Err(VaultError::Altered)));
        assert!(!sealed.windows(6).any(|window| window == b"255081"));
        let not_a_person = vault().seal(&person_context(claim), b"[]");
        assert!(matches!(vault().unseal_person(&not_a_person, claim), Err(VaultError::NotAPerson)));
    }

    #[test]
    fn every_flipped_byte_and_every_cut_is_noticed() {
        let sealed = vault().seal("here", b"some text");
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(vault().unseal("here", &altered).is_err(), "byte {at}");
            assert!(vault().unseal("here", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(
            plain in proptest::collection::vec(any::<u8>(), 0..2_000),
            context in ".{0,40}",
        ) {
            let sealed = vault().seal(&context, &plain);
            prop_assert_eq!(vault().unseal(&context, &sealed).unwrap(), plain);
        }

        #[test]
        fn arbitrary_bytes_never_open(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(vault().unseal("here", &noise).is_err());
        }
    }
}
