//! Plans of the lookups on databases without statistics, and again with them.
//!
//! The tables hold one AMC with almost all conventions: a plan that enters by the AMC, or scans,
//! would read them all. Every table must be entered by a number.

use super::{postgres, sqlite};
use crate::domain::{Extent, Scope};
use crate::store::Database;
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection,
};
use time::macros::date;

const AMC: &str = "0099900011";
const NUMBER: &str = "990000911";

/// Scopes that give different statements.
fn scopes() -> [Scope; 2] {
    let two = [AMC.to_owned(), "0099900037".to_owned()].into();
    [Scope::everything(), Scope { amc: Extent::Only(two), ..Scope::everything() }]
}

/// Asserts that a plan of SQLite searches every table by a number.
fn check_sqlite(name: &str, plan: &[String]) {
    let tables = ["c", "e", "conventions", "finess_establishments", "convention_amcs"];
    let entries: Vec<_> = plan.iter().filter(|step| step.starts_with("SEARCH")).collect();
    assert!(!entries.is_empty(), "{name}: {plan:#?}");
    for step in plan {
        let scanned = step.strip_prefix("SCAN ").and_then(|table| table.split(' ').next());
        assert!(!scanned.is_some_and(|table| tables.contains(&table)), "{name}: {plan:#?}");
    }
    for step in entries.iter().filter(|step| !step.contains("convention_amcs")) {
        let by_number = ["(identifier=?", "(finess_et=?", "(rpps=?", "(finess_ej=?"];
        assert!(by_number.iter().any(|key| step.contains(key)), "{name}: {plan:#?}");
    }
}

#[tokio::test]
async fn sqlite_enters_every_table_by_a_number() {
    let directory = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite:{}", directory.path().join("gateway.db").display());
    let database = Database::open(Some(&url), directory.path(), 2).await.expect("opens");
    database.store().migrate().await.expect("migrates");
    let mut db = SqliteConnection::connect(&url).await.expect("connects");
    db.execute(
        "WITH RECURSIVE g(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM g WHERE n < 19999)
         INSERT INTO conventions (identifier, amc, convention_type, domain, starts_on, state,
             motive, concentrator, rpps, finess_et, recorded_from, source_digest)
         SELECT '99' || (1000000 + n), CASE WHEN n % 50 = 0 THEN '0099900037' ELSE '0099900011' END,
             '', '*', '2024-01-01', 'active', '', '', '', '', '2024-01-01T00:00:00Z', '' FROM g",
    )
    .await
    .expect("conventions");
    for analyzed in [false, true] {
        if analyzed {
            db.execute("ANALYZE").await.expect("analyzes");
        }
        for scope in &scopes() {
            use sqlite::lookups;
            for (name, query) in [
                ("direct", lookups::direct(scope, NUMBER, AMC, Some(NUMBER))),
                (
                    "of_establishments",
                    lookups::of_establishments(scope, NUMBER, AMC, date!(2024 - 02 - 01)),
                ),
                ("holder_known", lookups::holder_known(scope, NUMBER)),
                ("amc_known", lookups::amc_known(scope, AMC)),
            ] {
                let sql = AssertSqlSafe(format!(
                    "EXPLAIN QUERY PLAN {}",
                    query.sql().as_str().to_owned()
                ));
                let rows = sqlx::query(sql).fetch_all(&mut db).await.expect("explains");
                let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
                check_sqlite(&format!("{name}, analyzed {analyzed}"), &plan);
            }
        }
    }
}

/// Asserts that a plan of PostgreSQL reads no table whole, and none by the AMC alone.
fn check_postgres(name: &str, plan: &[String]) {
    for line in plan {
        for table in ["conventions", "finess_establishments"] {
            assert!(!line.contains(&format!("Seq Scan on {table}")), "{name}: {plan:#?}");
        }
        let condition = line.contains("Index Cond") && line.contains("amc");
        let by_number = ["identifier =", "finess_et =", "rpps ="];
        let keyed = by_number.iter().any(|key| line.contains(key));
        assert!(!condition || keyed || name.starts_with("amc_known"), "{name}: {plan:#?}");
    }
}

#[tokio::test]
async fn postgres_enters_every_table_by_a_number() {
    let server = std::env::var("NOEMIE_TEST_DATABASE_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let name = format!("noemie_test_plans_{}", std::process::id());
    let mut admin = PgConnection::connect(&server).await.expect("PostgreSQL answers");
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("creates");
    let (before, _) = server.rsplit_once('/').expect("an address with a database");
    let url = format!("{before}/{name}");
    // In a task of its own, so that the database is dropped also when the test panics.
    let outcome = tokio::spawn(plans_of_postgres(url)).await;
    let drop = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
    admin.execute(drop).await.expect("drops");
    outcome.expect("the plans are right");
}

async fn plans_of_postgres(url: String) {
    let nowhere = std::path::Path::new("no-data-directory");
    let database = Database::open(Some(&url), nowhere, 2).await.expect("opens");
    database.store().migrate().await.expect("migrates");
    let mut db = PgConnection::connect(&url).await.expect("connects");
    db.execute(
        "ALTER TABLE conventions SET (autovacuum_enabled = false);
         ALTER TABLE finess_establishments SET (autovacuum_enabled = false);
         INSERT INTO conventions (identifier, amc, convention_type, domain, starts_on, state,
             motive, concentrator, rpps, finess_et, recorded_from, source_digest)
         SELECT '99' || (1000000 + n), CASE WHEN n % 50 = 0 THEN '0099900037' ELSE '0099900011' END,
             '', '*', DATE '2024-01-01', 'active', '', '', CASE WHEN n % 3 = 0 THEN '10999999880'
             ELSE '' END, CASE WHEN n % 5 = 0 THEN '990' || (100000 + n) ELSE '' END, now(), ''
         FROM generate_series(0, 59999) n;
         INSERT INTO finess_establishments (finess_et, finess_ej, name, long_name, category_code,
             category_label, department, post_line, siret, codemft, valid_from, first_version)
         SELECT '990' || (100000 + n), '991' || (100000 + n / 2), '', '', '', '', '', '', '', '',
             DATE '2024-01-01', true FROM generate_series(0, 29999) n",
    )
    .await
    .expect("rows");
    let text = |value: &str| format!("'{value}'");
    let (number, amc, on) = (text(NUMBER), text(AMC), text("2024-02-01"));
    for analyzed in [false, true] {
        if analyzed {
            db.execute("ANALYZE").await.expect("analyzes");
        }
        for scope in &scopes() {
            use postgres::lookups;
            for (name, query) in [
                ("direct", lookups::direct(scope, NUMBER, AMC, Some(NUMBER))),
                (
                    "of_establishments",
                    lookups::of_establishments(scope, NUMBER, AMC, date!(2024 - 02 - 01)),
                ),
                ("holder_known", lookups::holder_known(scope, NUMBER)),
                ("amc_known", lookups::amc_known(scope, AMC)),
            ] {
                for mode in ["force_generic_plan", "force_custom_plan"] {
                    let sql = query.sql().as_str().to_owned();
                    let prepare =
                        format!("SET plan_cache_mode = {mode}; PREPARE lookup AS {}", sql);
                    db.execute(AssertSqlSafe(prepare)).await.expect("prepares");
                    let arguments = arguments(&sql, &number, &amc, &on);
                    let explain = format!("EXPLAIN EXECUTE lookup({arguments})");
                    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut db).await;
                    let rows = rows.unwrap_or_else(|e| panic!("{name}: {e}: {}", sql));
                    let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
                    check_postgres(&format!("{name}, analyzed {analyzed}, {mode}"), &plan);
                    db.execute("DEALLOCATE lookup").await.expect("deallocates");
                }
            }
        }
    }
}

/// Returns the arguments of a statement: AMC after `amc = `, day after `valid_`, else the number.
fn arguments(sql: &str, number: &str, amc: &str, on: &str) -> String {
    let mut given = Vec::new();
    for (before, _) in sql.match_indices('$').map(|(at, _)| sql.split_at(at)) {
        let word = before.rsplit("AND ").next().unwrap_or_default();
        given.push(match word {
            _ if word.contains("valid_") => on,
            _ if word.contains("amc") => amc,
            _ => number,
        });
    }
    given.join(", ")
}
