//! Rows of staged deposits and of the receipt chain, as both databases give them.

use super::codec::{Instant, code, uint};
use super::{ChainLink, ChainTip, StagedDeposit, StagedProgress, StoreError};
use crate::domain::{ExchangeId, KeyId, Lane};
use noemie_parsers::types::Montant;
use sqlx::FromRow;
use uuid::Uuid;

/// `SELECT` of the staged deposits, then the given tail: further conditions (`AND …`) and an order.
/// The row of an exchange that is reserved and not staged has no instant and is left out.
macro_rules! select_staged_deposit {
    ($tail:literal) => {
        concat!(
            "SELECT id, sender, digest, records_digest, idempotency_key, channel, file_name, size, \
             received_at, archive_name, is_test, last_written_invoice, withdrawal FROM exchanges \
             WHERE verdict IS NULL AND received_at IS NOT NULL ",
            $tail
        )
    };
}
pub(in crate::store) use select_staged_deposit;

#[derive(FromRow)]
pub(in crate::store) struct StagedDepositRow {
    id: Uuid,
    sender: String,
    digest: String,
    records_digest: String,
    idempotency_key: String,
    channel: String,
    file_name: String,
    size: i64,
    received_at: Instant,
    archive_name: String,
    is_test: bool,
    /// Set for staged deposits only, as the next column.
    #[sqlx(default)]
    last_written_invoice: i64,
    #[sqlx(default)]
    withdrawal: Option<String>,
}

impl TryFrom<StagedDepositRow> for StagedDeposit {
    type Error = StoreError;

    fn try_from(r: StagedDepositRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: ExchangeId(r.id),
            sender: r.sender,
            digest: r.digest,
            records_digest: r.records_digest,
            idempotency_key: r.idempotency_key,
            channel: code(&r.channel),
            file_name: r.file_name.into(),
            size: uint(r.size, "exchanges.size")?,
            received_at: r.received_at.0,
            archive_name: r.archive_name,
            lane: Lane::of(r.is_test),
            cursor: uint(r.last_written_invoice, "exchanges.last_written_invoice")?,
            withdrawal: r.withdrawal.map(|w| code(&w)),
        })
    }
}

#[derive(FromRow)]
pub(in crate::store) struct WrittenRow {
    claims: i64,
    records: i64,
    total: i64,
    amo: i64,
    amc: i64,
    last_claim: i64,
    last_aside: i64,
}

impl TryFrom<WrittenRow> for StagedProgress {
    type Error = StoreError;

    fn try_from(r: WrittenRow) -> Result<Self, StoreError> {
        Ok(Self {
            last: uint(r.last_claim.max(r.last_aside), "ordinal")?,
            claims: uint(r.claims, "count")?,
            records: uint(r.records, "claims.record_count")?,
            total: Montant::from_centimes(r.total),
            amo: Montant::from_centimes(r.amo),
            amc: Montant::from_centimes(r.amc),
        })
    }
}

#[derive(FromRow)]
pub(in crate::store) struct ChainRow {
    sequence: i64,
    exchange_id: Uuid,
    link: String,
    key_id: String,
    behind_ms: i64,
}

impl TryFrom<ChainRow> for ChainLink {
    type Error = StoreError;

    fn try_from(r: ChainRow) -> Result<Self, StoreError> {
        Ok(Self {
            sequence: uint(r.sequence, "receipt_chain.sequence")?,
            exchange_id: ExchangeId(r.exchange_id),
            link: r.link,
            key_id: KeyId(r.key_id),
            behind_ms: uint(r.behind_ms, "receipt_chain.behind_ms")?,
        })
    }
}

/// Converts the only row of `receipt_chain_tip`.
pub(in crate::store) fn tip(
    row: Result<(i64, String, Instant), sqlx::Error>,
) -> Result<ChainTip, StoreError> {
    let (sequence, link, latest) =
        row.map_err(super::codec::doing("reading the end of the chain of receipts"))?;
    let sequence = uint(sequence, "receipt_chain_tip.sequence")?;
    Ok(ChainTip { sequence, link, latest_at: latest.0 })
}

/// The claims of one step, the same ones within a transaction.
macro_rules! step_claims {
    () => {
        "SELECT id FROM claims WHERE exchange_id = $1 ORDER BY received_at, id LIMIT $2"
    };
}
pub(in crate::store) use step_claims;
