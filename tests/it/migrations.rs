//! The baseline schema and each later migration, applied over data that the version before left,
//! and codes that only a later version knows. On both databases.
//!
//! Migrations only add: the version before goes on writing beside the new one, as in a rolling
//! upgrade. [`DEPOSIT_OF_0001`] is what the version of the baseline writes; a later migration adds
//! what its own version writes beside it.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

use crate::on_both;
use crate::support;

use noemie_gateway::clock::{Clock, SystemClock};
use noemie_gateway::domain::Scope;
use noemie_gateway::domain::{
    Channel, ClaimId, ClaimStatus, DecisionCode, ExchangeId, Flow, Ledger, PartState, Proof, Role,
    Verdict,
};
use noemie_gateway::store::{ClaimFilter, Database, SharedStore};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, SqliteConnection};
use std::future::Future;
use std::path::Path;
use support::databases::TestDatabase;
use uuid::Uuid;

/// Number of the baseline.
const BASELINE: i64 = 1;

/// One deposit of an accepted and a quarantined invoice, in the SQL of the baseline's version.
/// `ID(n)`, `AT(n)` and `BYTES(hex)` stand for what the databases spell differently; `#` for the
/// number of the deposit.
const DEPOSIT_OF_0001: &str = "
INSERT INTO exchanges (id, sender, digest, idempotency_key) VALUES (ID(1), 'octest', 'digest-#', 'key-#');
INSERT INTO claims (id, exchange_id, flow, sender, logical_file, lot, lot_date, ordinal, first_record, record_count, identity, person, token_version, vault,
  key_id, ps, norm_code, invoice_number, invoice_complement, invoice_date, amc_number, amo_organism, total, received_at, corrects,
  date_limite_reponse_amc, live)
  VALUES (ID(2), ID(1), 'dre', 'octest', 1, '001', '2026-02-02', 1, 3, 5, 'identity-#', 'person-#', 1, BYTES(ab), '0badcafe', '750000013', 'PS',
  '00000000#', '', '2026-02-02', '0099900011', '017100000', 4157, AT(0), NULL, '26020520', TRUE);
INSERT INTO claim_parts (claim_id, kind, state, asked, paid, gap, flags, is_awaited, transfer_reference, transfer_date, reasons, updated_at, due_at,
  claim_status, received_at, ps, sender)
  VALUES (ID(2), 'amo', 'received', 2700, 0, 'awaited', '[]', TRUE, NULL, NULL, '[]', AT(0), NULL, NULL, AT(0), '750000013', 'octest'),
  (ID(2), 'amc', 'received', 1457, 0, 'awaited', '[]', TRUE, NULL, NULL, '[]', AT(0), AT(345600), 'received', AT(0), '750000013', 'octest');
INSERT INTO claim_lines (claim_id, rank, record_type, act_code, care_date, quantity, coefficient, unit_price, base, rate, billed, amo, amc, qualifier)
  VALUES (ID(2), 1, '4', 'PH7', '2026-01-31', 1, 100, 4157, 4157, 65, 4157, 2700, 1457, '');
INSERT INTO events (event_id, subject_kind, subject_id, sequence, kind, actor_name, actor_role, actor_proof, exchange_id, routing_key, payload, occurred_at)
  VALUES (ID(3), 'claim', ID(2), 1, 'received', 'octest', 'concentrator', 'stated', ID(1), 'claim.dre.received.0099900011', 'PAYLOAD(1)', AT(0));
INSERT INTO outbox (event_no) SELECT event_no FROM events WHERE event_id = ID(3);
INSERT INTO quarantine (exchange_id, ordinal, ps, invoice_number, lot, codes, first_record, record_count, byte_offset, duplicate_of, resolved_by, at)
  VALUES (ID(1), 2, '750000013', '00000010#', '001', '[\"NIR_CLE\"]', 8, 4, 1024, NULL, NULL, AT(0));
INSERT INTO anomalies (exchange_id, ordinal, code, control, severity, record, record_type, column_number, byte_offset, length, field, value, message,
  invoice_number) VALUES (ID(1), 1, 'NIR_CLE', 'C10', 'invoice', 8, '2', 24, 1047, 2, '', '', 'Clé du NIR fausse', '00000010#');
UPDATE exchanges SET channel = 'drop', file_name = 'f.b2', size = 1792, norm = 'b2', packaging = 'blocks', verdict = 'partial', logical_files = 1, lots = 1,
  invoices = 2, lines = 2, accepted = 1, quarantined = 1, total = 4157, amo = 2700, amc = 1457, anomalies = 1, received_at = AT(0), archive_name = 'a-#'
  WHERE id = ID(1) AND verdict IS NULL;
INSERT INTO ledgers (exchange_id, read_records, accepted, quarantined, duplicates, unmatched, envelope) VALUES (ID(1), 13, 5, 4, 0, 0, 4);
INSERT INTO logical_files (exchange_id, ordinal, issuer, recipient, message, created, file_id, norm)
  VALUES (ID(1), 1, 'OT99900000000011', 'OC00000099900011', '', '260202', '00000#', 'B2');
INSERT INTO returns (id, kind, recipient, exchange_id, file_name, digest, sealed, key_id, created_at)
  VALUES (ID(4), 'arl', 'octest', ID(1), 'ARL_#', 'd-#', BYTES(07), '0badcafe', AT(0));
UPDATE claim_parts SET state = 'accepted', updated_at = AT(60) WHERE claim_id = ID(2) AND kind = 'amc';
INSERT INTO events (event_id, subject_kind, subject_id, sequence, kind, actor_name, actor_role, actor_proof, routing_key, payload, occurred_at)
  VALUES (ID(5), 'claim', ID(2), 2, 'accepted', 'worker', 'worker', 'stated', 'claim.dre.accepted.0099900011', 'PAYLOAD(2)', AT(60));
INSERT INTO outbox (event_no) SELECT event_no FROM events WHERE event_id = ID(5);
INSERT INTO decisions (decision_id, claim_id, part, kind, event_id, idempotency_key, request_digest, caller_name, caller_proof, caller_role,
  stated_author, decided_at) VALUES (ID(6), ID(2), 'amc', 'accept', ID(5), 'decision-#', 'd', 'local', 'local', 'operator', NULL, AT(60));
INSERT INTO access_journal (claim_id, caller, purpose, at) VALUES (ID(2), 'worker', 'test', AT(61));
";

/// An identifier of the n-th row of a deposit.
fn id(deposit: u8, row: u8) -> Uuid {
    Uuid::from_bytes([0x01, deposit, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, row])
}

fn payload(deposit: u8, sequence: u8) -> String {
    let (fact, state) =
        if sequence == 1 { ("received", "received") } else { ("accepted", "accepted") };
    let (event, claim, exchange) =
        (id(deposit, if sequence == 1 { 3 } else { 5 }), id(deposit, 2), id(deposit, 1));
    let sample = include_str!("../../docs/events.md")
        .split("```json\n")
        .nth(usize::from(sequence))
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let mut event_json: serde_json::Value = serde_json::from_str(sample).unwrap();
    event_json["eventId"] = event.to_string().into();
    event_json["subject"] = format!("claim/{claim}").into();
    event_json["claimId"] = claim.to_string().into();
    event_json["exchangeId"] = exchange.to_string().into();
    assert!(event_json.to_string().contains(fact) && event_json.to_string().contains(state));
    event_json.to_string()
}

/// The statements of a deposit in the dialect of a database.
fn spelt(sql: &str, deposit: u8, postgres: bool) -> String {
    let mut out = sql.replace('#', &deposit.to_string());
    for row in 1..=6 {
        let literal = if postgres {
            format!("'{}'", id(deposit, row))
        } else {
            format!("X'{}'", id(deposit, row).simple())
        };
        out = out.replace(&format!("ID({row})"), &literal);
    }
    for seconds in [0, 60, 61, 345_600] {
        let micros = (1_770_000_000 + i64::from(seconds)) * 1_000_000;
        let literal = if postgres {
            format!("to_timestamp({})", micros / 1_000_000)
        } else {
            micros.to_string()
        };
        out = out.replace(&format!("AT({seconds})"), &literal);
    }
    for hex in ["ab", "07"] {
        let literal = if postgres { format!("'\\x{hex}'") } else { format!("X'{hex}'") };
        out = out.replace(&format!("BYTES({hex})"), &literal);
    }
    for sequence in [1, 2] {
        out = out.replace(
            &format!("PAYLOAD({sequence})"),
            &payload(deposit, sequence).replace('\'', "''"),
        );
    }
    out
}

/// Waits here: sqlx's migrator makes futures that may not change threads.
fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work))
}

/// Runs statements in one transaction, as the old version does.
fn run(url: &str, postgres: bool, sql: &str) {
    let sql = AssertSqlSafe(format!("BEGIN; {sql} COMMIT;"));
    wait(async {
        if postgres {
            PgConnection::connect(url).await.unwrap().execute(sql).await.unwrap();
        } else {
            SqliteConnection::connect(url).await.unwrap().execute(sql).await.unwrap();
        }
    });
}

async fn migrator(postgres: bool) -> Migrator {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(if postgres {
        "postgres"
    } else {
        "sqlite"
    });
    Migrator::new(dir).await.unwrap()
}

/// Applies the migrations up to a version.
fn migrate_to(url: &str, postgres: bool, version: i64) {
    wait(async {
        let mut migrator = migrator(postgres).await;
        migrator.migrations =
            migrator.migrations.iter().filter(|m| m.version <= version).cloned().collect();
        if postgres {
            migrator.run(&mut PgConnection::connect(url).await.unwrap()).await.unwrap();
        } else {
            let options = url.parse::<SqliteConnectOptions>().unwrap().create_if_missing(true);
            migrator.run(&mut options.connect().await.unwrap()).await.unwrap();
        }
    });
}

async fn each_migration_keeps_what_was_there(db: TestDatabase) {
    let postgres = db.is_postgres();
    // The suite hands out a database at the last version; this story starts from nothing.
    let url = Empty::new(&db).await;
    migrate_to(&url.0, postgres, BASELINE);
    run(&url.0, postgres, &spelt(DEPOSIT_OF_0001, 1, postgres));
    let last = wait(migrator(postgres)).iter().map(|m| m.version).max().unwrap();
    for version in BASELINE + 1..=last {
        migrate_to(&url.0, postgres, version);
    }
    let store = open(&url.0).await;
    store.migrate().await.unwrap();
    holds(&store, 1).await;
    // The version before is still running: this one accepts and sees what it writes.
    run(&url.0, postgres, &spelt(DEPOSIT_OF_0001, 2, postgres));
    holds(&store, 2).await;
    assert_eq!(store.unpublished_events(20, &[]).await.unwrap().len(), 4);
    let figures = store.figures(SystemClock.now()).await.unwrap();
    assert_eq!((figures.quarantine_waiting, figures.staged_deposits), (2, 0));
    drop(store);
    url.drop_it(&db).await;
}

async fn a_migration_that_runs_again_changes_nothing(db: TestDatabase) {
    let url = Empty::new(&db).await;
    let store = open(&url.0).await;
    store.migrate().await.unwrap();
    run(&url.0, db.is_postgres(), &spelt(DEPOSIT_OF_0001, 1, db.is_postgres()));
    store.migrate().await.unwrap();
    holds(&store, 1).await;
    drop(store);
    url.drop_it(&db).await;
}

/// A replica of the version before starts on a schema that a later version has migrated.
async fn the_schema_of_a_later_version_is_left_as_it_is(db: TestDatabase) {
    let url = Empty::new(&db).await;
    open(&url.0).await.migrate().await.unwrap();
    let postgres = db.is_postgres();
    run(
        &url.0,
        postgres,
        "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, \
         execution_time) SELECT 9999, 'later', installed_on, success, checksum, execution_time \
         FROM _sqlx_migrations WHERE version = 1; \
         ALTER TABLE claims ADD COLUMN of_a_later_version TEXT;",
    );
    let store = open(&url.0).await;
    store.migrate().await.unwrap();
    run(&url.0, postgres, &spelt(DEPOSIT_OF_0001, 1, postgres));
    holds(&store, 1).await;
    drop(store);
    url.drop_it(&db).await;
}

/// A later version writes a state, a flow and a channel that this one does not know: no CHECK
/// refuses them, and every reading goes on and shows them as unknown.
async fn codes_of_a_later_version_read_as_unknown(db: TestDatabase) {
    let url = Empty::new(&db).await;
    let store = open(&url.0).await;
    store.migrate().await.unwrap();
    let postgres = db.is_postgres();
    run(&url.0, postgres, &spelt(DEPOSIT_OF_0001, 1, postgres));
    run(&url.0, postgres, &spelt(DEPOSIT_OF_0001, 2, postgres));
    let later = "UPDATE claim_parts SET state = 'suspended' WHERE claim_id = ID(2) AND kind = 'amc'; \
         UPDATE claims SET flow = 'fse2030' WHERE id = ID(2); \
         UPDATE exchanges SET channel = 'as4' WHERE id = ID(1); \
         UPDATE returns SET kind = 'noemie408' WHERE id = ID(4); \
         UPDATE events SET kind = 'suspended', actor_role = 'regulator', \
         actor_proof = 'certificate', payload = replace(replace(replace(payload, \
         '\"fact\":\"accepted\"', '\"fact\":\"suspended\"'), '\"proof\":\"stated\"', \
         '\"proof\":\"certificate\"'), '\"role\":\"operator\"', '\"role\":\"regulator\"') \
         WHERE subject_id = ID(2) AND sequence = 2;";
    run(&url.0, postgres, &spelt(later, 1, postgres));
    let exchange =
        store.exchange(&Scope::everything(), ExchangeId(id(1, 1))).await.unwrap().unwrap();
    assert_eq!(exchange.channel, Channel::Unknown);
    let claim = store.claim(&Scope::everything(), ClaimId(id(1, 2))).await.unwrap().unwrap();
    assert_eq!((claim.flow, claim.amc.state), (Flow::Unknown, PartState::Unknown));
    assert_eq!(claim.status(), ClaimStatus::Unknown);
    let listed =
        store.claims(&Scope::everything(), &ClaimFilter::default(), None, 10).await.unwrap().items;
    assert_eq!(listed.len(), 2, "the neighbour of the unknown claim is listed too");
    let history = store.claim_history(&Scope::everything(), claim.id).await.unwrap();
    let told = history.last().unwrap();
    assert_eq!(told.fact, PartState::Unknown);
    assert_eq!((told.actor.role, told.actor.proof), (Role::Unknown, Proof::Unknown));
    let waiting = store.unpublished_events(20, &[]).await.unwrap();
    assert_eq!(waiting.len(), 4);
    // Events leave as they were written, so that a reader of the later version gets its own code.
    let later = waiting.iter().find(|event| event.event_id == told.event_id).unwrap();
    assert_eq!(later.name(), "claim.suspended");
    assert!(later.payload.contains("suspended") && later.payload.contains("regulator"));
    drop(store);
    url.drop_it(&db).await;
}

async fn holds(store: &SharedStore, deposit: u8) {
    let exchange = store
        .exchange(&Scope::everything(), ExchangeId(id(deposit, 1)))
        .await
        .unwrap()
        .expect("the exchange");
    assert_eq!(
        (exchange.verdict, exchange.accepted, exchange.quarantined),
        (Verdict::Partial, 1, 1)
    );
    let ledger = store.ledger(&Scope::everything(), exchange.id).await.unwrap();
    assert_eq!(
        ledger,
        Some(Ledger { read: 13, accepted: 5, quarantined: 4, envelope: 4, ..Ledger::default() })
    );
    let claim = store
        .claim(&Scope::everything(), ClaimId(id(deposit, 2)))
        .await
        .unwrap()
        .expect("the claim");
    assert_eq!(
        (claim.amo.state, claim.amc.state, claim.total.centimes()),
        (PartState::Received, PartState::Accepted, 4157)
    );
    assert_eq!((claim.key_id.0.as_str(), claim.token_version), ("0badcafe", 1));
    assert_eq!(claim.date_limite_reponse_amc, "26020520");
    let decisions = store.decisions(&Scope::everything(), claim.id, 10).await.unwrap();
    assert_eq!((decisions.len(), decisions[0].kind), (1, DecisionCode::Accept));
    assert_eq!(store.claim_lines(&Scope::everything(), claim.id).await.unwrap().len(), 1);
    assert_eq!(store.claim_history(&Scope::everything(), claim.id).await.unwrap().len(), 2);
    assert_eq!(store.quarantined(&Scope::everything(), exchange.id, 10).await.unwrap().len(), 1);
    assert_eq!(store.anomalies(&Scope::everything(), exchange.id, 1, 10).await.unwrap().len(), 1);
    assert!(store.arl(&Scope::everything(), exchange.id).await.unwrap().is_some());
}

async fn open(url: &str) -> SharedStore {
    Database::open(Some(url), Path::new("no-data-directory"), 4).await.unwrap().store()
}

/// A database without any table, beside the one of the suite.
struct Empty(String, Option<String>);

impl Empty {
    async fn new(db: &TestDatabase) -> Self {
        if !db.is_postgres() {
            return Self(format!("{}.empty", db.url), None);
        }
        let name = format!("noemie_test_{}", SystemClock.new_id().simple());
        PgConnection::connect(&db.url)
            .await
            .unwrap()
            .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .await
            .unwrap();
        Self(format!("{}/{name}", db.url.rsplit_once('/').unwrap().0), Some(name))
    }

    async fn drop_it(self, db: &TestDatabase) {
        if let Some(name) = self.1 {
            PgConnection::connect(&db.url)
                .await
                .unwrap()
                .execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
                .await
                .unwrap();
        }
    }
}

on_both!(
    each_migration_keeps_what_was_there,
    a_migration_that_runs_again_changes_nothing,
    the_schema_of_a_later_version_is_left_as_it_is,
    codes_of_a_later_version_read_as_unknown,
);
