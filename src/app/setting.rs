//! Failures of which a setting is the cause.

/// Context of a failure that is mended by a setting: it names the setting, and its cause says what
/// is wrong with the value.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct BadSetting(pub String);
