//! `DreStatusService`: where an invoice is, what comes next and by when.

use super::ask::{self, LONGEST_FIELD, Violations};
use super::errors::{internal, item, not_found, with_reason};
use super::follow::{Follower, flatten, position};
use super::proto::dre_status_service_server::DreStatusService;
use super::proto::get_dre_status_request::Dre;
use super::{Answers, LARGEST_BATCH, Services, convert, proto};
use crate::domain::{Claim, ClaimId, ClaimStatus, ExchangeId, Quarantined};
use crate::store::{ClaimFilter, OutboxEvent};
use futures::StreamExt as _;
use std::collections::HashSet;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status};

/// How many other claims of the same PS and invoice number are named.
const MOST_OTHERS: usize = 10;

#[derive(Clone)]
pub(super) struct DreStatusEdge {
    pub(super) services: Services,
    pub(super) stopping: CancellationToken,
}

impl DreStatusEdge {
    fn internal(&self, error: impl std::error::Error + 'static) -> Status {
        internal(self.services.clock.as_ref(), &error)
    }

    async fn find(
        &self,
        request: &proto::GetDreStatusRequest,
    ) -> Result<proto::GetDreStatusResponse, Status> {
        match &request.dre {
            Some(Dre::ClaimId(id)) => self.find_claim(ask::id("claim_id", id)?).await,
            Some(Dre::Invoice(key)) => {
                let mut check = Violations::default();
                let ps = check.required("invoice.ps", &key.ps, LONGEST_FIELD);
                let invoice_number =
                    check.required("invoice.invoice_number", &key.invoice_number, LONGEST_FIELD);
                check.finish()?;
                self.find_invoice(ps, invoice_number).await
            }
            None => Err(ask::one_violation("dre", "give claim_id or invoice")),
        }
    }

    async fn find_claim(&self, id: ClaimId) -> Result<proto::GetDreStatusResponse, Status> {
        let claim = self
            .services
            .store
            .claim(id)
            .await
            .map_err(|e| self.internal(e))?
            .ok_or_else(|| not_found("claim", id))?;
        let waiting = self.waiting(&claim.ps, &claim.invoice_number).await?;
        let dre =
            convert::dre_status(&claim, later_copy(&claim, &waiting), self.services.clock.now());
        Ok(proto::GetDreStatusResponse { dre: Some(dre), other_claim_ids: Vec::new() })
    }

    async fn find_invoice(
        &self,
        ps: String,
        invoice_number: String,
    ) -> Result<proto::GetDreStatusResponse, Status> {
        let waiting = self.waiting(&ps, &invoice_number).await?;
        let filter = ClaimFilter {
            ps: Some(ps.clone()),
            invoice_number: Some(invoice_number.clone()),
            ..ClaimFilter::default()
        };
        let claims = self
            .services
            .store
            .claims(&filter, None, MOST_OTHERS + 1)
            .await
            .map_err(|e| self.internal(e))?
            .items;
        let newest_waiting = waiting.iter().max_by_key(|invoice| invoice.at);
        let (dre, others) = match (claims.split_first(), newest_waiting) {
            (Some((claim, others)), _) => (
                convert::dre_status(claim, later_copy(claim, &waiting), self.services.clock.now()),
                others,
            ),
            (None, Some(invoice)) => (convert::quarantined_status(invoice), &[][..]),
            (None, None) => {
                // The caller knows what it asked; repeated here, a NIR given by mistake would reach
                // its logs.
                return Err(with_reason(
                    Code::NotFound,
                    "invoice_not_found",
                    "no such invoice of this PS",
                ));
            }
        };
        Ok(proto::GetDreStatusResponse {
            dre: Some(dre),
            other_claim_ids: others.iter().map(|claim| claim.id.to_string()).collect(),
        })
    }

    async fn waiting(&self, ps: &str, invoice_number: &str) -> Result<Vec<Quarantined>, Status> {
        self.services
            .store
            .quarantined_invoice(ps, invoice_number)
            .await
            .map_err(|e| self.internal(e))
    }

    /// The statuses that a batch of events asks for, the newest of each claim, and the token past
    /// the whole batch.
    async fn news(
        &self,
        events: Vec<OutboxEvent>,
        interest: &Interest,
    ) -> Result<Vec<proto::WatchDreResponse>, Status> {
        let last_position = events.last().map_or(0, |last| last.position);
        let mut told = HashSet::new();
        let mut newest: Vec<&OutboxEvent> = events
            .iter()
            .rev()
            .filter(|e| interest.covers(e) && told.insert(e.event.claim_id))
            .collect();
        newest.reverse();
        let mut answers = Vec::with_capacity(newest.len() + 1);
        for outbox in newest {
            let claim = self
                .services
                .store
                .claim(outbox.event.claim_id)
                .await
                .map_err(|e| self.internal(e))?;
            let dre =
                claim.map(|claim| convert::dre_status(&claim, None, self.services.clock.now()));
            answers
                .push(proto::WatchDreResponse { dre, resume_token: outbox.position.to_string() });
        }
        if answers.last().is_none_or(|last| last.resume_token != last_position.to_string()) {
            answers.push(proto::WatchDreResponse {
                dre: None,
                resume_token: last_position.to_string(),
            });
        }
        Ok(answers)
    }
}

/// The newest copy of the claim's invoice that was put aside after the claim was taken, if any.
fn later_copy<'a>(claim: &Claim, waiting: &'a [Quarantined]) -> Option<&'a Quarantined> {
    waiting
        .iter()
        .filter(|invoice| invoice.at >= claim.received_at)
        .max_by_key(|invoice| invoice.at)
}

/// What a watcher wants to see.
struct Interest {
    claims: HashSet<ClaimId>,
    sender: Option<String>,
    ps: Option<String>,
}

impl Interest {
    fn read(request: &proto::WatchDreRequest) -> Result<Self, Status> {
        let mut check = Violations::default();
        if request.claim_ids.len() > LARGEST_BATCH {
            check.add("claim_ids", format!("at most {LARGEST_BATCH}"));
        }
        let claims = request.claim_ids.iter().enumerate();
        let claims = claims
            .filter_map(|(i, id)| check.parse(&format!("claim_ids[{i}]"), id, "a UUID"))
            .collect();
        let sender = check.optional("sender", &request.sender);
        let ps = check.optional("ps", &request.ps);
        check.finish()?;
        Ok(Self { claims, sender, ps })
    }

    fn covers(&self, outbox: &OutboxEvent) -> bool {
        let event = &outbox.event;
        (self.claims.is_empty() || self.claims.contains(&event.claim_id))
            && self.sender.as_ref().is_none_or(|sender| *sender == event.sender)
            && self.ps.as_ref().is_none_or(|ps| *ps == event.ps)
    }
}

#[tonic::async_trait]
impl DreStatusService for DreStatusEdge {
    #[tracing::instrument(name = "grpc.get_dre_status", skip_all, fields(claim_id))]
    async fn get_dre_status(
        &self,
        request: Request<proto::GetDreStatusRequest>,
    ) -> Result<Response<proto::GetDreStatusResponse>, Status> {
        self.find(request.get_ref()).await.map(Response::new)
    }

    #[tracing::instrument(name = "grpc.batch_get_dre_status", skip_all, fields(requests = request.get_ref().requests.len()))]
    async fn batch_get_dre_status(
        &self,
        request: Request<proto::BatchGetDreStatusRequest>,
    ) -> Result<Response<proto::BatchGetDreStatusResponse>, Status> {
        use proto::dre_status_result::Result as Outcome;
        let requests = request.into_inner().requests;
        ask::batch("requests", requests.len())?;
        let mut results = Vec::with_capacity(requests.len());
        for request in &requests {
            let result = match self.find(request).await {
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
        let request = request.into_inner();
        let now = self.services.clock.now();
        let mut check = Violations::default();
        let filter = ClaimFilter {
            sender: check.optional("sender", &request.sender),
            ps: check.optional("ps", &request.ps),
            invoice_number: check.optional("invoice_number", &request.invoice_number),
            exchange_id: check.parse_optional::<ExchangeId>(
                "exchange_id",
                &request.exchange_id,
                "a UUID",
            ),
            status: check.code(
                "status",
                &request.status,
                ClaimStatus::from_code,
                &ask::codes(ClaimStatus::ALL, ClaimStatus::as_str),
            ),
            received_from: check.instant("received_from", request.received_from),
            received_before: check.instant("received_before", request.received_before),
            overdue_at: request.overdue.then_some(now),
        };
        let limit = check.page_size(request.page_size);
        let after = check.page_token(&request.page_token);
        check.finish()?;
        let page = self
            .services
            .store
            .claims(&filter, after, limit)
            .await
            .map_err(|e| self.internal(e))?;
        Ok(Response::new(proto::ListDreResponse {
            dre: page.items.iter().map(|claim| convert::dre_status(claim, None, now)).collect(),
            next_page_token: convert::page_token(page.next),
        }))
    }

    #[tracing::instrument(name = "grpc.get_dre_history", skip_all, fields(claim_id))]
    async fn get_dre_history(
        &self,
        request: Request<proto::GetDreHistoryRequest>,
    ) -> Result<Response<proto::GetDreHistoryResponse>, Status> {
        let id: ClaimId = ask::id("claim_id", &request.get_ref().claim_id)?;
        let history = self.services.store.history(id).await.map_err(|e| self.internal(e))?;
        // A claim is written with its first event: no event, no claim.
        if history.is_empty() {
            return Err(not_found("claim", id));
        }
        let events = history.into_iter().map(|outbox| convert::event(outbox.event)).collect();
        Ok(Response::new(proto::GetDreHistoryResponse { events }))
    }

    type WatchDreStream = Answers<proto::WatchDreResponse>;

    #[tracing::instrument(name = "grpc.watch_dre", skip_all)]
    async fn watch_dre(
        &self,
        request: Request<proto::WatchDreRequest>,
    ) -> Result<Response<Self::WatchDreStream>, Status> {
        let request = request.into_inner();
        let start = position(&request.resume_token)?;
        let interest = std::sync::Arc::new(Interest::read(&request)?);
        let follower = Follower::new(self.services.clone(), self.stopping.clone(), start);
        let edge = self.clone();
        let news = follower.batches().then(move |batch| {
            let (edge, interest) = (edge.clone(), std::sync::Arc::clone(&interest));
            async move { edge.news(batch?, &interest).await }
        });
        Ok(Response::new(flatten(news)))
    }
}
