//! The last witness line of the archive beside the database.

use super::finding::{Kind, Verification};
use super::sources::Sources;
use crate::error_chain::Chain;
use crate::store::StoreError;
use crate::witness::{Difference, WitnessError};

/// Finds that the database does not fit the last witness line, and that lines were altered.
pub(super) async fn check(
    sources: &Sources,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    match compare(sources, verification).await {
        Err(WitnessError::Store(failure)) => Err(failure),
        // Without a mark, no line was written under it.
        Err(WitnessError::NoMark) | Ok(None) => Ok(()),
        Ok(Some(difference)) => {
            verification.find(Kind::WitnessDiffers, None, difference.to_string());
            Ok(())
        }
        Err(failure) => {
            verification.find(Kind::WitnessAltered, None, Chain(&failure).to_string());
            Ok(())
        }
    }
}

async fn compare(
    sources: &Sources,
    verification: &mut Verification,
) -> Result<Option<Difference>, WitnessError> {
    let witness = sources.witness();
    let last = witness.last().await?;
    if last.altered > 0 {
        let detail = format!(
            "{} of the last lines of the file `witness` of the archive do not fit their check \
             value: compare the file with its copies and with the log",
            last.altered
        );
        verification.find(Kind::WitnessAltered, None, detail);
    }
    match last.line {
        Some(line) => witness.difference(&line).await,
        None => Ok(None),
    }
}
