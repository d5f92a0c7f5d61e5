//! `ClaimWorkService`: the full claim, decisions, events.

use super::check::{self, Violations};
use super::errors::{item, not_found, of_decision, of_refusal, of_resume};
use super::proto::claim_work_service_server::ClaimWorkService;
use super::stream::flatten;
use super::{
    Answers, Edge, caller, convert, decision, held_attempts, proto, return_match, transfers,
};
use crate::domain::life_cycle::has_event;
use crate::domain::{Caller, ClaimId, FreeText, PartState, ResumeToken};
use crate::limits::MAX_BATCH_ITEMS;
use crate::service::claims::PersonRequest;
use crate::service::decisions::refusal::Refusal;
use crate::service::events::{Batch, EventFilter, Followed, PublishedEvent, Start};
use futures::StreamExt as _;
use tonic::{Request, Response, Status};

/// Largest number of characters of the purpose of a reading.
const MAX_PURPOSE_CHARS: usize = 200;

pub(super) struct ClaimWorkEdge(pub(super) Edge);

impl ClaimWorkEdge {
    async fn record(
        &self,
        caller: &Caller,
        request: &proto::Decision,
        decided_by: Option<&FreeText>,
    ) -> Result<proto::RecordDecisionResponse, Status> {
        let decision = decision::message(request).check(decided_by.cloned());
        let decision = decision.map_err(|fields| of_refusal(Refusal::of_fields(fields)))?;
        let recorded = self.0.service.decisions.record(caller, &decision).await;
        let recorded =
            recorded.map_err(|e| of_decision(self.0.clock.as_ref(), &decision.kind, &e))?;
        Ok(convert::recorded(recorded))
    }
}

#[tonic::async_trait]
impl ClaimWorkService for ClaimWorkEdge {
    #[tracing::instrument(name = "grpc.get_claim", skip_all, fields(claim_id))]
    async fn get_claim(
        &self,
        request: Request<proto::GetClaimRequest>,
    ) -> Result<Response<proto::GetClaimResponse>, Status> {
        let caller = caller::of(&request);
        let stated_name = caller::stated_name(request.metadata())?;
        let request = request.into_inner();
        let mut check = Violations::default();
        let id = check.parse::<ClaimId>("claim_id", &request.claim_id, "a UUID");
        let purpose = check.free_text("purpose", &request.purpose, MAX_PURPOSE_CHARS);
        check.finish()?;
        let Some(id) = id else { return Err(check::one_violation("claim_id", "expected a UUID")) };
        tracing::Span::current().record("claim_id", tracing::field::display(id));
        let person = PersonRequest { stated_name: stated_name.as_ref(), purpose: &purpose };
        let claim = self.0.service.claims.full(&caller, id, person).await;
        let claim = claim.map_err(|e| self.0.internal(e))?.ok_or_else(|| not_found("claim", id))?;
        Ok(Response::new(convert::full_claim(claim)))
    }

    #[tracing::instrument(name = "grpc.record_decision", skip_all)]
    async fn record_decision(
        &self,
        request: Request<proto::RecordDecisionRequest>,
    ) -> Result<Response<proto::RecordDecisionResponse>, Status> {
        let caller = caller::of(&request);
        let decided_by = caller::stated_name(request.metadata())?;
        let Some(decision) = request.into_inner().decision else {
            return Err(check::one_violation("decision", "must be given"));
        };
        self.record(&caller, &decision, decided_by.as_ref()).await.map(Response::new)
    }

    #[tracing::instrument(
        name = "grpc.batch_record_decisions",
        skip_all,
        fields(decisions = request.get_ref().decisions.len())
    )]
    async fn batch_record_decisions(
        &self,
        request: Request<proto::BatchRecordDecisionsRequest>,
    ) -> Result<Response<proto::BatchRecordDecisionsResponse>, Status> {
        use proto::decision_result::Result as Outcome;
        let caller = caller::of(&request);
        let decided_by = caller::stated_name(request.metadata())?;
        let decisions = request.into_inner().decisions;
        check::batch("decisions", decisions.len())?;
        decision::bounded(&decisions)?;
        let mut results = Vec::with_capacity(decisions.len());
        for decision in &decisions {
            let result = match self.record(&caller, decision, decided_by.as_ref()).await {
                Ok(recorded) => Outcome::Recorded(recorded),
                Err(status) => Outcome::Error(item(&status)),
            };
            results.push(proto::DecisionResult { result: Some(result) });
        }
        Ok(Response::new(proto::BatchRecordDecisionsResponse { results }))
    }

    #[tracing::instrument(name = "grpc.list_held_attempts", skip_all)]
    async fn list_held_attempts(
        &self,
        request: Request<proto::ListHeldAttemptsRequest>,
    ) -> Result<Response<proto::ListHeldAttemptsResponse>, Status> {
        let caller = caller::of(&request);
        let (limit, after) = held_attempts::page(request.get_ref())?;
        let page = self.0.service.held_attempts.list(&caller, after, limit).await;
        let page = page.map_err(|e| held_attempts::failure(self.0.clock.as_ref(), &e))?;
        Ok(Response::new(proto::ListHeldAttemptsResponse {
            held: page.items.into_iter().map(held_attempts::held).collect(),
            next_page_token: convert::page_token(page.next, held_attempts::filter()),
        }))
    }

    #[tracing::instrument(name = "grpc.release_held_attempt", skip_all)]
    async fn release_held_attempt(
        &self,
        request: Request<proto::ReleaseHeldAttemptRequest>,
    ) -> Result<Response<proto::ReleaseHeldAttemptResponse>, Status> {
        let caller = caller::of(&request);
        let author = caller::stated_name(request.metadata())?;
        let request = held_attempts::Request::read(request.get_ref())?;
        let decided =
            self.0.service.held_attempts.decide(&caller, request.with_author(author.as_ref()));
        let view = decided.await.map_err(|e| held_attempts::failure(self.0.clock.as_ref(), &e))?;
        let dre = Some(convert::dre_status(view));
        Ok(Response::new(proto::ReleaseHeldAttemptResponse { dre }))
    }

    #[tracing::instrument(name = "grpc.list_transfers", skip_all)]
    async fn list_transfers(
        &self,
        request: Request<proto::ListTransfersRequest>,
    ) -> Result<Response<proto::ListTransfersResponse>, Status> {
        let caller = caller::of(&request);
        transfers::list(&self.0, &caller, request.get_ref()).await.map(Response::new)
    }

    #[tracing::instrument(name = "grpc.get_transfer", skip_all, fields(transfer_id))]
    async fn get_transfer(
        &self,
        request: Request<proto::GetTransferRequest>,
    ) -> Result<Response<proto::GetTransferResponse>, Status> {
        let caller = caller::of(&request);
        transfers::get(&self.0, &caller, request.get_ref()).await.map(Response::new)
    }

    type SubscribeClaimEventsStream = Answers<proto::SubscribeClaimEventsResponse>;

    #[tracing::instrument(name = "grpc.subscribe_claim_events", skip_all)]
    async fn subscribe_claim_events(
        &self,
        request: Request<proto::SubscribeClaimEventsRequest>,
    ) -> Result<Response<Self::SubscribeClaimEventsStream>, Status> {
        let caller = caller::in_lane(&request, request.get_ref().test);
        let request = request.into_inner();
        let mut check = Violations::default();
        let starts = [("oldest", Start::Oldest), ("now", Start::Now)];
        let start = check.start(&request.resume_token, &request.start, &starts);
        let filter = event_filter(&mut check, &request);
        check.finish()?;
        let edge = self.0.clone();
        let digest = filter.digest().with("test", request.test.then_some("true"));
        let start = edge.resume(start, digest).await?;
        let (stop, heartbeat) = (edge.stopping.clone(), edge.heartbeat);
        let events = edge.service.events.follow(&caller, start.position, heartbeat, stop);
        let answers = events.map(move |followed| {
            match followed.map_err(|e| of_resume(edge.clock.as_ref(), &e))? {
                Followed::Events(batch) => Ok(answers(&batch, &filter, start)),
                Followed::CaughtUp { position, read_at } => {
                    Ok(vec![proto::SubscribeClaimEventsResponse {
                        event: None,
                        resume_token: start.at(position).to_string(),
                        complete_up_to: Some(edge.instant(read_at)),
                    }])
                }
            }
        });
        Ok(Response::new(flatten(answers)))
    }

    #[tracing::instrument(name = "grpc.list_unmatched_returns", skip_all)]
    async fn list_unmatched_returns(
        &self,
        request: Request<proto::ListUnmatchedReturnsRequest>,
    ) -> Result<Response<proto::ListUnmatchedReturnsResponse>, Status> {
        let caller = caller::of(&request);
        return_match::list(&self.0, &caller, &request.into_inner()).await.map(Response::new)
    }

    #[tracing::instrument(name = "grpc.record_return_match", skip_all)]
    async fn record_return_match(
        &self,
        request: Request<proto::RecordReturnMatchRequest>,
    ) -> Result<Response<proto::RecordReturnMatchResponse>, Status> {
        let caller = caller::of(&request);
        let decided_by = caller::stated_name(request.metadata())?;
        let request = request.into_inner();
        return_match::record(&self.0, &caller, decided_by, &request).await.map(Response::new)
    }
}

/// Reads the filter of a subscriber.
fn event_filter(
    check: &mut Violations,
    request: &proto::SubscribeClaimEventsRequest,
) -> EventFilter {
    if request.facts.len() > MAX_BATCH_ITEMS {
        check.add("facts", format!("at most {MAX_BATCH_ITEMS}"));
    }
    let is_fact = |state: &PartState| has_event(*state);
    let known: Vec<PartState> = PartState::ALL.iter().copied().filter(is_fact).collect();
    let known = check::codes(&known, PartState::as_str);
    let read = |code: &str| PartState::from_code(code).filter(is_fact);
    let facts = request.facts.iter().enumerate().take(MAX_BATCH_ITEMS);
    let facts = facts
        .filter_map(|(i, fact)| check.code(&format!("facts[{i}]"), fact, read, &known))
        .collect();
    let amc_number = check.amc_number("amc_number", &request.amc_number);
    EventFilter { amc_number, facts }
}

/// Returns the events of a batch that match.
fn answers(
    batch: &Batch,
    filter: &EventFilter,
    stream: ResumeToken,
) -> Vec<proto::SubscribeClaimEventsResponse> {
    let matching = batch.events().filter(|published| filter.covers(&published.event));
    let answer = |published: &PublishedEvent| proto::SubscribeClaimEventsResponse {
        event: Some(convert::event(published.event.clone())),
        resume_token: stream.at(published.position).to_string(),
        complete_up_to: None,
    };
    matching.map(answer).collect()
}
