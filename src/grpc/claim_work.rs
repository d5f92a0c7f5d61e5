//! `ClaimWorkService`: the full claim for those entitled to it, decisions, events.

use super::ask::{self, Violations};
use super::errors::{internal, item, not_found, of_decision};
use super::follow::{Follower, flatten, position};
use super::proto::claim_work_service_server::ClaimWorkService;
use super::{Answers, LARGEST_BATCH, Services, convert, decision, proto};
use crate::domain::{Claim, ClaimId, PartState};
use crate::service::decisions::{DecisionOutcome, Warning, decide};
use crate::store::OutboxEvent;
use futures::StreamExt as _;
use std::collections::HashSet;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// Longest reason for reading a person, characters.
const LONGEST_PURPOSE: usize = 200;
/// Who decides, when the caller does not say.
const UNNAMED: &str = "unnamed";

pub(super) struct ClaimWorkEdge {
    pub(super) services: Services,
    pub(super) stopping: CancellationToken,
}

impl ClaimWorkEdge {
    fn internal(&self, error: impl std::error::Error + 'static) -> Status {
        internal(self.services.clock.as_ref(), &error)
    }

    /// The person of a claim. The journal is written first: no reading without its trace.
    async fn read_person(
        &self,
        claim: &Claim,
        caller: &str,
        purpose: &str,
    ) -> Result<proto::Person, Status> {
        let mut work = self.services.store.begin().await.map_err(|e| self.internal(e))?;
        work.insert_access(claim.id, caller, purpose, self.services.clock.now())
            .await
            .map_err(|e| self.internal(e))?;
        work.commit().await.map_err(|e| self.internal(e))?;
        let person = self
            .services
            .vault
            .unseal_person(&claim.vault, claim.id)
            .map_err(|e| self.internal(e))?;
        Ok(convert::person(person))
    }

    async fn record(
        &self,
        asked: &proto::Decision,
        decided_by: &str,
    ) -> Result<proto::RecordDecisionResponse, Status> {
        let decision = decision::decision(asked, decided_by)?;
        let clock = self.services.clock.as_ref();
        let outcome = decide(self.services.store.as_ref(), clock, &decision)
            .await
            .map_err(|e| of_decision(clock, &decision.kind, &e))?;
        Ok(self.recorded(&outcome))
    }

    fn recorded(&self, outcome: &DecisionOutcome) -> proto::RecordDecisionResponse {
        let warning = |w: Warning| proto::Reason {
            code: w.as_str().to_owned(),
            label: w.libelle().to_owned(),
        };
        proto::RecordDecisionResponse {
            event_id: outcome.event_id.map(|id| id.to_string()),
            repeated: outcome.repeated,
            dre: Some(convert::dre_status(&outcome.claim, None, self.services.clock.now())),
            warnings: outcome.warning.map(warning).into_iter().collect(),
        }
    }
}

#[tonic::async_trait]
impl ClaimWorkService for ClaimWorkEdge {
    #[tracing::instrument(name = "grpc.get_claim", skip_all, fields(claim_id))]
    async fn get_claim(
        &self,
        request: Request<proto::GetClaimRequest>,
    ) -> Result<Response<proto::GetClaimResponse>, Status> {
        let caller = ask::caller(request.metadata())?;
        let request = request.into_inner();
        let mut check = Violations::default();
        let id = check.parse::<ClaimId>("claim_id", &request.claim_id, "a UUID");
        let purpose = check.text("purpose", &request.purpose, LONGEST_PURPOSE);
        check.finish()?;
        let Some(id) = id else { return Err(ask::one_violation("claim_id", "expected a UUID")) };
        tracing::Span::current().record("claim_id", tracing::field::display(id));
        let store = &self.services.store;
        let claim = store
            .claim(id)
            .await
            .map_err(|e| self.internal(e))?
            .ok_or_else(|| not_found("claim", id))?;
        let lines = store.claim_lines(id).await.map_err(|e| self.internal(e))?;
        let (person, person_withheld) = match caller {
            None => (None, format!("say who asks, in the metadata {}", ask::CALLER)),
            Some(_) if purpose.is_empty() => {
                (None, "say why the person is read, in purpose".to_owned())
            }
            Some(caller) => {
                (Some(self.read_person(&claim, &caller, &purpose).await?), String::new())
            }
        };
        Ok(Response::new(convert::claim(
            &claim,
            &lines,
            person,
            person_withheld,
            self.services.clock.now(),
        )))
    }

    #[tracing::instrument(name = "grpc.record_decision", skip_all)]
    async fn record_decision(
        &self,
        request: Request<proto::RecordDecisionRequest>,
    ) -> Result<Response<proto::RecordDecisionResponse>, Status> {
        let caller = ask::caller(request.metadata())?.unwrap_or_else(|| UNNAMED.to_owned());
        let Some(decision) = request.into_inner().decision else {
            return Err(ask::one_violation("decision", "must be given"));
        };
        self.record(&decision, &caller).await.map(Response::new)
    }

    #[tracing::instrument(name = "grpc.batch_record_decisions", skip_all, fields(decisions = request.get_ref().decisions.len()))]
    async fn batch_record_decisions(
        &self,
        request: Request<proto::BatchRecordDecisionsRequest>,
    ) -> Result<Response<proto::BatchRecordDecisionsResponse>, Status> {
        use proto::decision_result::Result as Outcome;
        let caller = ask::caller(request.metadata())?.unwrap_or_else(|| UNNAMED.to_owned());
        let decisions = request.into_inner().decisions;
        ask::batch("decisions", decisions.len())?;
        let mut results = Vec::with_capacity(decisions.len());
        for decision in &decisions {
            let result = match self.record(decision, &caller).await {
                Ok(recorded) => Outcome::Recorded(recorded),
                Err(status) => Outcome::Error(item(&status)),
            };
            results.push(proto::DecisionResult { result: Some(result) });
        }
        Ok(Response::new(proto::BatchRecordDecisionsResponse { results }))
    }

    type SubscribeClaimEventsStream = Answers<proto::SubscribeClaimEventsResponse>;

    #[tracing::instrument(name = "grpc.subscribe_claim_events", skip_all)]
    async fn subscribe_claim_events(
        &self,
        request: Request<proto::SubscribeClaimEventsRequest>,
    ) -> Result<Response<Self::SubscribeClaimEventsStream>, Status> {
        let request = request.into_inner();
        let start = position(&request.resume_token)?;
        let wanted = Wanted::read(&request)?;
        let follower = Follower::new(self.services.clone(), self.stopping.clone(), start);
        let answers = follower.batches().map(move |batch| Ok(wanted.answers(batch?)));
        Ok(Response::new(flatten(answers)))
    }
}

/// What a subscriber wants to see.
struct Wanted {
    amc_number: Option<String>,
    facts: HashSet<PartState>,
}

impl Wanted {
    fn read(request: &proto::SubscribeClaimEventsRequest) -> Result<Self, Status> {
        let mut check = Violations::default();
        if request.facts.len() > LARGEST_BATCH {
            check.add("facts", format!("at most {LARGEST_BATCH}"));
        }
        let known = ask::codes(PartState::ALL, PartState::as_str);
        let facts = request.facts.iter().enumerate();
        let facts = facts
            .filter_map(|(i, fact)| {
                check.code(&format!("facts[{i}]"), fact, PartState::from_code, &known)
            })
            .collect();
        let amc_number = check.optional("amc_number", &request.amc_number);
        check.finish()?;
        Ok(Self { amc_number, facts })
    }

    fn covers(&self, outbox: &OutboxEvent) -> bool {
        self.amc_number.as_ref().is_none_or(|amc| *amc == outbox.event.amc_number)
            && (self.facts.is_empty() || self.facts.contains(&outbox.event.fact))
    }

    /// The events wanted, and a message that only moves the token when the batch ends with others.
    fn answers(&self, batch: Vec<OutboxEvent>) -> Vec<proto::SubscribeClaimEventsResponse> {
        let last = batch.len().saturating_sub(1);
        let numbered = batch.into_iter().enumerate();
        let answers = numbered.filter_map(|(i, outbox)| {
            let resume_token = outbox.position.to_string();
            let event = self.covers(&outbox).then(|| convert::event(outbox.event));
            (event.is_some() || i == last)
                .then_some(proto::SubscribeClaimEventsResponse { event, resume_token })
        });
        answers.collect()
    }
}
