//! The question of a lookup, as asked and as checked.

use crate::domain::identifier::{Number, is_domain, normalise, read_number};
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

impl LookupQuery {
    /// Checks the fields, without a database.
    ///
    /// # Errors
    /// [`LookupError::Invalid`] with every misshapen field.
    pub fn check(&self) -> Result<(), LookupError> {
        CheckedQuery::try_from(self).map(|_| ())
    }
}

/// Reason why a lookup or a history is not answered.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// Fields of the question are misshapen, at least one.
    #[error("misshapen: {}", .0.iter().map(|f| f.field).collect::<Vec<_>>().join(", "))]
    Invalid(Vec<WrongField>),
    /// The database failed.
    #[error("looking up a convention")]
    Store(#[from] StoreError),
}

/// A misshapen field of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongField {
    /// Field of [`LookupQuery`].
    pub field: &'static str,
    /// Stable code.
    pub code: &'static str,
    /// Sentence in French.
    pub message: String,
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
        let keys = (read_identifier(&query.identifier), read_amc(&query.amc));
        match (keys, read_domain(&query.domain)) {
            ((Ok(number), Ok(amc)), Ok(domain)) => Ok(Self { number, amc, domain, on: query.on }),
            ((number, amc), domain) => {
                Err(LookupError::Invalid(wrong([number.err(), amc.err(), domain.err()])))
            }
        }
    }
}

/// Checks a number and an AMC.
pub(super) fn read_keys(identifier: &str, amc: &str) -> Result<(Number, NumeroAmc), LookupError> {
    match (read_identifier(identifier), read_amc(amc)) {
        (Ok(number), Ok(amc)) => Ok((number, amc)),
        (number, amc) => Err(LookupError::Invalid(wrong([number.err(), amc.err()]))),
    }
}

fn wrong<const N: usize>(fields: [Option<WrongField>; N]) -> Vec<WrongField> {
    fields.into_iter().flatten().collect()
}

fn read_identifier(text: &str) -> Result<Number, WrongField> {
    read_number(text).map_err(|shape| WrongField {
        field: "identifier",
        code: shape.code,
        message: shape.message,
    })
}

fn read_amc(text: &str) -> Result<NumeroAmc, WrongField> {
    NumeroAmc::from_bytes(text.as_bytes()).ok_or_else(|| WrongField {
        field: "amc",
        code: "AMC_INVALIDE",
        message: "Un numéro d'AMC est fait de 1 à 10 chiffres.".to_owned(),
    })
}

fn read_domain(text: &str) -> Result<String, WrongField> {
    let domain = normalise(text);
    if domain == ANY_DOMAIN || is_domain(&domain) {
        return Ok(domain);
    }
    Err(WrongField {
        field: "domain",
        code: "DOMAINE_INVALIDE",
        message: "Un domaine a 2 à 8 lettres ou chiffres (PHAR, OPTI…) ; « * » les vaut tous."
            .to_owned(),
    })
}
