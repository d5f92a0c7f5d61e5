//! Every sink of a gateway, read for the planted numbers.

use super::calls::Answer;
use super::plants::found;
use crate::support::databases::TestDatabase;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};
use std::fs;
use std::path::Path;

/// Places shown when the test fails.
const SHOWN: usize = 40;

/// Everything that was answered or written, by sink.
#[derive(Default)]
pub(super) struct Sinks {
    read: Vec<(String, Vec<u8>)>,
    /// Places that were found before the sinks are read.
    places: Vec<String>,
}

impl Sinks {
    pub(super) fn add(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.read.push((name.into(), bytes.into()));
    }

    /// A place where a part of a planted number stands.
    pub(super) fn add_place(&mut self, place: String) {
        self.places.push(place);
    }

    /// An answer, or the message and the details of a refusal.
    pub(super) fn add_answer(&mut self, place: String, answer: &Answer) {
        match answer {
            Answer::Message(json) => self.add(place, json.clone()),
            Answer::Refused(status) => {
                self.add(place, [status.message().as_bytes(), status.details()].concat());
            }
            Answer::Silence => {}
        }
    }

    /// Names and bytes of the files below a directory, without what a sender put into `inbox`.
    /// What is encrypted is read as it stands.
    pub(super) fn add_directory(&mut self, dir: &Path, inbox: &Path) {
        for entry in fs::read_dir(dir).expect("reads") {
            let path = entry.expect("an entry").path();
            if path == inbox {
                continue;
            }
            self.add("file name", path.to_string_lossy().into_owned());
            if path.is_dir() {
                self.add_directory(&path, inbox);
            } else {
                self.add(path.to_string_lossy().into_owned(), fs::read(&path).expect("reads"));
            }
        }
    }

    /// Every column of every table, and the file of SQLite with its log.
    pub(super) async fn add_database(&mut self, db: &TestDatabase) {
        if db.is_postgres() {
            self.add_postgres(&db.url).await;
            return;
        }
        self.add_sqlite(&db.url).await;
        let file = db.url.strip_prefix("sqlite:").expect("a file");
        for path in [file.to_owned(), format!("{file}-wal")] {
            self.add(path.clone(), fs::read(path).unwrap_or_default());
        }
    }

    async fn add_postgres(&mut self, url: &str) {
        let mut db = PgConnection::connect(url).await.expect("connects");
        let columns = "SELECT table_name::text, column_name::text FROM information_schema.columns \
                       WHERE table_schema = 'public'";
        let columns = sqlx::query(columns).fetch_all(&mut db).await.expect("columns");
        assert!(columns.len() > 100, "{} columns", columns.len());
        for column in columns {
            let (table, name): (String, String) = (column.get(0), column.get(1));
            let sql = format!(
                "SELECT coalesce(string_agg(\"{name}\"::text, E'\\n'), '') FROM \"{table}\""
            );
            let text: String =
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut db).await.expect("reads");
            self.add(format!("{table}.{name}"), text);
        }
    }

    async fn add_sqlite(&mut self, url: &str) {
        let mut db = SqliteConnection::connect(url).await.expect("connects");
        let columns = "SELECT m.name, p.name FROM sqlite_master m \
                       JOIN pragma_table_info(m.name) p WHERE m.type = 'table'";
        let columns = sqlx::query(columns).fetch_all(&mut db).await.expect("columns");
        assert!(columns.len() > 100, "{} columns", columns.len());
        for column in columns {
            let (table, name): (String, String) = (column.get(0), column.get(1));
            let sql = format!(
                "SELECT coalesce(group_concat(\"{name}\", char(10)), '') FROM \"{table}\" \
                 WHERE typeof(\"{name}\") = 'text'"
            );
            let text: String =
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut db).await.expect("reads");
            self.add(format!("{table}.{name}"), text);
        }
    }

    /// Whether a sink has this text.
    pub(super) fn hold(&self, text: &str) -> bool {
        self.read
            .iter()
            .any(|(_, bytes)| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    }

    pub(super) fn assert_clean(&self) {
        let in_sinks = self.read.iter().flat_map(|(name, bytes)| {
            found(bytes).into_iter().take(2).map(move |place| format!("{name}: {place}"))
        });
        let places: Vec<String> = self.places.iter().cloned().chain(in_sinks).collect();
        let shown = places.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
        assert!(places.is_empty(), "{} planted numbers, the first ones:\n{shown}", places.len());
    }
}
