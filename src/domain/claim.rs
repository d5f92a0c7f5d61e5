//! Claims, their two parts, and the status that follows from them.

use super::{ClaimId, ExchangeId, FreeText, InvoiceKey, Token};
use noemie_parsers::types::Montant;
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

/// Defines an enum stored and shown by stable lower-case codes.
macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $code)] $variant,)* }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code, as stored and exchanged.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $code,)* } }

            /// What a professional reads, in French.
            #[must_use]
            pub const fn libelle(self) -> &'static str { match self { $(Self::$variant => $label,)* } }

            /// Reads a stable code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> { match code { $($code => Some(Self::$variant),)* _ => None } }
        }
    };
}
pub(crate) use coded;

/// Declares an enum of codes that later versions may extend: a code that this version does not know
/// reads as `Unknown`, which no rule of the life cycle changes and no code writes.
macro_rules! open_coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $code)] $variant,)*
            /// A code of a later version.
            #[serde(rename = "unknown", other)]
            Unknown,
        }

        impl $name {
            /// Every value that this version knows.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the stable code, as stored and exchanged; `unknown` for a code of a later
            /// version.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* Self::Unknown => "unknown" }
            }

            /// Returns the French label for a professional.
            #[must_use]
            pub const fn libelle(self) -> &'static str {
                match self { $(Self::$variant => $label,)* Self::Unknown => "Inconnu de cette version" }
            }

            /// Reads a code that a caller gives: only the known ones.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }

            /// Reads a code that the database holds.
            #[must_use]
            pub fn read_code(code: &str) -> Self {
                Self::from_code(code).unwrap_or(Self::Unknown)
            }
        }
    };
}
pub(crate) use open_coded;

open_coded! {
    /// Which flow a claim came by.
    Flow {
        /// Demande de remboursement electronique to the insurer.
        Dre = "dre", "DRE";
        /// B2 file addressed to a caisse (AMO), kept when it passes through the gateway.
        B2Amo = "b2", "Facture B2 (AMO)";
    }
}

coded! {
    /// Which insurer a part of the claim is asked of.
    PartKind {
        /// Compulsory insurance.
        Amo = "amo", "Part obligatoire (AMO)";
        /// Complementary insurance.
        Amc = "amc", "Part complémentaire (AMC)";
    }
}

open_coded! {
    /// State of one part of a claim. The transitions are in [`super::life_cycle`].
    PartState {
        /// Committed, nothing decided.
        Received = "received", "Reçue, en cours de traitement";
        /// Accepted by the insurer, payment to come.
        Accepted = "accepted", "Acceptée, paiement à venir";
        /// Rejected, with reasons. Final: the invoice may be sent again as a new claim.
        Rejected = "rejected", "Rejetée";
        /// Rejected although it had been accepted. Final.
        RejectedAfterAcceptance = "rejected_after_acceptance", "Rejetée après acceptation";
        /// To be decided later by the payer; nothing to send again.
        Deferred = "deferred", "Différée par le payeur, ne pas renvoyer";
        /// Paid.
        Paid = "paid", "Payée";
        /// Paid, then taken back. Final.
        Recovered = "recovered", "Payée puis récupérée";
        /// Nothing is asked of this insurer.
        NotRequested = "not_requested", "Non demandée";
    }
}

open_coded! {
    /// Status of a claim, derived from its parts and never stored.
    ClaimStatus {
        /// Nothing decided yet.
        Received = "received", "Reçue, en cours de traitement";
        /// Everything asked is accepted or paid, something remains to be paid.
        Accepted = "accepted", "Acceptée, paiement à venir";
        /// A part waits for its payer's later decision.
        Deferred = "deferred", "Différée par le payeur, ne pas renvoyer";
        /// A part is paid, the other one is not decided or not paid yet.
        PartlyPaid = "partly_paid", "Partiellement payée";
        /// A part is paid, the other one is rejected.
        PaidAndRejected = "paid_and_rejected", "Une part payée, l'autre rejetée";
        /// Every part asked is paid.
        Paid = "paid", "Payée";
        /// A part is rejected and none is paid.
        Rejected = "rejected", "Rejetée";
        /// A payment was taken back.
        Recovered = "recovered", "Payée puis récupérée";
    }
}

/// Why a part was rejected or deferred: a stable code and the text for the professional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Code as the payer gave it (for example `122`, `AAA000651R`, `NON_CONVENTIONNE`).
    pub code: FreeText,
    /// French label.
    pub label: FreeText,
}

/// One part of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPart {
    /// Which insurer.
    pub kind: PartKind,
    /// Its state.
    pub state: PartState,
    /// Amount asked.
    pub asked: Montant,
    /// Amount paid so far (negative movements included).
    pub paid: Montant,
    /// Reference or label of the bank transfer.
    pub transfer_reference: Option<FreeText>,
    /// Date of the transfer.
    pub transfer_date: Option<Date>,
    /// Reasons of the last reject or deferral.
    pub reasons: Vec<Reason>,
    /// When the state was last changed.
    pub updated_at: OffsetDateTime,
}

/// One line of a claim (main types 3 and 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimLine {
    /// 1-based rank in the invoice.
    pub rank: u32,
    /// `3` hospital prestation, `4` act or product.
    pub record_type: String,
    /// Act code with its complement, trimmed.
    pub act_code: String,
    /// Date of care, or start of the stay.
    pub care_date: Option<Date>,
    /// Quantity.
    pub quantity: u32,
    /// Coefficient in hundredths.
    pub coefficient: u32,
    /// Unit price.
    pub unit_price: Montant,
    /// Base of reimbursement.
    pub base: Montant,
    /// Rate, percent.
    pub rate: u32,
    /// Amount billed.
    pub billed: Montant,
    /// Asked of the AMO.
    pub amo: Montant,
    /// Asked of the AMC.
    pub amc: Montant,
    /// Qualificatif de la depense, empty when none.
    pub qualifier: String,
}

/// A claim: what an accepted invoice became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Identifier.
    pub id: ClaimId,
    /// The exchange that brought it.
    pub exchange_id: ExchangeId,
    /// Flow.
    pub flow: Flow,
    /// Who deposited the file (concentrator).
    pub sender: String,
    /// Rank of the logical file (000..999) in the exchange, 1-based.
    pub logical_file: u32,
    /// Lot number, as sent (3 characters).
    pub lot: String,
    /// Date of the lot.
    pub lot_date: Option<Date>,
    /// Rank of the invoice in the exchange, 1-based.
    pub ordinal: u64,
    /// First physical record of the invoice, 1-based.
    pub first_record: u64,
    /// Number of its records.
    pub record_count: u32,
    /// Token of the invoice's identity (design: PS, number, NIR, key, birth date, rank,
    /// complement).
    pub identity: Token,
    /// Token of the insured person's NIR.
    pub person: Token,
    /// Encrypted [`PersonRecord`]; opened only for callers entitled to it.
    pub vault: Vec<u8>,
    /// Number of the professional or structure, 9 characters with its key.
    pub ps: String,
    /// Norm code of the lot (type 1, 79-80), as sent.
    pub norm_code: String,
    /// Invoice number, 9 digits.
    pub invoice_number: String,
    /// Complement of the titre de recette (2S 42-47), empty when none.
    pub invoice_complement: String,
    /// Date of the invoice.
    pub invoice_date: Option<Date>,
    /// Number of the complementary insurer, 10 characters; empty when the file gives none.
    pub amc_number: String,
    /// Grand regime, caisse, centre: 9 characters.
    pub amo_organism: String,
    /// Total billed.
    pub total: Montant,
    /// When the gateway committed it.
    pub received_at: OffsetDateTime,
    /// When the insurer's promise ends for the AMC part.
    pub due_at: OffsetDateTime,
    /// The rejected claim that this one corrects.
    pub corrects: Option<ClaimId>,
    /// AMO part.
    pub amo: ClaimPart,
    /// AMC part.
    pub amc: ClaimPart,
}

impl Claim {
    /// The status derived from the parts.
    #[must_use]
    pub fn status(&self) -> ClaimStatus {
        super::life_cycle::status(self.amo.state, self.amc.state)
    }

    /// What its invoice is looked up by.
    #[must_use]
    pub fn invoice_key(&self) -> InvoiceKey {
        InvoiceKey::new(&self.ps, &self.invoice_number, self.identity.clone())
    }

    /// The part asked of an insurer.
    #[must_use]
    pub const fn part(&self, kind: PartKind) -> &ClaimPart {
        match kind {
            PartKind::Amo => &self.amo,
            PartKind::Amc => &self.amc,
        }
    }
}

/// A claim with its lines, not yet stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClaim {
    /// The claim, parts included.
    pub claim: Claim,
    /// Its lines.
    pub lines: Vec<ClaimLine>,
}
