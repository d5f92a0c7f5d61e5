//! Identifiers, each of its own type, so that the compiler refuses an id of the wrong kind.

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
    /// Identifier of a file deposited with the gateway, whatever its verdict.
    ExchangeId
}
id! {
    /// Identifier of a claim: an accepted invoice.
    ClaimId
}
id! {
    /// Identifier of a decision of a worker about a part of a claim.
    DecisionId
}
id! {
    /// Identifier of a match of an answer with a claim that a person recorded.
    MatchId
}
id! {
    /// Identifier of an event; consumers recognise a repeated delivery by it.
    EventId
}
id! {
    /// Identifier of a file made for a partner (ARL, rejects).
    ReturnId
}

id! {
    /// Identifier of a bank transfer; it follows from payee, payer, day and reference.
    TransferId
}

/// A keyed digest (HMAC-SHA-256, hex) that stands for a person or an invoice outside the vault:
/// equal inputs give equal tokens, and the input cannot be computed without the key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub String);

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Identifier of the master key that sealed a blob or made a link, as columns keep it: 8
/// hexadecimal digits. Nothing of the key follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub String);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Key of an invoice in the database. The identity alone is unique. PS and number come before it in
/// the index, because identities are random: an index by identity alone would read one page of the
/// database for each invoice, an index by PS and number keeps the invoices of a PS together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InvoiceKey {
    ps: String,
    invoice_number: String,
    identity: Token,
}

impl InvoiceKey {
    /// Returns the key of an invoice, from PS and number as sent. Spaces around them are removed,
    /// as they are in the identity, so that equal identities give equal keys.
    #[must_use]
    pub fn new(ps: &str, invoice_number: &str, identity: Token) -> Self {
        let bare = |text: &str| text.trim_matches(' ').to_owned();
        Self { ps: bare(ps), invoice_number: bare(invoice_number), identity }
    }

    /// Returns the PS number.
    #[must_use]
    pub fn ps(&self) -> &str {
        &self.ps
    }

    /// Returns the invoice number.
    #[must_use]
    pub fn invoice_number(&self) -> &str {
        &self.invoice_number
    }

    /// Returns the token of the identity.
    #[must_use]
    pub const fn identity(&self) -> &Token {
        &self.identity
    }
}
