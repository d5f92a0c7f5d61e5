//! A story: files that are dropped and uploaded (one with a fault, one sent twice under another
//! name), the return of a caisse, a worker's decisions, the 580 file with its rejects. The gateway
//! may die at any point of the story. Run again from the start, the story continues: it drops each
//! file once only, because a dropped file is the gateway's to keep, and it repeats each request that
//! was not answered.

use super::gateway::{Gateway, Invoice, drop_path, invoices};
use super::proof::{Deposit, number};
use super::samples::under_another_name;
use super::wait::{eventually, within};
use noemie_gateway::generate::{self, Damage, Options, Profile, RspOptions};
use noemie_gateway::grpc::proto::{self, decision::Kind};
use noemie_parsers::physical::enregistrements::Forme;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::future::Future;
use std::io::Write as _;
use std::process::ExitStatus;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// Number of claims that the worker rejects.
const REJECTED: usize = 3;
/// Number of claims that the worker accepts and pays.
const PAID: usize = 2;
/// Time in which a process that stopped answering is seen to be dead.
const DEATH_TIMEOUT: Duration = Duration::from_secs(5);

/// The files and decisions of a story, and the answers received so far.
pub struct Story {
    /// Address of the database.
    pub url: String,
    pub senders: [String; 3],
    dropped: BTreeSet<String>,
    /// Files for the drop directory, in order.
    drops: Vec<Deposit>,
    /// Files to upload, in order. The worker decides about claims of the first.
    uploads: Vec<Deposit>,
    uploaded: usize,
    answer: Deposit,
    /// Invoices that the worker rejected.
    pub rejected: BTreeSet<Invoice>,
    acknowledged: BTreeMap<String, Vec<u8>>,
    /// Event of each answered decision, by its idempotency key.
    decided: BTreeMap<String, Option<String>>,
    /// Whether the story waits for an answer of the gateway.
    pub waits: bool,
    /// Number of answers, without repeated ones.
    pub answers: watch::Sender<u64>,
}

/// Returns a DRE file of a pharmacy.
pub fn dre(seed: u64, invoices: u64, damage: Option<Damage>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options =
        Options { profile: Profile::Pharmacie, invoices, seed, damage, ..Options::default() };
    generate::dre(&options, &mut bytes).expect("generates");
    bytes
}

fn rsp(dre: &[u8], seed: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = RspOptions {
        seed,
        rejected: 10,
        deferred: 10,
        amc_rejected: 0,
        amc_left: 30,
        ..RspOptions::default()
    };
    generate::rsp(dre, Forme::Crlf, &options, &mut bytes).expect("generates");
    bytes
}

impl Story {
    /// Returns a story. Stories with different numbers have different files; `size` is the number of
    /// invoices of the largest file.
    pub fn new(url: &str, number: u64, size: u64) -> Self {
        let senders = ["oct-a", "oct-b", "cpam"].map(|name| format!("{name}-{number}"));
        let (seed, small) = (1_000 + number * 10, size.min(12));
        let first = dre(seed, small, None);
        let deposit = |sender: &str, name: &str, bytes| Deposit {
            sender: sender.to_owned(),
            name: name.to_owned(),
            bytes,
        };
        Self {
            url: url.to_owned(),
            dropped: BTreeSet::new(),
            drops: vec![
                deposit(&senders[0], "again.b2", under_another_name(&first)),
                deposit(&senders[0], "faulty.b2", dre(seed + 1, small, Some(Damage::NirKey))),
                deposit(&senders[0], "large.b2", dre(seed + 2, size, None)),
                deposit(&senders[0], "first.b2", first.clone()),
            ],
            uploads: vec![
                deposit(&senders[1], "upload.b2", dre(seed + 3, size.min(200), None)),
                deposit(&senders[1], "upload2.b2", dre(seed + 4, 2, None)),
                deposit(&senders[1], "upload3.b2", dre(seed + 5, 2, None)),
            ],
            uploaded: 0,
            answer: deposit(&senders[2], "answer.noemie", rsp(&first, seed)),
            senders,
            rejected: BTreeSet::new(),
            acknowledged: BTreeMap::new(),
            decided: BTreeMap::new(),
            waits: false,
            answers: watch::Sender::new(0),
        }
    }

    /// Returns every file of the story.
    pub fn deposits(&self) -> Vec<Deposit> {
        self.drops.iter().chain(&self.uploads).chain([&self.answer]).cloned().collect()
    }

    /// Runs the story to its end, or returns the exit status of the process if it dies.
    pub async fn run(&mut self, gateway: &Gateway) -> Result<(), ExitStatus> {
        self.waits = false;
        for deposit in self.drops.clone() {
            self.drop_once(gateway, &deposit);
        }
        // The last answered upload is repeated.
        for at in self.uploaded.saturating_sub(1)..self.uploads.len() {
            self.upload(gateway, &self.uploads[at].clone()).await?;
            self.uploaded = at + 1;
        }
        self.arls(gateway, 0, self.drops.len()).await?;
        self.arls(gateway, 1, self.uploads.len()).await?;
        self.drop_once(gateway, &self.answer.clone());
        self.arls(gateway, 2, 1).await?;
        self.waits = true;
        self.decide(gateway).await?;
        self.waits = false;
        until(gateway, "the 580 file", || {
            std::future::ready((!gateway.out(&self.senders[1], "580_").is_empty()).then_some(()))
        })
        .await?;
        self.wait_until_idle(gateway).await?;
        self.check_arls_stay(gateway);
        Ok(())
    }

    /// Asserts that each ARL that was received is in its directory, unchanged.
    fn check_arls_stay(&self, gateway: &Gateway) {
        let present: BTreeMap<_, _> =
            self.senders.iter().flat_map(|sender| gateway.out(sender, "ARL_")).collect();
        for (name, arl) in &self.acknowledged {
            assert_eq!(
                present.get(name),
                Some(arl),
                "{name} was received, and is missing or changed"
            );
        }
    }

    async fn upload(&mut self, gateway: &Gateway, upload: &Deposit) -> Result<(), ExitStatus> {
        self.waits = true;
        let answer =
            alive(gateway, gateway.submit(&upload.sender, &upload.name, &upload.bytes).await)
                .await?;
        self.waits = false;
        self.note_arl(answer.arl.expect("a receipt has its ARL").file_name, answer.arl_body);
        Ok(())
    }

    /// Keeps a new ARL, and asserts that a known one is unchanged.
    fn note_arl(&mut self, name: String, arl: Vec<u8>) {
        match self.acknowledged.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(arl);
                self.answers.send_modify(|count| *count += 1);
            }
            Entry::Occupied(first) => assert_eq!(*first.get(), arl, "{} changed", first.key()),
        }
    }

    /// Drops a file once, with a modification time in the past, so that the gateway takes it at its
    /// second scan.
    fn drop_once(&mut self, gateway: &Gateway, deposit: &Deposit) {
        if !self.dropped.insert(deposit.name.clone()) {
            return;
        }
        let path = drop_path(&gateway.dir, &deposit.sender, &deposit.name);
        let temporary = path.with_file_name(format!(".{}.part", deposit.name));
        let mut file = File::create(&temporary).expect("the sender writes");
        file.write_all(&deposit.bytes).expect("the sender writes");
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
            .expect("a time");
        fs::rename(temporary, path).expect("the sender is done");
    }

    /// Waits for the ARL files of a sender, and keeps them.
    async fn arls(
        &mut self,
        gateway: &Gateway,
        sender: usize,
        count: usize,
    ) -> Result<(), ExitStatus> {
        let arls = until(gateway, &format!("{count} ARL for {}", self.senders[sender]), || {
            std::future::ready(
                Some(gateway.out(&self.senders[sender], "ARL_"))
                    .filter(|found| found.len() >= count),
            )
        })
        .await?;
        assert_eq!(arls.len(), count, "ARL in out/{}", self.senders[sender]);
        arls.into_iter().for_each(|(name, arl)| self.note_arl(name, arl));
        Ok(())
    }

    async fn decide(&mut self, gateway: &Gateway) -> Result<(), ExitStatus> {
        let mut decided = 0;
        for invoice in invoices(&self.uploads[0].bytes) {
            let claim = claim_of(gateway, &invoice).await?;
            if decided == REJECTED + PAID {
                break;
            }
            if claim.amc.as_ref().is_none_or(|amc| amc.state == "not_requested") {
                continue;
            }
            decided += 1;
            if decided <= REJECTED {
                let reason = proto::Reason {
                    code: "122".into(),
                    label: "Garantie non active à la date des soins".into(),
                    ..proto::Reason::default()
                };
                self.rejected.insert(invoice.clone());
                self.decision(
                    gateway,
                    &claim.claim_id,
                    "reject",
                    Kind::Reject(proto::Reject { reasons: vec![reason] }),
                )
                .await?;
            } else {
                let amount_centimes = claim.amc.as_ref().expect("the AMC part").asked_centimes;
                let (transfer_reference, transfer_date) = ("VIR 42".into(), "2026-02-10".into());
                self.decision(gateway, &claim.claim_id, "accept", Kind::Accept(proto::Accept {}))
                    .await?;
                self.decision(
                    gateway,
                    &claim.claim_id,
                    "pay",
                    Kind::Pay(proto::Pay { transfer_reference, transfer_date, amount_centimes }),
                )
                .await?;
            }
        }
        Ok(())
    }

    /// Records a decision. A decision that was answered before must be answered with the same event.
    async fn decision(
        &mut self,
        gateway: &Gateway,
        claim_id: &str,
        what: &str,
        kind: Kind,
    ) -> Result<(), ExitStatus> {
        let idempotency_key = format!("{claim_id}-{what}");
        let decision = proto::Decision {
            claim_id: claim_id.into(),
            part: "amc".into(),
            expected_version: None,
            idempotency_key: idempotency_key.clone(),
            kind: Some(kind),
        };
        let answer = gateway
            .work()
            .record_decision(proto::RecordDecisionRequest { decision: Some(decision) })
            .await;
        let answer = alive(gateway, answer).await?.into_inner();
        match self.decided.get(&idempotency_key) {
            Some(event) => assert!(
                answer.repeated && answer.event_id == *event,
                "{idempotency_key} was answered, and is recorded again"
            ),
            None => {
                self.decided.insert(idempotency_key, answer.event_id);
                self.answers.send_modify(|count| *count += 1);
            }
        }
        Ok(())
    }

    /// Waits until the gateway has no work left.
    async fn wait_until_idle(&self, gateway: &Gateway) -> Result<(), ExitStatus> {
        let inbox = |sender: &String| {
            fs::read_dir(gateway.dir.join("data/in").join(sender)).map_or(0, Iterator::count)
        };
        until(gateway, "the drop directory is empty", || {
            std::future::ready((self.senders.iter().map(inbox).sum::<usize>() == 0).then_some(()))
        })
        .await?;
        let waiting = "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM returns WHERE delivered_at IS NULL) \
                       + (SELECT count(*) FROM claim_parts WHERE kind = 'amc' AND state = 'rejected' AND reported_in IS NULL)";
        until(gateway, "the gateway is idle", || async {
            (number(&self.url, waiting).await.ok()? == 0).then_some(())
        })
        .await
    }
}

async fn claim_of(gateway: &Gateway, invoice: &Invoice) -> Result<proto::DreStatus, ExitStatus> {
    let key = proto::InvoiceKey { ps: invoice.ps.clone(), invoice_number: invoice.number.clone() };
    let asked = proto::GetDreStatusRequest {
        dre: Some(proto::get_dre_status_request::Dre::Invoice(key)),
        test: false,
    };
    let answer = gateway.status().get_dre_status(asked).await;
    Ok(alive(gateway, answer)
        .await?
        .into_inner()
        .dre
        .expect("the claim of an invoice that got its ARL"))
}

/// Returns the answer, or the exit status of the process that died before it answered. An error of
/// a running process fails the test.
async fn alive<T>(gateway: &Gateway, answer: Result<T, tonic::Status>) -> Result<T, ExitStatus> {
    let status = match answer {
        Ok(answer) => return Ok(answer),
        Err(status) => status,
    };
    match within(DEATH_TIMEOUT, || std::future::ready(gateway.has_ended())).await {
        Some(ended) => Err(ended),
        None => panic!("the gateway runs and answers {status}"),
    }
}

/// Calls the probe until it answers, or returns the exit status of a process that died. Panics after
/// [`PATIENCE`](super::wait::PATIENCE).
async fn until<T, F: Future<Output = Option<T>>>(
    gateway: &Gateway,
    what: &str,
    mut probe: impl FnMut() -> F,
) -> Result<T, ExitStatus> {
    eventually(what, || {
        let answer = probe();
        async {
            match answer.await {
                Some(answer) => Some(Ok(answer)),
                None => gateway.has_ended().map(Err),
            }
        }
    })
    .await
}
