//! Actors of events: the party that reported a fact, and the proof of its name.

use super::{DecisionAuthor, ExchangeId, FreeText, Proof, Role};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Party that reported a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Name, in which a NIR or a bank account is masked.
    pub name: FreeText,
    /// Kind of party.
    pub role: Role,
    /// Proof of the name.
    pub proof: Proof,
}

impl Actor {
    /// Returns the depositor of a file. Its name is the sender that the deposit states.
    #[must_use]
    pub fn depositor(sender: &str, role: Role) -> Self {
        Self { name: sender.into(), role, proof: Proof::Stated }
    }

    /// Returns the author of a decision: the name that the caller states, or the caller itself when
    /// it states none.
    #[must_use]
    pub fn author(author: &DecisionAuthor) -> Self {
        let (name, proof) = match &author.stated {
            Some(stated) => (stated.clone(), Proof::Stated),
            None => (author.caller_name.as_str().into(), author.proof),
        };
        Self { name, role: author.role, proof }
    }
}

/// Source of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactSource {
    /// Party that reported the fact.
    pub actor: Actor,
    /// Exchange that reported the fact (deposit or return); `None` for a decision.
    pub exchange_id: Option<ExchangeId>,
    /// Instant of the fact.
    pub at: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Caller;

    fn author(stated: Option<&str>) -> Actor {
        Actor::author(&DecisionAuthor::of(&Caller::local(), stated.map(Into::into)))
    }

    #[test]
    fn the_author_of_a_decision_is_the_stated_one_or_the_caller() {
        let stated = author(Some("worker-7"));
        assert_eq!((stated.name.as_str(), stated.proof), ("worker-7", Proof::Stated));
        assert_eq!(stated.role, Role::Operator);
        let unstated = author(None);
        assert_eq!((unstated.name.as_str(), unstated.proof), ("local", Proof::Local));
    }

    #[test]
    fn a_name_never_holds_an_identity() {
        let nir = Actor::depositor("oct 1850760057018", Role::Concentrator);
        assert_eq!(nir.name, "oct *************");
        let iban = author(Some("FR7630006000011234567890189"));
        assert!(!iban.name.as_str().contains("30006000011234567890"), "{}", iban.name);
    }

    #[test]
    fn codes_of_a_later_version_read_as_unknown() {
        let later = r#"{"name":"a","role":"regulator","proof":"certificate"}"#;
        let actor: Actor = serde_json::from_str(later).expect("open codes");
        assert_eq!((actor.role, actor.proof), (Role::Unknown, Proof::Unknown));
    }
}
