//! Subjects of events: claims, and the installation itself.

use super::ClaimId;
use super::codes::open_coded;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;
use uuid::Uuid;

open_coded! {
    /// Kind of thing that an event is about.
    SubjectKind {
        /// A claim.
        Claim = "claim", "Demande";
        /// The installation itself.
        Installation = "installation", "Installation";
    }
}

/// The thing that an event is about. Its text is `claim/<uuid>`, as in the CloudEvents attribute
/// `subject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    /// Kind.
    pub kind: SubjectKind,
    /// Identifier, unique within its kind.
    pub id: Uuid,
}

impl From<ClaimId> for Subject {
    fn from(id: ClaimId) -> Self {
        Self { kind: SubjectKind::Claim, id: id.0 }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.as_str(), self.id)
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (kind, id) = text
            .split_once('/')
            .ok_or_else(|| D::Error::custom("a subject has a kind and an id"))?;
        let id = id.parse().map_err(|_| D::Error::custom("the id of a subject is a UUID"))?;
        Ok(Self { kind: SubjectKind::read_code(kind), id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_reads_as_it_was_written_and_a_later_kind_as_unknown() {
        let id = "0199d0a8-1234-7123-8123-123456789012";
        let claim = Subject::from(ClaimId(id.parse().expect("a UUID")));
        let text = serde_json::to_string(&claim).expect("writes");
        assert_eq!(text, format!("\"claim/{id}\""));
        assert_eq!(serde_json::from_str::<Subject>(&text).expect("reads"), claim);
        let invoice: Subject = serde_json::from_str(&format!("\"invoice/{id}\"")).expect("reads");
        assert_eq!((invoice.kind, invoice.id), (SubjectKind::Unknown, claim.id));
        for wrong in ["\"claim\"", "\"claim/7\""] {
            assert!(serde_json::from_str::<Subject>(wrong).is_err(), "{wrong}");
        }
    }
}
