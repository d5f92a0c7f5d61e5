//! Answers to decisions: the proto3 JSON mapping of `noemie.gateway.v1.DecisionResult`. The status
//! of the claim is left out: a worker reads it by `GetClaim`.

use crate::service::decisions::refusal::Refusal;
use crate::service::decisions::{Recorded, Warning};
use serde_json::{Map, Value, json};

/// Returns the answer to a recorded decision.
pub(super) fn recorded(recorded: &Recorded) -> Value {
    let mut answer = Map::new();
    if let Some(id) = recorded.event_id {
        answer.insert("eventId".to_owned(), id.to_string().into());
    }
    answer.insert("repeated".to_owned(), recorded.repeated.into());
    let warning = |w: &Warning| json!({ "code": w.as_str(), "label": w.libelle() });
    let warnings: Vec<Value> = recorded.warnings.iter().map(warning).collect();
    answer.insert("warnings".to_owned(), warnings.into());
    let version = recorded.view.claim.as_ref().map_or(0, |claim| claim.version);
    answer.insert("version".to_owned(), version.to_string().into());
    json!({ "recorded": answer })
}

/// Returns the answer to a refused decision.
pub(super) fn refused(refusal: &Refusal) -> Value {
    let metadata: Map<String, Value> = refusal
        .metadata
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
        .collect();
    json!({ "error": {
        "code": refusal.code.as_str(),
        "reason": refusal.reason,
        "message": refusal.message,
        "metadata": metadata,
    } })
}
