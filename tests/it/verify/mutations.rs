//! Every column of the schema, changed once to another plausible value: `verify` names the change.
//! Rows deleted and tables emptied as well. The columns come from the schema of the database, so
//! that a new one is changed too; each change is undone before the next one.

use super::world::World;
use super::*;
use std::collections::BTreeSet;
use support::raw::{Column, Kind as Type, Raw, Table};

/// Changes that `verify` cannot name: values that only our own clock or a counter made, and hints
/// of which every value means the same.
const EXCEPTIONS: [&str; 6] = [
    "exchanges.closed_at",
    "outbox.attempts",
    // Held back by a deposit that has its receipt, or by none: the event may leave.
    "outbox.staged_deposit to NULL",
    "published_events.published_at",
    "receipt_chain_tip.latest_at",
    "returns.delivered_at",
];

/// Tables of imports under way, empty once the import is done; and the marks of broker and archive,
/// whose keyed digests each start compares.
const EMPTY_TABLES: [&str; 3] = ["convention_staging", "finess_staging", "placed_marks"];

/// Tables whose columns only the raw files prove. A change of another table is looked for without
/// reading the files first, which finds less and is faster.
const PROVED_BY_FILES: [&str; 6] =
    ["claims", "claim_lines", "claim_parts", "events", "outcomes", "quarantine"];

/// Rows to change: those of a deposit that has its receipt. One under way has none yet.
const ROWS: [(&str, &str); 1] = [("exchanges", "verdict IS NOT NULL")];

/// What became of the changes.
#[derive(Debug, Default)]
struct Outcome {
    named: usize,
    refused: usize,
    unseen: BTreeSet<String>,
}

async fn every_change_is_named(db: TestDatabase) {
    let world = World::new(db).await;
    let clean = world.verify().await.unwrap();
    assert_eq!((clean.findings, clean.notes), (vec![], vec![]), "before any change");
    let mut raw = Raw::connect(&world.db.url).await;
    let mut outcome = Outcome::default();
    for table in raw.tables().await {
        if raw.count(&table.name).await == 0 {
            assert!(EMPTY_TABLES.contains(&table.name.as_str()), "{} has no row", table.name);
            continue;
        }
        for column in &table.columns {
            change_column(&world, &mut raw, &table, column, &mut outcome).await;
        }
        delete(&world, &mut raw, &table, true, &mut outcome).await;
        delete(&world, &mut raw, &table, false, &mut outcome).await;
    }
    let clean = world.verify().await.unwrap();
    assert_eq!(clean.findings, [], "every change is undone");
    report(&outcome);
}

/// Prints the counts, and compares the changes unseen with the list of exceptions.
fn report(outcome: &Outcome) {
    let Outcome { named, refused, unseen } = outcome;
    println!(
        "{} changes: {named} named, {refused} refused by the database, {} exceptions",
        named + refused + unseen.len(),
        EXCEPTIONS.len(),
    );
    let listed: BTreeSet<&str> = EXCEPTIONS.into();
    let unseen: BTreeSet<&str> = unseen.iter().map(String::as_str).collect();
    let unlisted: Vec<&&str> = unseen.difference(&listed).collect();
    let stale: Vec<&&str> = listed.difference(&unseen).collect();
    assert!(unlisted.is_empty(), "{} changes pass unnoticed: {unlisted:#?}", unlisted.len());
    assert!(stale.is_empty(), "named, and yet in the list: {stale:#?}");
}

/// Changes a column of one row to another value, then to NULL where the schema allows it.
async fn change_column(
    world: &World,
    raw: &mut Raw,
    table: &Table,
    column: &Column,
    outcome: &mut Outcome,
) {
    let rows = ROWS.iter().find(|(name, _)| *name == table.name).map_or("TRUE", |(_, rows)| rows);
    let row = raw.row(table, column, rows).await;
    let before = row.value(table, column);
    let mut values = Vec::new();
    if column.kind != Type::Number {
        values.extend(raw.other_value(table, column, before).await);
    }
    values.push(altered(column.kind, before));
    let mut accepted = false;
    for value in values {
        if raw.update(table, &row, column, &value).await.is_ok() {
            note(world, format!("{}.{}", table.name, column.name), outcome).await;
            raw.restore(table, &row, column, &value).await;
            accepted = true;
            break;
        }
    }
    if !accepted {
        outcome.refused += 1;
    }
    if column.nullable && before != "NULL" {
        raw.update(table, &row, column, "NULL").await.expect("the schema allows NULL");
        note(world, format!("{}.{} to NULL", table.name, column.name), outcome).await;
        raw.restore(table, &row, column, "NULL").await;
    }
}

/// Deletes one row of a table, or all.
async fn delete(world: &World, raw: &mut Raw, table: &Table, one: bool, outcome: &mut Outcome) {
    let (name, rows) = if one {
        let rows = ROWS.iter().find(|(name, _)| *name == table.name);
        let row = raw.row(table, &table.columns[0], rows.map_or("TRUE", |(_, rows)| rows)).await;
        (format!("{}: a row deleted", table.name), row.condition(table))
    } else {
        (format!("{}: emptied", table.name), "TRUE".to_owned())
    };
    raw.take_out(table, &rows).await;
    note(world, name, outcome).await;
    raw.put_back(table).await;
}

/// Records whether `verify` names the change just made. A row that cannot be read at all stops the
/// verification with an error that names its column.
async fn note(world: &World, change: String, outcome: &mut Outcome) {
    let table = change.split(['.', ':']).next().unwrap_or_default();
    let mut seen = Ok(Verification::default());
    if !PROVED_BY_FILES.contains(&table) {
        seen = world.verify_without_files().await;
    }
    if seen.as_ref().is_ok_and(Verification::is_clean) {
        seen = world.verify().await;
    }
    match seen {
        Ok(seen) if seen.is_clean() => {
            outcome.unseen.insert(change);
        }
        Ok(_) => outcome.named += 1,
        Err(failure) => {
            let text = format!("{failure:?}");
            assert!(text.contains("Corrupt") || text.contains("Decode"), "{change}: {text}");
            outcome.named += 1;
        }
    }
}

/// Returns another value of the same kind and shape, as an SQL literal.
fn altered(kind: Type, literal: &str) -> String {
    let absent = literal == "NULL";
    match kind {
        Type::Truth if matches!(literal, "1" | "'true'" | "'t'") => "FALSE".to_owned(),
        Type::Truth => "TRUE".to_owned(),
        Type::Number if absent => "1".to_owned(),
        Type::Number => format!("{literal} + 1"),
        Type::Id if absent => "'00000000-0000-4000-8000-000000000001'".to_owned(),
        Type::Bytes if absent => "X'00000000000040008000000000000001'".to_owned(),
        Type::Instant if absent => "'2026-02-02 09:00:00+00'".to_owned(),
        Type::Instant => format!("CAST({literal} AS timestamptz) + INTERVAL '1 second'"),
        Type::Day if absent => "'2026-02-15'".to_owned(),
        Type::Day => format!("CAST({literal} AS date) + 1"),
        Type::Text if absent => "'x'".to_owned(),
        Type::Id | Type::Bytes | Type::Text => with_another_end(literal),
    }
}

/// Returns a quoted literal with another last letter or digit; an empty text becomes `x`.
fn with_another_end(literal: &str) -> String {
    let (start, end) = literal.split_at(literal.len() - 1);
    // The day of a date stays a day: `2026-02-18` becomes `2026-02-16`.
    let is_changed = |c: char| c.is_ascii_alphanumeric();
    let Some(at) = start.rfind(is_changed).filter(|at| start[..*at].contains('\'')) else {
        return format!("{start}x{end}");
    };
    let is_date = start.len() == 11 && start.chars().filter(|c| *c == '-').count() == 2;
    let other = match start[at..].chars().next() {
        Some('6') => '5',
        Some(c) if c.is_ascii_digit() => '6',
        // In hexadecimal digits `A` is `a`.
        Some('a' | 'A') => 'b',
        Some(_) => 'a',
        None => 'x',
    };
    if is_date {
        return format!("{}1{other}{end}", &start[..at - 1]);
    }
    format!("{}{other}{}{end}", &start[..at], &start[at + 1..])
}

on_both! { every_change_is_named }
