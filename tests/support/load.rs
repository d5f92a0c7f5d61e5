//! Files that keep coming, by the drop directory and over gRPC, whatever happens to the gateway:
//! what a sender does that never gives up.

#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

use super::gateway::drop_path;
use super::proof::Deposit;
use super::story::dre;
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
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tonic::transport::Channel;

/// Between two files of a sender.
const PACE: Duration = Duration::from_millis(250);
/// After a refusal.
const AGAIN: Duration = Duration::from_millis(200);
/// How long a sender waits for an answer: longer than the gateway waits for its database.
const ANSWER: Duration = Duration::from_secs(45);
/// Invoices of a file.
const INVOICES: u64 = 4;

/// The gateways that may be asked, in turn.
#[derive(Clone)]
pub struct Doors(pub Arc<Mutex<Vec<Channel>>>);

impl Doors {
    pub fn new(doors: Vec<Channel>) -> Self {
        Self(Arc::new(Mutex::new(doors)))
    }

    pub fn replace(&self, at: usize, door: Channel) {
        self.0.lock().expect("no panic")[at] = door;
    }

    pub fn get(&self, turn: usize) -> Channel {
        let doors = self.0.lock().expect("no panic");
        doors[turn % doors.len()].clone()
    }
}

/// How often each code was answered before the answer came.
pub type Refusals = BTreeMap<String, u32>;

/// Senders at work.
pub struct Load {
    stop: CancellationToken,
    dropping: JoinHandle<Vec<Deposit>>,
    uploading: JoinHandle<(Vec<Deposit>, Refusals)>,
}

impl Load {
    /// Starts a sender that drops files and one that uploads them and decides about a claim of
    /// each; `number` makes their files like no others.
    pub fn start(dir: &Path, doors: Doors, number: u64) -> Self {
        let stop = CancellationToken::new();
        let dropping = tokio::spawn(drop_files(dir.to_owned(), number, stop.clone()));
        let uploading = tokio::spawn(upload_files(doors, number, stop.clone()));
        Self { stop, dropping, uploading }
    }

    /// Ends the load: what was begun is answered. Answers every file, and the refusals on the way.
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
        sleep(PACE).await;
    }
    deposits
}

/// Drops a file under its name once it is whole.
pub fn drop_whole(dir: &Path, deposit: &Deposit) {
    let path = drop_path(dir, &deposit.sender, &deposit.name);
    let aside = path.with_file_name(format!(".{}.part", deposit.name));
    fs::write(&aside, &deposit.bytes)
        .and_then(|()| fs::rename(&aside, path))
        .expect("the sender writes");
}

async fn upload_files(
    doors: Doors,
    number: u64,
    stop: CancellationToken,
) -> (Vec<Deposit>, Refusals) {
    let (mut deposits, mut caller) =
        (Vec::new(), Caller { doors, turn: 0, refusals: Refusals::new() });
    while !stop.is_cancelled() {
        let deposit = file("oct-grpc", 100_000 * number + 50_000 + deposits.len() as u64);
        let receipt = loop {
            let answer = timeout(ANSWER, submit(caller.next(), &deposit)).await;
            if let Some(receipt) = caller.accepts(answer).await {
                break receipt;
            }
        };
        assert!(!receipt.arl_body.is_empty(), "a receipt has its ARL");
        loop {
            let answer = timeout(ANSWER, accept_one(caller.next(), &receipt)).await;
            if caller.accepts(answer).await.is_some() {
                break;
            }
        }
        deposits.push(deposit);
        sleep(PACE).await;
    }
    (deposits, caller.refusals)
}

/// Who asks until there is an answer.
struct Caller {
    doors: Doors,
    turn: usize,
    refusals: Refusals,
}

impl Caller {
    fn next(&mut self) -> Channel {
        self.turn += 1;
        self.doors.get(self.turn)
    }

    /// The answer, or nothing when it must be asked for again in a moment.
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
                sleep(AGAIN).await;
                None
            }
        }
    }
}

/// Deposits a file.
pub async fn submit(
    door: Channel,
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
    ExchangeServiceClient::new(door)
        .submit_exchange(futures::stream::iter(messages))
        .await
        .map(tonic::Response::into_inner)
}

/// Accepts the first claim of a deposit that asks something of the AMC.
async fn accept_one(
    door: Channel,
    receipt: &proto::SubmitExchangeResponse,
) -> Result<(), tonic::Status> {
    let exchange_id = receipt.exchange.as_ref().expect("an exchange").exchange_id.clone();
    let asked = proto::ListDreRequest { exchange_id, page_size: 100, ..Default::default() };
    let claims = DreStatusServiceClient::new(door.clone()).list_dre(asked).await?.into_inner().dre;
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
        idempotency_key,
        kind: Some(Kind::Accept(proto::Accept {})),
    };
    let mut work = proto::claim_work_service_client::ClaimWorkServiceClient::new(door);
    work.record_decision(proto::RecordDecisionRequest { decision: Some(decision) })
        .await
        .map(|_| ())
}
