//! The caller of a request: who asks, as the service knows it, and the name that a request states.

use super::check::{Violations, one_violation};
use crate::domain::{Caller, FreeText, Lane};
use tonic::metadata::MetadataMap;
use tonic::{Request, Status};

/// Metadata in which a caller states its name.
pub(super) const STATED_NAME: &str = "x-noemie-caller";

/// Returns the proven caller of a request. Every request comes from the local operator, because
/// connections carry no proof yet: certificates and tokens will be read here.
pub(super) fn of<T>(_request: &Request<T>) -> Caller {
    Caller::local()
}

/// Returns the proven caller of a request that asks for the rows of one lane.
pub(super) fn in_lane<T>(request: &Request<T>, test: bool) -> Caller {
    of(request).in_lane(Lane::of(test))
}

/// Returns the name stated in the metadata of a request, `None` when there is none.
pub(super) fn stated_name(metadata: &MetadataMap) -> Result<Option<FreeText>, Status> {
    let Some(value) = metadata.get(STATED_NAME) else { return Ok(None) };
    let Ok(name) = value.to_str() else {
        return Err(one_violation(STATED_NAME, "only visible ASCII characters"));
    };
    let mut check = Violations::default();
    let name = check.optional(STATED_NAME, name);
    check.finish()?;
    Ok(name.map(FreeText::from))
}
