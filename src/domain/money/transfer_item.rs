//! Items of a bank transfer: parts of invoices, recoveries and flat payments.

use super::OutcomeKind;
use crate::domain::codes::open_coded;
use crate::domain::page::InvalidPageToken;
use crate::domain::{ClaimId, ExchangeId, FreeText, PartKind};
use noemie_parsers::noemie::codes_250::{libelle_dette, libelle_operation};
use noemie_parsers::types::Montant;
use uuid::Uuid;

open_coded! {
    /// Kind of an item of a transfer that is no invoice.
    TransferItemKind {
        /// Debt or recovery (250).
        Recovery = "recovery", "Retenue";
        /// Flat payment (261, with its 262).
        FlatPayment = "flat_payment", "Paiement forfaitaire";
    }
}

/// A recovery or a flat payment under a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferItem {
    /// Exchange of the file.
    pub told_in: ExchangeId,
    /// Rank of the item in the file, from 1.
    pub rank: u64,
    /// Rank of the group that it stands in.
    pub group: u64,
    /// Rank of the return that holds it; `None` outside invoices.
    pub ordinal: Option<u64>,
    /// Kind.
    pub kind: TransferItemKind,
    /// Amount, negative when the payee loses it.
    pub amount: Montant,
    /// Nature of the debt (ACC, IND …), or code of the payment.
    pub code: FreeText,
    /// Nature of the operation (PAI, RPR …); empty for a flat payment.
    pub operation: FreeText,
    /// Reference of the debt; empty for a flat payment.
    pub reference: FreeText,
    /// Day of the debt as sent (JJMMAA); empty for a flat payment.
    pub debt_day: FreeText,
    /// What remains due; `None` for a flat payment.
    pub balance: Option<Montant>,
    /// Details of a flat payment, without the person whom they name.
    pub details: Vec<FlatDetail>,
}

impl TransferItem {
    /// Returns the French label of the nature of the debt; `None` for an unknown code, and for a
    /// flat payment.
    #[must_use]
    pub fn debt_label(&self) -> Option<&'static str> {
        let is_recovery = self.kind == TransferItemKind::Recovery;
        is_recovery.then(|| libelle_dette(self.code.as_str())).flatten()
    }

    /// Returns the French label of the nature of the operation; `None` for an unknown code.
    #[must_use]
    pub fn operation_label(&self) -> Option<&'static str> {
        libelle_operation(self.operation.as_str())
    }
}

/// A detail of a flat payment (262).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FlatDetail {
    /// Codification.
    pub code: FreeText,
    /// Label.
    pub label: FreeText,
    /// Periodicity (H, M, T, S, A, P) with the first and last day of the period as sent (JJMMAA).
    pub period: FreeText,
    /// Amount, centimes.
    pub amount: i64,
}

/// Place of an item in the listing of a transfer: parts of invoices first, in the order of the
/// file, then recoveries and flat payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ItemPlace {
    /// Whether the item is a recovery or a flat payment.
    pub is_movement: bool,
    /// Exchange of the file.
    pub told_in: Uuid,
    /// Rank of the return in the file, or of the recovery or flat payment.
    pub rank: u64,
    /// Rank of the part in its invoice; 0 for a recovery or flat payment.
    pub part_rank: u32,
}

impl std::fmt::Display for ItemPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = u8::from(self.is_movement);
        write!(f, "{kind}-{}-{}-{}", self.told_in.simple(), self.rank, self.part_rank)
    }
}

impl std::str::FromStr for ItemPlace {
    type Err = InvalidPageToken;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let fields: Vec<&str> = s.split('-').collect();
        let [kind @ ("0" | "1"), told_in, rank, part_rank] = fields[..] else {
            return Err(InvalidPageToken);
        };
        Ok(Self {
            is_movement: kind == "1",
            told_in: told_in.parse().map_err(|_| InvalidPageToken)?,
            rank: rank.parse().map_err(|_| InvalidPageToken)?,
            part_rank: part_rank.parse().map_err(|_| InvalidPageToken)?,
        })
    }
}

/// A part of an invoice under a transfer that has an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferPart {
    /// Exchange of the file.
    pub told_in: ExchangeId,
    /// Rank of the return in the file.
    pub ordinal: u64,
    /// Rank of the part in its invoice.
    pub part_rank: u32,
    /// Claim; `None` while the return matches none.
    pub claim_id: Option<ClaimId>,
    /// Invoice number.
    pub invoice_number: String,
    /// Part.
    pub part: PartKind,
    /// Statement about the part.
    pub kind: OutcomeKind,
    /// Amount, negative when taken back.
    pub amount: Montant,
    /// Insurer for whom the payer pays; empty for the AMO part.
    pub on_behalf_of: String,
}

/// An item of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferEntry {
    /// A part of an invoice.
    Part(TransferPart),
    /// A recovery or flat payment.
    Movement(TransferItem),
}

impl TransferEntry {
    /// Returns the place of the item in the listing.
    #[must_use]
    pub fn place(&self) -> ItemPlace {
        match self {
            Self::Part(part) => ItemPlace {
                is_movement: false,
                told_in: part.told_in.0,
                rank: part.ordinal,
                part_rank: part.part_rank,
            },
            Self::Movement(item) => ItemPlace {
                is_movement: true,
                told_in: item.told_in.0,
                rank: item.rank,
                part_rank: 0,
            },
        }
    }

    /// Returns the amount.
    #[must_use]
    pub fn amount(&self) -> Montant {
        match self {
            Self::Part(part) => part.amount,
            Self::Movement(item) => item.amount,
        }
    }
}
