//! The table of the codes of reasons, from the file that the settings name.

use super::BadSetting;
use crate::config::Config;
use crate::domain::ReasonCodes;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;

/// Largest file of codes, bytes: ten thousand codes with long labels.
const MAX_BYTES: u64 = 1024 * 1024;

/// Returns the registered codes, or the known ones when no file is named.
pub(super) fn table(config: &Config) -> Result<Arc<ReasonCodes>> {
    let Some(path) = &config.reason_codes else { return Ok(Arc::default()) };
    let setting = || BadSetting(format!("reason_codes: reading {}", path.display()));
    let read = || -> Result<ReasonCodes> {
        let mut text = String::new();
        File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
        if text.len() as u64 > MAX_BYTES {
            bail!("the file is larger than 1 MiB");
        }
        Ok(ReasonCodes::registered(&text)?)
    };
    read().with_context(setting).map(Arc::new)
}
