//! `ConventionnementService`: conventions between professionals and insurers, on a day.

use super::check::{self, Violations};
use super::errors::{internal, item};
use super::proto::conventionnement_service_server::ConventionnementService;
use super::{Edge, caller, convert, proto};
use crate::domain::Caller;
use crate::limits::MAX_FIELD_CHARS;
use crate::service::conventions::{LookupError, LookupQuery, WrongField};
use tonic::{Request, Response, Status};

pub(super) struct ConventionnementEdge(pub(super) Edge);

impl ConventionnementEdge {
    async fn look_up(
        &self,
        caller: &Caller,
        request: &proto::LookupConventionnementRequest,
    ) -> Result<proto::LookupConventionnementResponse, Status> {
        let conventions = &self.0.service.conventions;
        let mut check = Violations::default();
        let mut query = LookupQuery {
            identifier: check.text("identifier", &request.identifier, MAX_FIELD_CHARS),
            amc: check.text("amc_number", &request.amc_number, MAX_FIELD_CHARS),
            domain: check.text("domain", &request.domain, MAX_FIELD_CHARS),
            on: conventions.today(),
        };
        if let Err(LookupError::Invalid(fields)) = query.check() {
            fields.iter().for_each(|wrong| add(&mut check, wrong));
        }
        if !request.on.is_empty() {
            query.on = check.date("on", &request.on);
        }
        check.finish()?;
        let answer = conventions.lookup(caller, &query).await.map_err(|e| self.failure(&e))?;
        Ok(convert::lookup_answer(answer, query.on))
    }

    fn failure(&self, error: &LookupError) -> Status {
        match error {
            LookupError::Invalid(fields) => {
                let mut check = Violations::default();
                fields.iter().for_each(|wrong| add(&mut check, wrong));
                check.status()
            }
            LookupError::Store(_) => internal(self.0.clock.as_ref(), error),
        }
    }
}

/// Adds a wrong field of a question, unless the same field is wrong already. The field `amc` of a
/// query is `amc_number` in this package.
fn add(check: &mut Violations, wrong: &WrongField) {
    let field = if wrong.field == "amc" { "amc_number" } else { wrong.field };
    check.add_once(field, format!("{}: {}", wrong.code, wrong.message));
}

#[tonic::async_trait]
impl ConventionnementService for ConventionnementEdge {
    #[tracing::instrument(name = "grpc.lookup_conventionnement", skip_all)]
    async fn lookup_conventionnement(
        &self,
        request: Request<proto::LookupConventionnementRequest>,
    ) -> Result<Response<proto::LookupConventionnementResponse>, Status> {
        let caller = caller::of(&request);
        self.look_up(&caller, request.get_ref()).await.map(Response::new)
    }

    #[tracing::instrument(
        name = "grpc.batch_lookup_conventionnement",
        skip_all,
        fields(requests = request.get_ref().requests.len())
    )]
    async fn batch_lookup_conventionnement(
        &self,
        request: Request<proto::BatchLookupConventionnementRequest>,
    ) -> Result<Response<proto::BatchLookupConventionnementResponse>, Status> {
        use proto::lookup_result::Result as Outcome;
        let caller = caller::of(&request);
        let requests = request.into_inner().requests;
        check::batch("requests", requests.len())?;
        let mut results = Vec::with_capacity(requests.len());
        for request in &requests {
            let result = match self.look_up(&caller, request).await {
                Ok(found) => Outcome::Found(found),
                Err(status) => Outcome::Error(item(&status)),
            };
            results.push(proto::LookupResult { result: Some(result) });
        }
        Ok(Response::new(proto::BatchLookupConventionnementResponse { results }))
    }

    #[tracing::instrument(name = "grpc.get_conventionnement_history", skip_all)]
    async fn get_conventionnement_history(
        &self,
        request: Request<proto::GetConventionnementHistoryRequest>,
    ) -> Result<Response<proto::GetConventionnementHistoryResponse>, Status> {
        let caller = caller::of(&request);
        let request = request.into_inner();
        let mut check = Violations::default();
        let identifier = check.text("identifier", &request.identifier, MAX_FIELD_CHARS);
        let amc = check.text("amc_number", &request.amc_number, MAX_FIELD_CHARS);
        check.finish()?;
        let versions = self.0.service.conventions.history(&caller, &identifier, &amc).await;
        let versions = versions.map_err(|e| self.failure(&e))?;
        let versions = versions.into_iter().map(convert::convention_version).collect();
        Ok(Response::new(proto::GetConventionnementHistoryResponse { versions }))
    }
}
