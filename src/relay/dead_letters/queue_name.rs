//! Name of a queue of the broker that another program may have chosen.

use crate::domain::masking::masked;
use std::fmt;

/// Name of a queue. It is shown and written with NIR and bank accounts masked, so that no listing
/// and no journal repeats one; the broker gets the exact name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueName(String);

impl QueueName {
    /// Returns whether the exact name is this one.
    pub(super) fn is(&self, name: &str) -> bool {
        self.0 == name
    }

    /// Returns the exact name, for the broker.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for QueueName {
    fn from(name: T) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.0))
    }
}

impl fmt::Debug for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueueName({self})")
    }
}

impl serde::Serialize for QueueName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
