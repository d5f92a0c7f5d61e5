//! Compares the clock of this machine with the latest receipt: a clock that is more than five
//! minutes behind gives no receipt.

use super::operations::{OperationError, Operations, require_operator};
use crate::domain::receipt::{MAX_CLOCK_BEHIND, clock_behind};
use crate::domain::{Caller, FreeText};
use crate::store::{OperationStep, Stage};
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;

/// Action that the journal names when the clock of a machine is accepted.
const ACCEPT_CLOCK: &str = "installation.accept_clock";

/// The clock beside the latest receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ClockState {
    /// Instant that the clock of this machine shows.
    #[serde(with = "time::serde::rfc3339")]
    pub now: OffsetDateTime,
    /// Instant of the latest receipt.
    #[serde(with = "time::serde::rfc3339")]
    pub latest_receipt: OffsetDateTime,
    /// Whether the clock is too far behind to give receipts.
    pub is_refused: bool,
}

impl Operations {
    /// Returns the clock of this machine beside the latest receipt.
    pub async fn clock_state(&self, caller: &Caller) -> Result<ClockState, OperationError> {
        require_operator(caller)?;
        let (now, latest_receipt) = (self.clock().now(), self.store().chain_tip().await?.latest_at);
        let is_refused = clock_behind(now, latest_receipt) > MAX_CLOCK_BEHIND;
        Ok(ClockState { now, latest_receipt, is_refused })
    }

    /// Takes the instant of the clock of this machine for that of the latest receipt, with a row in
    /// the journal of operations, so that receipts are given again. Returns the state before. A
    /// clock that gives receipts is left alone.
    pub async fn accept_clock(
        &self,
        caller: &Caller,
        why: &FreeText,
        stated_author: Option<&FreeText>,
    ) -> Result<ClockState, OperationError> {
        let state = self.clock_state(caller).await?;
        if !state.is_refused {
            return Ok(state);
        }
        let step = OperationStep {
            operation_id: self.clock().new_id(),
            step: 0,
            at: state.now,
            actor: self.author(caller, stated_author).name.to_string(),
            action: ACCEPT_CLOCK.to_owned(),
            stage: Stage::Done,
            subject: "clock".to_owned(),
            detail: json!({ "clock": state, "why": why }),
        };
        self.store().accept_clock(state.now, &step).await?;
        Ok(state)
    }
}
