//! The person of a claim.

use serde::{Deserialize, Serialize};

/// The person of one claim. `Debug` prints no value, and only the vault serialises the record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRecord {
    /// NIR of the insured, 13 characters as sent.
    pub nir: String,
    /// Key of the NIR, 2 digits as sent.
    pub nir_key: String,
    /// Birth date of the beneficiary, 6 characters AAMMJJ as sent (may be lunar).
    pub birth_date: String,
    /// Birth rank.
    pub birth_rank: String,
    /// NIR of the beneficiary with its key (15 characters), empty when absent.
    pub individual_nir: String,
    /// Member number of the AMC, empty when absent.
    pub member_number: String,
}

impl std::fmt::Debug for PersonRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonRecord(***)")
    }
}
