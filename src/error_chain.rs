//! An error with its causes on one line, for logs and terminals. Causes never leave by gRPC.

use std::error::Error;
use std::fmt;

/// Displays an error and its causes, joined by `: `.
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.to_string();
        f.write_str(&shown)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Errors of libraries end with the text of their cause.
            if !shown.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            shown = text;
            source = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn every_cause_is_displayed_once() {
        assert_eq!(Chain(&Outer(std::io::Error::other("disk"))).to_string(), "outer: disk");
        let repeats = std::io::Error::other(Outer(std::io::Error::other("disk")));
        assert_eq!(Chain(&repeats).to_string(), "outer: disk");
        assert_eq!(Chain(&std::io::Error::other("alone")).to_string(), "alone");
    }
}
