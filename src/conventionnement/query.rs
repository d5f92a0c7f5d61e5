//! The question of a lookup, as asked and as checked.

use super::identifier::{Number, is_domain, normalise, read_number};
use crate::store::StoreError;
use noemie_parsers::types::NumeroAmc;
use time::Date;

/// Domain of a question about all domains, and of a convention for all domains.
pub const ANY_DOMAIN: &str = "*";

/// Question of a lookup, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupQuery {
    /// Billing number, FINESS (ET or EJ) or RPPS, as typed.
    pub identifier: String,
    /// AMC, 1 to 10 digits.
    pub amc: String,
    /// Domain (PHAR, OPTI …), or [`ANY_DOMAIN`]: a convention for some domain is then enough for a
    /// yes, and the answer names the domain and the other ones.
    pub domain: String,
    /// Day of care.
    pub on: Date,
}

/// Reason why a lookup or a history is not answered.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// A field of the question is misshapen.
    #[error("{field}: {code}")]
    Invalid {
        /// Field of [`LookupQuery`].
        field: &'static str,
        /// Stable code.
        code: &'static str,
        /// Sentence in French.
        message: String,
    },
    /// The database failed.
    #[error("looking up a convention")]
    Store(#[from] StoreError),
}

/// Question whose fields are well formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CheckedQuery {
    pub(super) number: Number,
    pub(super) amc: NumeroAmc,
    /// Domain in capitals, or [`ANY_DOMAIN`].
    pub(super) domain: String,
    pub(super) on: Date,
}

impl TryFrom<&LookupQuery> for CheckedQuery {
    type Error = LookupError;

    fn try_from(query: &LookupQuery) -> Result<Self, LookupError> {
        let (number, amc) = read_keys(&query.identifier, &query.amc)?;
        let domain = read_domain(&query.domain)?;
        Ok(Self { number, amc, domain, on: query.on })
    }
}

/// Checks a number and an AMC.
pub(super) fn read_keys(identifier: &str, amc: &str) -> Result<(Number, NumeroAmc), LookupError> {
    let number = read_number(identifier).map_err(|shape| LookupError::Invalid {
        field: "identifier",
        code: shape.code,
        message: shape.message,
    })?;
    let amc = NumeroAmc::from_bytes(amc.as_bytes()).ok_or_else(|| LookupError::Invalid {
        field: "amc",
        code: "AMC_INVALIDE",
        message: "Un numéro d'AMC est fait de 1 à 10 chiffres.".to_owned(),
    })?;
    Ok((number, amc))
}

fn read_domain(text: &str) -> Result<String, LookupError> {
    let domain = normalise(text);
    if domain == ANY_DOMAIN || is_domain(&domain) {
        return Ok(domain);
    }
    Err(LookupError::Invalid {
        field: "domain",
        code: "DOMAINE_INVALIDE",
        message: "Un domaine a 2 à 8 lettres ou chiffres (PHAR, OPTI…) ; « * » les vaut tous."
            .to_owned(),
    })
}
