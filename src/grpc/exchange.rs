//! `ExchangeService`: deposits, dry runs, reports, return files.

use super::check::{self, Violations};
use super::errors::{not_found, of_deposit};
use super::proto::exchange_service_server::ExchangeService;
use super::upload::Upload;
use super::{Answers, Edge, caller, convert, proto};
use crate::domain::{Channel, ExchangeId, FilterDigest, ReturnId, ReturnKind};
use crate::kill_point;
use crate::service::deposits::Deposit;
use crate::service::view::ReturnView;
use futures::stream;
use tonic::{Request, Response, Status, Streaming};
use tracing::Span;

/// Bytes of a message of a download.
const DOWNLOAD_CHUNK_BYTES: usize = 64 * 1024;

pub(super) struct ExchangeEdge(pub(super) Edge);

#[tonic::async_trait]
impl ExchangeService for ExchangeEdge {
    #[tracing::instrument(name = "grpc.submit_exchange", skip_all, fields(exchange_id, sender))]
    async fn submit_exchange(
        &self,
        request: Request<Streaming<proto::SubmitExchangeRequest>>,
    ) -> Result<Response<proto::SubmitExchangeResponse>, Status> {
        let caller = caller::of(&request);
        let (metadata, mut upload) = Upload::start(request.into_inner()).await?;
        let deposit = deposit(&metadata)?;
        Span::current().record("sender", deposit.sender.as_str());
        match self.0.service.deposits.submit(&caller, deposit, &mut upload).await {
            Ok(receipt) => {
                Span::current().record("exchange_id", tracing::field::display(receipt.exchange.id));
                kill_point::reach("grpc.answer");
                Ok(Response::new(convert::receipt(receipt)))
            }
            Err(error) => {
                Err(upload.failure().unwrap_or_else(|| of_deposit(self.0.clock.as_ref(), &error)))
            }
        }
    }

    #[tracing::instrument(name = "grpc.validate_exchange", skip_all)]
    async fn validate_exchange(
        &self,
        request: Request<Streaming<proto::ValidateExchangeRequest>>,
    ) -> Result<Response<proto::ValidateExchangeResponse>, Status> {
        let caller = caller::of(&request);
        let (metadata, mut upload) = Upload::start(request.into_inner()).await?;
        let mut check = Violations::default();
        let file_name = check.file_name("metadata.file_name", &metadata.file_name);
        check.finish()?;
        match self.0.service.deposits.validate(&caller, file_name, &mut upload).await {
            Ok(report) => Ok(Response::new(convert::report(report))),
            Err(error) => {
                Err(upload.failure().unwrap_or_else(|| of_deposit(self.0.clock.as_ref(), &error)))
            }
        }
    }

    #[tracing::instrument(name = "grpc.get_exchange", skip_all, fields(exchange_id))]
    async fn get_exchange(
        &self,
        request: Request<proto::GetExchangeRequest>,
    ) -> Result<Response<proto::GetExchangeResponse>, Status> {
        let caller = caller::of(&request);
        let id = check::id("exchange_id", &request.get_ref().exchange_id)?;
        let exchange = self.0.service.exchanges.get(&caller, id).await;
        let exchange =
            exchange.map_err(|e| self.0.internal(e))?.ok_or_else(|| not_found("exchange", id))?;
        let exchange = Some(convert::exchange(&exchange));
        Ok(Response::new(proto::GetExchangeResponse { exchange }))
    }

    #[tracing::instrument(name = "grpc.list_exchanges", skip_all)]
    async fn list_exchanges(
        &self,
        request: Request<proto::ListExchangesRequest>,
    ) -> Result<Response<proto::ListExchangesResponse>, Status> {
        let caller = caller::in_lane(&request, request.get_ref().test);
        let request = request.into_inner();
        let mut check = Violations::default();
        let sender = check.optional("sender", &request.sender);
        let limit = check.page_size(request.page_size);
        let filter = FilterDigest::new("exchanges")
            .with("sender", sender.as_deref())
            .with("test", request.test.then_some("true"));
        let after = check.page_token(&request.page_token, filter);
        check.finish()?;
        let exchanges = &self.0.service.exchanges;
        let page = exchanges.list(&caller, sender.as_deref(), after, limit).await;
        let page = page.map_err(|e| self.0.internal(e))?;
        Ok(Response::new(proto::ListExchangesResponse {
            exchanges: page.items.iter().map(convert::exchange).collect(),
            next_page_token: convert::page_token(page.next, filter),
        }))
    }

    #[tracing::instrument(name = "grpc.get_exchange_report", skip_all, fields(exchange_id))]
    async fn get_exchange_report(
        &self,
        request: Request<proto::GetExchangeReportRequest>,
    ) -> Result<Response<proto::GetExchangeReportResponse>, Status> {
        let caller = caller::of(&request);
        let request = request.into_inner();
        let mut check = Violations::default();
        let id = check.parse::<ExchangeId>("exchange_id", &request.exchange_id, "a UUID");
        let limit = check.page_size(request.page_size);
        let filter =
            FilterDigest::new("report").with("exchange_id", id.map(|id| id.to_string()).as_deref());
        let after = check.page_token(&request.page_token, filter);
        check.finish()?;
        let Some(id) = id else {
            return Err(check::one_violation("exchange_id", "expected a UUID"));
        };
        Span::current().record("exchange_id", tracing::field::display(id));
        let from = after.map(|token| u64::try_from(token.at_micros).unwrap_or(u64::MAX));
        let report = self.0.service.exchanges.report(&caller, id, from, limit).await;
        let report =
            report.map_err(|e| self.0.internal(e))?.ok_or_else(|| not_found("exchange", id))?;
        Ok(Response::new(convert::exchange_report(report, filter)))
    }

    #[tracing::instrument(name = "grpc.list_returns", skip_all)]
    async fn list_returns(
        &self,
        request: Request<proto::ListReturnsRequest>,
    ) -> Result<Response<proto::ListReturnsResponse>, Status> {
        let caller = caller::in_lane(&request, request.get_ref().test);
        let request = request.into_inner();
        let mut check = Violations::default();
        let recipient = check.optional("recipient", &request.recipient);
        let kind = check.code("kind", &request.kind, ReturnKind::from_code, "arl, noemie580");
        let limit = check.page_size(request.page_size);
        let filter = FilterDigest::new("returns")
            .with("recipient", recipient.as_deref())
            .with("kind", kind.map(ReturnKind::as_str))
            .with("test", request.test.then_some("true"));
        let after = check.page_token(&request.page_token, filter);
        check.finish()?;
        let returns = &self.0.service.returns;
        let page = returns.list(&caller, recipient.as_deref(), kind, after, limit).await;
        let page = page.map_err(|e| self.0.internal(e))?;
        Ok(Response::new(proto::ListReturnsResponse {
            returns: page.items.into_iter().map(convert::return_file).collect(),
            next_page_token: convert::page_token(page.next, filter),
        }))
    }

    type DownloadReturnStream = Answers<proto::DownloadReturnResponse>;

    #[tracing::instrument(name = "grpc.download_return", skip_all, fields(return_id))]
    async fn download_return(
        &self,
        request: Request<proto::DownloadReturnRequest>,
    ) -> Result<Response<Self::DownloadReturnStream>, Status> {
        let caller = caller::of(&request);
        let id: ReturnId = check::id("return_id", &request.get_ref().return_id)?;
        let opened = self.0.service.returns.open(&caller, id).await;
        let (file, bytes) =
            opened.map_err(|e| self.0.internal(e))?.ok_or_else(|| not_found("return", id))?;
        Ok(Response::new(Box::pin(stream::iter(download(file, &bytes)))))
    }
}

/// Checks the metadata of a deposit.
fn deposit(metadata: &proto::SubmitMetadata) -> Result<Deposit, Status> {
    let mut check = Violations::default();
    let sender = check.typed("metadata.sender", &metadata.sender);
    let file_name = check.file_name("metadata.file_name", &metadata.file_name);
    let idempotency_key =
        check.typed_optional("metadata.idempotency_key", &metadata.idempotency_key);
    check.finish()?;
    let sender = sender.ok_or_else(|| check::one_violation("metadata.sender", "must be given"))?;
    Ok(Deposit { sender, channel: Channel::Grpc, file_name, idempotency_key })
}

/// Returns the messages of a download: the description, then the bytes.
fn download(file: ReturnView, bytes: &[u8]) -> Vec<Result<proto::DownloadReturnResponse, Status>> {
    use proto::download_return_response::Part;
    let description = Part::File(convert::return_file(file));
    let chunks = bytes.chunks(DOWNLOAD_CHUNK_BYTES).map(|chunk| Part::Chunk(chunk.to_vec()));
    std::iter::once(description)
        .chain(chunks)
        .map(|part| Ok(proto::DownloadReturnResponse { part: Some(part) }))
        .collect()
}
