//! Deposits, dry runs, reports and return files over gRPC.

use crate::grpc_support;

use futures::{StreamExt as _, stream};
use grpc_support::samples;
use grpc_support::{Gateway, fields, reason};
use noemie_gateway::domain::{ExchangeId, Finding, FindingCode, ReturnFile, Severity};
use noemie_gateway::grpc::proto::submit_exchange_request::Part;
use noemie_gateway::grpc::proto::{
    DownloadReturnRequest, GetExchangeReportRequest, GetExchangeRequest, ListExchangesRequest,
    ListReturnsRequest, SubmitExchangeRequest, SubmitExchangeResponse, SubmitMetadata,
    ValidateExchangeRequest, ValidateMetadata, download_return_response, validate_exchange_request,
};
use tonic::{Code, Status};

/// A DRE without anomaly.
const DRE: &[u8] = include_bytes!("../../testdata/b2/ok/auxiliaire.crlf.b2");

fn metadata(sender: &str, key: &str) -> Part {
    Part::Metadata(SubmitMetadata {
        sender: sender.into(),
        file_name: "lot.b2".into(),
        idempotency_key: key.into(),
    })
}

async fn submit(gateway: &Gateway, parts: Vec<Part>) -> Result<SubmitExchangeResponse, Status> {
    let messages = parts.into_iter().map(|part| SubmitExchangeRequest { part: Some(part) });
    gateway
        .exchange()
        .submit_exchange(stream::iter(messages.collect::<Vec<_>>()))
        .await
        .map(tonic::Response::into_inner)
}

/// Commits an exchange with `anomalies` and an ARL whose bytes are `body`.
async fn exchange(
    gateway: &Gateway,
    digest: &str,
    anomalies: u64,
    body: &[u8],
) -> (ExchangeId, ReturnFile) {
    let mut unit = gateway.store.begin().await.expect("begins");
    let id = samples::open(&mut unit, digest).await;
    let finding = |ordinal| Finding {
        code: FindingCode::new("C30", "C30"),
        severity: Severity::Warning,
        record: Some(ordinal),
        record_type: "4".into(),
        column: Some(12),
        offset: 128 * ordinal,
        length: 3,
        field: "7 coefficient".into(),
        value: None,
        message: "Zone non numérique".into(),
        invoice: Some("000000001".into()),
    };
    unit.insert_anomalies(id, 1, &(1..=anomalies).map(finding).collect::<Vec<_>>())
        .await
        .expect("writes anomalies");
    let mut closing = samples::closing(id, digest, &[]);
    closing.arl.sealed = gateway.vault.seal(&ReturnFile::seal_context(closing.arl.id), body);
    unit.close_exchange(&closing, &samples::plain_link).await.expect("closes");
    unit.commit().await.expect("commits");
    (id, closing.arl)
}

#[tokio::test]
async fn a_deposit_gets_its_receipt() {
    let gateway = Gateway::start().await;
    let (first, second) = DRE.split_at(DRE.len() / 2);
    let parts =
        || vec![metadata("oct-1", ""), Part::Chunk(first.to_vec()), Part::Chunk(second.to_vec())];
    let answer = submit(&gateway, parts()).await.expect("a receipt");
    let exchange = answer.exchange.expect("an exchange");
    assert_eq!(
        (exchange.sender.as_str(), exchange.channel.as_str(), exchange.verdict.as_str()),
        ("oct-1", "grpc", "accepted")
    );
    assert_eq!(usize::try_from(exchange.size_bytes), Ok(DRE.len()));
    assert_eq!(answer.arl.expect("an ARL").kind, "arl");
    assert!(!answer.arl_body.is_empty() && !answer.repeated);
    let again = submit(&gateway, parts()).await.expect("the first receipt");
    assert_eq!(
        (again.repeated, again.exchange.expect("an exchange").exchange_id, again.arl_body),
        (true, exchange.exchange_id, answer.arl_body)
    );
}

#[tokio::test]
async fn broken_deposits_are_refused_with_their_reason() {
    let gateway = Gateway::start().await;
    let no_metadata = submit(&gateway, vec![Part::Chunk(vec![1])]).await.expect_err("no metadata");
    assert_eq!(
        (no_metadata.code(), fields(&no_metadata)),
        (Code::InvalidArgument, vec!["metadata".to_owned()])
    );
    let nothing = submit(&gateway, Vec::new()).await.expect_err("nothing");
    assert_eq!(fields(&nothing), ["metadata"]);
    let twice =
        submit(&gateway, vec![metadata("oct", ""), Part::Chunk(vec![1]), metadata("oct", "")])
            .await
            .expect_err("metadata twice");
    assert_eq!(fields(&twice), ["metadata"]);
    let long = "k".repeat(129);
    let wrong =
        submit(&gateway, vec![metadata("../etc", &long)]).await.expect_err("two wrong fields");
    assert_eq!(fields(&wrong), ["metadata.sender", "metadata.idempotency_key"]);
    submit(&gateway, vec![metadata("oct", "key"), Part::Chunk(DRE.to_vec())])
        .await
        .expect("the key is free");
    let cut = DRE[..DRE.len() - 130].to_vec();
    let used = submit(&gateway, vec![metadata("oct", "key"), Part::Chunk(cut)])
        .await
        .expect_err("a used key");
    assert_eq!(
        (used.code(), reason(&used).as_str()),
        (Code::AlreadyExists, "idempotency_key_reused")
    );
}

#[tokio::test]
async fn a_file_or_message_above_its_limit_is_refused() {
    let gateway = Gateway::start().await;
    let chunks = (0..3).map(|_| Part::Chunk(vec![0; 500_000]));
    let large = std::iter::once(metadata("oct", "")).chain(chunks).collect();
    let refused = submit(&gateway, large).await.expect_err("a large file");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::ResourceExhausted, "file_too_large")
    );
    let chunk = submit(&gateway, vec![metadata("oct", ""), Part::Chunk(vec![0; 5 * 1024 * 1024])])
        .await
        .expect_err("a large message");
    assert_eq!(
        (chunk.code(), reason(&chunk).as_str()),
        (Code::ResourceExhausted, "message_too_large")
    );
}

#[tokio::test]
async fn a_dry_run_answers_its_report() {
    let gateway = Gateway::start().await;
    let parts = [
        validate_exchange_request::Part::Metadata(ValidateMetadata { file_name: "lot.b2".into() }),
        validate_exchange_request::Part::Chunk(DRE.to_vec()),
    ];
    let messages = parts.map(|part| ValidateExchangeRequest { part: Some(part) });
    let report = gateway
        .exchange()
        .validate_exchange(stream::iter(messages))
        .await
        .expect("validates")
        .into_inner();
    assert_eq!(
        (report.file_name.as_str(), report.norm.as_str(), report.verdict.as_str()),
        ("lot.b2", "b2", "accepted")
    );
    assert!(report.records > 0 && report.anomaly_count == 0);
    let stored = gateway.number("SELECT count(*) FROM exchanges").await;
    assert_eq!(stored, 0, "a dry run stores nothing");
}

#[tokio::test]
async fn an_exchange_and_its_report_page_by_page() {
    let gateway = Gateway::start().await;
    let (id, _) = exchange(&gateway, "d1", 5, b"").await;
    let found = gateway
        .exchange()
        .get_exchange(GetExchangeRequest { exchange_id: id.to_string() })
        .await
        .expect("found")
        .into_inner()
        .exchange
        .expect("an exchange");
    assert_eq!(
        (found.verdict.as_str(), found.verdict_label.as_str()),
        ("accepted", "Fichier accepté")
    );
    let mut records = Vec::new();
    let mut page_token = String::new();
    loop {
        let request =
            GetExchangeReportRequest { exchange_id: id.to_string(), page_size: 2, page_token };
        let page =
            gateway.exchange().get_exchange_report(request).await.expect("a page").into_inner();
        assert!(page.ledger.expect("a ledger").balances);
        records.extend(page.anomalies.iter().map(|anomaly| anomaly.record));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(records, [1, 2, 3, 4, 5]);
    let first = GetExchangeReportRequest {
        exchange_id: id.to_string(),
        page_size: 2,
        page_token: String::new(),
    };
    let first = gateway.exchange().get_exchange_report(first).await.expect("a page").into_inner();
    let other = GetExchangeReportRequest {
        exchange_id: samples::new_id().to_string(),
        page_size: 2,
        page_token: first.next_page_token.clone(),
    };
    let other = gateway.exchange().get_exchange_report(other).await.expect_err("another report");
    assert_eq!(reason(&other), "page_token_of_other_filter");
    // The ranks of an altered token have no end to pass.
    let (_, rest) = first.next_page_token.split_once('-').expect("rank, exchange and filter");
    for rank in [i64::MAX, i64::MIN] {
        let beyond = GetExchangeReportRequest {
            exchange_id: id.to_string(),
            page_size: 2,
            page_token: format!("{rank}-{rest}"),
        };
        let beyond = gateway.exchange().get_exchange_report(beyond).await.expect("an empty page");
        assert!(beyond.get_ref().anomalies.is_empty(), "{rank}");
    }
    let unknown = GetExchangeRequest { exchange_id: samples::new_id().to_string() };
    let unknown = gateway.exchange().get_exchange(unknown).await.expect_err("no such exchange");
    assert_eq!((unknown.code(), reason(&unknown).as_str()), (Code::NotFound, "exchange_not_found"));
}

#[tokio::test]
async fn exchanges_and_returns_are_listed() {
    let gateway = Gateway::start().await;
    for digest in ["d1", "d2", "d3"] {
        exchange(&gateway, digest, 0, b"").await;
    }
    let first =
        ListExchangesRequest { sender: "octest".into(), page_size: 2, ..Default::default() };
    let first = gateway.exchange().list_exchanges(first).await.expect("lists").into_inner();
    let token = first.next_page_token.clone();
    let other = ListExchangesRequest { page_token: token.clone(), ..Default::default() };
    let other = gateway.exchange().list_exchanges(other).await.expect_err("of another filter");
    assert_eq!(
        (other.code(), reason(&other).as_str()),
        (Code::InvalidArgument, "page_token_of_other_filter")
    );
    let returns = ListReturnsRequest { page_token: token.clone(), ..Default::default() };
    let returns = gateway.exchange().list_returns(returns).await.expect_err("of another listing");
    assert_eq!(reason(&returns), "page_token_of_other_filter");
    let second = ListExchangesRequest {
        sender: "octest".into(),
        page_size: 2,
        page_token: token,
        ..Default::default()
    };
    let second = gateway.exchange().list_exchanges(second).await.expect("lists").into_inner();
    assert_eq!(
        (first.exchanges.len(), second.exchanges.len(), second.next_page_token.as_str()),
        (2, 1, "")
    );
    let arls = ListReturnsRequest { kind: "arl".into(), ..ListReturnsRequest::default() };
    assert_eq!(
        gateway.exchange().list_returns(arls).await.expect("lists").into_inner().returns.len(),
        3
    );
    let wrong = ListReturnsRequest { kind: "fax".into(), ..ListReturnsRequest::default() };
    assert_eq!(
        fields(&gateway.exchange().list_returns(wrong).await.expect_err("no such kind")),
        ["kind"]
    );
}

#[tokio::test]
async fn a_return_is_downloaded_byte_for_byte() {
    let gateway = Gateway::start().await;
    let body: Vec<u8> = (0..200_000_u32).map(|n| u8::try_from(n % 251).expect("small")).collect();
    let (_, arl) = exchange(&gateway, "d1", 0, &body).await;
    let request = DownloadReturnRequest { return_id: arl.id.to_string() };
    let mut messages =
        gateway.exchange().download_return(request).await.expect("downloads").into_inner();
    let mut named = None;
    let mut bytes = Vec::new();
    while let Some(message) = messages.next().await {
        match message.expect("no failure").part.expect("a part") {
            download_return_response::Part::File(file) => named = Some(file.file_name),
            download_return_response::Part::Chunk(chunk) => bytes.extend(chunk),
        }
    }
    assert_eq!((named, bytes == body), (Some(arl.file_name), true));
    let unknown = DownloadReturnRequest { return_id: samples::new_id().to_string() };
    assert_eq!(
        gateway.exchange().download_return(unknown).await.expect_err("no such file").code(),
        Code::NotFound
    );
}
