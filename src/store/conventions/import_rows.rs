//! Rows of imports, each with the fields that its link signs.

use super::convention::{ConventionDiff, NewConventionImport};
use super::register::{NewSnapshot, RegisterDiff};
use crate::store::codec::Instant;
use sqlx::FromRow;
use time::{Date, OffsetDateTime};

/// `SELECT` of imports of conventions, with further columns before their own.
macro_rules! select_import {
    ($more:literal) => {
        concat!(
            "SELECT ",
            $more,
            "digest, source_name, encoding, imported_at, row_count, added, changed, unchanged, \
             content FROM convention_imports "
        )
    };
}

/// `SELECT` of extracts of the register, with further columns before their own.
macro_rules! select_extract {
    ($more:literal) => {
        concat!(
            "SELECT ",
            $more,
            "digest, source_name, encoding, as_of, imported_at, row_count, problem_count, opened, \
             closed, renamed, ej_changed, otherwise_changed, unchanged, content \
             FROM finess_snapshots "
        )
    };
}
pub(in crate::store) use {select_extract, select_import};

/// An import of conventions.
#[derive(FromRow)]
pub(in crate::store) struct ImportRow {
    pub(in crate::store) digest: String,
    pub(in crate::store) source_name: String,
    pub(in crate::store) encoding: String,
    pub(in crate::store) imported_at: OffsetDateTime,
    pub(in crate::store) row_count: i64,
    pub(in crate::store) added: i64,
    pub(in crate::store) changed: i64,
    pub(in crate::store) unchanged: i64,
    /// Digest of the conventions after the import.
    pub(in crate::store) content: String,
}

impl ImportRow {
    pub(in crate::store) fn of(
        new: &NewConventionImport,
        diff: &ConventionDiff,
        content: String,
    ) -> Self {
        Self {
            digest: new.digest.clone(),
            source_name: new.source_name.to_string(),
            encoding: new.encoding.clone(),
            imported_at: new.imported_at,
            row_count: diff.added + diff.changed + diff.unchanged,
            added: diff.added,
            changed: diff.changed,
            unchanged: diff.unchanged,
            content,
        }
    }

    /// Returns the fields that the link of the import signs.
    pub(in crate::store) fn fields(&self) -> Vec<String> {
        let counts = [self.row_count, self.added, self.changed, self.unchanged];
        let texts = [&self.digest, &self.source_name, &self.encoding].map(Clone::clone);
        texts
            .into_iter()
            .chain([micros(self.imported_at)])
            .chain(counts.map(|count| count.to_string()))
            .chain([self.content.clone()])
            .collect()
    }
}

/// An extract of the register.
#[derive(FromRow)]
pub(in crate::store) struct ExtractRow {
    pub(in crate::store) digest: String,
    pub(in crate::store) source_name: String,
    pub(in crate::store) encoding: String,
    pub(in crate::store) as_of: Date,
    pub(in crate::store) imported_at: OffsetDateTime,
    pub(in crate::store) row_count: i64,
    pub(in crate::store) problem_count: i64,
    pub(in crate::store) opened: i64,
    pub(in crate::store) closed: i64,
    pub(in crate::store) renamed: i64,
    pub(in crate::store) ej_changed: i64,
    pub(in crate::store) otherwise_changed: i64,
    pub(in crate::store) unchanged: i64,
    /// Digest of the establishments after the import.
    pub(in crate::store) content: String,
}

impl ExtractRow {
    pub(in crate::store) fn of(
        new: &NewSnapshot,
        rows: i64,
        diff: &RegisterDiff,
        content: String,
    ) -> Self {
        Self {
            digest: new.digest.clone(),
            source_name: new.source_name.to_string(),
            encoding: new.encoding.clone(),
            as_of: new.as_of,
            imported_at: new.imported_at,
            row_count: rows,
            problem_count: new.problem_count,
            opened: diff.opened,
            closed: diff.closed,
            renamed: diff.renamed,
            ej_changed: diff.ej_changed,
            otherwise_changed: diff.otherwise_changed,
            unchanged: diff.unchanged,
            content,
        }
    }

    /// Returns the fields that the link of the extract signs.
    pub(in crate::store) fn fields(&self) -> Vec<String> {
        let counts = [
            self.row_count,
            self.problem_count,
            self.opened,
            self.closed,
            self.renamed,
            self.ej_changed,
            self.otherwise_changed,
            self.unchanged,
        ];
        let texts = [&self.digest, &self.source_name, &self.encoding].map(Clone::clone);
        texts
            .into_iter()
            .chain([self.as_of.to_string(), micros(self.imported_at)])
            .chain(counts.map(|count| count.to_string()))
            .chain([self.content.clone()])
            .collect()
    }
}

fn micros(at: OffsetDateTime) -> String {
    Instant(at).micros().to_string()
}
