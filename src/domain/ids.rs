//! Identifiers, each of its own type so that one is never taken for another.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map(Self)
            }
        }
    };
}

id! {
    /// One file deposited with the gateway, whatever its verdict.
    ExchangeId
}
id! {
    /// One claim: an invoice that was accepted into the gateway.
    ClaimId
}
id! {
    /// One fact told to consumers; the key by which they recognise a repetition.
    EventId
}
id! {
    /// One file made for a partner (ARL, rejects).
    ReturnId
}

/// A keyed digest (HMAC-SHA-256, hex) that stands for a person or an invoice outside the vault:
/// equal inputs give equal tokens, and nobody without the key goes back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub String);

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an invoice is looked up by. The identity alone says which invoice it is; PS and number
/// stand before it, because an identity is random: by it alone each invoice of a long history lies
/// on a page of its own, by its PS and number it lies beside its neighbours.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InvoiceKey {
    ps: String,
    invoice_number: String,
    identity: Token,
}

impl InvoiceKey {
    /// PS and number as sent. Spaces around them do not count, as they do not in the identity, so
    /// that equal identities are equal keys.
    #[must_use]
    pub fn new(ps: &str, invoice_number: &str, identity: Token) -> Self {
        let bare = |text: &str| text.trim_matches(' ').to_owned();
        Self { ps: bare(ps), invoice_number: bare(invoice_number), identity }
    }

    /// PS number.
    #[must_use]
    pub fn ps(&self) -> &str {
        &self.ps
    }

    /// Invoice number.
    #[must_use]
    pub fn invoice_number(&self) -> &str {
        &self.invoice_number
    }

    /// The token of the identity.
    #[must_use]
    pub const fn identity(&self) -> &Token {
        &self.identity
    }
}
