//! Arguments of the commands that an operator answers for: shown first, done on demand, and put on
//! record.

use super::OutputArgs;
use crate::domain::FreeText;
use clap::Args;

/// Arguments of a change that goes on record.
#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    /// Reason, written to the journal of operations; do not name a person.
    #[arg(long, value_name = "TEXT")]
    pub(super) why: FreeText,
    /// Do it. Without this option the command only shows what it would do.
    #[arg(long)]
    pub(super) yes: bool,
    /// Author, for the journal; user id and host when not given.
    #[arg(long, value_name = "NAME")]
    pub(super) by: Option<FreeText>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}
