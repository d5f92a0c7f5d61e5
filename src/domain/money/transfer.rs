//! Bank transfers: what files tell of them, and whether their items explain their amount.
//!
//! A transfer is one payee, one payer, one day and one reference. Each file that tells it has a
//! telling: the amount that it announces (the sum of the 990 that closes the group of a 071), and
//! the items under it (parts of invoices, recoveries, flat payments). A transfer that several files
//! tell counts as often as in the file that tells it most often:
//!
//! ```text
//! announced                        = sum announced by the file that counts
//! explained                        = invoices + recoveries (negative) + flat payments of that file
//! unexplained                      = announced − explained
//! ```
//!
//! [`balance`] is a pure function of the tellings: the order in which files arrive changes nothing.

use super::{ItemsDigest, Transfer};
use crate::domain::codes::open_coded;
use crate::domain::{ExchangeId, TransferId};
use noemie_parsers::types::Montant;
use time::{Date, OffsetDateTime};

/// Purpose of the digest that makes the identifier of a transfer.
const ID_PURPOSE: &str = "noemie-gateway transfer 2026-11";

open_coded! {
    /// State of a transfer.
    TransferState {
        /// The items are the amount announced, to the centime.
        Explained = "explained", "Expliqué";
        /// The items are not the amount announced: a person has to look.
        Unexplained = "unexplained", "Inexpliqué";
        /// No file announces an amount, so that there is nothing to compare.
        NotAnnounced = "not_announced", "Montant non annoncé";
    }
}

open_coded! {
    /// What does not fit in a transfer.
    TransferFlag {
        /// Two files disagree on the amount, on the sums of the items, or on the items.
        Restated = "transfer_restated", "Virement annoncé de deux façons";
        /// The day of the transfer is no date; another one stands in.
        DayUnreadable = "transfer_day_unreadable", "Date de virement illisible";
        /// Returns under the transfer were quarantined, so that their money is not among its items.
        Quarantined = "transfer_quarantined", "Retours mis de côté sous ce virement";
    }
}

/// What makes two tellings the same transfer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferKey {
    /// Payee (040): PS number, or the 15 characters as sent where they hold none, masked.
    pub payee: String,
    /// Payer of the 071, else the sender of the file.
    pub payer: String,
    /// Accounting day, as [`Transfer::day`].
    pub day: Date,
    /// Reference, as [`Transfer::reference`]; empty without label.
    pub reference: String,
}

impl TransferKey {
    /// Returns the identifier of the transfer, which follows from the key.
    #[must_use]
    pub fn id(&self) -> TransferId {
        let mut hasher = blake3::Hasher::new_derive_key(ID_PURPOSE);
        for field in [&self.payee, &self.payer, &self.day.to_string(), &self.reference] {
            hasher.update(&(field.len() as u64).to_be_bytes());
            hasher.update(field.as_bytes());
        }
        let digest = hasher.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.as_bytes()[..16]);
        TransferId(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

/// A transfer as one group of one return file tells it. The invoices under it are the outcomes of
/// the file whose ranks lie between the first and the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldTransfer {
    /// Exchange of the file.
    pub told_in: ExchangeId,
    /// Rank of the group in the file, from 1.
    pub group: u64,
    /// Name of the file, as [`Outcome::told_by`](super::Outcome::told_by).
    pub told_by: String,
    /// Instant at which the file was received.
    pub told_at: OffsetDateTime,
    /// Payee, as [`TransferKey::payee`].
    pub payee: String,
    /// Payer, as [`TransferKey::payer`].
    pub payer: String,
    /// Day and label.
    pub transfer: Transfer,
    /// Amount that the 990 announces, signed; `None` where it is missing, blank or 0, which says
    /// nothing.
    pub announced: Option<Montant>,
    /// Ranks of the first and last return under the transfer; `None` without return.
    pub invoices: Option<(u64, u64)>,
    /// Number of returns under it that were quarantined: their amounts are not kept.
    pub quarantined: u64,
    /// Digest of its items.
    pub items: ItemsDigest,
}

impl ToldTransfer {
    /// Returns the key of the transfer.
    #[must_use]
    pub fn key(&self) -> TransferKey {
        TransferKey {
            payee: self.payee.clone(),
            payer: self.payer.clone(),
            day: self.transfer.day,
            reference: self.transfer.reference(),
        }
    }
}

/// Sums of all groups in which one file tells a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// Name of the file, as [`ToldTransfer::told_by`].
    pub told_by: String,
    /// Instant at which the file was received.
    pub told_at: OffsetDateTime,
    /// Number of groups.
    pub groups: u64,
    /// Sum of the amounts that the groups announce; `None` when no group announces one, or when a
    /// group with money does not.
    pub announced: Option<Montant>,
    /// Sum of the parts of invoices.
    pub invoices: Montant,
    /// Sum of the recoveries, negative where money is held back.
    pub recoveries: Montant,
    /// Sum of the flat payments.
    pub flat_payments: Montant,
    /// Number of returns that were quarantined.
    pub quarantined: u64,
    /// Whether the day is no plausible date.
    pub is_day_unreadable: bool,
    /// Digest of its items, in all groups.
    pub items: ItemsDigest,
}

impl Telling {
    /// Returns the sum of the items.
    #[must_use]
    pub fn explained(&self) -> Montant {
        self.invoices + self.recoveries + self.flat_payments
    }

    /// Returns the amount announced without the sum of the items; 0 when none is announced.
    #[must_use]
    pub fn unexplained(&self) -> Montant {
        self.announced.map_or(Montant::ZERO, |announced| announced - self.explained())
    }

    fn state(&self) -> TransferState {
        match self.announced {
            None => TransferState::NotAnnounced,
            Some(_) if self.unexplained() == Montant::ZERO => TransferState::Explained,
            Some(_) => TransferState::Unexplained,
        }
    }
}

/// Whether the items of a transfer explain its amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// Amount announced; `None` when no file announces one.
    pub announced: Option<Montant>,
    /// Sum of the parts of invoices.
    pub invoices: Montant,
    /// Sum of the recoveries, negative where money is held back.
    pub recoveries: Montant,
    /// Sum of the flat payments.
    pub flat_payments: Montant,
    /// State.
    pub state: TransferState,
    /// Flags, in the order of [`TransferFlag::ALL`].
    pub flags: Vec<TransferFlag>,
    /// Name of the file that counts.
    pub told_by: String,
    /// Instant at which the first file that tells the transfer was received.
    pub first_told_at: OffsetDateTime,
    /// Instant since when the transfer is unexplained: that at which the file that counts was
    /// received. `None` in another state.
    pub unexplained_since: Option<OffsetDateTime>,
}

impl Balance {
    /// Returns the sum of the items.
    #[must_use]
    pub fn explained(&self) -> Montant {
        self.invoices + self.recoveries + self.flat_payments
    }

    /// Returns the amount announced without the sum of the items; 0 when none is announced.
    #[must_use]
    pub fn unexplained(&self) -> Montant {
        self.announced.map_or(Montant::ZERO, |announced| announced - self.explained())
    }
}

/// A transfer with its balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankTransfer {
    /// Identifier, that of the key.
    pub id: TransferId,
    /// Payee, payer, day and reference.
    pub key: TransferKey,
    /// Balance.
    pub balance: Balance,
}

impl BankTransfer {
    /// Returns the transfer of a key that files tell; `None` without tellings.
    #[must_use]
    pub fn of(key: TransferKey, tellings: &[Telling]) -> Option<Self> {
        Some(Self { id: key.id(), balance: balance(tellings)?, key })
    }
}

/// Returns the balance of a transfer from what each file tells of it; `None` without tellings. The
/// file that counts is, in this order, one that announces an amount, that tells the transfer most
/// often, that explains it least, and whose name comes last. Files that disagree leave the transfer
/// unexplained, even if that file adds up.
#[must_use]
pub fn balance(tellings: &[Telling]) -> Option<Balance> {
    let counts = tellings.iter().max_by_key(|telling| {
        let gap = telling.unexplained().centimes().unsigned_abs();
        (telling.announced.is_some(), telling.groups, gap, &telling.told_by)
    })?;
    let is_set = |flag: TransferFlag| match flag {
        TransferFlag::Restated => is_restated(tellings),
        TransferFlag::DayUnreadable => tellings.iter().any(|telling| telling.is_day_unreadable),
        TransferFlag::Quarantined => counts.quarantined > 0,
        TransferFlag::Unknown => false,
    };
    let is_restated = is_restated(tellings);
    let state = match counts.state() {
        TransferState::Explained if is_restated => TransferState::Unexplained,
        state => state,
    };
    Some(Balance {
        announced: counts.announced,
        invoices: counts.invoices,
        recoveries: counts.recoveries,
        flat_payments: counts.flat_payments,
        state,
        flags: TransferFlag::ALL.iter().copied().filter(|flag| is_set(*flag)).collect(),
        told_by: counts.told_by.clone(),
        first_told_at: tellings.iter().map(|telling| telling.told_at).min()?,
        unexplained_since: (state == TransferState::Unexplained).then_some(counts.told_at),
    })
}

/// Returns whether files disagree on the amount, on the sums of the items, or on the items: two
/// files of one transfer with equal sums and other items may be two halves of it, or a correction.
fn is_restated(tellings: &[Telling]) -> bool {
    let differ = |sums: Vec<[Montant; 3]>| sums.windows(2).any(|two| two[0] != two[1]);
    let announced = tellings.iter().filter_map(|t| t.announced.map(|amount| [amount; 3]));
    let items = tellings.iter().map(|t| [t.invoices, t.recoveries, t.flat_payments]);
    let other_items = tellings.windows(2).any(|two| two[0].items != two[1].items);
    differ(announced.collect()) || differ(items.collect()) || other_items
}
