//! Claims, exchanges and the rest as the ingest would make them, all invented and without any
//! person.

use noemie_gateway::clock::{Clock, SystemClock};
use noemie_gateway::domain::*;
use noemie_gateway::domain::{Flow, PartKind, PartState, Reason};
use noemie_gateway::store::{
    ChainTip, Closing, Installation, NewClaim, NewLink, OperationStep, RESEND, SharedStore,
    SinkMark, Stage, StagedDeposit, UnitOfWork,
};
use noemie_gateway::vault::Vault;
use noemie_parsers::types::Montant;
use std::sync::Arc;
use time::macros::{date, datetime};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// When the tests take place.
pub const NOW: OffsetDateTime = datetime!(2025-03-10 09:30:00.123456 UTC);

pub fn new_id() -> Uuid {
    SystemClock.new_id()
}

pub fn at(seconds: i64) -> OffsetDateTime {
    NOW + Duration::seconds(seconds)
}

pub fn part(kind: PartKind, state: PartState, asked: i64) -> ClaimPart {
    let is_awaited =
        matches!(state, PartState::Received | PartState::Accepted | PartState::Deferred);
    ClaimPart { state, is_awaited, ..ClaimPart::untold(kind, Montant::from_centimes(asked), NOW) }
}

/// A claim of two lines, 1,000 centimes to the AMO and 500 to the AMC.
pub fn claim(exchange: ExchangeId, ordinal: u64, identity: &str) -> NewClaim {
    let line = |rank: u32| ClaimLine {
        rank,
        record_type: "4".into(),
        act_code: "AMI".into(),
        care_date: (rank == 1).then_some(date!(2025 - 03 - 01)),
        quantity: 2,
        coefficient: 150,
        unit_price: Montant::from_centimes(315),
        base: Montant::from_centimes(750),
        rate: 60,
        billed: Montant::from_centimes(750),
        amo: Montant::from_centimes(500),
        amc: Montant::from_centimes(250),
        qualifier: String::new(),
    };
    let claim = Claim {
        id: ClaimId(new_id()),
        exchange_id: exchange,
        lane: Lane::Real,
        flow: Flow::Dre,
        sender: "octest".into(),
        logical_file: 1,
        lot: "001".into(),
        lot_date: Some(date!(2025 - 03 - 02)),
        ordinal,
        first_record: 3 + 4 * (ordinal - 1),
        record_count: 4,
        identity: Token(identity.into()),
        person: Token("person-token".into()),
        token_version: 1,
        vault: vec![0, 1, 2, 255],
        key_id: key_id(),
        ps: "123456782".into(),
        norm_code: "CP".into(),
        invoice_number: format!("{ordinal:09}"),
        invoice_complement: String::new(),
        invoice_date: Some(date!(2025 - 03 - 02)),
        amc_number: "0099900011".into(),
        amo_organism: "017510000".into(),
        total: Montant::from_centimes(1500),
        received_at: NOW,
        due_at: Some(NOW + Duration::days(4)),
        date_limite_reponse_amc: "25031318".into(),
        corrects: None,
        corrected_by: None,
        version: 1,
        hold: None,
        amo: part(PartKind::Amo, PartState::Received, 1000),
        amc: part(PartKind::Amc, PartState::Received, 500),
    };
    NewClaim { claim, lines: vec![line(1), line(2)] }
}

/// Returns the source of a fact that a depositor told.
pub fn source(sender: &str, exchange_id: Option<ExchangeId>, at: OffsetDateTime) -> FactSource {
    FactSource { actor: Actor::depositor(sender, Role::Concentrator), exchange_id, at }
}

pub fn event(claim: &Claim, sequence: u64) -> ClaimEvent {
    let source = source(&claim.sender, Some(claim.exchange_id), NOW);
    ClaimEvent::of(claim, &claim.amc, EventId(new_id()), sequence, &source)
}

pub fn reason() -> Reason {
    Reason::of_invoice("AAA000651R".into(), "Bénéficiaire inconnu".into())
}

/// The part as a worker's reject leaves it.
pub fn rejected(claim: &Claim, at: OffsetDateTime) -> ClaimPart {
    ClaimPart {
        state: PartState::Rejected,
        reasons: vec![reason()],
        updated_at: at,
        ..claim.amc.clone()
    }
}

pub fn arl(exchange: ExchangeId, recipient: &str) -> ReturnFile {
    ReturnFile {
        id: ReturnId(new_id()),
        kind: ReturnKind::Arl,
        recipient: recipient.into(),
        lane: Lane::Real,
        exchange_id: Some(exchange),
        file_name: format!("arl-{exchange}.noemie"),
        digest: "d1".into(),
        sealed: vec![7; 40],
        key_id: key_id(),
        created_at: NOW,
    }
}

/// The closing of an exchange that accepted `claims` and read two records of envelope.
pub fn closing(id: ExchangeId, digest: &str, claims: &[NewClaim]) -> Closing {
    let accepted = claims.len() as u64;
    let records: u64 = claims.iter().map(|c| u64::from(c.claim.record_count)).sum();
    let exchange = Exchange {
        id,
        sender: "octest".into(),
        lane: Lane::Real,
        channel: Channel::Drop,
        file_name: "fichier.dre".into(),
        digest: digest.into(),
        records_digest: String::new(),
        idempotency_key: String::new(),
        size: 128 * (records + 2),
        norm: Some(Norm::B2),
        packaging: Some(Packaging::Blocks),
        verdict: Verdict::Accepted,
        logical_files: 1,
        lots: 1,
        invoices: accepted,
        lines: 2 * accepted,
        accepted,
        quarantined: 0,
        duplicates: 0,
        unmatched: 0,
        total: claims.iter().map(|c| c.claim.total).sum(),
        amo: Montant::ZERO,
        amc: Montant::ZERO,
        anomalies: 0,
        received_at: NOW,
        archive_name: "archive-1".into(),
    };
    let ledger = Ledger { read: records + 2, accepted: records, envelope: 2, ..Ledger::default() };
    Closing { exchange, at: NOW, ledger, logical_files: Vec::new(), arl: arl(id, "octest") }
}

/// A link that needs no key.
pub fn plain_link(tip: &ChainTip, _contents: &str) -> NewLink {
    let link = format!("{}.{}", tip.link, tip.sequence + 1);
    NewLink { link, key_id: key_id(), at: NOW, behind_ms: 0 }
}

/// Lets a store chain its journals with the key of a vault.
pub fn seal(store: &SharedStore, vault: &Arc<Vault>) {
    let vault = Arc::clone(vault);
    store.seal_with(Arc::new(move |fields: &[&str]| vault.row_digest(fields)));
}

/// Marks a database with the key of a vault and the sinks of these first positions, and lets its
/// store publish to the first sink.
pub async fn mark(store: &SharedStore, vault: &Vault, first_positions: &[u64]) {
    let check = |fields: Vec<String>| {
        vault.mark_check(&fields.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let sink = |number: u64, first_position: u64| {
        let mut sink = SinkMark {
            number,
            kind: SinkMark::BROKER.into(),
            vhost: "/".into(),
            prefix: format!("p{number}."),
            adopted_at: NOW,
            adopted_by: "Marie".into(),
            first_position,
            key_check: String::new(),
        };
        sink.key_check = check(sink.signed_fields());
        sink
    };
    let mut installation = Installation {
        id: new_id(),
        incarnation: 1,
        key_id: vault.key_id(),
        key_check: String::new(),
        marked_at: NOW,
        marked_by: "Marie".into(),
    };
    installation.key_check = check(installation.signed_fields());
    store.mark(&installation, &sink(1, first_positions[0])).await.unwrap();
    for (position, number) in first_positions[1..].iter().zip(2..) {
        let step = operation(new_id(), "installation.adopt_sink");
        store.adopt_sink(&sink(number, *position), &step).await.unwrap();
    }
    store.publish_to(1);
}

/// An operation that one step did.
pub fn operation(operation_id: Uuid, action: &str) -> OperationStep {
    OperationStep {
        operation_id,
        step: 0,
        at: NOW,
        actor: "Marie".into(),
        action: action.into(),
        stage: Stage::Done,
        subject: "essai".into(),
        detail: serde_json::json!({}),
    }
}

/// Publishes the events of these numbers again.
pub async fn resend(store: &SharedStore, events: &[i64]) -> u64 {
    let step = |events: u64| OperationStep {
        detail: serde_json::json!({ "events": events }),
        ..operation(new_id(), RESEND)
    };
    store.resend(events, &step).await.unwrap()
}

/// The master key of the samples.
pub fn key_id() -> KeyId {
    KeyId("00c0ffee".into())
}

/// Commits a staged deposit without invoices.
pub async fn stage(store: &SharedStore, received_at: OffsetDateTime) -> ExchangeId {
    let mut work = store.begin().await.unwrap();
    let id = open(&mut work, "staged").await;
    let deposit = StagedDeposit {
        id,
        sender: "octest".into(),
        lane: Lane::Real,
        digest: "staged".into(),
        records_digest: String::new(),
        idempotency_key: String::new(),
        channel: Channel::Cli,
        file_name: "large.b2".into(),
        size: 1,
        received_at,
        archive_name: "absent".into(),
        cursor: 0,
        withdrawal: None,
    };
    work.stage_deposit(&deposit, &[]).await.unwrap();
    work.commit().await.unwrap();
    id
}

/// Takes the place of an exchange that must be free.
pub async fn open(unit: &mut Box<dyn UnitOfWork>, digest: &str) -> ExchangeId {
    let id = ExchangeId(new_id());
    assert_eq!(
        unit.reserve_exchange("octest", digest, "", "", Lane::Real, id)
            .await
            .expect("claims the exchange"),
        None
    );
    id
}

/// Commits one exchange with the claims that `make` gives it, and their first events. Answers the
/// claims written.
pub async fn deposit(
    store: &SharedStore,
    digest: &str,
    make: impl FnOnce(ExchangeId) -> Vec<NewClaim>,
) -> Vec<NewClaim> {
    let mut unit = store.begin().await.expect("begins");
    let id = open(&mut unit, digest).await;
    let claims = make(id);
    let written = unit.insert_claims(&offered(&claims)).await.expect("writes claims");
    let kept: Vec<NewClaim> =
        claims.into_iter().filter(|c| written.contains(&c.claim.id)).collect();
    unit.insert_events(&kept.iter().map(|c| event(&c.claim, 1)).collect::<Vec<_>>())
        .await
        .expect("writes events");
    unit.close_exchange(&closing(id, digest, &kept), &plain_link).await.expect("closes");
    unit.commit().await.expect("commits");
    kept
}

/// The same invoices as another remittance: the identification changes in the 000 and in the 999.
pub fn under_another_name(dre: &[u8]) -> Vec<u8> {
    let mut again = dre.to_vec();
    let last = again.len() - 130;
    for record in [0, last] {
        again[record + 50..record + 53].copy_from_slice(b"ZZZ");
    }
    again
}

/// Claims as the store takes them.
pub fn offered(claims: &[NewClaim]) -> Vec<Arc<NewClaim>> {
    claims.iter().cloned().map(Arc::new).collect()
}

/// A deposit of `count` claims whose identities start with `digest`.
pub async fn deposit_many(store: &SharedStore, digest: &str, count: u64) -> Vec<NewClaim> {
    deposit(store, digest, |id| {
        (1..=count).map(|n| claim(id, n, &format!("{digest}-{n}"))).collect()
    })
    .await
}
