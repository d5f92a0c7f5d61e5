//! Senders that deposit files without end, by the drop directory and over gRPC, and repeat each
//! refused request until the gateway takes it.

use super::gateway::drop_path;
use super::proof::Deposit;
use super::story::dre;
use super::wait::pace;
use noemie_gateway::grpc::proto::dre_status_service_client::DreStatusServiceClient;
use noemie_gateway::grpc::proto::exchange_service_client::ExchangeServiceClient;
use noemie_gateway::grpc::proto::{self, decision::Kind};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tonic::transport::Channel;

/// Time between two files of a sender.
const FILE_INTERVAL: Duration = Duration::from_millis(250);
/// Time before a sender repeats a refused request.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);
/// Limit of a request, longer than the gateway waits for its database.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(45);
/// Number of invoices of a file.
const INVOICES: u64 = 4;

/// Channels to the gateways, used in turn.
#[derive(Clone)]
pub struct Gateways(pub Arc<Mutex<Vec<Channel>>>);

impl Gateways {
    pub fn new(channels: Vec<Channel>) -> Self {
        Self(Arc::new(Mutex::new(channels)))
    }

    pub fn replace(&self, at: usize, channel: Channel) {
        self.0.lock().expect("no panic")[at] = channel;
    }

    pub fn get(&self, request: usize) -> Channel {
        let channels = self.0.lock().expect("no panic");
        channels[request % channels.len()].clone()
    }
}

/// Number of refusals by status code.
pub type Refusals = BTreeMap<String, u32>;

/// The running senders.
pub struct Load {
    stop: CancellationToken,
    dropping: JoinHandle<Vec<Deposit>>,
    uploading: JoinHandle<(Vec<Deposit>, Refusals)>,
}

impl Load {
    /// Starts a sender that drops files, and a sender that uploads files and accepts a claim of
    /// each. Senders with different numbers have different files.
    pub fn start(dir: &Path, gateways: Gateways, number: u64) -> Self {
        let stop = CancellationToken::new();
        let dropping = tokio::spawn(drop_files(dir.to_owned(), number, stop.clone()));
        let uploading = tokio::spawn(upload_files(gateways, number, stop.clone()));
        Self { stop, dropping, uploading }
    }

    /// Stops the senders once their current request is answered. Returns every file deposited, and
    /// the refusals.
    pub async fn stop(self) -> (Vec<Deposit>, Refusals) {
        self.stop.cancel();
        let (mut deposits, (uploads, refusals)) =
            (self.dropping.await.expect("drops"), self.uploading.await.expect("uploads"));
        deposits.extend(uploads);
        (deposits, refusals)
    }
}

fn file(sender: &str, seed: u64) -> Deposit {
    Deposit {
        sender: sender.to_owned(),
        name: format!("{seed}.b2"),
        bytes: dre(seed, INVOICES, None),
    }
}

async fn drop_files(dir: PathBuf, number: u64, stop: CancellationToken) -> Vec<Deposit> {
    let mut deposits = Vec::new();
    while !stop.is_cancelled() {
        let deposit = file("oct-drop", 100_000 * number + deposits.len() as u64);
        drop_whole(&dir, &deposit);
        deposits.push(deposit);
        pace(FILE_INTERVAL).await;
    }
    deposits
}

/// Drops a complete file: under a temporary name first, which is then renamed.
pub fn drop_whole(dir: &Path, deposit: &Deposit) {
    let path = drop_path(dir, &deposit.sender, &deposit.name);
    let temporary = path.with_file_name(format!(".{}.part", deposit.name));
    fs::write(&temporary, &deposit.bytes)
        .and_then(|()| fs::rename(&temporary, path))
        .expect("the sender writes");
}

async fn upload_files(
    gateways: Gateways,
    number: u64,
    stop: CancellationToken,
) -> (Vec<Deposit>, Refusals) {
    let (mut deposits, mut caller) =
        (Vec::new(), Caller { gateways, requests: 0, refusals: Refusals::new() });
    while !stop.is_cancelled() {
        let deposit = file("oct-grpc", 100_000 * number + 50_000 + deposits.len() as u64);
        let receipt = loop {
            let answer = timeout(ANSWER_TIMEOUT, submit(caller.next(), &deposit)).await;
            if let Some(receipt) = caller.accepts(answer).await {
                break receipt;
            }
        };
        assert!(!receipt.arl_body.is_empty(), "a receipt has its ARL");
        loop {
            let answer = timeout(ANSWER_TIMEOUT, accept_one(caller.next(), &receipt)).await;
            if caller.accepts(answer).await.is_some() {
                break;
            }
        }
        deposits.push(deposit);
        pace(FILE_INTERVAL).await;
    }
    (deposits, caller.refusals)
}

/// A client that repeats a request until it is answered.
struct Caller {
    gateways: Gateways,
    requests: usize,
    refusals: Refusals,
}

impl Caller {
    fn next(&mut self) -> Channel {
        self.requests += 1;
        self.gateways.get(self.requests)
    }

    /// Returns the answer, or `None` after a refusal and the wait before the next attempt.
    async fn accepts<T>(&mut self, answer: Result<Result<T, tonic::Status>, Elapsed>) -> Option<T> {
        match answer.unwrap_or_else(|_| Err(tonic::Status::deadline_exceeded("no answer"))) {
            Ok(answer) => Some(answer),
            Err(status) => {
                assert!(
                    !matches!(
                        status.code(),
                        Code::InvalidArgument | Code::FailedPrecondition | Code::AlreadyExists
                    ),
                    "{status}"
                );
                *self.refusals.entry(format!("{:?}", status.code())).or_default() += 1;
                pace(RETRY_INTERVAL).await;
                None
            }
        }
    }
}

/// Deposits a file.
pub async fn submit(
    channel: Channel,
    deposit: &Deposit,
) -> Result<proto::SubmitExchangeResponse, tonic::Status> {
    use proto::submit_exchange_request::Part;
    let metadata = proto::SubmitMetadata {
        sender: deposit.sender.clone(),
        file_name: deposit.name.clone(),
        idempotency_key: String::new(),
    };
    let parts = std::iter::once(Part::Metadata(metadata))
        .chain(deposit.bytes.chunks(64 * 1024).map(|c| Part::Chunk(c.to_vec())));
    let messages: Vec<_> =
        parts.map(|part| proto::SubmitExchangeRequest { part: Some(part) }).collect();
    ExchangeServiceClient::new(channel)
        .submit_exchange(futures::stream::iter(messages))
        .await
        .map(tonic::Response::into_inner)
}

/// Accepts the first claim of a deposit with an amount for the AMC.
async fn accept_one(
    channel: Channel,
    receipt: &proto::SubmitExchangeResponse,
) -> Result<(), tonic::Status> {
    let exchange_id = receipt.exchange.as_ref().expect("an exchange").exchange_id.clone();
    let asked = proto::ListDreRequest { exchange_id, page_size: 100, ..Default::default() };
    let claims =
        DreStatusServiceClient::new(channel.clone()).list_dre(asked).await?.into_inner().dre;
    let Some(claim) =
        claims.iter().find(|c| c.amc.as_ref().is_some_and(|amc| amc.state != "not_requested"))
    else {
        return Ok(());
    };
    let (claim_id, idempotency_key) =
        (claim.claim_id.clone(), format!("{}-accept", claim.claim_id));
    let decision = proto::Decision {
        claim_id,
        part: "amc".into(),
        expected_version: None,
        idempotency_key,
        kind: Some(Kind::Accept(proto::Accept {})),
    };
    let mut work = proto::claim_work_service_client::ClaimWorkServiceClient::new(channel);
    work.record_decision(proto::RecordDecisionRequest { decision: Some(decision) })
        .await
        .map(|_| ())
}
