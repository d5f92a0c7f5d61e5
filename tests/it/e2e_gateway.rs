//! End-to-end test of the program, embedded and with PostgreSQL and RabbitMQ: a claim from the drop
//! directory until it is paid, a rejected claim, a repeated deposit. The test sees only what a
//! concentrator, a caisse, a worker and an operator see.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use crate::support;

use broker::{Message, on_broker};
use gateway::{Gateway, Invoice, drop_path, eventually, invoices, read_noemie};
use noemie_gateway::generate::{self, Options, Profile, RspOptions};
use noemie_gateway::grpc::proto::{self, decision::Kind};
use noemie_parsers::noemie::Etat;
use noemie_parsers::physical::enregistrements::Forme;
use std::fs::{self, File};
use std::io::Write as _;
use support::broker;
use support::databases::on_postgres;
use support::gateway;
use tonic::Streaming;

const SENDER: &str = "oct1";
const CAISSE: &str = "cpam1";
const AMC: &str = "0099900011";

/// Returns a DRE file of pharmacies. Different seeds give different invoices.
fn dre(seed: u64, invoices: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    generate::dre(
        &Options { profile: Profile::Pharmacie, invoices, seed, ..Options::default() },
        &mut bytes,
    )
    .expect("generates");
    bytes
}

/// Returns the RSP file of the caisse: every AMO part is paid, the AMC parts are left to the insurer.
fn rsp(dre: &[u8]) -> Vec<u8> {
    let options = RspOptions {
        rejected: 0,
        deferred: 0,
        amc_rejected: 0,
        amc_left: 100,
        ..RspOptions::default()
    };
    let mut bytes = Vec::new();
    generate::rsp(dre, Forme::Crlf, &options, &mut bytes).expect("generates");
    bytes
}

fn pay(amount_centimes: i64) -> Kind {
    Kind::Pay(proto::Pay {
        transfer_reference: "VIR 42".into(),
        transfer_date: "2026-02-10".into(),
        amount_centimes,
    })
}

fn reject() -> Kind {
    let reason = proto::Reason {
        code: "122".into(),
        label: "Garantie non active à la date des soins".into(),
        ..proto::Reason::default()
    };
    Kind::Reject(proto::Reject { reasons: vec![reason] })
}

/// Runs every step. Returns the claim that was paid and the claim that was rejected.
async fn run_steps(gateway: &Gateway) -> (proto::DreStatus, proto::DreStatus) {
    let file = dre(11, 3);
    let billed = invoices(&file);
    deposit_slowly(gateway, &file).await;
    let (paid, rejected) =
        (decide_to_pay(gateway, &billed[0]).await, decide_to_reject(gateway, &billed[1]).await);
    return_of_the_caisse(gateway, &file, &billed).await;
    deposit_again(gateway, &file).await;
    (paid, rejected)
}

/// A file that is being written is not taken. The complete file gets its ARL and its claims.
async fn deposit_slowly(gateway: &Gateway, file: &[u8]) {
    let path = drop_path(&gateway.dir, SENDER, "dre.b2");
    let temporary = path.with_extension("b2.part");
    let mut writing = File::create(&temporary).expect("the sender writes");
    let half = file.len() / 2;
    writing.write_all(&file[..half]).expect("the sender writes");
    // A second, complete file is taken meanwhile: the gateway has scanned the directory, and left
    // the first file.
    gateway.drop_file(SENDER, "other.b2", &dre(12, 1));
    gateway.out_eventually(SENDER, "ARL_", 1).await;
    assert_eq!(gateway.exchanges().await.len(), 1, "the half-written file was taken");
    writing.write_all(&file[half..]).expect("the sender writes");
    fs::rename(&temporary, &path).expect("the sender is done");

    let arls = gateway.out_eventually(SENDER, "ARL_", 2).await;
    eventually("the deposited file is gone", || std::future::ready((!path.exists()).then_some(())))
        .await;
    let exchange = gateway.exchanges().await.remove(0);
    assert_eq!((exchange.file_name.as_str(), exchange.verdict.as_str()), ("dre.b2", "accepted"));
    assert_eq!(
        (exchange.size_bytes, exchange.invoices, exchange.accepted),
        (file.len() as i64, 3, 3)
    );
    for (name, arl) in &arls {
        let (_, wrong) = read_noemie(arl);
        assert!(wrong.is_empty(), "{name}: {wrong:?}");
    }
    let arl = &arls[&format!("ARL_{}_pos_dre.b2.noemie", exchange.exchange_id)];
    assert!(String::from_utf8_lossy(arl).contains("FACTURES LUES 3 PRISES EN CHARGE 3"));
}

async fn decide_to_pay(gateway: &Gateway, invoice: &Invoice) -> proto::DreStatus {
    let dre = gateway.dre(&invoice.ps, &invoice.number).await.expect("the claim of the invoice");
    assert_eq!(
        (dre.state.as_str(), dre.sender.as_str(), dre.amc_number.as_str()),
        ("received", SENDER, AMC)
    );
    let asked = dre.amc.as_ref().expect("the AMC part").asked_centimes;

    let claim = proto::GetClaimRequest { claim_id: dre.claim_id.clone(), purpose: String::new() };
    let claim = gateway.work().get_claim(claim).await.expect("the claim").into_inner();
    assert_eq!(
        (claim.lines.iter().map(|l| l.amc_centimes).sum::<i64>(), claim.person),
        (asked, None)
    );

    let accepted = gateway.decide(&dre.claim_id, "accept-1", Kind::Accept(proto::Accept {})).await;
    assert_eq!(accepted.dre.expect("the status").state, "accepted");
    let paid = gateway.decide(&dre.claim_id, "pay-1", pay(asked)).await;
    assert!(!paid.repeated && paid.warnings.is_empty());
    let again = gateway.decide(&dre.claim_id, "pay-1", pay(asked)).await;
    assert!(again.repeated, "the same key is the same decision");
    assert_eq!(again.event_id, paid.event_id);
    gateway.dre_eventually(&invoice.ps, &invoice.number, "partly_paid").await
}

async fn decide_to_reject(gateway: &Gateway, invoice: &Invoice) -> proto::DreStatus {
    let dre = gateway.dre(&invoice.ps, &invoice.number).await.expect("the claim of the invoice");
    gateway.decide(&dre.claim_id, "reject-1", reject()).await;
    let files = gateway.out_eventually(SENDER, "580_", 1).await;
    let (returns, wrong) = read_noemie(files.values().next().expect("a file"));
    assert!(wrong.is_empty(), "{wrong:?}");
    let [rejected] = returns.as_slice() else {
        panic!("{} invoices in the 580 file", returns.len())
    };
    assert_eq!(
        (rejected.numero.as_str(), rejected.part_amc.as_ref().map(|p| p.etat)),
        (invoice.number.as_str(), Some(Etat::Rejete))
    );
    assert!(
        rejected.rejets.iter().any(|r| r.libelle.contains("Garantie non active")
            || r.libelle.contains("GARANTIE NON ACTIVE")),
        "the 580 file has the reason"
    );
    let dre = gateway.dre_eventually(&invoice.ps, &invoice.number, "rejected").await;
    assert_eq!(dre.amc.as_ref().expect("the AMC part").reasons[0].code, "122");
    dre
}

/// The return of the caisse pays the AMO parts. The paid claim is then paid in both parts, the
/// rejected one stays rejected.
async fn return_of_the_caisse(gateway: &Gateway, file: &[u8], billed: &[Invoice]) {
    gateway.drop_file(CAISSE, "rsp.noemie", &rsp(file));
    let dre = gateway.dre_eventually(&billed[0].ps, &billed[0].number, "paid").await;
    let (amo, amc) = (dre.amo.expect("the AMO part"), dre.amc.expect("the AMC part"));
    assert_eq!((amo.state.as_str(), amo.paid_centimes), ("paid", amo.asked_centimes));
    assert_eq!(
        (amc.state.as_str(), amc.paid_centimes, amc.transfer_reference.as_str()),
        ("paid", amc.asked_centimes, "VIR 42")
    );
    gateway.dre_eventually(&billed[1].ps, &billed[1].number, "paid_and_rejected").await;
    let third = gateway.dre_eventually(&billed[2].ps, &billed[2].number, "partly_paid").await;
    assert_eq!(third.amc.expect("the AMC part").state, "received");
    let exchange =
        gateway.exchanges().await.into_iter().find(|e| e.sender == CAISSE).expect("the return");
    assert_eq!((exchange.norm.as_str(), exchange.accepted, exchange.unmatched), ("noemie", 3, 0));
}

/// A second deposit of the same bytes, through gRPC or the drop directory, gets the first answer.
async fn deposit_again(gateway: &Gateway, file: &[u8]) {
    let before = gateway.exchanges().await;
    let first = before.iter().find(|e| e.file_name == "dre.b2").expect("the first deposit");
    let again = gateway.submit(SENDER, "another-name.b2", file).await.expect("an answer");
    assert!(again.repeated);
    assert_eq!(again.exchange.expect("the exchange").exchange_id, first.exchange_id);
    assert_eq!(
        again.arl_body,
        gateway.out(SENDER, "ARL_")[&format!("ARL_{}_pos_dre.b2.noemie", first.exchange_id)],
        "byte for byte"
    );
    let dropped = gateway.drop_file(SENDER, "dre.b2", file);
    eventually("the repeated file is taken", || {
        std::future::ready((!dropped.exists()).then_some(()))
    })
    .await;
    assert_eq!(gateway.exchanges().await.len(), before.len());
    for exchange in &before {
        let ledger = gateway.report(&exchange.exchange_id).await.ledger.expect("the ledger");
        assert!(ledger.balances && ledger.read > 0, "{ledger:?}");
    }
}

/// Events of the paid claim: sequence, fact, part.
const PAID: [(i64, &str, &str); 4] =
    [(1, "received", "amc"), (2, "accepted", "amc"), (3, "paid", "amc"), (4, "paid", "amo")];
/// Events of the rejected claim.
const REJECTED: [(i64, &str, &str); 3] =
    [(1, "received", "amc"), (2, "rejected", "amc"), (3, "paid", "amo")];

/// Number of events: four of the two files, three of decisions, three of the return.
const EVENTS: usize = 4 + 3 + 3;

/// After SIGTERM during a deposit, the deposit is answered, the streams end, and the process exits
/// with status 0.
async fn stop_in_order(
    gateway: Gateway,
    mut events: Streaming<proto::SubscribeClaimEventsResponse>,
) {
    use proto::submit_exchange_request::Part;
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    let mut client = gateway.exchange();
    let answer = tokio::spawn(async move {
        client.submit_exchange(tokio_stream::wrappers::ReceiverStream::new(receiver)).await
    });
    let part = |part| proto::SubmitExchangeRequest { part: Some(part) };
    let metadata = proto::SubmitMetadata {
        sender: SENDER.into(),
        file_name: "last.b2".into(),
        idempotency_key: String::new(),
    };
    sender.send(part(Part::Metadata(metadata))).await.expect("the call is open");
    let last = dre(13, 20);
    sender.send(part(Part::Chunk(last[..1_000].to_vec()))).await.expect("the call is open");
    eventually("the upload has begun", || std::future::ready(is_archiving(&gateway).then_some(())))
        .await;
    gateway.terminate();
    let end = async { while let Ok(Some(_)) = events.message().await {} };
    tokio::time::timeout(gateway::PATIENCE, end)
        .await
        .expect("the stream ends when the gateway stops");
    sender.send(part(Part::Chunk(last[1_000..].to_vec()))).await.expect("the call goes on");
    drop(sender);
    let receipt = answer.await.expect("the task").expect("the deposit is answered").into_inner();
    let exchange = receipt.exchange.expect("the exchange");
    assert_eq!(exchange.accepted, 20);
    let dir = gateway.dir.clone();
    let arls = dir.join("data/out").join(SENDER);
    assert_eq!(
        gateway.ended().await.code(),
        Some(0),
        "{}",
        fs::read_to_string(dir.join("stderr.log")).unwrap_or_default()
    );
    let name = format!("ARL_{}_pos_last.b2.noemie", exchange.exchange_id);
    assert!(arls.join(&name).exists(), "the ARL of the last deposit is written before the end");
}

/// Returns whether a file is being written to the archive.
fn is_archiving(gateway: &Gateway) -> bool {
    let mut waiting = vec![gateway.dir.join("data/archive")];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting
                .extend(fs::read_dir(&path).expect("reads").map(|e| e.expect("an entry").path()));
        } else if path.extension().is_none_or(|e| e != "enc") {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    let directory = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(directory.path(), &[]).await;
    let (paid, rejected) = run_steps(&gateway).await;

    let mut stream = gateway
        .work()
        .subscribe_claim_events(proto::SubscribeClaimEventsRequest::default())
        .await
        .unwrap()
        .into_inner();
    let mut events = Vec::new();
    while events.len() < EVENTS {
        let message = tokio::time::timeout(gateway::PATIENCE, stream.message())
            .await
            .expect("an event in time")
            .unwrap()
            .expect("an event");
        events.extend(message.event);
    }
    for (claim, life) in [(&paid, &PAID[..]), (&rejected, &REJECTED[..])] {
        let of_claim: Vec<_> = events
            .iter()
            .filter(|e| e.claim_id == claim.claim_id)
            .map(|e| (e.sequence, e.fact.as_str(), e.part.as_str()))
            .collect();
        assert_eq!(of_claim, life);
    }
    stop_in_order(gateway, stream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_postgresql_and_rabbitmq() {
    on_broker(|broker| {
        on_postgres(|db| async move {
            let directory = tempfile::tempdir().unwrap();
            let (prefix, url) = (broker.prefix(), broker.url());
            let settings = [
                ("NOEMIE_DATABASE_URL", db.url.as_str()),
                ("NOEMIE_AMQP_URL", url.as_str()),
                ("NOEMIE_AMQP_PREFIX", prefix.as_str()),
            ];
            let gateway = Gateway::start(directory.path(), &settings).await;
            let mut consumer = broker.consume().await;
            let (paid, rejected) = run_steps(&gateway).await;

            let messages = consumer.messages(EVENTS).await;
            for (claim, life) in [(&paid, &PAID[..]), (&rejected, &REJECTED[..])] {
                check_messages(&claim.claim_id, life, &messages);
            }
            assert_eq!(
                messages.iter().map(|m| &m.id).collect::<std::collections::HashSet<_>>().len(),
                EVENTS,
                "no event is sent twice without a failure"
            );
            let stream = gateway
                .work()
                .subscribe_claim_events(proto::SubscribeClaimEventsRequest::default())
                .await
                .unwrap()
                .into_inner();
            stop_in_order(gateway, stream).await;
            consumer.messages(20).await;
        })
    })
    .await;
}

/// Asserts that the queue got the events of a claim in order, each with its routing key, name and id.
fn check_messages(claim_id: &str, life: &[(i64, &str, &str)], messages: &[Message]) {
    let of_claim: Vec<&Message> =
        messages.iter().filter(|m| m.body["claimId"] == claim_id).collect();
    assert_eq!(of_claim.len(), life.len());
    for (message, (sequence, fact, part)) in of_claim.into_iter().zip(life) {
        assert_eq!(message.routing_key, format!("claim.dre.{fact}.{AMC}"));
        assert_eq!(message.kind, format!("claim.{fact}"));
        assert_eq!(
            message.body["sequence"],
            sequence.to_string(),
            "in order, 64-bit integers as text"
        );
        assert_eq!(
            (message.body["fact"].as_str(), message.body["part"].as_str()),
            (Some(*fact), Some(*part))
        );
        assert_eq!(message.body["eventId"], message.id.as_str());
    }
}
