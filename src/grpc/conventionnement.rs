//! `ConventionnementService`: who has a convention with whom, on which day.

use super::ask::{self, LONGEST_FIELD, Violations};
use super::errors::{internal, item};
use super::proto::conventionnement_service_server::ConventionnementService;
use super::{Services, convert, proto};
use crate::conventionnement::{LookupError, LookupQuery};
use tonic::{Request, Response, Status};

pub(super) struct ConventionnementEdge {
    pub(super) services: Services,
}

impl ConventionnementEdge {
    async fn look_up(
        &self,
        request: &proto::LookupConventionnementRequest,
    ) -> Result<proto::LookupConventionnementResponse, Status> {
        let mut check = Violations::default();
        let query = LookupQuery {
            identifier: check.required("identifier", &request.identifier, LONGEST_FIELD),
            amc: check.required("amc_number", &request.amc_number, LONGEST_FIELD),
            domain: check.required("domain", &request.domain, LONGEST_FIELD),
            on: if request.on.is_empty() {
                self.services.clock.now().date()
            } else {
                check.date("on", &request.on)
            },
        };
        check.finish()?;
        let answer = self
            .services
            .conventionnement
            .lookup(&crate::domain::Scope::everything(), &query)
            .await
            .map_err(|e| self.failure(&e))?;
        Ok(convert::lookup_answer(answer, query.on))
    }

    fn failure(&self, error: &LookupError) -> Status {
        match error {
            // The room's `amc` is `amc_number` here, as everywhere in this package.
            LookupError::Invalid { field, code, message } => {
                let field = if *field == "amc" { "amc_number" } else { field };
                ask::one_violation(field, format!("{code}: {message}"))
            }
            LookupError::Store(_) => internal(self.services.clock.as_ref(), error),
        }
    }
}

#[tonic::async_trait]
impl ConventionnementService for ConventionnementEdge {
    #[tracing::instrument(name = "grpc.lookup_conventionnement", skip_all)]
    async fn lookup_conventionnement(
        &self,
        request: Request<proto::LookupConventionnementRequest>,
    ) -> Result<Response<proto::LookupConventionnementResponse>, Status> {
        self.look_up(request.get_ref()).await.map(Response::new)
    }

    #[tracing::instrument(name = "grpc.batch_lookup_conventionnement", skip_all, fields(requests = request.get_ref().requests.len()))]
    async fn batch_lookup_conventionnement(
        &self,
        request: Request<proto::BatchLookupConventionnementRequest>,
    ) -> Result<Response<proto::BatchLookupConventionnementResponse>, Status> {
        use proto::lookup_result::Result as Outcome;
        let requests = request.into_inner().requests;
        ask::batch("requests", requests.len())?;
        let mut results = Vec::with_capacity(requests.len());
        for request in &requests {
            let result = match self.look_up(request).await {
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
        let request = request.into_inner();
        let mut check = Violations::default();
        let identifier = check.required("identifier", &request.identifier, LONGEST_FIELD);
        let amc = check.required("amc_number", &request.amc_number, LONGEST_FIELD);
        check.finish()?;
        let versions = self
            .services
            .conventionnement
            .history(&crate::domain::Scope::everything(), &identifier, &amc)
            .await
            .map_err(|e| self.failure(&e))?;
        let versions = versions.into_iter().map(convert::convention_version).collect();
        Ok(Response::new(proto::GetConventionnementHistoryResponse { versions }))
    }
}
