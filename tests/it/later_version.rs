//! Rows that a later version wrote, with codes that this version does not know in every column of
//! codes: each reading answers and shows them as unknown, `verify` has no finding, and acts leave
//! them alone. On both databases.

use crate::on_both;
use crate::support;

use noemie_gateway::archive::Archive;
use noemie_gateway::clock::{Clock, FixedClock};
use noemie_gateway::conventionnement::Conventionnement;
use noemie_gateway::domain::{
    Caller, Channel, ClaimId, ExchangeId, KeyId, PartKind, PartState, Scope, Verdict, receipt,
};
use noemie_gateway::generate::{self, Damage, Options, Profile};
use noemie_gateway::grpc::proto;
use noemie_gateway::grpc::proto::claim_work_service_client::ClaimWorkServiceClient;
use noemie_gateway::grpc::proto::conventionnement_service_client::ConventionnementServiceClient;
use noemie_gateway::grpc::proto::dre_status_service_client::DreStatusServiceClient;
use noemie_gateway::grpc::proto::exchange_service_client::ExchangeServiceClient;
use noemie_gateway::grpc::serve;
use noemie_gateway::ingest::{Deposit, Ingest, IngestError, Limits};
use noemie_gateway::limits::GrpcLimits;
use noemie_gateway::service::decisions::{DecideError, Decision, DecisionKind};
use noemie_gateway::service::operations::Operations;
use noemie_gateway::service::{Rooms, Service};
use noemie_gateway::store::{
    ChainedJournal, ClaimFilter, JournalLink, OperationStep, Stage, Withdrawal, signed,
};
use noemie_gateway::vault::Vault;
use noemie_gateway::verify::{Kind, Sources, Verification, verify};
use std::sync::Arc;
use support::databases::TestDatabase;
use support::samples;
use tempfile::TempDir;
use time::macros::datetime;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel as Line;

/// A billing number of `testdata/conventions/ok.csv`, and its AMC.
const BILLING_NUMBER: &str = "992001214";
const AMC: &str = "99900011";

/// Statements of a later version, column by column. A claim and its events are those of `claim`.
const LATER_CODES: &[&str] = &[
    "UPDATE exchanges SET channel = 'as4', norm = 'fse', packaging = 'xml', verdict = 'suspended' \
     WHERE verdict IS NOT NULL",
    "UPDATE claims SET flow = 'fse2030'",
    "UPDATE claim_parts SET state = 'suspended' WHERE kind = 'amc'",
    "INSERT INTO claim_parts (claim_id, kind, state, asked, paid, flags, is_awaited, reasons, \
     updated_at, received_at, ps, sender) SELECT claim_id, 'patient', 'asked', 100, 0, '[]', FALSE, \
     '[]', updated_at, received_at, ps, sender FROM claim_parts WHERE kind = 'amo'",
    "UPDATE events SET kind = 'asked', actor_role = 'robot', actor_proof = 'passkey'",
    "UPDATE events SET payload = replace(payload, '\"role\":\"concentrator\"', \
     '\"role\":\"robot\"')",
    "UPDATE events SET payload = replace(replace(replace(replace(payload, '\"part\":\"amc\"', \
     '\"part\":\"patient\"'), '\"part\":\"amo\"', '\"part\":\"patient\"'), \
     '\"fact\":\"received\"', '\"fact\":\"asked\"'), \
     '\"flow\":\"dre\"', '\"flow\":\"fse2030\"')",
    "UPDATE anomalies SET severity = 'notice'",
    "UPDATE decisions SET part = 'patient', kind = 'split', caller_proof = 'passkey', \
     caller_role = 'robot'",
    "UPDATE operations_journal SET stage = 'paused'",
    "UPDATE conventions SET state = 'sursis'",
    "UPDATE exchanges SET withdrawal = 'archive' WHERE verdict IS NULL",
];

/// A gateway with one deposit of accepted and quarantined invoices, a decision, a staged deposit, a
/// step of an operation, and conventions.
struct Gateway {
    db: TestDatabase,
    vault: Arc<Vault>,
    clock: Arc<FixedClock>,
    ingest: Arc<Ingest>,
    sources: Sources,
    service: Service,
    exchange: ExchangeId,
    staged: ExchangeId,
    claim: ClaimId,
    _dir: TempDir,
}

impl Gateway {
    async fn new(db: TestDatabase) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::new(datetime!(2026-02-02 09:00 UTC)));
        let vault = Arc::new(Vault::from_master_key([9; 32]));
        let archive = Arc::new(Archive::new(dir.path(), Arc::clone(&vault)));
        let (store, limits) = (Arc::clone(&db.store), Limits::default());
        samples::seal(&store, &vault);
        samples::mark(&store, &vault, &[1]).await;
        let ingest = Arc::new(Ingest::new(
            Arc::clone(&store),
            Arc::clone(&vault),
            Arc::clone(&archive),
            clock.clone(),
            limits,
        ));
        let conventionnement =
            Arc::new(Conventionnement::new(db.database.conventions(), clock.clone()));
        let table = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/conventions/ok.csv");
        let table = std::fs::File::open(table).unwrap();
        conventionnement.import_conventions(table, &"ok.csv".into()).await.unwrap();
        let service = Service::new(Rooms {
            store: Arc::clone(&store),
            vault: Arc::clone(&vault),
            clock: clock.clone(),
            ingest: Arc::clone(&ingest),
            max_uploads: 4,
            conventionnement,
        });
        let exchange = deposit(&ingest).await;
        let (vault2, clock2) = (Arc::clone(&vault), clock.clone());
        let sources = Sources { store: Arc::clone(&store), archive, vault: vault2, clock: clock2 };
        let waiting = ClaimFilter::default();
        let claims = store.claims(&Scope::everything(), &waiting, None, 100).await.unwrap().items;
        let claim = claims.iter().find(|c| c.amc.state == PartState::Received).unwrap().id;
        let staged = samples::stage(&db.store, datetime!(2026-02-02 08:00 UTC)).await;
        Self { db, vault, clock, ingest, sources, service, exchange, staged, claim, _dir: dir }
    }

    /// Returns an acceptance of the AMC part.
    fn acceptance(&self) -> Decision {
        Decision {
            claim_id: self.claim,
            part: PartKind::Amc,
            kind: DecisionKind::Accept,
            expected_version: None,
            idempotency_key: None,
            decided_by: Some("Marie".into()),
        }
    }

    async fn verify(&self) -> Verification {
        verify(&self.sources, None).await.unwrap()
    }

    /// Writes the codes of a later version, and the link of the receipt over them.
    async fn plant(&self) {
        for statement in LATER_CODES {
            let rows = self.db.execute(statement).await.unwrap();
            assert!(rows > 0, "{statement}");
        }
        self.sign_again().await;
    }

    /// Makes the link of the only receipt over its codes, as the version that wrote them did.
    async fn sign_again(&self) {
        let (all, id) = (Scope::everything(), self.exchange);
        let exchange = self.db.store.exchange(&all, id).await.unwrap().unwrap();
        let ledger = self.db.store.ledger(&all, id).await.unwrap().unwrap();
        let arl = self.db.store.arl(&all, id).await.unwrap().unwrap();
        let codes = self.db.store.receipt_codes(id).await.unwrap().unwrap();
        assert_eq!((codes.channel.as_str(), codes.verdict.as_str()), ("as4", "suspended"));
        let contents = self.db.store.receipt_contents(id).await.unwrap();
        let text = receipt::text(&exchange, &codes, &ledger, &arl, (&contents, 0));
        let link = self.vault.receipt_link("", 1, &text);
        for table in ["receipt_chain", "receipt_chain_tip"] {
            let sql = format!("UPDATE {table} SET link = '{link}'");
            assert_eq!(self.db.execute(sql.leak()).await.unwrap(), 1);
        }
        // The later version digests the conventions in a form of its own.
        let sql = "UPDATE convention_imports SET content = '2:0123'";
        assert_eq!(self.db.execute(sql).await.unwrap(), 1);
        for (journal, table) in [
            (ChainedJournal::Conventions, "convention_imports"),
            (ChainedJournal::Decisions, "decisions"),
            (ChainedJournal::Operations, "operations_journal"),
        ] {
            self.sign_row_again(journal, table).await;
        }
    }

    /// Makes the link of the only row of a journal over its codes.
    async fn sign_row_again(&self, journal: ChainedJournal, table: &str) {
        let start = JournalLink::default();
        let rows = self.db.store.journal_rows(journal, &start, 10).await;
        let row = rows.unwrap().remove(0);
        let chain = &row.place.chain;
        let link = self.vault.row_digest(&signed(chain, "", "1", &row.fields));
        let end = format!("chain = '{chain}'");
        for (table, rows) in [(table, "TRUE"), ("journal_chains", end.as_str())] {
            let sql = format!("UPDATE {table} SET link = '{link}' WHERE {rows}");
            assert_eq!(self.db.execute(sql.leak()).await.unwrap(), 1);
        }
    }
}

/// Deposits a file of 20 invoices, of which one is quarantined.
async fn deposit(ingest: &Ingest) -> ExchangeId {
    let options = Options {
        profile: Profile::Pharmacie,
        invoices: 20,
        damage: Some(Damage::NirKey),
        ..Options::default()
    };
    let mut bytes = Vec::new();
    generate::dre(&options, &mut bytes).unwrap();
    let deposit = Deposit {
        sender: "oct-a".parse().unwrap(),
        channel: Channel::Cli,
        file_name: "f.b2".into(),
        idempotency_key: None,
    };
    let mut incoming = ingest.open(deposit).unwrap();
    incoming.write(&bytes).unwrap();
    let exchange = ingest.accept(incoming).await.unwrap().exchange;
    assert!(exchange.accepted > 0 && exchange.quarantined > 0, "{exchange:?}");
    exchange.id
}

/// Publishes every event, as the relay would.
async fn publish(gateway: &Gateway) {
    let events = gateway.db.store.unpublished_events(1_000, &[]).await.unwrap();
    let ids: Vec<i64> = events.iter().map(|event| event.event_no).collect();
    gateway.db.store.mark_published(&ids, gateway.clock.now()).await.unwrap();
}

/// A decision, a step of an operation and published events, then the codes of a later version.
async fn planted(db: TestDatabase) -> Gateway {
    let gateway = Gateway::new(db).await;
    let caller = Caller::local();
    gateway.service.decisions.record(&caller, &gateway.acceptance()).await.unwrap();
    let step = OperationStep {
        operation_id: samples::new_id(),
        step: 0,
        at: gateway.clock.now(),
        actor: "test".into(),
        action: "test".into(),
        stage: Stage::Done,
        subject: String::new(),
        detail: serde_json::Value::Null,
    };
    gateway.db.store.insert_operation_step(&step).await.unwrap();
    publish(&gateway).await;
    assert_eq!(gateway.verify().await.findings, []);
    gateway.plant().await;
    gateway
}

async fn verify_has_no_finding_and_still_sees_what_is_altered(db: TestDatabase) {
    let gateway = planted(db).await;
    let seen = gateway.verify().await;
    assert_eq!((seen.findings, seen.receipts, seen.files), (vec![], 1, 1));
    assert_eq!(seen.note_count, 2, "{:?}", seen.notes);
    gateway.db.execute("UPDATE exchanges SET channel = 'as5'").await.unwrap();
    let kinds: Vec<Kind> = gateway.verify().await.findings.iter().map(|f| f.code).collect();
    assert_eq!(kinds, [Kind::ReceiptAltered], "an unknown code is part of the receipt too");
}

async fn readings_of_the_service_show_unknown(db: TestDatabase) {
    let gateway = planted(db).await;
    let (caller, service) = (Caller::local(), &gateway.service);
    let exchange = service.exchanges.get(&caller, gateway.exchange).await.unwrap().unwrap();
    assert_eq!((exchange.channel, exchange.verdict), (Channel::Unknown, Verdict::Unknown));
    let page = service.claims.list(&caller, Default::default(), None, 100).await.unwrap();
    assert_eq!(page.items.len() as u64, exchange.accepted);
    let rest: Vec<&str> = page.items.iter().map(|view| view.state).collect();
    assert!(rest.iter().all(|state| *state == "unknown"), "{rest:?}");
    let operations =
        Operations::new(gateway.db.store.clone(), gateway.ingest.clone(), gateway.clock.clone());
    let staged = operations.staged_deposits(&caller).await.unwrap();
    assert_eq!(staged[0].withdrawal, Some("unknown"));
    assert_eq!(operations.journal(&caller, 10).await.unwrap()[0].stage, Stage::Unknown);
}

async fn acts_leave_later_codes_alone(db: TestDatabase) {
    let gateway = planted(db).await;
    let refused = gateway.service.decisions.record(&Caller::local(), &gateway.acceptance()).await;
    assert!(matches!(refused, Err(DecideError::LaterVersion { .. })), "{refused:?}");
    let patient = Decision { part: PartKind::Unknown, ..gateway.acceptance() };
    let refused = gateway.service.decisions.record(&Caller::local(), &patient).await;
    assert!(matches!(refused, Err(DecideError::UnknownPart)), "{refused:?}");
    // A staged deposit that a later version withdraws: neither resumed nor abandoned.
    assert_eq!(gateway.ingest.resume().await.unwrap(), 0);
    let refused = gateway.ingest.abandon(gateway.staged).await;
    assert!(matches!(refused, Err(IngestError::WithdrawnByLaterVersion { .. })), "{refused:?}");
    let mut work = gateway.db.store.begin().await.unwrap();
    assert!(work.withdraw_deposit(gateway.staged, Withdrawal::Restart).await.unwrap());
    assert_eq!(work.remove_staged_rows(gateway.staged, 10).await.unwrap(), None);
    work.commit().await.unwrap();
    let kept = "SELECT count(*) FROM exchanges WHERE withdrawal = 'archive'";
    assert_eq!(gateway.db.number(kept).await, 1);
    let parts = "SELECT count(*) FROM claim_parts WHERE state IN ('suspended', 'asked')";
    let claims = "SELECT 2 * count(*) FROM claims";
    assert_eq!(gateway.db.number(parts).await, gateway.db.number(claims).await);
}

async fn grpc_answers_with_unknown(db: TestDatabase) {
    let gateway = planted(db).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, clock) = (CancellationToken::new(), gateway.clock.clone());
    let (service, token) = (gateway.service.clone(), stop.clone());
    let served = tokio::spawn(async move {
        serve(listener, service, clock, GrpcLimits::default(), token.clone(), token).await
    });
    let line = Line::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    exchanges_answer(&gateway, line.clone()).await;
    statuses_answer(&gateway, line.clone()).await;
    work_answers(&gateway, line.clone()).await;
    let mut conventions = ConventionnementServiceClient::new(line);
    let lookup = proto::LookupConventionnementRequest {
        identifier: BILLING_NUMBER.into(),
        amc_number: AMC.into(),
        domain: "PHAR".into(),
        on: "2024-02-15".into(),
    };
    let answer = conventions.lookup_conventionnement(lookup).await.unwrap().into_inner();
    assert_eq!(answer.reason_code, "ETAT_INCONNU", "{answer:?}");
    stop.cancel();
    served.await.unwrap().unwrap();
}

async fn exchanges_answer(gateway: &Gateway, line: Line) {
    let mut client = ExchangeServiceClient::new(line);
    let exchange_id = gateway.exchange.to_string();
    let request = proto::GetExchangeRequest { exchange_id: exchange_id.clone() };
    let exchange = client.get_exchange(request).await.unwrap().into_inner().exchange.unwrap();
    assert_eq!((exchange.verdict.as_str(), exchange.channel.as_str()), ("unknown", "unknown"));
    assert_eq!((exchange.norm.as_str(), exchange.packaging.as_str()), ("unknown", "unknown"));
    let page = client.list_exchanges(proto::ListExchangesRequest::default()).await.unwrap();
    assert_eq!(page.into_inner().exchanges.len(), 1);
    let request = proto::GetExchangeReportRequest { exchange_id, ..Default::default() };
    let report = client.get_exchange_report(request).await.unwrap().into_inner();
    assert!(!report.anomalies.is_empty());
    assert!(report.anomalies.iter().all(|anomaly| anomaly.severity == "unknown"));
    let returns = client.list_returns(proto::ListReturnsRequest::default()).await.unwrap();
    assert_eq!(returns.into_inner().returns.len(), 1);
}

async fn statuses_answer(gateway: &Gateway, line: Line) {
    let mut client = DreStatusServiceClient::new(line);
    let claim_id = gateway.claim.to_string();
    let dre = Some(proto::get_dre_status_request::Dre::ClaimId(claim_id.clone()));
    let status =
        client.get_dre_status(proto::GetDreStatusRequest { dre, test: false }).await.unwrap();
    let status = status.into_inner().dre.unwrap();
    assert_eq!((status.state.as_str(), status.flow.as_str()), ("unknown", "unknown"));
    let page = client.list_dre(proto::ListDreRequest::default()).await.unwrap().into_inner();
    assert!(!page.dre.is_empty());
    let request = proto::GetDreHistoryRequest { claim_id };
    let events = client.get_dre_history(request).await.unwrap().into_inner().events;
    let seen: Vec<(&str, &str)> =
        events.iter().map(|event| (event.fact.as_str(), event.part.as_str())).collect();
    assert_eq!(seen, [("unknown", "unknown"), ("accepted", "unknown")]);
    let mut watch = client.watch_dre(proto::WatchDreRequest::default()).await.unwrap().into_inner();
    let first = watch.message().await.unwrap().unwrap();
    assert_eq!(first.dre.unwrap().state, "unknown");
}

async fn work_answers(gateway: &Gateway, line: Line) {
    let mut client = ClaimWorkServiceClient::new(line);
    let claim_id = gateway.claim.to_string();
    let request = proto::GetClaimRequest { claim_id, ..Default::default() };
    let claim = client.get_claim(request).await.unwrap().into_inner();
    let decision = &claim.decisions[0];
    let codes = [&decision.kind, &decision.part, &decision.caller_proof, &decision.caller_role];
    assert_eq!(codes, ["unknown"; 4]);
    assert_eq!(decision.author, "Marie");
    let request = proto::SubscribeClaimEventsRequest::default();
    let mut events = client.subscribe_claim_events(request).await.unwrap().into_inner();
    let first = events.message().await.unwrap().unwrap();
    assert_eq!(first.event.unwrap().part, "unknown");
}

/// A deposit keeps the master key and the construction of tokens beside what they made.
async fn rows_name_their_key_and_the_version_of_their_tokens(db: TestDatabase) {
    let gateway = Gateway::new(db).await;
    let (store, all, key) = (&gateway.db.store, Scope::everything(), KeyId(gateway.vault.key_id()));
    let claim = store.claim(&all, gateway.claim).await.unwrap().unwrap();
    assert_eq!((&claim.key_id, claim.token_version), (&key, 1));
    assert_eq!(claim.date_limite_reponse_amc, "26020520");
    let arl = store.arl(&all, gateway.exchange).await.unwrap().unwrap();
    assert_eq!(arl.key_id, key);
    assert_eq!(store.chain_links(1, 10).await.unwrap()[0].key_id, key);
}

on_both!(
    verify_has_no_finding_and_still_sees_what_is_altered,
    readings_of_the_service_show_unknown,
    acts_leave_later_codes_alone,
    grpc_answers_with_unknown,
    rows_name_their_key_and_the_version_of_their_tokens,
);
