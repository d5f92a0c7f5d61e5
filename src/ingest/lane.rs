//! The lane of a deposit, decided by the first pass, before anything is written: the mark of a lot
//! stands in its type 6, behind its invoices.

use super::Ingest;
use super::examine::Examined;
use crate::domain::Lane;
use crate::store::StagedDeposit;
use std::collections::BTreeSet;

impl Ingest {
    /// Sets the senders whose files are real whatever their marks say.
    #[must_use]
    pub fn with_real_senders(self, real_senders: BTreeSet<String>) -> Self {
        Self { real_senders, ..self }
    }

    /// Returns the lane in which the bytes of a sender may have a first receipt; `None` is either.
    pub(super) fn lane_of_sender(&self, sender: &str) -> Option<Lane> {
        self.real_senders.contains(sender).then_some(Lane::Real)
    }

    /// Returns a deposit in the lane of its file. One test mark is enough for the whole file: a
    /// real invoice that has to be sent again costs less than a test invoice that is paid.
    pub(super) fn in_its_lane(
        &self,
        deposit: &StagedDeposit,
        examined: &Examined,
    ) -> StagedDeposit {
        let of_file = Lane::of(examined.report().test);
        let lane = self.lane_of_sender(&deposit.sender).unwrap_or(of_file);
        StagedDeposit { lane, ..deposit.clone() }
    }
}
