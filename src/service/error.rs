//! Failures of the rooms behind the service. An edge sees whether a later call may succeed, and
//! logs the chain of causes; it does not see the database.

use crate::store::StoreError;
use crate::vault::VaultError;
use std::error::Error;

/// Failure of a reading or an act. An act that failed wrote nothing.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The database failed.
    #[error("asking the store")]
    Store(#[from] StoreError),
    /// Sealed bytes could not be opened.
    #[error("opening sealed bytes")]
    Vault(#[from] VaultError),
}

/// Returns whether a failure or one of its causes is a database that is away or busy, so that the
/// same call may succeed later.
#[must_use]
pub fn is_unavailable(failure: &(dyn Error + 'static)) -> bool {
    has_cause(failure, StoreError::is_unavailable)
}

/// Returns whether a failure or one of its causes is a database that cannot be reached, which
/// [`Health`](crate::service::health::Health) logs once for all of its users.
#[must_use]
pub fn is_database_away(failure: &(dyn Error + 'static)) -> bool {
    has_cause(failure, StoreError::is_away)
}

fn has_cause(failure: &(dyn Error + 'static), is_it: impl Fn(&StoreError) -> bool) -> bool {
    let mut cause = Some(failure);
    while let Some(error) = cause {
        if error.downcast_ref::<StoreError>().is_some_and(&is_it) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::conventions::LookupError;
    use std::time::Duration;

    #[test]
    fn a_database_that_is_away_is_found_below_any_failure() {
        let away = || StoreError::NoAnswer(Duration::from_secs(1));
        assert!(is_unavailable(&away()));
        assert!(is_unavailable(&ServiceError::from(away())));
        assert!(is_unavailable(&LookupError::from(away())));
        assert!(!is_unavailable(&ServiceError::from(StoreError::Corrupt("row".to_owned()))));
    }
}
