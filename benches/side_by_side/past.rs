//! A generated history: claims of the past with every state of a part, in both databases.
//!
//! Deposits have 5,000 claims, lots have 50 claims of one PS. Some values are rare, and some occur
//! only together, so that a filter finds few claims, many, or none in a large table:
//!
//! - Sender `old` has the oldest 5 %; none of them is received, deferred or rejected.
//! - Senders `big`, `half`, `tenth`, `mild`, `small` and `few` have 57, 24, 9.5, 4, 0.9 and 0.1 %;
//!   no claim of `mild` is rejected.
//! - PS `750000001`, `750000002` and `750000003` have 2, 0.5 and 0.1 %; every other PS has 50
//!   consecutive claims.
//! - AMC `0099900011` has 80 %, each `00999000NN` 2 %, `0099900099` one claim in 10,000.
//! - States `held_other_sender`, `dismissed` and `rejected_after_acceptance` have 10, 20 and 1,000
//!   claims in a million.
//! - Transfer label `VIREMENT` has 30 % of the payments; the others have a label of their day, or
//!   one of their own.

use noemie_gateway::domain::life_cycle::{is_live, status};
use noemie_gateway::domain::{ClaimStatus, PartState};
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection, query_as, query_scalar,
};
use std::fmt::Write;

/// Instant of the first deposit, microseconds since 1970: 2020-01-01.
const START_MICROS: i64 = 1_577_836_800_000_000;
/// Time between two deposits, microseconds: 10 hours.
const DEPOSIT_MICROS: i64 = 36_000_000_000;
/// Claims of one round of statements: the rows of a round are in memory.
const ROUND: u64 = 500_000;

/// Expressions of one database.
struct Words {
    /// Rows `n` of a range, as a table `s`.
    series: fn(u64, u64) -> String,
    /// Column of an instant in microseconds.
    instant: fn(&str) -> String,
    /// Column of the day of an instant in microseconds.
    day: fn(&str) -> String,
    /// Identifier of version 7 of an instant in microseconds and a number.
    id: fn(&str, &str) -> String,
    /// Token of a number, 64 hexadecimal digits in no order.
    token: fn(&str) -> String,
    /// Number with zeros before it.
    padded: fn(&str, usize) -> String,
    /// Bytes like those of an encrypted person.
    sealed: &'static str,
}

/// Expressions of PostgreSQL.
const POSTGRES: Words = Words {
    series: |from, to| format!("generate_series({from}::bigint, {to}::bigint) AS s(n)"),
    instant: |us| format!("timestamptz 'epoch' + ({us}) * interval '1 microsecond'"),
    day: |us| format!("(timestamp 'epoch' + ({us}) * interval '1 microsecond')::date"),
    id: |us, n| {
        format!(
            "(lpad(to_hex(({us}) / 1000), 12, '0') || '7' || lpad(to_hex(({n}) % 4096), 3, '0') \
             || '8' || substr(md5(({n})::text), 1, 15))::uuid"
        )
    },
    token: |n| format!("encode(sha256(({n})::text::bytea), 'hex')"),
    padded: |n, width| format!("lpad(({n})::text, {width}, '0')"),
    sealed: "decode(repeat('ab', 180), 'hex')",
};

/// Expressions of SQLite.
const SQLITE: Words = Words {
    series: |from, to| {
        format!(
            "(WITH RECURSIVE s(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM s WHERE n < {to}) \
             SELECT n FROM s) AS s"
        )
    },
    instant: |us| format!("({us})"),
    day: |us| format!("date(({us}) / 1000000, 'unixepoch')"),
    id: |us, n| {
        format!(
            "unhex(printf('%012x7%03x8%015x', ({us}) / 1000, ({n}) % 4096, \
             (({n}) * 2654435761) % 1152921504606846976))"
        )
    },
    token: |n| {
        format!(
            "printf('%08x%08x%048x', (({n}) * 2654435761) % 4294967296, \
             (({n}) * 40503061) % 4294967296, {n})"
        )
    },
    padded: |n, width| format!("printf('%0{width}d', {n})"),
    sealed: "zeroblob(180)",
};

/// Fills an empty PostgreSQL database. The indexes of the claims are built after the rows, because
/// inserting each row into indexes of random order would take hours.
pub async fn fill_postgres(db: &mut PgConnection, claims: u64) {
    // Commits without a flush, no check of foreign keys.
    for sql in [
        "SET synchronous_commit = off",
        "SET session_replication_role = replica",
        "SET maintenance_work_mem = '1GB'",
    ] {
        db.execute(sql).await.unwrap();
    }
    let indexes = "SELECT indexname::text, indexdef FROM pg_indexes \
        WHERE tablename IN ('claims', 'claim_parts') AND indexname NOT LIKE '%pkey'";
    let indexes: Vec<(String, String)> = query_as(indexes).fetch_all(&mut *db).await.unwrap();
    for sql in statements(&POSTGRES, claims, &indexes) {
        db.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    // The maintenance that a server does over the years.
    db.execute("VACUUM (ANALYZE)").await.unwrap();
    db.execute("CHECKPOINT").await.unwrap();
}

/// Fills an empty SQLite database like [`fill_postgres`].
pub async fn fill_sqlite(db: &mut SqliteConnection, claims: u64) {
    for sql in ["PRAGMA synchronous = off", "PRAGMA foreign_keys = off"] {
        db.execute(sql).await.unwrap();
    }
    let indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index' \
        AND tbl_name IN ('claims', 'claim_parts') AND sql IS NOT NULL";
    let indexes: Vec<(String, String)> = query_as(indexes).fetch_all(&mut *db).await.unwrap();
    for sql in statements(&SQLITE, claims, &indexes) {
        db.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
}

/// Adds so many rows to each work list: answers without claim of which every third one has a claim
/// of another PS number, held copies, and transfers of 5,000 payees of which one in 50 is not
/// explained.
pub async fn fill_work_lists(url: &str, rows: u64) {
    let filled = "SELECT CASE WHEN EXISTS (SELECT 1 FROM transfers) THEN 1 ELSE 0 END";
    if url.starts_with("sqlite") {
        let mut db = SqliteConnection::connect(url).await.unwrap();
        if query_scalar::<_, i32>(filled).fetch_one(&mut db).await.unwrap() == 0 {
            db.execute("PRAGMA foreign_keys = off").await.unwrap();
            for sql in work_lists(&SQLITE, rows) {
                db.execute(AssertSqlSafe(sql)).await.unwrap();
            }
        }
    } else {
        let mut db = PgConnection::connect(url).await.unwrap();
        if query_scalar::<_, i32>(filled).fetch_one(&mut db).await.unwrap() == 0 {
            db.execute("SET session_replication_role = replica").await.unwrap();
            for sql in work_lists(&POSTGRES, rows) {
                db.execute(AssertSqlSafe(sql)).await.unwrap();
            }
            db.execute("VACUUM (ANALYZE)").await.unwrap();
        }
    }
}

/// Returns the statements that fill the work lists.
fn work_lists(words: &Words, rows: u64) -> Vec<String> {
    let series = (words.series)(1, rows);
    let at = format!("{START_MICROS} + n * 60000000");
    let (instant, day, token) =
        ((words.instant)(&at), (words.day)(&at), (words.token)("n + 50000000"));
    vec![
        format!(
            "INSERT INTO held_attempts (claim_id, held_at, decide_by, key_check) \
             SELECT id, received_at, received_at, '' FROM claims ORDER BY identity LIMIT {rows}"
        ),
        format!(
            "INSERT INTO unmatched_returns (exchange_id, ordinal, identity, token_version, ps, \
             invoice_number, invoice_complement, amc_number, summary, other_identity, vault, \
             key_id, is_quarantined, claim_id, is_by_hand) SELECT {exchange}, 100000 + n, {token}, \
             1, CASE WHEN n % 50 = 1 THEN '750000001' WHEN n % 3 = 0 THEN '900000000' \
             ELSE '9' || {ps} || '000' END, {number}, '', '', '', '', {sealed}, '0badcafe', FALSE, \
             CASE WHEN n % 40 = 7 THEN {exchange} END, n % 40 = 7 FROM {series}",
            exchange =
                (words.id)(&format!("{START_MICROS} + n % 100 * {DEPOSIT_MICROS}"), "n % 100"),
            ps = (words.padded)("n % 1000", 5),
            number = (words.padded)("n % 50", 9),
            sealed = words.sealed,
        ),
        format!(
            "INSERT INTO transfers (id, payee, payer, day, reference, announced, invoices, \
             recoveries, flat_payments, state, flags, told_by, first_told_at, unexplained_since) \
             SELECT {id}, CASE WHEN n % 50 = 1 THEN '750000001' ELSE '9' || {ps} || '000' END, \
             '01710000' || n % 10, {day}, 'VIR ' || n, 1000, 1000, 0, 0, \
             CASE WHEN n % 50 = 2 THEN 'unexplained' ELSE 'explained' END, '[]', 'past', \
             {instant}, \
             CASE WHEN n % 50 = 2 THEN {instant} END FROM {series}",
            id = (words.id)(&at, "n"),
            ps = (words.padded)("n % 5000", 5),
        ),
    ]
}

/// Returns the statements that write so many claims, and these indexes after them.
fn statements(words: &Words, claims: u64, indexes: &[(String, String)]) -> Vec<String> {
    let mut all: Vec<String> =
        indexes.iter().map(|(name, _)| format!("DROP INDEX {name}")).collect();
    for from in (0..claims).step_by(usize::try_from(ROUND).unwrap()) {
        all.push(stage(words, from, (from + ROUND).min(claims) - 1, claims));
        all.extend(rows(words));
    }
    all.extend(indexes.iter().map(|(_, definition)| definition.clone()));
    all
}

/// Returns a CASE over a number below a million: each value up to its bound, `rest` above them.
fn cases(of: &str, until: &[(u32, &str)], rest: &str) -> String {
    let mut sql = "CASE".to_owned();
    for (bound, value) in until {
        write!(sql, " WHEN {of} < {bound} THEN '{value}'").unwrap();
    }
    sql + &format!(" ELSE '{rest}' END")
}

/// Returns the cases of an expression over every pair of states `amo amc`.
fn of_states(value: impl Fn(PartState, PartState) -> String) -> String {
    let mut sql = "CASE amo || ' ' || amc".to_owned();
    for amo in PartState::ALL {
        for amc in PartState::ALL {
            write!(sql, " WHEN '{} {}' THEN {}", amo.as_str(), amc.as_str(), value(*amo, *amc))
                .unwrap();
        }
    }
    sql + " END"
}

/// Returns the status of a claim as a word of SQL.
fn word(status: ClaimStatus) -> String {
    format!("'{}'", status.as_str())
}

/// States of the AMC part, each up to its bound among a million; the rest is paid.
const AMC_STATES: &[(u32, &str)] = &[
    (10, "held_other_sender"),
    (30, "dismissed"),
    (1_030, "rejected_after_acceptance"),
    (3_030, "overpaid"),
    (8_030, "recovered"),
    (18_030, "deferred"),
    (28_030, "partly_paid"),
    (48_030, "accepted"),
    (98_030, "rejected"),
    (128_030, "superseded"),
    (178_030, "received"),
    (298_030, "not_requested"),
];

/// States of the AMO part, like [`AMC_STATES`].
const AMO_STATES: &[(u32, &str)] = &[
    (50, "rejected_after_acceptance"),
    (1_050, "overpaid"),
    (3_050, "recovered"),
    (5_050, "deferred"),
    (15_050, "partly_paid"),
    (35_050, "rejected"),
    (135_050, "received"),
    (335_050, "not_requested"),
];

/// Returns the statement that makes the table `past` of a range of claims, among so many in all.
fn stage(words: &Words, from: u64, to: u64, claims: u64) -> String {
    let amc = cases("share", AMC_STATES, "paid");
    let amo = cases("amo_share", AMO_STATES, "paid");
    let series = (words.series)(from, to);
    let at = format!("{START_MICROS} + e * {DEPOSIT_MICROS}");
    let (ps, number) = ((words.padded)("l * 48271 % 99991", 5), (words.padded)("number", 9));
    let label = "'VIR ' || e || '-' || n % 40";
    format!(
        "CREATE TEMP TABLE past AS SELECT *, {status} AS status, {live} AS live FROM (\
         SELECT *, CASE WHEN amc IN ('held_other_sender', 'dismissed', 'superseded') THEN amc \
         ELSE amo_alone END AS amo FROM (SELECT n, e, r, l, {at} AS us, {instant} AS at, \
         {day} AS paid_on, {id} AS id, {exchange} AS exchange_id, {identity} AS identity, \
         {person} AS person, {lot} AS lot, {number} AS number, \
         CASE WHEN l % 50 = 1 THEN '750000001' WHEN l % 200 = 3 THEN '750000002' \
         WHEN l % 1000 = 5 THEN '750000003' ELSE '9' || {ps} || '000' END AS ps, \
         CASE WHEN n < {old} THEN 'old' WHEN s < 600 THEN 'big' WHEN s < 850 THEN 'half' \
         WHEN s < 950 THEN 'tenth' WHEN s < 990 THEN 'mild' WHEN s < 999 THEN 'small' \
         ELSE 'few' END AS sender, \
         CASE WHEN n % 10000 = 17 THEN '0099900099' WHEN n % 100 < 80 THEN '0099900011' \
         ELSE '00999000' || (n % 10 + 20) END AS amc_number, \
         CASE WHEN n < {old} OR s BETWEEN 950 AND 989 THEN CASE WHEN share < 128030 OR \
         share BETWEEN 128030 AND 178029 THEN 'paid' ELSE {amc} END ELSE {amc} END AS amc, \
         {amo} AS amo_alone, flag_share, label_share, {label} AS label, \
         n > {newest} AS is_new, share % 200 = 7 AS is_test FROM (\
         SELECT n, n / 5000 AS e, n % 5000 AS r, n / 50 AS l, (n / 50 * 7919) % 1000 AS s, \
         (n / 50 * 7990271 + n % 50) % 1000000000 AS number, \
         (n * 2654435761 + 11) % 1000003 AS share, (n * 40503061 + 7) % 1000003 AS amo_share, \
         (n * 69621097 + 3) % 1000003 AS flag_share, (n * 16807051 + 5) % 1000003 AS label_share \
         FROM {series}) AS x) AS y) AS z",
        status = of_states(|amo, amc| word(status(amo, amc))),
        live = of_states(|amo, amc| is_live(amo, amc).to_string().to_uppercase()),
        instant = (words.instant)(&at),
        day = (words.day)(&format!("{at} + 345600000000")),
        id = (words.id)(&format!("{at} + r * 1000"), "n"),
        exchange = (words.id)(&at, "e"),
        identity = (words.token)("n"),
        person = (words.token)("10000000 + n % 300000"),
        lot = (words.padded)("l % 1000", 3),
        old = claims / 20,
        newest = claims - claims / 50,
    )
}

/// Returns whether a part in a state has money.
fn paid(state: &str) -> String {
    format!("{state} IN ('paid', 'partly_paid', 'overpaid', 'recovered')")
}

/// Returns the label of the transfer of a part in a state.
fn reference(state: &str) -> String {
    format!(
        "CASE WHEN {paid} THEN CASE WHEN label_share < 300000 THEN 'VIREMENT' \
         WHEN label_share < 950000 THEN label ELSE 'VIRU' || n END END",
        paid = paid(state)
    )
}

/// Returns the statement that writes the payment of each paid part.
fn outcomes(kind: &str) -> String {
    format!(
        "INSERT INTO outcomes (told_in, claim_id, source, told_by, ordinal, part_rank, part, \
         kind, day, amount, asked, payer, paying_caisse, on_behalf_of, amc_handling, \
         transfer_day, raw_day, label, lot, reasons, key_check) SELECT exchange_id, id, 'return', 'past ' || e, r, \
         CASE WHEN '{kind}' = 'amc' THEN 1 ELSE 2 END, '{kind}', 'paid', paid_on, 1250, 1250, \
         '017100000', '', '', '', paid_on, '', {reference}, lot, '[]', '' FROM past WHERE {paid}",
        reference = reference(kind),
        paid = paid(kind),
    )
}

/// Returns the statements that write the staged claims.
fn rows(words: &Words) -> Vec<String> {
    let flags = "CASE WHEN flag_share < 4000 THEN '[\"over_asked\"]' \
         WHEN flag_share < 5000 THEN '[\"paid_twice\"]' \
         WHEN flag_share < 5500 THEN '[\"maybe_twice\",\"same_by_amount\"]' \
         WHEN flag_share < 5503 THEN '[\"taken_back_too_much\"]' ELSE '[]' END";
    let part = |kind: &str, flags: &str, due: &str, report: &str, status: &str| {
        format!(
            "INSERT INTO claim_parts (claim_id, kind, state, asked, paid, flags, is_awaited, \
             transfer_reference, transfer_date, reasons, updated_at, due_at, reported_in, \
             claim_status, received_at, ps, sender) SELECT id, '{kind}', {kind}, 1250, \
             CASE WHEN {paid} THEN 1250 ELSE 0 END, {flags}, \
             {kind} IN ('received', 'accepted', 'deferred'), {reference}, \
             CASE WHEN {paid} THEN paid_on END, '[]', at, {due}, {report}, {status}, at, ps, \
             sender FROM past",
            paid = paid(kind),
            reference = reference(kind),
        )
    };
    let due = format!(
        "CASE WHEN NOT is_test THEN {} END",
        (words.instant)("CASE WHEN is_new THEN 4102444800000000 ELSE us + 345600000000 END")
    );
    let report = "CASE WHEN amc IN ('rejected', 'rejected_after_acceptance') THEN exchange_id END";
    let mut rows =
        vec![
        "INSERT INTO exchanges (id, sender, digest, verdict, norm, received_at) \
         SELECT DISTINCT exchange_id, 'past', 'past' || e, 'accepted', 'b2', at FROM past"
            .to_owned(),
        format!(
            "INSERT INTO claims (id, exchange_id, is_test, flow, sender, logical_file, lot, \
             ordinal, first_record, record_count, identity, person, token_version, vault, key_id, \
             ps, norm_code, invoice_number, invoice_complement, amc_number, amo_organism, total, \
             received_at, date_limite_reponse_amc, live) SELECT id, exchange_id, is_test, 'dre', \
             sender, 1, lot, r, r * 10, 10, identity, person, 1, {}, '0badcafe', ps, 'PS', number, \
             '', amc_number, '017100000', 2500, at, '', live FROM past",
            words.sealed
        ),
        part("amc", flags, &due, report, "status"),
        part("amo", "CASE WHEN flag_share BETWEEN 6000 AND 7999 THEN '[\"state_disagrees\"]' \
              ELSE '[]' END", "NULL", "NULL", "NULL"),
        "INSERT INTO claim_lines (claim_id, rank, record_type, act_code, quantity, coefficient, \
         unit_price, base, rate, billed, amo, amc, qualifier) \
         SELECT id, 1, '4', 'PH7', 1, 100, 2500, 2500, 65, 2500, 1250, 1250, '' FROM past"
            .to_owned(),
        format!(
            "INSERT INTO events (event_no, event_id, subject_kind, subject_id, sequence, kind, \
             actor_name, actor_role, actor_proof, exchange_id, routing_key, payload, occurred_at) \
             SELECT n + 1, {event}, 'claim', id, 1, 'received', sender, 'concentrator', 'stated', \
             exchange_id, 'claim.dre.received.0099900011', {payload}, at FROM past",
            event = (words.id)("us + r * 1000 + 7000", "n + 9"),
            payload = format!("'{}'", "x".repeat(600)),
        ),
        "INSERT INTO published_events (position, event_no, published_at, sink_no) \
         SELECT n + 1, n + 1, at, 1 FROM past"
            .to_owned(),
    ];
    rows.extend(["amc", "amo"].map(outcomes));
    rows.push("DROP TABLE past".to_owned());
    rows
}
