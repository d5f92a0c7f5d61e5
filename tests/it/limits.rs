//! Each limit of callers is exceeded once, and the table of the documents is that of the code.

use crate::docs::check_section;
use crate::grpc_support::{Gateway, reason};
use crate::support::wait::PATIENCE;
use futures::{StreamExt as _, stream};
use noemie_gateway::grpc::proto;
use noemie_gateway::limits::{self, GrpcLimits};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::codegen::{Service as _, http};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;

/// A time limit of the tests.
const SHORT: Duration = Duration::from_millis(300);

#[test]
fn the_table_of_limits_is_current() {
    let mut table = String::from("| limit | value | setting | past it |\n|---|---|---|---|\n");
    for limit in limits::table() {
        let setting = limit.setting.map_or_else(String::new, |name| format!("`{name}`"));
        writeln!(table, "| {} | {} | {setting} | {} |", limit.what, limit.value, limit.past)
            .expect("a string takes all");
    }
    check_section("docs/operations.md", "limits", &table);
}

/// The test that exceeds each limit of the table, with the file that it stands in.
const TESTS: [(&str, &str, &str); 29] = [
    ("request message", HERE, "a_message_past_the_size_of_its_method_is_refused"),
    ("request of `BatchRecordDecisions`", HERE, "a_batch_past_its_size_or_its_reasons_is_refused"),
    ("message of an upload", HERE, "a_chunk_past_its_size_is_refused"),
    ("items of a batch", HERE, "a_batch_past_its_items_is_refused"),
    (
        "time for a request to arrive, uploads left out",
        HERE,
        "a_half_sent_request_ends_and_counts_as_a_call",
    ),
    ("calls in flight on one connection", HERE, "a_call_past_those_of_its_connection_waits"),
    ("calls in flight of one address", HERE, "a_half_sent_request_ends_and_counts_as_a_call"),
    ("streams of one address", HERE, "one_stream_past_the_limit_is_refused"),
    ("uploads of one address", HERE, "one_address_leaves_uploads_to_the_others"),
    (
        "calls in flight in all",
        "src/grpc/calls.rs",
        "a_call_past_the_limit_of_all_addresses_is_refused",
    ),
    (
        "time for which an answer waits for its reader",
        HERE,
        "a_reader_that_takes_nothing_is_disconnected",
    ),
    ("time of a stream without a message", CLAIMS, "a_silent_stream_says_how_far_it_is"),
    (
        "events that a stream reads at once",
        CLAIMS,
        "readers_cut_at_random_miss_no_event_and_get_none_twice",
    ),
    (
        "blocks of events that all streams share",
        "src/service/events/blocks.rs",
        "only_the_blocks_used_last_are_kept",
    ),
    (
        "streams that read or convert events at once",
        "src/service/events/blocks.rs",
        "only_so_many_streams_work_at_once",
    ),
    (
        "wait of a stream for a notification of another replica",
        "tests/it/watch/sharing.rs",
        "a_lost_notification_costs_some_seconds",
    ),
    (
        "age of a status that streams share",
        "src/service/events/statuses.rs",
        "statuses_are_shared_while_they_are_recent_and_later_than_those_shown",
    ),
    ("connections in all", HERE, "a_connection_past_the_limit_of_all_is_closed"),
    ("connections of one address", HERE, "silent_connections_and_those_past_the_limit_are_closed"),
    ("time for the HTTP/2 preface", HERE, "silent_connections_and_those_past_the_limit_are_closed"),
    ("upload without a byte", UPLOAD, "an_idle_upload_times_out"),
    ("least rate of an upload after its first minute", UPLOAD, "waits_end_at_the_first_limit"),
    ("time that one upload keeps the gateway waiting", UPLOAD, "waits_end_at_the_first_limit"),
    ("empty chunks of an upload in a row", UPLOAD, "empty_chunks_do_not_keep_an_upload_alive"),
    (
        "connections to the admin port",
        SOCKETS,
        "a_connection_past_the_limit_of_all_addresses_is_closed",
    ),
    (
        "connections of one address to the admin port",
        SOCKETS,
        "a_third_connection_of_one_address_is_closed_until_another_ends",
    ),
    (
        "time for a request to the admin port",
        SOCKETS,
        "a_request_that_drips_is_cut_at_its_deadline",
    ),
    (
        "admin connection without a request",
        SOCKETS,
        "a_connection_that_stays_idle_after_an_answer_is_closed",
    ),
    ("request to the admin port", SOCKETS, "a_large_request_is_cut_and_two_small_ones_are_not"),
];
const HERE: &str = "tests/it/limits.rs";
const CLAIMS: &str = "tests/it/grpc_claims.rs";
const UPLOAD: &str = "src/grpc/upload.rs";
const SOCKETS: &str = "src/connections/mod.rs";

#[test]
fn each_limit_has_a_test_that_exceeds_it() {
    let listed: Vec<&str> = limits::table().iter().map(|limit| limit.what).collect();
    let mut tested: Vec<&str> = TESTS.iter().map(|(what, ..)| *what).collect();
    assert_eq!(tested.len(), listed.len(), "a row of TESTS for each row of the table");
    tested.retain(|what| !listed.contains(what));
    assert!(tested.is_empty(), "no such limit: {tested:?}");
    for (what, file, test) in TESTS {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(path).expect("a source file");
        let name = format!("fn {test}()");
        let Some(at) = text.find(&name) else { panic!("{what}: {file} has no {name}") };
        let above = text[..at].lines().rev().nth(1).unwrap_or_default().trim();
        assert!(above.starts_with("#[") && above.contains("test"), "{what}: {name} is no test");
    }
}

/// Starts a call whose message announces 60,000 bytes and brings ten.
pub async fn half_sent(
    channel: &Channel,
    path: &str,
) -> Result<http::Response<tonic::body::Body>, tonic::transport::Error> {
    let begin = axum::body::Bytes::from_static(&[0, 0, 0, 0xea, 0x60, 1, 2, 3, 4, 5]);
    let content = stream::iter([Ok::<_, std::io::Error>(begin)]).chain(stream::pending());
    let request = http::Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(tonic::body::Body::new(axum::body::Body::from_stream(content)))
        .expect("a request");
    let mut channel = channel.clone();
    std::future::poll_fn(|cx| channel.poll_ready(cx)).await?;
    channel.call(request).await
}

/// Returns the status of an answer without a message.
fn status(answer: &http::Response<tonic::body::Body>) -> Status {
    Status::from_header_map(answer.headers()).expect("a status in the headers")
}

async fn connect(address: SocketAddr) -> Channel {
    Channel::from_shared(format!("http://{address}"))
        .expect("an address")
        .connect()
        .await
        .expect("connects")
}

const LIST: &str = "/noemie.gateway.v1.ExchangeService/ListExchanges";

#[tokio::test]
async fn a_message_past_the_size_of_its_method_is_refused() {
    let gateway = Gateway::start().await;
    let of_bytes = |bytes: usize| proto::ListExchangesRequest {
        sender: "s".repeat(bytes - 4),
        ..Default::default()
    };
    let fits = gateway.exchange().list_exchanges(of_bytes(limits::MAX_REQUEST_BYTES)).await;
    assert_eq!(fits.expect_err("a long sender").code(), Code::InvalidArgument);
    let larger = gateway.exchange().list_exchanges(of_bytes(limits::MAX_REQUEST_BYTES + 1)).await;
    let refused = larger.expect_err("a large message");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::ResourceExhausted, "message_too_large")
    );
}

#[tokio::test]
async fn a_batch_past_its_size_or_its_reasons_is_refused() {
    use proto::decision::Kind;
    let gateway = Gateway::start().await;
    let batch = |reasons: usize, label: String| {
        let reason = proto::Reason { code: String::new(), label, ..proto::Reason::default() };
        let kind = Some(Kind::Reject(proto::Reject { reasons: vec![reason; reasons] }));
        let decision = proto::Decision { kind, ..Default::default() };
        proto::BatchRecordDecisionsRequest { decisions: vec![decision] }
    };
    let large = batch(1, "x".repeat(limits::MAX_DECISIONS_BYTES));
    let refused = gateway.work().batch_record_decisions(large).await.expect_err("too large");
    assert_eq!(reason(&refused), "message_too_large");
    let many = batch(2_001, String::new());
    let refused = gateway.work().batch_record_decisions(many).await.expect_err("too many");
    assert!(refused.message().contains("at most 20 reasons a decision"), "{refused}");
}

#[tokio::test]
async fn a_half_sent_request_ends_and_counts_as_a_call() {
    let limits = GrpcLimits { receive_timeout: SHORT, calls_per_peer: 2, ..GrpcLimits::default() };
    let gateway = Gateway::start_within(limits).await;
    let calls = futures::future::join_all((0..3).map(|_| half_sent(&gateway.channel, LIST)));
    let answers = timeout(PATIENCE, calls).await.expect("the calls end");
    let mut reasons: Vec<String> =
        answers.iter().map(|answer| reason(&status(answer.as_ref().expect("an answer")))).collect();
    reasons.sort();
    assert_eq!(reasons, ["request_too_slow", "request_too_slow", "too_many_calls"]);
    // The permits are back.
    let request = proto::ListExchangesRequest::default();
    gateway.exchange().list_exchanges(request).await.expect("the next call is answered");
}

#[tokio::test]
async fn one_stream_past_the_limit_is_refused() {
    let limits = GrpcLimits { streams_per_peer: 2, ..GrpcLimits::default() };
    let gateway = Gateway::start_within(limits).await;
    let watch = || async { gateway.status().watch_dre(proto::WatchDreRequest::default()).await };
    let (first, _second) = (watch().await.expect("the first"), watch().await.expect("the second"));
    let refused = watch().await.expect_err("a third");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::ResourceExhausted, "too_many_calls")
    );
    assert!(refused.message().contains("max_streams_per_peer"), "{refused}");
    let request = proto::ListExchangesRequest::default();
    gateway.exchange().list_exchanges(request).await.expect("a call is no stream");
    drop(first);
    timeout(PATIENCE, async {
        while watch().await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the stream that ended is counted no longer");
}

fn upload_of(chunks: Vec<Vec<u8>>) -> Vec<proto::SubmitExchangeRequest> {
    use proto::submit_exchange_request::Part;
    let metadata = proto::SubmitMetadata { sender: "oct".into(), ..Default::default() };
    let parts =
        std::iter::once(Part::Metadata(metadata)).chain(chunks.into_iter().map(Part::Chunk));
    parts.map(|part| proto::SubmitExchangeRequest { part: Some(part) }).collect()
}

#[tokio::test]
async fn a_chunk_past_its_size_is_refused() {
    let gateway = Gateway::start().await;
    let upload = |bytes: usize| stream::iter(upload_of(vec![vec![b'x'; bytes]]));
    // A field has its number and length before its bytes, twice.
    let fits = upload(limits::MAX_UPLOAD_MESSAGE_BYTES - 16);
    // The gateway of the tests takes files of one million bytes: the chunk is read, the file is not.
    let read = gateway.exchange().submit_exchange(fits).await.expect_err("a large file");
    assert_eq!(reason(&read), "file_too_large");
    let large = upload(limits::MAX_UPLOAD_MESSAGE_BYTES);
    let refused = gateway.exchange().submit_exchange(large).await.expect_err("too large");
    assert_eq!(reason(&refused), "message_too_large");
}

#[tokio::test]
async fn a_batch_past_its_items_is_refused() {
    let gateway = Gateway::start().await;
    let batch = |items: usize| proto::BatchRecordDecisionsRequest {
        decisions: vec![proto::Decision::default(); items],
    };
    gateway.work().batch_record_decisions(batch(limits::MAX_BATCH_ITEMS)).await.expect("answers");
    let many = batch(limits::MAX_BATCH_ITEMS + 1);
    let refused = gateway.work().batch_record_decisions(many).await.expect_err("too many");
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_call_past_those_of_its_connection_waits() {
    let gateway = Gateway::start().await;
    let watch = || async { gateway.status().watch_dre(proto::WatchDreRequest::default()).await };
    let calls = usize::try_from(limits::MAX_CALLS_PER_CONNECTION).expect("a small number");
    let mut open = Vec::new();
    for _ in 0..calls {
        open.push(watch().await.expect("a stream"));
    }
    let mut exchange = gateway.exchange();
    let mut next = Box::pin(exchange.list_exchanges(proto::ListExchangesRequest::default()));
    assert!(timeout(SHORT, &mut next).await.is_err(), "it waits for another call to end");
    open.pop();
    timeout(PATIENCE, next).await.expect("a call has ended").expect("answers");
}

#[tokio::test]
async fn one_address_leaves_uploads_to_the_others() {
    let limits = GrpcLimits { uploads_per_peer: 2, ..GrpcLimits::default() };
    let gateway = Gateway::start_within(limits).await;
    let unended = || stream::iter(upload_of(Vec::new())).chain(stream::pending());
    let begin = || {
        let mut client = gateway.exchange();
        Box::pin(async move { client.submit_exchange(unended()).await })
    };
    // The first of three to be refused leaves the two others open.
    let first = timeout(PATIENCE, futures::future::select_all([begin(), begin(), begin()]));
    let (refused, _, open) = first.await.expect("one is refused");
    let refused = refused.expect_err("a third");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::ResourceExhausted, "too_many_uploads")
    );
    assert!(refused.message().contains("max_uploads_per_peer"), "{refused}");
    // A call that is no upload goes on; an upload too once another has ended.
    let request = proto::ListExchangesRequest::default();
    gateway.exchange().list_exchanges(request).await.expect("a call is no upload");
    drop(open);
    let whole = || stream::iter(upload_of(vec![b"no file".to_vec()]));
    timeout(PATIENCE, async {
        while gateway.exchange().submit_exchange(whole()).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the uploads that ended are counted no longer");
}

#[tokio::test]
async fn a_connection_past_the_limit_of_all_is_closed() {
    // The client of the gateway has one connection.
    let limits = GrpcLimits { connections: 1, ..GrpcLimits::default() };
    let gateway = Gateway::start_within(limits).await;
    let mut second = TcpStream::connect(gateway.address).await.expect("connects");
    let ended = timeout(PATIENCE, second.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "one too many");
    let request = proto::ListExchangesRequest::default();
    gateway.exchange().list_exchanges(request).await.expect("the open connection is served");
}

#[tokio::test]
async fn silent_connections_and_those_past_the_limit_are_closed() {
    let limits = GrpcLimits {
        handshake_timeout: SHORT,
        connections: 3,
        connections_per_peer: 2,
        ..GrpcLimits::default()
    };
    // The client of the gateway has one connection.
    let gateway = Gateway::start_within(limits).await;
    let mut silent = TcpStream::connect(gateway.address).await.expect("connects");
    let mut third = TcpStream::connect(gateway.address).await.expect("connects");
    for (connection, what) in [(&mut third, "one too many"), (&mut silent, "the silent one")] {
        // The server speaks first; a connection that is reset ends with an error.
        let ended = timeout(PATIENCE, connection.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "{what} is closed");
    }
    let request = proto::ListExchangesRequest::default();
    gateway.exchange().list_exchanges(request).await.expect("the open connection is served");
    drop(connect(gateway.address).await);
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_disconnected() {
    let limits = GrpcLimits { slow_reader_timeout: SHORT, ..GrpcLimits::default() };
    let gateway = Gateway::start_within(limits).await;
    let channel = Channel::from_shared(format!("http://{}", gateway.address))
        .expect("an address")
        .initial_stream_window_size(1_024)
        .connect()
        .await
        .expect("connects");
    // A stream with nothing to send stays.
    let mut watch = HealthClient::new(channel.clone())
        .watch(HealthCheckRequest::default())
        .await
        .expect("watches")
        .into_inner();
    watch.next().await.expect("goes on").expect("the first state");
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::FileContainingSymbol(
            "noemie.gateway.v1.ClaimWorkService".into(),
        )),
    };
    // The transport takes the first answer whole; the second one waits for the reader.
    let _unread = ServerReflectionClient::new(channel)
        .server_reflection_info(stream::iter([request.clone(), request]))
        .await
        .expect("answers");
    let end = timeout(PATIENCE, watch.next()).await.expect("the connection ends");
    assert!(end.is_none_or(|last| last.is_err()), "the connection is closed");
    assert!(!gateway.served.is_finished());
}

/// Runs `serve` in a process that may open this number of files, until it ends.
fn serve_with_files(files: u32) -> (Option<i32>, String) {
    use crate::support::gateway::{PROGRAM, run_process, without_settings};
    let directory = tempfile::tempdir().expect("a directory");
    let mut process = without_settings(std::process::Command::new("prlimit"));
    process
        .arg(format!("--nofile={files}:{files}"))
        .args([PROGRAM, "--data-dir"])
        .arg(directory.path().join("data"))
        .arg("serve")
        .env("NOEMIE_GRPC_LISTEN", "127.0.0.1:0")
        .env("NOEMIE_ADMIN_LISTEN", "127.0.0.1:0");
    let output = run_process(process, PATIENCE);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_process_that_may_open_too_few_files_does_not_start() {
    let (status, log) = serve_with_files(200);
    assert_eq!(status, Some(78), "{log}");
    assert!(log.contains("may open 200 files") && log.contains("LimitNOFILE"), "{log}");
}
