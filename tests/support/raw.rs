//! Raw access to the rows of a database, behind the back of the store: the schema, rows as SQL
//! literals, changes and their undoing. Foreign keys are not checked, as for an intruder who turns
//! them off.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row as _, SqliteConnection};

/// A connection that no rule of the store binds.
pub enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A table of the schema.
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
}

/// A column of a table.
pub struct Column {
    pub name: String,
    pub kind: Kind,
    pub nullable: bool,
    pub in_key: bool,
}

/// Kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Truth,
    Number,
    /// `uuid` of PostgreSQL.
    Id,
    Bytes,
    Instant,
    Day,
    Text,
}

/// A row: a literal for each column.
pub struct Row(Vec<String>);

impl Row {
    pub fn value(&self, table: &Table, column: &Column) -> &str {
        let at = table.columns.iter().position(|c| c.name == column.name).expect("a column");
        &self.0[at]
    }

    /// Returns the condition that selects the row by its key.
    pub fn condition(&self, table: &Table) -> String {
        self.condition_with(table, "", "")
    }

    fn condition_with(&self, table: &Table, changed: &str, value: &str) -> String {
        let keys = table.columns.iter().zip(&self.0).filter(|(column, _)| column.in_key);
        let equals = keys.map(|(column, literal)| {
            let literal = if column.name == changed { value } else { literal };
            format!("{} = {literal}", column.name)
        });
        equals.collect::<Vec<_>>().join(" AND ")
    }
}

impl Raw {
    pub async fn connect(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            let mut db = SqliteConnection::connect(url).await.expect("connects");
            db.execute("PRAGMA foreign_keys = OFF").await.expect("the keys are off");
            Self::Sqlite(db)
        } else {
            let mut db = PgConnection::connect(url).await.expect("connects");
            db.execute("SET session_replication_role = replica").await.expect("the keys are off");
            Self::Postgres(db)
        }
    }

    async fn execute(&mut self, sql: String) -> Result<u64, sqlx::Error> {
        match self {
            Self::Sqlite(db) => db.execute(AssertSqlSafe(sql)).await.map(|d| d.rows_affected()),
            Self::Postgres(db) => db.execute(AssertSqlSafe(sql)).await.map(|d| d.rows_affected()),
        }
    }

    /// Runs a statement that must succeed.
    pub async fn done(&mut self, sql: String) {
        self.execute(sql.clone()).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    /// Returns rows whose columns are all text.
    async fn texts(&mut self, sql: String) -> Vec<Vec<String>> {
        let select = AssertSqlSafe(sql.clone());
        match self {
            Self::Sqlite(db) => {
                let rows = db.fetch_all(select).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
                rows.iter().map(|row| (0..row.len()).map(|i| row.get(i)).collect()).collect()
            }
            Self::Postgres(db) => {
                let rows = db.fetch_all(select).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
                rows.iter().map(|row| (0..row.len()).map(|i| row.get(i)).collect()).collect()
            }
        }
    }

    /// Returns the tables of the gateway.
    pub async fn tables(&mut self) -> Vec<Table> {
        let names = match self {
            Self::Sqlite(_) => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                 AND name <> '_sqlx_migrations' ORDER BY name"
            }
            Self::Postgres(_) => {
                "SELECT CAST(table_name AS text) FROM information_schema.tables \
                 WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations' \
                 ORDER BY table_name"
            }
        };
        let mut tables = Vec::new();
        for name in self.texts(names.to_owned()).await.into_iter().flatten() {
            let columns = self.columns(&name).await;
            tables.push(Table { name, columns });
        }
        tables
    }

    async fn columns(&mut self, table: &str) -> Vec<Column> {
        let sql = match self {
            Self::Sqlite(_) => format!(
                "SELECT name, lower(type), CAST(\"notnull\" = 0 AS TEXT), CAST(pk > 0 AS TEXT) \
                 FROM pragma_table_info('{table}')"
            ),
            Self::Postgres(_) => format!(
                "SELECT CAST(a.attname AS text), format_type(a.atttypid, NULL), \
                 CAST(CAST(NOT a.attnotnull AS int) AS text), CAST(CAST(EXISTS (SELECT 1 \
                 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary \
                 AND a.attnum = ANY(i.indkey)) AS int) AS text) FROM pg_attribute a \
                 WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped \
                 ORDER BY a.attnum"
            ),
        };
        let column = |row: Vec<String>| {
            let [name, kind, nullable, in_key] = row.try_into().expect("four columns");
            let (kind, in_key) = (kind_of(&kind), in_key == "1");
            Column { name, kind, nullable: nullable == "1" && !in_key, in_key }
        };
        self.texts(sql).await.into_iter().map(column).collect()
    }

    pub async fn count(&mut self, table: &str) -> usize {
        let sql = format!("SELECT CAST(count(*) AS text) FROM {table}");
        self.texts(sql).await[0][0].parse().expect("a number")
    }

    /// Returns the expression of a column as an SQL literal.
    fn literal(&self, column: &Column) -> String {
        match self {
            Self::Sqlite(_) => format!("quote({})", column.name),
            Self::Postgres(_) => format!("quote_nullable(CAST({} AS text))", column.name),
        }
    }

    /// Returns the first row by key that has a value in this column, or else the first row.
    pub async fn row(&mut self, table: &Table, column: &Column, rows: &str) -> Row {
        let literals: Vec<String> = table.columns.iter().map(|c| self.literal(c)).collect();
        let keys: Vec<&str> =
            table.columns.iter().filter(|c| c.in_key).map(|c| c.name.as_str()).collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE {rows} ORDER BY {} IS NULL, {} LIMIT 1",
            literals.join(", "),
            table.name,
            column.name,
            keys.join(", ")
        );
        Row(self.texts(sql).await.remove(0))
    }

    /// Returns the value of another row in this column, if there is another one.
    pub async fn other_value(
        &mut self,
        table: &Table,
        column: &Column,
        than: &str,
    ) -> Option<String> {
        let name = &column.name;
        let differs = if than == "NULL" { String::new() } else { format!("AND {name} <> {than}") };
        let sql = format!(
            "SELECT {} FROM {} WHERE {name} IS NOT NULL {differs} ORDER BY {name} LIMIT 1",
            self.literal(column),
            table.name
        );
        self.texts(sql).await.pop().map(|mut row| row.remove(0))
    }

    /// Changes a column of a row.
    pub async fn update(
        &mut self,
        table: &Table,
        row: &Row,
        column: &Column,
        value: &str,
    ) -> Result<(), sqlx::Error> {
        let sql = format!(
            "UPDATE {} SET {} = {value} WHERE {}",
            table.name,
            column.name,
            row.condition(table)
        );
        let changed = self.execute(sql).await?;
        assert_eq!(changed, 1, "{}.{}", table.name, column.name);
        Ok(())
    }

    /// Undoes an update.
    pub async fn restore(&mut self, table: &Table, row: &Row, column: &Column, value: &str) {
        let condition = row.condition_with(table, &column.name, value);
        let before = row.value(table, column);
        let sql = format!("UPDATE {} SET {} = {before} WHERE {condition}", table.name, column.name);
        self.done(sql).await;
    }

    /// Deletes rows and keeps a copy.
    pub async fn take_out(&mut self, table: &Table, rows: &str) {
        let name = &table.name;
        self.done(format!("CREATE TEMPORARY TABLE taken AS SELECT * FROM {name} WHERE {rows}"))
            .await;
        self.done(format!("DELETE FROM {name} WHERE {rows}")).await;
    }

    /// Inserts the rows taken out.
    pub async fn put_back(&mut self, table: &Table) {
        let given = match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => "OVERRIDING SYSTEM VALUE ",
        };
        self.done(format!("INSERT INTO {} {given}SELECT * FROM taken", table.name)).await;
        self.done("DROP TABLE taken".to_owned()).await;
    }
}

fn kind_of(declared: &str) -> Kind {
    match declared {
        "boolean" => Kind::Truth,
        "integer" | "bigint" | "int" | "smallint" => Kind::Number,
        "uuid" => Kind::Id,
        "blob" | "bytea" => Kind::Bytes,
        "timestamp with time zone" | "timestamptz" => Kind::Instant,
        "date" => Kind::Day,
        "text" => Kind::Text,
        other => panic!("a type that this test does not know: {other}"),
    }
}
