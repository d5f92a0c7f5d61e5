//! Inserts of a bare program: the rows that the gateway wrote, read back column by column with their
//! types.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column as _, Connection, Executor, PgConnection, Postgres, Row, Sqlite,
    SqliteConnection, TypeInfo, ValueRef, query,
};
use std::fmt::Write;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

/// The tables of a deposit, each with the column that holds the id of the claim.
pub const TABLES: [(&str, &str); 4] = [
    ("claims", "id"),
    ("claim_parts", "claim_id"),
    ("claim_lines", "claim_id"),
    ("events", "subject_id"),
];

/// The values of one column of a batch.
enum Cells {
    Uuid(Vec<Option<Uuid>>),
    Text(Vec<Option<String>>),
    Int8(Vec<Option<i64>>),
    Int4(Vec<Option<i32>>),
    Date(Vec<Option<Date>>),
    Instant(Vec<Option<OffsetDateTime>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Bool(Vec<Option<bool>>),
}

/// The rows of one table in one batch.
pub struct Batch {
    sql: String,
    columns: Vec<Cells>,
    pub rows: u64,
}

/// Reads the rows that the gateway wrote, in batches of claims with one entry per table.
pub async fn batches(db: &mut PgConnection, claims_per_batch: i64) -> Vec<Vec<Batch>> {
    let mut all = Vec::new();
    for from in (0..).step_by(usize::try_from(claims_per_batch).unwrap()) {
        let mut batch = Vec::new();
        for (table, key) in TABLES {
            let sql = format!(
                "SELECT t.* FROM {table} t JOIN (SELECT id FROM claims ORDER BY ordinal LIMIT {claims_per_batch} OFFSET {from}) c ON c.id = t.{key}"
            );
            let rows = query(AssertSqlSafe(sql)).fetch_all(&mut *db).await.unwrap();
            if !rows.is_empty() {
                batch.push(Batch::new(table, &rows));
            }
        }
        if batch.is_empty() {
            return all;
        }
        all.push(batch);
    }
    unreachable!("the loop ends above")
}

impl Batch {
    fn new(table: &str, rows: &[PgRow]) -> Self {
        let (mut columns, mut names, mut types) = (Vec::new(), String::new(), String::new());
        for (at, column) in rows[0].columns().iter().enumerate() {
            let kind = column.type_info().name().to_owned();
            let comma = if at == 0 { "" } else { ", " };
            write!(names, "{comma}{}", column.name()).unwrap();
            write!(types, "{comma}${}::{kind}[]", at + 1).unwrap();
            columns.push(match kind.as_str() {
                "UUID" => Cells::Uuid(rows.iter().map(|r| r.get(at)).collect()),
                "INT8" => Cells::Int8(rows.iter().map(|r| r.get(at)).collect()),
                "INT4" => Cells::Int4(rows.iter().map(|r| r.get(at)).collect()),
                "DATE" => Cells::Date(rows.iter().map(|r| r.get(at)).collect()),
                "TIMESTAMPTZ" => Cells::Instant(rows.iter().map(|r| r.get(at)).collect()),
                "BYTEA" => Cells::Bytes(rows.iter().map(|r| r.get(at)).collect()),
                "BOOL" => Cells::Bool(rows.iter().map(|r| r.get(at)).collect()),
                _ => Cells::Text(rows.iter().map(|r| r.get(at)).collect()),
            });
        }
        let sql = format!("INSERT INTO {table} ({names}) SELECT * FROM UNNEST({types})");
        Self { sql, columns, rows: rows.len() as u64 }
    }

    fn bound(&self) -> Query<'_, Postgres, PgArguments> {
        let mut insert = query(AssertSqlSafe(self.sql.clone()));
        for column in &self.columns {
            insert = match column {
                Cells::Uuid(cells) => insert.bind(cells),
                Cells::Text(cells) => insert.bind(cells),
                Cells::Int8(cells) => insert.bind(cells),
                Cells::Int4(cells) => insert.bind(cells),
                Cells::Date(cells) => insert.bind(cells),
                Cells::Instant(cells) => insert.bind(cells),
                Cells::Bytes(cells) => insert.bind(cells),
                Cells::Bool(cells) => insert.bind(cells),
            };
        }
        insert
    }
}

/// Inserts the batches over one connection: one transaction per batch, one statement per table.
pub async fn insert(db: &mut PgConnection, batches: &[Vec<Batch>]) {
    for batch in batches {
        let mut tx = db.begin().await.unwrap();
        for table in batch {
            table.bound().execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

/// A value of SQLite.
#[derive(Clone)]
enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Rows of one table of SQLite, with the beginning of their statement.
pub struct SqliteBatch {
    head: String,
    rows: Vec<Vec<Cell>>,
}

impl SqliteBatch {
    pub fn count(&self) -> u64 {
        self.rows.len() as u64
    }
}

/// Reads the batches like [`batches`], from SQLite.
pub async fn sqlite_batches(
    db: &mut SqliteConnection,
    claims_per_batch: i64,
) -> Vec<Vec<SqliteBatch>> {
    let mut all = Vec::new();
    for from in (0..).step_by(usize::try_from(claims_per_batch).unwrap()) {
        let mut batch = Vec::new();
        for (table, key) in TABLES {
            let sql = format!(
                "SELECT t.* FROM (SELECT id FROM claims ORDER BY ordinal LIMIT {claims_per_batch} OFFSET {from}) c JOIN {table} t ON t.{key} = c.id"
            );
            let rows = query(AssertSqlSafe(sql)).fetch_all(&mut *db).await.unwrap();
            if let Some(first) = rows.first() {
                let names: Vec<&str> = first.columns().iter().map(sqlx::Column::name).collect();
                batch.push(SqliteBatch {
                    head: format!("INSERT INTO {table} ({}) VALUES ", names.join(", ")),
                    rows: rows.iter().map(cells).collect(),
                });
            }
        }
        if batch.is_empty() {
            return all;
        }
        all.push(batch);
    }
    unreachable!("the loop ends above")
}

fn cells(row: &SqliteRow) -> Vec<Cell> {
    (0..row.len())
        .map(|at| {
            let raw = row.try_get_raw(at).unwrap();
            match (raw.is_null(), raw.type_info().name()) {
                (true, _) => Cell::Null,
                (_, "INTEGER" | "BOOLEAN") => Cell::Int(row.get_unchecked(at)),
                (_, "BLOB") => Cell::Bytes(row.get_unchecked(at)),
                _ => Cell::Text(row.get_unchecked(at)),
            }
        })
        .collect()
}

/// Rows per statement. More rows bring SQLite no more throughput.
const STATEMENT_ROWS: usize = 50;

/// Inserts the batches: one transaction per batch, [`STATEMENT_ROWS`] rows per statement.
pub async fn sqlite_insert(db: &mut SqliteConnection, batches: &[Vec<SqliteBatch>]) {
    for batch in batches {
        db.execute("BEGIN IMMEDIATE").await.unwrap();
        for table in batch {
            for rows in table.rows.chunks(STATEMENT_ROWS) {
                let placeholders =
                    vec![format!("({})", vec!["?"; rows[0].len()].join(", ")); rows.len()]
                        .join(", ");
                let mut insert: Query<'_, Sqlite, SqliteArguments> =
                    query(AssertSqlSafe(format!("{}{placeholders}", table.head)));
                for cell in rows.iter().flatten() {
                    insert = match cell {
                        Cell::Null => insert.bind(None::<i64>),
                        Cell::Int(n) => insert.bind(n),
                        Cell::Text(text) => insert.bind(text),
                        Cell::Bytes(bytes) => insert.bind(bytes),
                    };
                }
                insert.execute(&mut *db).await.unwrap();
            }
        }
        db.execute("COMMIT").await.unwrap();
    }
}
