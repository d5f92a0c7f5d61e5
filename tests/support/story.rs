//! A day of the gateway, told to a process that may die anywhere in it: files dropped and uploaded
//! (one with a fault, one sent twice under another name), the answer of a caisse, a worker's
//! decisions, the 580 that tells its rejects. Told again from the start, the story goes on where it
//! was cut: a dropped file is dropped once only, since nobody but the gateway may lose it then;
//! what has no answer is asked again.

#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

use super::gateway::{Gateway, Invoice, PATIENCE, drop_path, invoices};
use super::proof::{Deposit, number};
use super::support::samples::under_another_name;
use noemie_gateway::generate::{self, Damage, Options, Profile, RspOptions};
use noemie_gateway::grpc::proto::{self, decision::Kind};
use noemie_parsers::physical::enregistrements::Forme;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::future::Future;
use std::io::Write as _;
use std::process::ExitStatus;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::watch;

/// Between two looks: several stories share the processor.
const LOOK: Duration = Duration::from_millis(50);
/// Claims that the worker rejects, and accepts then pays.
const REJECTED: usize = 3;
const PAID: usize = 2;

/// What a story deposits and decides, and what it has seen so far.
pub struct Story {
    /// Where the tables are.
    pub url: String,
    pub senders: [String; 3],
    dropped: BTreeSet<String>,
    /// First drops, in order: all but the upload and the return.
    drops: Vec<Deposit>,
    /// Uploads, in order; the worker decides about claims of the first.
    uploads: Vec<Deposit>,
    uploaded: usize,
    answer: Deposit,
    /// Invoices that the worker rejected.
    pub rejected: BTreeSet<Invoice>,
    acknowledged: BTreeMap<String, Vec<u8>>,
    /// Decisions that were answered, by their key, with their event.
    decided: BTreeMap<String, Option<String>>,
    /// Whether an answer of the gateway is waited for.
    pub asks: bool,
    /// How many answers came that are no repetition.
    pub answers: watch::Sender<u64>,
}

/// A pharmacy's file.
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
    /// A story like no other of this database: `number` tells them apart. `size` is the number of
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
            asks: false,
            answers: watch::Sender::new(0),
        }
    }

    /// Every file of the story.
    pub fn deposits(&self) -> Vec<Deposit> {
        self.drops.iter().chain(&self.uploads).chain([&self.answer]).cloned().collect()
    }

    /// Tells the story to its end, or until the process dies.
    pub async fn tell(&mut self, gateway: &Gateway) -> Result<(), ExitStatus> {
        self.asks = false;
        for deposit in self.drops.clone() {
            self.drop_once(gateway, &deposit);
        }
        // The last one that was answered is asked for again.
        for at in self.uploaded.saturating_sub(1)..self.uploads.len() {
            self.upload(gateway, &self.uploads[at].clone()).await?;
            self.uploaded = at + 1;
        }
        self.arls(gateway, 0, self.drops.len()).await?;
        self.arls(gateway, 1, self.uploads.len()).await?;
        self.drop_once(gateway, &self.answer.clone());
        self.arls(gateway, 2, 1).await?;
        self.asks = true;
        self.decide(gateway).await?;
        self.asks = false;
        until(gateway, "the 580 file", || {
            std::future::ready((!gateway.out(&self.senders[1], "580_").is_empty()).then_some(()))
        })
        .await?;
        self.rest(gateway).await?;
        self.nothing_is_taken_back(gateway);
        Ok(())
    }

    /// Every ARL ever seen, in an answer or in a directory, stands there as it was.
    fn nothing_is_taken_back(&self, gateway: &Gateway) {
        let standing: BTreeMap<_, _> =
            self.senders.iter().flat_map(|sender| gateway.out(sender, "ARL_")).collect();
        for (name, arl) in &self.acknowledged {
            assert_eq!(standing.get(name), Some(arl), "{name} was given, and is gone or another");
        }
    }

    async fn upload(&mut self, gateway: &Gateway, upload: &Deposit) -> Result<(), ExitStatus> {
        self.asks = true;
        let answer =
            alive(gateway, gateway.submit(&upload.sender, &upload.name, &upload.bytes).await)
                .await?;
        self.asks = false;
        self.note_arl(answer.arl.expect("a receipt has its ARL").file_name, answer.arl_body);
        Ok(())
    }

    /// An ARL, seen for the first time or as it was.
    fn note_arl(&mut self, name: String, arl: Vec<u8>) {
        match self.acknowledged.entry(name) {
            Entry::Vacant(place) => {
                place.insert(arl);
                self.answers.send_modify(|count| *count += 1);
            }
            Entry::Occupied(first) => assert_eq!(*first.get(), arl, "{} changed", first.key()),
        }
    }

    /// Drops a file, old enough to be taken at the second look.
    fn drop_once(&mut self, gateway: &Gateway, deposit: &Deposit) {
        if !self.dropped.insert(deposit.name.clone()) {
            return;
        }
        let path = drop_path(&gateway.dir, &deposit.sender, &deposit.name);
        let aside = path.with_file_name(format!(".{}.part", deposit.name));
        let mut file = File::create(&aside).expect("the sender writes");
        file.write_all(&deposit.bytes).expect("the sender writes");
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
            .expect("a time");
        fs::rename(aside, path).expect("the sender is done");
    }

    /// Waits for the ARL of a sender; none that stood there may be gone or another one.
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

    /// Decides, or hears again what was decided: what was answered once stands.
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
                "{idempotency_key} was answered, and is decided anew"
            ),
            None => {
                self.decided.insert(idempotency_key, answer.event_id);
                self.answers.send_modify(|count| *count += 1);
            }
        }
        Ok(())
    }

    /// Waits until nothing is under way.
    async fn rest(&self, gateway: &Gateway) -> Result<(), ExitStatus> {
        let inbox = |sender: &String| {
            fs::read_dir(gateway.dir.join("data/in").join(sender)).map_or(0, Iterator::count)
        };
        until(gateway, "the drop directory is empty", || {
            std::future::ready((self.senders.iter().map(inbox).sum::<usize>() == 0).then_some(()))
        })
        .await?;
        let waiting = "SELECT (SELECT count(*) FROM outbox WHERE position IS NULL) + (SELECT count(*) FROM returns WHERE delivered_at IS NULL) \
                       + (SELECT count(*) FROM claim_parts WHERE kind = 'amc' AND state = 'rejected' AND told_in IS NULL)";
        until(gateway, "the gateway is at rest", || async {
            (number(&self.url, waiting).await.ok()? == 0).then_some(())
        })
        .await
    }
}

async fn claim_of(gateway: &Gateway, invoice: &Invoice) -> Result<proto::DreStatus, ExitStatus> {
    let key = proto::InvoiceKey { ps: invoice.ps.clone(), invoice_number: invoice.number.clone() };
    let asked =
        proto::GetDreStatusRequest { dre: Some(proto::get_dre_status_request::Dre::Invoice(key)) };
    let answer = gateway.status().get_dre_status(asked).await;
    Ok(alive(gateway, answer)
        .await?
        .into_inner()
        .dre
        .expect("the claim of an invoice that got its ARL"))
}

/// An answer, or how the process died instead of giving it. A failure of a process that lives on
/// fails the test.
async fn alive<T>(gateway: &Gateway, answer: Result<T, tonic::Status>) -> Result<T, ExitStatus> {
    let status = match answer {
        Ok(answer) => return Ok(answer),
        Err(status) => status,
    };
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(5) {
        if let Some(ended) = gateway.has_ended() {
            return Err(ended);
        }
        tokio::time::sleep(LOOK).await;
    }
    panic!("the gateway lives and answers {status}");
}

/// Looks again and again until there is an answer or the process is dead; fails after [`PATIENCE`].
async fn until<T, F: Future<Output = Option<T>>>(
    gateway: &Gateway,
    what: &str,
    mut look: impl FnMut() -> F,
) -> Result<T, ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(answer) = look().await {
            return Ok(answer);
        }
        if let Some(ended) = gateway.has_ended() {
            return Err(ended);
        }
        assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(LOOK).await;
    }
}
