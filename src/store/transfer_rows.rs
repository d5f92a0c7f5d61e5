//! Rows of bank transfers as both databases return them, and their conversion to the domain.

use super::codec::{Instant, clean, code, from_json, json, uint};
use super::error::StoreError;
use crate::domain::{
    Balance, BankTransfer, ClaimId, ExchangeId, FlatDetail, FreeText, ItemsDigest, Telling,
    ToldTransfer, Transfer, TransferFlag, TransferId, TransferItem, TransferKey, TransferPart,
};
use noemie_parsers::types::Montant;
use sqlx::FromRow;
use time::Date;
use uuid::Uuid;

/// Columns of a row of `told_transfers`, in the order in which they are written.
macro_rules! told_columns {
    () => {
        "told_in, group_no, transfer_id, told_by, told_at, payee, payer, day, raw_day, label, \
         reference, announced, first_invoice, last_invoice, quarantined, items"
    };
}
pub(in crate::store) use told_columns;

/// Columns of a row of `transfer_items`, in the order in which they are written.
macro_rules! item_columns {
    () => {
        "told_in, item_no, group_no, ordinal, kind, amount, code, operation, reference, debt_day, \
         balance, details"
    };
    ("i.") => {
        "i.told_in, i.item_no, i.group_no, i.ordinal, i.kind, i.amount, i.code, i.operation, \
         i.reference, i.debt_day, i.balance, i.details"
    };
}
pub(in crate::store) use item_columns;

/// Columns of a row of `transfers` with the alias `r`.
macro_rules! transfer_columns {
    () => {
        "r.id, r.payee, r.payer, r.day, r.reference, r.announced, r.invoices, r.recoveries, \
         r.flat_payments, r.state, r.flags, r.told_by, r.first_told_at, r.unexplained_since"
    };
}
pub(in crate::store) use transfer_columns;

#[derive(FromRow)]
pub(in crate::store) struct TransferRow {
    id: Uuid,
    payee: String,
    payer: String,
    day: Date,
    reference: String,
    announced: Option<i64>,
    invoices: i64,
    recoveries: i64,
    flat_payments: i64,
    state: String,
    flags: String,
    told_by: String,
    first_told_at: Instant,
    unexplained_since: Option<Instant>,
}

impl TryFrom<TransferRow> for BankTransfer {
    type Error = StoreError;

    fn try_from(r: TransferRow) -> Result<Self, StoreError> {
        let flags: Vec<String> = from_json(&r.flags, "transfers.flags")?;
        Ok(Self {
            id: TransferId(r.id),
            key: TransferKey { payee: r.payee, payer: r.payer, day: r.day, reference: r.reference },
            balance: Balance {
                announced: r.announced.map(Montant::from_centimes),
                invoices: Montant::from_centimes(r.invoices),
                recoveries: Montant::from_centimes(r.recoveries),
                flat_payments: Montant::from_centimes(r.flat_payments),
                state: code(&r.state),
                flags: flags.iter().map(|flag| code(flag)).collect(),
                told_by: r.told_by,
                first_told_at: r.first_told_at.0,
                unexplained_since: r.unexplained_since.map(|at| at.0),
            },
        })
    }
}

/// Returns flags as a JSON list of their codes.
pub(in crate::store) fn flag_codes(flags: &[TransferFlag]) -> String {
    json(&flags.iter().map(|flag| flag.as_str()).collect::<Vec<_>>())
}

/// Sums of the groups in which one file tells a transfer.
#[derive(FromRow)]
pub(in crate::store) struct TellingRow {
    pub(in crate::store) transfer_id: Uuid,
    payee: String,
    payer: String,
    day: Date,
    reference: String,
    told_by: String,
    told_at: Instant,
    groups: i64,
    announced: Option<i64>,
    silent_groups: i64,
    invoices: i64,
    recoveries: i64,
    flat_payments: i64,
    quarantined: i64,
    unreadable_days: i64,
    /// Digests of the items of the groups, separated by commas.
    items: String,
}

impl TellingRow {
    /// Returns the key of the transfer, and what the file tells of it.
    pub(in crate::store) fn read(self) -> Result<(TransferKey, Telling), StoreError> {
        let key = TransferKey {
            payee: self.payee,
            payer: self.payer,
            day: self.day,
            reference: self.reference,
        };
        let telling = Telling {
            told_by: self.told_by,
            told_at: self.told_at.0,
            groups: uint(self.groups, "count")?,
            announced: self
                .announced
                .filter(|_| self.silent_groups == 0)
                .map(Montant::from_centimes),
            invoices: Montant::from_centimes(self.invoices),
            recoveries: Montant::from_centimes(self.recoveries),
            flat_payments: Montant::from_centimes(self.flat_payments),
            quarantined: uint(self.quarantined, "told_transfers.quarantined")?,
            is_day_unreadable: self.unreadable_days > 0,
            items: items(&self.items)?,
        };
        Ok((key, telling))
    }
}

/// Returns the digest of the items of groups.
fn items(groups: &str) -> Result<ItemsDigest, StoreError> {
    let read = |text: &str| text.parse::<ItemsDigest>().ok();
    let sum: Option<ItemsDigest> = groups.split(',').map(read).sum::<Option<ItemsDigest>>();
    sum.ok_or_else(|| StoreError::Corrupt("told_transfers.items".to_owned()))
}

#[derive(FromRow)]
pub(in crate::store) struct ToldRow {
    told_in: Uuid,
    group_no: i64,
    told_by: String,
    told_at: Instant,
    payee: String,
    payer: String,
    day: Date,
    raw_day: String,
    label: String,
    announced: Option<i64>,
    first_invoice: Option<i64>,
    last_invoice: Option<i64>,
    quarantined: i64,
    items: String,
}

impl TryFrom<ToldRow> for ToldTransfer {
    type Error = StoreError;

    fn try_from(r: ToldRow) -> Result<Self, StoreError> {
        let rank = |value: i64| uint(value, "told_transfers.first_invoice");
        let invoices = r.first_invoice.zip(r.last_invoice);
        Ok(Self {
            told_in: ExchangeId(r.told_in),
            group: uint(r.group_no, "told_transfers.group_no")?,
            told_by: r.told_by,
            told_at: r.told_at.0,
            payee: r.payee,
            payer: r.payer,
            transfer: Transfer { day: r.day, raw_day: r.raw_day, label: FreeText::from(r.label) },
            announced: r.announced.map(Montant::from_centimes),
            invoices: invoices
                .map(|(first, last)| Ok::<_, StoreError>((rank(first)?, rank(last)?)))
                .transpose()?,
            quarantined: uint(r.quarantined, "told_transfers.quarantined")?,
            items: items(&r.items)?,
        })
    }
}

#[derive(FromRow)]
pub(in crate::store) struct ItemRow {
    told_in: Uuid,
    item_no: i64,
    group_no: i64,
    ordinal: Option<i64>,
    kind: String,
    amount: i64,
    code: String,
    operation: String,
    reference: String,
    debt_day: String,
    balance: Option<i64>,
    details: String,
}

impl TryFrom<ItemRow> for TransferItem {
    type Error = StoreError;

    fn try_from(r: ItemRow) -> Result<Self, StoreError> {
        let details: Vec<FlatDetail> = from_json(&r.details, "transfer_items.details")?;
        Ok(Self {
            told_in: ExchangeId(r.told_in),
            rank: uint(r.item_no, "transfer_items.item_no")?,
            group: uint(r.group_no, "transfer_items.group_no")?,
            ordinal: r.ordinal.map(|n| uint(n, "transfer_items.ordinal")).transpose()?,
            kind: code(&r.kind),
            amount: Montant::from_centimes(r.amount),
            code: r.code.into(),
            operation: r.operation.into(),
            reference: r.reference.into(),
            debt_day: r.debt_day.into(),
            balance: r.balance.map(Montant::from_centimes),
            details,
        })
    }
}

#[derive(FromRow)]
pub(in crate::store) struct PartRow {
    told_in: Uuid,
    ordinal: i64,
    part_rank: i64,
    claim_id: Option<Uuid>,
    invoice_number: String,
    part: String,
    kind: String,
    amount: i64,
    on_behalf_of: String,
}

impl TryFrom<PartRow> for TransferPart {
    type Error = StoreError;

    fn try_from(r: PartRow) -> Result<Self, StoreError> {
        Ok(Self {
            told_in: ExchangeId(r.told_in),
            ordinal: uint(r.ordinal, "outcomes.ordinal")?,
            part_rank: uint(r.part_rank, "outcomes.part_rank")?,
            claim_id: r.claim_id.map(ClaimId),
            invoice_number: r.invoice_number,
            part: code(&r.part),
            kind: code(&r.kind),
            amount: Montant::from_centimes(r.amount),
            on_behalf_of: r.on_behalf_of,
        })
    }
}

/// Returns a told transfer with its texts as columns store them.
#[must_use]
pub fn stored_told(told: &ToldTransfer) -> ToldTransfer {
    let text = |text: &str| clean(text).into_owned();
    ToldTransfer {
        told_by: text(&told.told_by),
        payee: text(&told.payee),
        payer: text(&told.payer),
        transfer: Transfer { raw_day: text(&told.transfer.raw_day), ..told.transfer.clone() },
        ..told.clone()
    }
}
