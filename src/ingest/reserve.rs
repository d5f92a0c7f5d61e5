//! Reserves the exchange of a deposit and refuses remittances that came before.

use super::examine::Examined;
use super::{Ingest, IngestError};
use crate::arl::KNOWN_REMITTANCE;
use crate::domain::{ExchangeId, Finding, Lane, LogicalFile};
use crate::kill_point;
use crate::store::{StagedDeposit, UnitOfWork};
use noemie_parsers::anomaly::{Anomaly, Code, Position};
use noemie_parsers::b2::t000;

/// Answer of the store to a reservation.
pub(super) enum Reservation {
    /// The exchange is this deposit's.
    New(Box<Reserved>),
    /// The same sender deposited these bytes or records, or used this idempotency key, before.
    Taken(ExchangeId),
}

/// A deposit whose exchange is reserved in an open transaction, and whose remittances are checked
/// against every earlier exchange.
pub(super) struct Reserved {
    /// Transaction that holds the reservation.
    pub(super) work: Box<dyn UnitOfWork>,
    /// File of the deposit, refused when one of its remittances is known.
    pub(super) examined: Examined,
    /// Remittances by which later files are recognised; none for a refused file.
    pub(super) logical_files: Vec<LogicalFile>,
}

impl Ingest {
    /// Reserves the exchange of a deposit. A second deposit of the same bytes or records waits here
    /// for the first one's commit.
    pub(super) async fn reserve(
        &self,
        deposit: &StagedDeposit,
        mut examined: Examined,
    ) -> Result<Reservation, IngestError> {
        let mut work = self.store.begin().await?;
        let taken = work
            .reserve_exchange(
                &deposit.sender,
                &deposit.digest,
                &deposit.records_digest,
                &deposit.idempotency_key,
                deposit.lane,
                deposit.id,
            )
            .await?;
        if let Some(first) = taken {
            return Ok(Reservation::Taken(first));
        }
        kill_point::reach("ingest.placed");
        refuse_known_remittances(work.as_mut(), deposit.lane, &mut examined).await?;
        let logical_files = if examined.is_refused() {
            Vec::new()
        } else {
            examined.identified_remittances().map(|(file, _)| file.clone()).collect()
        };
        Ok(Reservation::New(Box::new(Reserved { work, examined, logical_files })))
    }
}

/// Refuses a file whose remittance came before under other bytes, naming the first exchange
/// (control C5). Returns [`IngestError::BlockedBy`] while that exchange has no receipt: it may
/// still be abandoned, and then the remittance is free.
async fn refuse_known_remittances(
    work: &mut dyn UnitOfWork,
    lane: Lane,
    examined: &mut Examined,
) -> Result<(), IngestError> {
    if examined.is_refused() {
        return Ok(());
    }
    let mut findings = Vec::new();
    for (file, at) in examined.identified_remittances() {
        let Some(first) = work.find_logical_file(lane, file).await? else { continue };
        if work.open_deposits().await?.iter().any(|open| open.id == first) {
            return Err(IngestError::BlockedBy { exchange: first });
        }
        // A staged deposit that ended between the two reads may have been abandoned or refused, and
        // then its remittance is free.
        if work.find_logical_file(lane, file).await? != Some(first) {
            return Err(IngestError::BlockedBy { exchange: first });
        }
        findings.push(known_remittance(first, at));
    }
    findings.into_iter().for_each(|finding| examined.refuse(finding));
    Ok(())
}

fn known_remittance(first: ExchangeId, at: Position) -> Finding {
    // With the record before it, the text fits into one comment of an ARL (128 characters).
    let message =
        format!("{KNOWN_REMITTANCE} (mêmes émetteur, date et identification) : échange {first}");
    let mut anomaly = Anomaly::on_record(Code::RemiseDejaRecue, at, "000", message);
    let zone = &t000::layout::IDENTIFICATION_FICHIER;
    anomaly.column = u32::from(zone.start);
    anomaly.offset += u64::from(zone.start) - 1;
    anomaly.length = u32::from(zone.len);
    Finding::new(anomaly, None)
}
