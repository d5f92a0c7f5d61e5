//! `DreStatusService`: the status of invoices, their next step and its limit.

use super::check::{self, Violations};
use super::errors::{item, not_found, of_resume, with_metadata, with_reason};
use super::proto::dre_status_service_server::DreStatusService;
use super::proto::get_dre_status_request::Dre;
use super::stream::{flatten, until_failure};
use super::{Answers, Edge, caller, convert, dre_filter, proto};
use crate::domain::{Caller, ClaimId, Lane, ResumeToken};
use crate::limits::{MAX_BATCH_ITEMS, MAX_FIELD_CHARS};
use crate::service::claims::hint;
use crate::service::events::{Interest, Start, StatusChange, WatchError, Watched};
use futures::{Stream, StreamExt as _, stream};
use std::sync::Arc;
use tonic::{Code, Request, Response, Status};

#[derive(Clone)]
pub(super) struct DreStatusEdge(pub(super) Edge);

impl DreStatusEdge {
    async fn find(
        &self,
        caller: &Caller,
        request: &proto::GetDreStatusRequest,
    ) -> Result<proto::GetDreStatusResponse, Status> {
        let caller = &caller.clone().in_lane(Lane::of(request.test));
        match &request.dre {
            Some(Dre::ClaimId(id)) => self.find_claim(caller, check::id("claim_id", id)?).await,
            Some(Dre::Invoice(key)) => self.find_invoice(caller, key).await,
            None => Err(check::one_violation("dre", "give claim_id or invoice")),
        }
    }

    async fn find_claim(
        &self,
        caller: &Caller,
        id: ClaimId,
    ) -> Result<proto::GetDreStatusResponse, Status> {
        let view = self.0.service.claims.get_with_quarantine(caller, id).await;
        let view = view.map_err(|e| self.0.internal(e))?.ok_or_else(|| not_found("claim", id))?;
        let dre = Some(convert::dre_status(view));
        Ok(proto::GetDreStatusResponse { dre, other_claim_ids: Vec::new() })
    }

    async fn find_invoice(
        &self,
        caller: &Caller,
        key: &proto::InvoiceKey,
    ) -> Result<proto::GetDreStatusResponse, Status> {
        let mut check = Violations::default();
        let ps = check.required("invoice.ps", &key.ps, MAX_FIELD_CHARS);
        let number = check.required("invoice.invoice_number", &key.invoice_number, MAX_FIELD_CHARS);
        check.finish()?;
        let found = self.0.service.claims.find_invoice(caller, &ps, &number).await;
        // The message does not repeat the request: a NIR given by mistake would reach the logs of
        // the caller.
        let unknown = || match hint(&ps) {
            None => with_reason(Code::NotFound, "invoice_not_found", "no such invoice of this PS"),
            Some(hint) => with_metadata(
                Code::NotFound,
                "invoice_not_found",
                "no such invoice of this PS; the number of the PS looks wrong",
                [("hint", hint.as_str())],
            ),
        };
        let found = found.map_err(|e| self.0.internal(e))?.ok_or_else(unknown)?;
        Ok(proto::GetDreStatusResponse {
            dre: Some(convert::dre_status(found.view)),
            other_claim_ids: found.others.iter().map(ToString::to_string).collect(),
        })
    }

    /// Returns the messages of what a watcher learns from the stream.
    fn messages(
        &self,
        stream: ResumeToken,
        watched: Result<Watched, WatchError>,
    ) -> Result<Vec<proto::WatchDreResponse>, Status> {
        let watched = watched.map_err(|e| match e {
            WatchError::Stream(e) => of_resume(self.0.clock.as_ref(), &e),
            WatchError::Statuses(e) => self.0.internal(e),
        })?;
        let changes = match watched {
            Watched::Changes(changes) => changes,
            Watched::CaughtUp { position, read_at } => {
                return Ok(vec![proto::WatchDreResponse {
                    resume_token: stream.at(position).to_string(),
                    complete_up_to: Some(self.0.instant(read_at)),
                    ..proto::WatchDreResponse::default()
                }]);
            }
        };
        let answer = |change: StatusChange| proto::WatchDreResponse {
            dre: change.view.map(convert::shared_status),
            resume_token: stream.at(change.position).to_string(),
            ..proto::WatchDreResponse::default()
        };
        Ok(changes.into_iter().map(answer).collect())
    }

    /// Returns the messages of a snapshot. Only the last one has a token: a snapshot that was cut
    /// starts again.
    fn snapshot(
        &self,
        caller: &Arc<Caller>,
        interest: &Arc<Interest>,
        stream: ResumeToken,
    ) -> impl Stream<Item = Result<Vec<proto::WatchDreResponse>, Status>> + Send + use<> {
        let edge = self.clone();
        let statuses = self.0.service.events.snapshot(Arc::clone(caller), Arc::clone(interest));
        let statuses = statuses.map(move |page| {
            let answer = |change: StatusChange| proto::WatchDreResponse {
                dre: change.view.map(convert::shared_status),
                ..proto::WatchDreResponse::default()
            };
            let page = page.map_err(|e| edge.0.internal(e))?;
            Ok(page.into_iter().map(answer).collect())
        });
        let complete = proto::WatchDreResponse {
            resume_token: stream.to_string(),
            snapshot_complete: true,
            ..proto::WatchDreResponse::default()
        };
        statuses.chain(stream::iter([Ok(vec![complete])]))
    }
}

/// Reads the filter of a watcher.
fn interest(check: &mut Violations, request: &proto::WatchDreRequest) -> Interest {
    if request.claim_ids.len() > MAX_BATCH_ITEMS {
        check.add("claim_ids", format!("at most {MAX_BATCH_ITEMS}"));
    }
    let claims = request.claim_ids.iter().enumerate().take(MAX_BATCH_ITEMS);
    let claims = claims
        .filter_map(|(i, id)| check.parse(&format!("claim_ids[{i}]"), id, "a UUID"))
        .collect();
    let sender = check.optional("sender", &request.sender);
    let ps = check.optional("ps", &request.ps);
    Interest { claims, sender, ps }
}

#[tonic::async_trait]
impl DreStatusService for DreStatusEdge {
    #[tracing::instrument(name = "grpc.get_dre_status", skip_all, fields(claim_id))]
    async fn get_dre_status(
        &self,
        request: Request<proto::GetDreStatusRequest>,
    ) -> Result<Response<proto::GetDreStatusResponse>, Status> {
        let caller = caller::of(&request);
        self.find(&caller, request.get_ref()).await.map(Response::new)
    }

    #[tracing::instrument(
        name = "grpc.batch_get_dre_status",
        skip_all,
        fields(requests = request.get_ref().requests.len())
    )]
    async fn batch_get_dre_status(
        &self,
        request: Request<proto::BatchGetDreStatusRequest>,
    ) -> Result<Response<proto::BatchGetDreStatusResponse>, Status> {
        use proto::dre_status_result::Result as Outcome;
        let caller = caller::of(&request);
        let requests = request.into_inner().requests;
        check::batch("requests", requests.len())?;
        let mut results = Vec::with_capacity(requests.len());
        for request in &requests {
            let result = match self.find(&caller, request).await {
                Ok(found) => Outcome::Found(found),
                Err(status) => Outcome::Error(item(&status)),
            };
            results.push(proto::DreStatusResult { result: Some(result) });
        }
        Ok(Response::new(proto::BatchGetDreStatusResponse { results }))
    }

    #[tracing::instrument(name = "grpc.list_dre", skip_all)]
    async fn list_dre(
        &self,
        request: Request<proto::ListDreRequest>,
    ) -> Result<Response<proto::ListDreResponse>, Status> {
        let caller = caller::in_lane(&request, request.get_ref().test);
        let request = request.into_inner();
        let mut check = Violations::default();
        let query = dre_filter::query(&mut check, &request);
        let limit = check.page_size(request.page_size);
        let filter = query.digest().with("test", request.test.then_some("true"));
        let after = check.page_token(&request.page_token, filter);
        check.finish()?;
        let page = self.0.service.claims.list(&caller, query, after, limit).await;
        let page = page.map_err(|e| self.0.internal(e))?;
        Ok(Response::new(proto::ListDreResponse {
            dre: page.items.into_iter().map(convert::dre_status).collect(),
            next_page_token: convert::page_token(page.next, filter),
        }))
    }

    #[tracing::instrument(name = "grpc.get_dre_history", skip_all, fields(claim_id))]
    async fn get_dre_history(
        &self,
        request: Request<proto::GetDreHistoryRequest>,
    ) -> Result<Response<proto::GetDreHistoryResponse>, Status> {
        let caller = caller::of(&request);
        let id: ClaimId = check::id("claim_id", &request.get_ref().claim_id)?;
        let history = self.0.service.claims.history(&caller, id).await;
        let history = history.map_err(|e| self.0.internal(e))?;
        if history.is_empty() {
            return Err(not_found("claim", id));
        }
        let events = history.into_iter().map(convert::event).collect();
        Ok(Response::new(proto::GetDreHistoryResponse { events }))
    }

    type WatchDreStream = Answers<proto::WatchDreResponse>;

    #[tracing::instrument(name = "grpc.watch_dre", skip_all)]
    async fn watch_dre(
        &self,
        request: Request<proto::WatchDreRequest>,
    ) -> Result<Response<Self::WatchDreStream>, Status> {
        let caller = Arc::new(caller::in_lane(&request, request.get_ref().test));
        let request = request.into_inner();
        let mut check = Violations::default();
        let starts =
            [("oldest", Start::Oldest), ("now", Start::Now), ("snapshot", Start::Snapshot)];
        let start = check.start(&request.resume_token, &request.start, &starts);
        let interest = Arc::new(interest(&mut check, &request));
        check.finish()?;
        let filter = interest.digest().with("test", request.test.then_some("true"));
        let token = self.0.resume(start, filter).await?;
        let wants_snapshot = start == Start::Snapshot;
        let snapshot = wants_snapshot.then(|| self.snapshot(&caller, &interest, token));
        let (stop, heartbeat) = (self.0.stopping.clone(), self.0.heartbeat);
        let events = &self.0.service.events;
        let changes = events.watch(&caller, interest, token.position, heartbeat, stop);
        let edge = self.clone();
        let answers = changes.map(move |watched| edge.messages(token, watched));
        let answers = stream::iter(snapshot).flatten().chain(answers);
        Ok(Response::new(flatten(until_failure(answers))))
    }
}
