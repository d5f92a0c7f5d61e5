//! A valid request for each method, over data of the gateway under test.

use super::CALLER;
use crate::support::gateway::{Gateway, eventually};
use noemie_gateway::generate::{self, Options, Profile, RspOptions};
use noemie_gateway::grpc::proto::{ListTransfersRequest, Pay, Reason, Reject, decision};
use noemie_parsers::physical::enregistrements::Forme;
use serde_json::{Value as Json, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Depositor of the files.
pub(super) const SENDER: &str = "oct1";
/// Claims that are rejected before the calls, so that they can be reopened.
const REJECTED: usize = 40;
/// Depositor of the same invoices.
const SECOND_SENDER: &str = "oct2";
/// Claims that are paid before the calls, so that money can be taken back.
const PAID: usize = 4;

/// Makes one request; each call gives identifiers of its own where an act uses them up.
pub(super) type Base = fn(&World) -> Json;

/// Identifiers of the gateway under test.
pub(super) struct World {
    exchange: String,
    return_id: String,
    claim: String,
    transfer: String,
    /// Exchange of answers that match no claim, and the rank of the next one.
    unmatched: String,
    answer: AtomicU64,
    ps: String,
    invoice: String,
    received: Mutex<Vec<String>>,
    paid: Mutex<Vec<String>>,
    rejected: Mutex<Vec<String>>,
    held: Mutex<Vec<String>>,
}

static NUMBER: AtomicU64 = AtomicU64::new(1_000);

fn number() -> u64 {
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

pub(super) fn dre(profile: Profile, invoices: u64) -> Vec<u8> {
    made(&Options { profile, invoices, seed: number(), ..Options::default() })
}

fn made(options: &Options) -> Vec<u8> {
    let mut bytes = Vec::new();
    generate::dre(options, &mut bytes).expect("generates");
    bytes
}

/// A file that no call sent before.
pub(super) fn file() -> Vec<u8> {
    dre(Profile::Pharmacie, 1)
}

impl World {
    /// Deposits claims, and pays some.
    pub(super) async fn new(gateway: &Gateway) -> Self {
        let options = Options { invoices: 450, seed: number(), ..Options::default() };
        let bytes = made(&options);
        let receipt = gateway.submit(SENDER, "dre.b2", &bytes).await.expect("a receipt");
        let claims = gateway.claims().await;
        let copies = made(&Options { sender: "99900000000029".to_owned(), ..options });
        gateway.submit(SECOND_SENDER, "copies.b2", &copies).await.expect("a receipt");
        let all = gateway.claims().await.into_iter();
        let held = all.filter(|c| c.state == "held_other_sender").map(|c| c.claim_id);
        let waiting =
            claims.iter().filter(|c| c.amc.as_ref().is_some_and(|p| p.state == "received"));
        let mut received: Vec<String> = waiting.map(|claim| claim.claim_id.clone()).collect();
        let paid = received.split_off(received.len() - PAID);
        let rejected = received.split_off(received.len() - REJECTED);
        for claim in &rejected {
            let reason =
                Reason { code: "122".into(), label: "Garantie".into(), ..Reason::default() };
            let reject = decision::Kind::Reject(Reject { reasons: vec![reason] });
            gateway.decide(claim, &format!("rejected-{claim}"), reject).await;
        }
        for claim in &paid {
            let transfer_date = "2026-11-21".to_owned();
            let pay = Pay { transfer_reference: "VIR".into(), transfer_date, amount_centimes: 1 };
            gateway.decide(claim, &format!("paid-{claim}"), decision::Kind::Pay(pay)).await;
        }
        // A return of invoices that nobody sent: its transfer is kept all the same.
        let mut rsp = Vec::new();
        let unknown = dre(Profile::Pharmacie, 2);
        generate::rsp(&unknown[..], Forme::Crlf, &RspOptions::default(), &mut rsp)
            .expect("generates");
        gateway.submit(SENDER, "rsp.noemie", &rsp).await.expect("a receipt");
        let all = ListTransfersRequest::default();
        let transfers = gateway.work().list_transfers(all).await.expect("lists");
        let transfer = transfers.into_inner().transfers[0].transfer_id.clone();
        eventually("the events are published", || async {
            gateway.metric("noemie_outbox_pending").await.filter(|n| *n == 0.0).map(|_| ())
        })
        .await;
        let mut rsp = Vec::new();
        let of_others = dre(Profile::Mixte, 100);
        let date = noemie_parsers::types::Date::new(2026, 2, 9).expect("a date");
        let options = RspOptions { date, ..RspOptions::default() };
        generate::rsp(&of_others[..], Forme::Crlf, &options, &mut rsp).expect("generates");
        let unmatched = gateway.submit(SENDER, "rsp.noemie", &rsp).await.expect("a receipt");
        let unmatched = unmatched.exchange.expect("an exchange");
        assert!(unmatched.unmatched > 50, "{unmatched:?}");
        Self {
            unmatched: unmatched.exchange_id,
            answer: AtomicU64::new(1),
            exchange: receipt.exchange.expect("an exchange").exchange_id,
            return_id: receipt.arl.expect("an ARL").return_id,
            claim: claims[0].claim_id.clone(),
            transfer,
            ps: claims[0].ps.clone(),
            invoice: claims[0].invoice_number.clone(),
            received: Mutex::new(received),
            paid: Mutex::new(paid),
            rejected: Mutex::new(rejected),
            held: Mutex::new(held.collect()),
        }
    }

    pub(super) fn next_file(&self) -> Vec<u8> {
        file()
    }

    /// The rank of an answer that no call matched before.
    fn answer(&self) -> u64 {
        self.answer.fetch_add(1, Ordering::Relaxed)
    }

    fn key(&self) -> String {
        format!("key-{}", number())
    }

    /// A claim that waits for a decision.
    fn received(&self) -> String {
        self.received.lock().expect("no panic").pop().expect("enough claims")
    }

    /// A claim that is rejected.
    fn rejected(&self) -> String {
        self.rejected.lock().expect("no panic").pop().expect("enough claims")
    }

    /// A copy of another sender's invoice about which nobody has decided.
    fn held(&self) -> String {
        self.held.lock().expect("no panic").pop().expect("enough copies")
    }

    /// A claim that is paid. The last one is given again: the calls that keep it are refused.
    fn paid(&self) -> String {
        let mut paid = self.paid.lock().expect("no panic");
        if paid.len() > 1 { paid.pop().expect("several") } else { paid[0].clone() }
    }

    fn decision(&self, claim_id: String, kind: Json) -> Json {
        let mut decision =
            json!({"claim_id": claim_id, "part": "amc", "idempotency_key": self.key()});
        let fields = kind.as_object().expect("one kind").clone();
        decision.as_object_mut().expect("an object").extend(fields);
        decision
    }
}

fn lookup() -> Json {
    json!({"identifier": "992001214", "amc_number": "99900011", "domain": "PHAR",
           "on": "2024-02-15"})
}

/// One decision of each kind.
fn decisions() -> [Base; 6] {
    [
        |w| w.decision(w.received(), json!({"accept": {}})),
        |w| {
            let reasons = json!([{"code": "122", "label": "Garantie non active"}]);
            w.decision(w.received(), json!({"reject": {"reasons": reasons}}))
        },
        |w| {
            let reasons = json!([{"code": "PIECE", "label": "Facture attendue"}]);
            w.decision(w.received(), json!({"defer": {"reasons": reasons}}))
        },
        |w| {
            let pay = json!({"transfer_reference": "VIR 1", "transfer_date": "2026-11-21",
                             "amount_centimes": 1});
            w.decision(w.received(), json!({"pay": pay}))
        },
        |w| w.decision(w.paid(), json!({"recover": {"reference": "R 1", "amount_centimes": 1}})),
        |w| w.decision(w.rejected(), json!({"reopen": {"reason": "Erreur de saisie"}})),
    ]
}

/// Returns the requests of a method, `Service.Method`; none for an unknown method.
pub(super) fn of(method: &str) -> Vec<Base> {
    let (service, method) = method.split_once('.').expect("a service and a method");
    match service {
        "ExchangeService" => exchange(method),
        "DreStatusService" => status(method),
        "ConventionnementService" => conventionnement(method),
        "ClaimWorkService" => work(method),
        _ => Vec::new(),
    }
}

fn exchange(method: &str) -> Vec<Base> {
    match method {
        "SubmitExchange" => vec![|w| {
            let key = w.key();
            json!({"metadata": {"sender": SENDER, "file_name": "a.b2", "idempotency_key": key}})
        }],
        "ValidateExchange" => vec![|_| json!({"metadata": {"file_name": "a.b2"}})],
        "GetExchange" | "GetExchangeReport" => vec![|w| json!({"exchange_id": w.exchange})],
        "ListExchanges" => vec![|_| json!({"sender": SENDER})],
        "ListReturns" => vec![|_| json!({"recipient": SENDER, "kind": "arl"})],
        "DownloadReturn" => vec![|w| json!({"return_id": w.return_id})],
        _ => Vec::new(),
    }
}

fn status(method: &str) -> Vec<Base> {
    match method {
        "GetDreStatus" => vec![
            |w| json!({"claim_id": w.claim}),
            |w| json!({"invoice": {"ps": w.ps, "invoice_number": w.invoice}}),
        ],
        "BatchGetDreStatus" => vec![
            |w| json!({"requests": [{"claim_id": w.claim}]}),
            |w| json!({"requests": [{"invoice": {"ps": w.ps, "invoice_number": w.invoice}}]}),
        ],
        "ListDre" => vec![|_| json!({"sender": SENDER, "status": "received"})],
        "GetDreHistory" => vec![|w| json!({"claim_id": w.claim})],
        "WatchDre" => vec![|w| json!({"claim_ids": [w.claim], "sender": SENDER})],
        _ => Vec::new(),
    }
}

fn conventionnement(method: &str) -> Vec<Base> {
    match method {
        "LookupConventionnement" => vec![|_| lookup()],
        "BatchLookupConventionnement" => vec![|_| json!({"requests": [lookup()]})],
        "GetConventionnementHistory" => {
            vec![|_| json!({"identifier": "992001214", "amc_number": "99900011"})]
        }
        _ => Vec::new(),
    }
}

fn work(method: &str) -> Vec<Base> {
    match method {
        "GetClaim" => vec![|w| json!({"claim_id": w.claim, "purpose": CALLER})],
        "RecordDecision" => vec![
            |w| json!({"decision": decisions()[0](w)}),
            |w| json!({"decision": decisions()[1](w)}),
            |w| json!({"decision": decisions()[2](w)}),
            |w| json!({"decision": decisions()[3](w)}),
            |w| json!({"decision": decisions()[4](w)}),
            |w| json!({"decision": decisions()[5](w)}),
        ],
        "BatchRecordDecisions" => vec![
            |w| json!({"decisions": [decisions()[0](w)]}),
            |w| json!({"decisions": [decisions()[1](w)]}),
            |w| json!({"decisions": [decisions()[2](w)]}),
            |w| json!({"decisions": [decisions()[3](w)]}),
            |w| json!({"decisions": [decisions()[4](w)]}),
            |w| json!({"decisions": [decisions()[5](w)]}),
        ],
        "ListHeldAttempts" => vec![|_| json!({"page_size": 1})],
        "ReleaseHeldAttempt" => {
            vec![|w| json!({"claim_id": w.held(), "decision": "dismissed", "why": "double envoi"})]
        }
        "ListTransfers" => vec![|_| {
            json!({"ps": "992001214", "payer": "01999", "state": "explained",
                   "day_from": "2026-11-01"})
        }],
        "GetTransfer" => vec![|w| json!({"transfer_id": w.transfer})],
        "ListUnmatchedReturns" => vec![|w| json!({"sender": SENDER, "ps": w.ps})],
        "RecordReturnMatch" => vec![|w| {
            json!({"exchange_id": w.unmatched, "ordinal": w.answer(), "claim_id": w.claim,
                   "why": "vérifié"})
        }],
        "SubscribeClaimEvents" => vec![|_| json!({"facts": ["received"]})],
        _ => Vec::new(),
    }
}
