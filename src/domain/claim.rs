//! Claims, their two parts and their lines.

use super::codes::open_coded;
use super::life_cycle::{ClaimStatus, PartState, is_paid};
use super::money::{Asked, Flag, GapReason, Movement, Outcome, Position, Standing, position};
use super::{
    ClaimId, ExchangeId, FreeText, Hold, InvoiceKey, KeyId, Lane, PartKind, Reason, Scope, Token,
};
use noemie_parsers::codes::family::RejectFamily;
use noemie_parsers::types::Montant;
use time::{Date, OffsetDateTime};

open_coded! {
    /// Flow by which a claim arrived.
    Flow {
        /// Demande de remboursement electronique to the insurer.
        Dre = "dre", "DRE";
        /// B2 file addressed to a caisse (AMO), kept when it passes through the gateway.
        B2Amo = "b2", "Facture B2 (AMO)";
    }
}

/// Norm codes of the lots of establishments.
const ESTABLISHMENTS: [&str; 2] = ["CP", "ES"];

/// One part of a claim. All but the amount asked follows from the outcomes of the invoice
/// ([`Position`]); the row is kept because listings filter by it, and `verify` computes it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPart {
    /// Insurer.
    pub kind: PartKind,
    /// State.
    pub state: PartState,
    /// Amount asked.
    pub asked: Montant,
    /// Sum of the movements of money, those taken back included.
    pub paid: Montant,
    /// Why the sum is not the amount asked; `None` when it is, and for a superseded attempt.
    pub gap: Option<GapReason>,
    /// Flags: what does not fit, at which a person has to look.
    pub flags: Vec<Flag>,
    /// Whether the answer or the money of the payer is awaited, so that the part may be overdue.
    pub is_awaited: bool,
    /// Label of the last transfer.
    pub transfer_reference: Option<FreeText>,
    /// Date of the last transfer.
    pub transfer_date: Option<Date>,
    /// Reasons of the last decision, or of a payment below what was asked.
    pub reasons: Vec<Reason>,
    /// Instant of the last change of the state.
    pub updated_at: OffsetDateTime,
}

impl ClaimPart {
    /// Returns the families of the reasons, each once, in their order. `Other` is left out: it
    /// explains nothing beside the label of the payer.
    #[must_use]
    pub fn families(&self) -> Vec<RejectFamily> {
        let mut families = Vec::new();
        for family in self.reasons.iter().map(Reason::family) {
            if family != RejectFamily::Other && !families.contains(&family) {
                families.push(family);
            }
        }
        families
    }

    /// Returns a part without outcomes.
    #[must_use]
    pub fn untold(kind: PartKind, asked: Montant, at: OffsetDateTime) -> Self {
        let is_asked = asked != Montant::ZERO;
        Self {
            kind,
            state: if is_asked { PartState::Received } else { PartState::NotRequested },
            asked,
            paid: Montant::ZERO,
            gap: is_asked.then_some(GapReason::Awaited),
            flags: Vec::new(),
            is_awaited: is_asked,
            transfer_reference: None,
            transfer_date: None,
            reasons: Vec::new(),
            updated_at: at,
        }
    }

    /// Fills in act and date of care of the reasons that name a line and no act, from the lines of
    /// the claim.
    pub fn name_acts(&mut self, lines: &[ClaimLine]) {
        for reason in self.reasons.iter_mut().filter(|reason| reason.lacks_act()) {
            if let Some(line) = lines.iter().find(|line| Some(line.rank) == reason.line) {
                reason.act = line.act_code.as_str().into();
                reason.care_date = line.care_date;
            }
        }
    }

    /// Returns the part at a position, unchanged since `at`.
    fn at_position(&self, position: Position, at: OffsetDateTime) -> Self {
        // The transfer that a professional looks for: the last payment while money stands.
        let paid = |movement: &&Movement| movement.amount > Montant::ZERO;
        let last_paid = position.movements.iter().rev().find(paid);
        let last = last_paid.filter(|_| is_paid(position.state)).or(position.movements.last());
        Self {
            kind: self.kind,
            state: position.state,
            asked: self.asked,
            paid: position.sum,
            gap: position.gap,
            flags: position.flags,
            is_awaited: position.is_awaited,
            transfer_reference: last.map(|m| m.label.clone()).filter(|label| !label.is_empty()),
            transfer_date: last.map(|m| m.day),
            reasons: position.reasons,
            updated_at: at,
        }
    }
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

/// A claim, made from an accepted invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Identifier.
    pub id: ClaimId,
    /// Exchange of the invoice.
    pub exchange_id: ExchangeId,
    /// Lane of the exchange.
    pub lane: Lane,
    /// Flow.
    pub flow: Flow,
    /// Depositor of the file (concentrator).
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
    /// Number of records of the invoice.
    pub record_count: u32,
    /// Token of the invoice's identity: PS, number, NIR, key, birth date, rank, complement.
    pub identity: Token,
    /// Token of the insured person's NIR.
    pub person: Token,
    /// Version of the construction of both tokens.
    pub token_version: u32,
    /// Encrypted person record of the vault; opened only for callers entitled to it.
    pub vault: Vec<u8>,
    /// Master key that sealed [`vault`](Self::vault).
    pub key_id: KeyId,
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
    /// Instant of the commit.
    pub received_at: OffsetDateTime,
    /// Instant at which the insurer's promise for the AMC part ends; `None` in the test lane, where
    /// no clock runs.
    pub due_at: Option<OffsetDateTime>,
    /// Limit for the answer of the AMC as sent (2X 45-52, AAMMJJHH), from which `due_at` follows
    /// with the instant of the deposit; empty without 2X.
    pub date_limite_reponse_amc: String,
    /// Attempt of the same invoice that this one replaces.
    pub corrects: Option<ClaimId>,
    /// Attempt of the same invoice that replaces this one.
    pub corrected_by: Option<ClaimId>,
    /// Version: the number of events of the claim, which is the `sequence` of its last event.
    pub version: u64,
    /// Set while the claim is a copy of another sender's invoice that is not treated.
    pub hold: Option<Hold>,
    /// AMO part.
    pub amo: ClaimPart,
    /// AMC part.
    pub amc: ClaimPart,
}

impl Claim {
    /// Returns the status derived from the parts.
    #[must_use]
    pub fn status(&self) -> ClaimStatus {
        super::life_cycle::status(self.amo.state, self.amc.state)
    }

    /// Returns whether the claim is the attempt that counts for its invoice.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self.hold {
            Some(Hold::Waiting | Hold::Unknown) => Standing::Held,
            Some(Hold::Dismissed) => Standing::Dismissed,
            None if self.corrected_by.is_some() => Standing::Superseded,
            None => Standing::Current,
        }
    }

    /// Returns whether the claim is the attempt that counts.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.standing() == Standing::Current
    }

    /// Holds the claim as a copy of another sender's invoice.
    pub fn hold(&mut self) {
        self.hold = Some(Hold::Waiting);
        self.apply(&[], self.received_at);
    }

    /// Returns the claim as its sender is told of it while the desk has not decided: like a new
    /// claim, because the deposits of one sender change nothing of what another is told.
    #[must_use]
    pub fn as_told_to_sender(mut self) -> Self {
        if self.hold == Some(Hold::Waiting) {
            self.hold = None;
            self.amo = ClaimPart::untold(PartKind::Amo, self.amo.asked, self.received_at);
            self.amc = ClaimPart::untold(PartKind::Amc, self.amc.asked, self.received_at);
        }
        self
    }

    /// Returns the key of the invoice.
    #[must_use]
    pub fn invoice_key(&self) -> InvoiceKey {
        InvoiceKey::new(&self.ps, &self.invoice_number, self.identity.clone())
    }

    /// Returns the part asked of an insurer; `None` for a kind of part of a later version.
    #[must_use]
    pub const fn part(&self, kind: PartKind) -> Option<&ClaimPart> {
        match kind {
            PartKind::Amo => Some(&self.amo),
            PartKind::Amc => Some(&self.amc),
            PartKind::Unknown => None,
        }
    }

    /// Computes both parts again from the outcomes of the invoice and returns those that changed.
    /// `at` is the instant of the change. A part about which a later version wrote something that
    /// this version does not know stays as it is.
    #[must_use]
    pub fn changed_parts(&self, outcomes: &[Outcome], at: OffsetDateTime) -> Vec<ClaimPart> {
        if outcomes.iter().any(Outcome::is_of_later_version) {
            return Vec::new();
        }
        let change = |part: &ClaimPart| {
            let now = part.at_position(position(self.asked(part), outcomes), part.updated_at);
            (now != *part).then_some(ClaimPart { updated_at: at, ..now })
        };
        [&self.amo, &self.amc]
            .into_iter()
            .filter(|part| part.state != PartState::Unknown)
            .filter_map(change)
            .collect()
    }

    /// Returns the movements of money of each part, by day; none for an attempt that does not
    /// count.
    #[must_use]
    pub fn movements(&self, outcomes: &[Outcome]) -> Vec<(PartKind, Movement)> {
        let of = |part: &ClaimPart| {
            let kind = part.kind;
            let found = position(self.asked(part), outcomes).movements;
            found.into_iter().map(move |movement| (kind, movement))
        };
        of(&self.amo).chain(of(&self.amc)).collect()
    }

    fn asked(&self, part: &ClaimPart) -> Asked<'_> {
        Asked {
            claim_id: self.id,
            kind: part.kind,
            amount: part.asked,
            amc_number: &self.amc_number,
            amo_organism: self.compared_organism(),
            standing: self.standing(),
        }
    }

    /// Returns the organism with which the payer of the AMO part is compared; empty for invoices of
    /// establishments, because the pivot caisse pays them for the insured of every caisse.
    fn compared_organism(&self) -> &str {
        let is_of_establishment = ESTABLISHMENTS.contains(&self.norm_code.as_str());
        if is_of_establishment { "" } else { &self.amo_organism }
    }

    /// Computes both parts again from the outcomes of the invoice.
    pub fn apply(&mut self, outcomes: &[Outcome], at: OffsetDateTime) {
        for part in self.changed_parts(outcomes, at) {
            self.set_part(part);
        }
    }

    /// Replaces the part of the same kind; a part of a later version is left out.
    pub fn set_part(&mut self, part: ClaimPart) {
        match part.kind {
            PartKind::Amo => self.amo = part,
            PartKind::Amc => self.amc = part,
            PartKind::Unknown => {}
        }
    }
}

impl Scope {
    /// Returns whether the scope covers a claim. Readings filter in SQL; an act checks the claim
    /// that it locked.
    #[must_use]
    pub fn covers_claim(&self, claim: &Claim) -> bool {
        self.senders.covers(&claim.sender)
            && self.ps.covers(&claim.ps)
            && self.amc.covers(&claim.amc_number)
            && self.organisms.covers(&claim.amo_organism)
    }
}

/// A claim with its lines, not yet stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClaim {
    /// Claim, parts included.
    pub claim: Claim,
    /// Lines of the claim.
    pub lines: Vec<ClaimLine>,
}
