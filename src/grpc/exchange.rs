//! `ExchangeService`: deposits, dry runs, reports, return files.

use super::ask::{self, LONGEST_FIELD, Violations};
use super::errors::{internal, not_found, of_ingest};
use super::proto::exchange_service_server::ExchangeService;
use super::upload::Upload;
use super::{Answers, Services, convert, proto};
use crate::domain::page::LARGEST_PAGE;
use crate::domain::{Channel, Exchange, ExchangeId, ReturnFile, ReturnId, ReturnKind};
use crate::ingest::Deposit;
use crate::kill_point;
use futures::stream;
use tonic::{Request, Response, Status, Streaming};
use tracing::Span;

/// Bytes of one message of a download.
const DOWNLOAD_CHUNK: usize = 64 * 1024;

pub(super) struct ExchangeEdge {
    pub(super) services: Services,
}

impl ExchangeEdge {
    fn internal(&self, error: impl std::error::Error + 'static) -> Status {
        internal(self.services.clock.as_ref(), &error)
    }

    async fn find(&self, id: ExchangeId) -> Result<Exchange, Status> {
        self.services
            .store
            .exchange(id)
            .await
            .map_err(|e| self.internal(e))?
            .ok_or_else(|| not_found("exchange", id))
    }
}

#[tonic::async_trait]
impl ExchangeService for ExchangeEdge {
    #[tracing::instrument(name = "grpc.submit_exchange", skip_all, fields(exchange_id, sender))]
    async fn submit_exchange(
        &self,
        request: Request<Streaming<proto::SubmitExchangeRequest>>,
    ) -> Result<Response<proto::SubmitExchangeResponse>, Status> {
        let (metadata, mut upload) = Upload::start(request.into_inner()).await?;
        let deposit = deposit(&metadata)?;
        Span::current().record("sender", &deposit.sender);
        match self.services.intake.submit(deposit, &mut upload).await {
            Ok(receipt) => {
                Span::current().record("exchange_id", tracing::field::display(receipt.exchange.id));
                kill_point::reach("grpc.answer");
                Ok(Response::new(proto::SubmitExchangeResponse {
                    exchange: Some(convert::exchange(&receipt.exchange)),
                    arl: Some(convert::return_file(&receipt.arl)),
                    arl_body: receipt.arl_body,
                    repeated: receipt.repeated,
                }))
            }
            Err(error) => Err(upload
                .failure()
                .unwrap_or_else(|| of_ingest(self.services.clock.as_ref(), &error))),
        }
    }

    #[tracing::instrument(name = "grpc.validate_exchange", skip_all)]
    async fn validate_exchange(
        &self,
        request: Request<Streaming<proto::ValidateExchangeRequest>>,
    ) -> Result<Response<proto::ValidateExchangeResponse>, Status> {
        let (metadata, mut upload) = Upload::start(request.into_inner()).await?;
        let mut check = Violations::default();
        let file_name = check.text("metadata.file_name", &metadata.file_name, LONGEST_FIELD);
        check.finish()?;
        match self.services.intake.validate(&file_name, &mut upload).await {
            Ok(report) => Ok(Response::new(convert::report(report))),
            Err(error) => Err(upload
                .failure()
                .unwrap_or_else(|| of_ingest(self.services.clock.as_ref(), &error))),
        }
    }

    #[tracing::instrument(name = "grpc.get_exchange", skip_all, fields(exchange_id))]
    async fn get_exchange(
        &self,
        request: Request<proto::GetExchangeRequest>,
    ) -> Result<Response<proto::GetExchangeResponse>, Status> {
        let id = ask::id("exchange_id", &request.get_ref().exchange_id)?;
        let exchange = Some(convert::exchange(&self.find(id).await?));
        Ok(Response::new(proto::GetExchangeResponse { exchange }))
    }

    #[tracing::instrument(name = "grpc.list_exchanges", skip_all)]
    async fn list_exchanges(
        &self,
        request: Request<proto::ListExchangesRequest>,
    ) -> Result<Response<proto::ListExchangesResponse>, Status> {
        let request = request.into_inner();
        let mut check = Violations::default();
        let sender = check.optional("sender", &request.sender);
        let limit = check.page_size(request.page_size);
        let after = check.page_token(&request.page_token);
        check.finish()?;
        let page = self
            .services
            .store
            .exchanges(sender.as_deref(), after, limit)
            .await
            .map_err(|e| self.internal(e))?;
        Ok(Response::new(proto::ListExchangesResponse {
            exchanges: page.items.iter().map(convert::exchange).collect(),
            next_page_token: convert::page_token(page.next),
        }))
    }

    #[tracing::instrument(name = "grpc.get_exchange_report", skip_all, fields(exchange_id))]
    async fn get_exchange_report(
        &self,
        request: Request<proto::GetExchangeReportRequest>,
    ) -> Result<Response<proto::GetExchangeReportResponse>, Status> {
        let request = request.into_inner();
        let mut check = Violations::default();
        let id = check.parse::<ExchangeId>("exchange_id", &request.exchange_id, "a UUID");
        let limit = check.page_size(request.page_size);
        // Anomalies are numbered from 1: their page token is the next number.
        let from = check.parse_optional::<u64>(
            "page_token",
            &request.page_token,
            "the next_page_token of the page before",
        );
        check.finish()?;
        let Some(id) = id else { return Err(ask::one_violation("exchange_id", "expected a UUID")) };
        Span::current().record("exchange_id", tracing::field::display(id));
        let exchange = self.find(id).await?;
        let store = &self.services.store;
        let ledger = store.ledger(id).await.map_err(|e| self.internal(e))?;
        let first = from.unwrap_or(1).max(1);
        let mut anomalies =
            store.anomalies(id, first, limit + 1).await.map_err(|e| self.internal(e))?;
        let next = (anomalies.len() > limit).then(|| (first + limit as u64).to_string());
        anomalies.truncate(limit);
        let quarantined = match from {
            None => store.quarantined(id, LARGEST_PAGE).await.map_err(|e| self.internal(e))?,
            Some(_) => Vec::new(),
        };
        Ok(Response::new(proto::GetExchangeReportResponse {
            exchange: Some(convert::exchange(&exchange)),
            ledger: ledger.as_ref().map(convert::ledger),
            anomalies: anomalies.into_iter().map(convert::anomaly).collect(),
            quarantined: quarantined.iter().map(convert::quarantined).collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    #[tracing::instrument(name = "grpc.list_returns", skip_all)]
    async fn list_returns(
        &self,
        request: Request<proto::ListReturnsRequest>,
    ) -> Result<Response<proto::ListReturnsResponse>, Status> {
        let request = request.into_inner();
        let mut check = Violations::default();
        let recipient = check.optional("recipient", &request.recipient);
        let kind = check.code("kind", &request.kind, ReturnKind::from_code, "arl, noemie580");
        let limit = check.page_size(request.page_size);
        let after = check.page_token(&request.page_token);
        check.finish()?;
        let page = self
            .services
            .store
            .returns(recipient.as_deref(), kind, after, limit)
            .await
            .map_err(|e| self.internal(e))?;
        Ok(Response::new(proto::ListReturnsResponse {
            returns: page.items.iter().map(convert::return_file).collect(),
            next_page_token: convert::page_token(page.next),
        }))
    }

    type DownloadReturnStream = Answers<proto::DownloadReturnResponse>;

    #[tracing::instrument(name = "grpc.download_return", skip_all, fields(return_id))]
    async fn download_return(
        &self,
        request: Request<proto::DownloadReturnRequest>,
    ) -> Result<Response<Self::DownloadReturnStream>, Status> {
        let id: ReturnId = ask::id("return_id", &request.get_ref().return_id)?;
        let file = self
            .services
            .store
            .return_file(id)
            .await
            .map_err(|e| self.internal(e))?
            .ok_or_else(|| not_found("return", id))?;
        let body = self
            .services
            .vault
            .unseal(&ReturnFile::seal_context(id), &file.sealed)
            .map_err(|e| self.internal(e))?;
        Ok(Response::new(Box::pin(stream::iter(download(&file, &body)))))
    }
}

fn deposit(metadata: &proto::SubmitMetadata) -> Result<Deposit, Status> {
    let mut check = Violations::default();
    let sender = check.required("metadata.sender", &metadata.sender, 64);
    if !sender.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        check.add("metadata.sender", "only letters, digits, '-', '_' and '.'");
    }
    let file_name = check.text("metadata.file_name", &metadata.file_name, LONGEST_FIELD);
    let idempotency_key =
        check.text("metadata.idempotency_key", &metadata.idempotency_key, LONGEST_FIELD);
    check.finish()?;
    Ok(Deposit { sender, channel: Channel::Grpc, file_name, idempotency_key })
}

/// The description, then the bytes.
fn download(file: &ReturnFile, body: &[u8]) -> Vec<Result<proto::DownloadReturnResponse, Status>> {
    use proto::download_return_response::Part;
    let description = Part::File(convert::return_file(file));
    let chunks = body.chunks(DOWNLOAD_CHUNK).map(|chunk| Part::Chunk(chunk.to_vec()));
    std::iter::once(description)
        .chain(chunks)
        .map(|part| Ok(proto::DownloadReturnResponse { part: Some(part) }))
        .collect()
}
