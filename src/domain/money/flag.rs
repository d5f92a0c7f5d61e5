//! Flags of a part: what does not fit in its money, so that a person has to look at it. A flag
//! hides no money and refuses none.

use crate::domain::codes::open_coded;

open_coded! {
    /// What does not fit in the money of a part.
    Flag {
        /// One movement is above the amount asked.
        OverAsked = "over_asked", "Un paiement dépasse le montant demandé";
        /// More than asked was paid, by at least two payments.
        PaidTwice = "paid_twice", "Payée plusieurs fois";
        /// The part is paid, although the last decision is a reject.
        PaidAndRejected = "paid_and_rejected", "Payée alors qu'elle est rejetée";
        /// More was taken back than paid.
        TakenBackTooMuch = "taken_back_too_much", "Reprise supérieure au montant payé";
        /// An outcome that is no payment (a reject, a deferral, a blank state) has an amount.
        StateDisagrees = "state_disagrees", "L'état annoncé contredit le montant";
        /// A payment has an amount of 0, although something was asked.
        PaidZero = "paid_zero", "Annoncée payée pour 0,00 €";
        /// The return asks for another amount than the invoice.
        AskedDiffers = "asked_differs", "Montant demandé différent dans le retour";
        /// A movement is for another insurer than that of the invoice, or by another caisse; or a
        /// caisse moved money of an AMC part that was split off at its source.
        OtherPayer = "other_payer", "Payée par ou pour un autre organisme";
        /// Two accounts of one amount without label on one day count as one payment: perhaps they
        /// are two.
        MaybeTwice = "maybe_twice", "Paiement sans libellé annoncé plusieurs fois le même jour";
        /// Accounts of two kinds of source that agree by their amount only count as one payment.
        SameByAmount = "same_by_amount", "Paiements rapprochés par leur seul montant";
        /// The day of a transfer is no date.
        TransferDayUnreadable = "transfer_day_unreadable", "Date de virement illisible";
    }
}

open_coded! {
    /// Why the sum of a part is not the amount asked.
    GapReason {
        /// Nothing, or not everything, has been paid yet.
        Awaited = "awaited", "Paiement attendu";
        /// The payer announced less than was asked.
        DifferenceAnnounced = "difference_announced", "Différence annoncée par le payeur";
        /// A part of the money was taken back.
        TakenBack = "taken_back", "Montant repris";
        /// More was paid than asked.
        PaidAbove = "paid_above", "Payée au-delà du montant demandé";
    }
}
