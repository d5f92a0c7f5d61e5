//! Readings of register and conventions.
//!
//! The plan of each search must not depend on statistics, which SQLite never has and PostgreSQL
//! lacks after a restore: every table is entered by an equality on the first columns of an index,
//! and a legal entity is joined with its conventions in a fixed order (`KEYED_JOIN`).
//! `plan_tests.rs` reads the plans.

use super::db::{Db, KEYED_JOIN, KEYED_JOIN_END};
use crate::domain::Scope;
use crate::store::codec::{doing, limit as rows};
use crate::store::conventions::scope::push_amc_scope;
use crate::store::conventions::{
    ConventionVersion, EstablishmentRow, FoundConvention, Path, Snapshot, Visit, sql,
};
use crate::store::{StoreError, connections::Connections};
use futures::TryStreamExt as _;
use sqlx::QueryBuilder;
use time::Date;

/// Returns the extract in force.
pub(super) async fn register(reader: &Connections<Db>) -> Result<Option<Snapshot>, StoreError> {
    reader
        .ask(async |pool| {
            sqlx::query_as(sql::REGISTER)
                .fetch_optional(pool)
                .await
                .map_err(doing("reading the register state"))
        })
        .await
}

/// Returns the versions of an establishment, oldest first.
pub(super) async fn establishment_versions(
    reader: &Connections<Db>,
    finess_et: &str,
) -> Result<Vec<EstablishmentRow>, StoreError> {
    let query = sqlx::query_as(sql::ESTABLISHMENT_VERSIONS).bind(finess_et);
    reader
        .ask(async |pool| query.fetch_all(pool).await.map_err(doing("reading an establishment")))
        .await
}

/// Returns the latest known establishment of a legal entity.
pub(super) async fn any_establishment_of(
    reader: &Connections<Db>,
    finess_ej: &str,
) -> Result<Option<EstablishmentRow>, StoreError> {
    let query = sqlx::query_as(sql::ANY_ESTABLISHMENT_OF).bind(finess_ej);
    reader
        .ask(async |pool| query.fetch_optional(pool).await.map_err(doing("reading a legal entity")))
        .await
}

/// Visits the conventions of a search in the order of `ORDER_OF_FOUND`.
pub(super) async fn visit(
    reader: &Connections<Db>,
    mut query: QueryBuilder<Db>,
    visit: Visit<'_>,
) -> Result<(), StoreError> {
    reader
        .ask(async |pool| {
            let mut rows = query.build_query_as::<FoundConvention>().fetch(pool);
            while let Some(found) = rows.try_next().await.map_err(doing("searching conventions"))? {
                visit(found);
            }
            Ok(())
        })
        .await
}

/// Order of the conventions found: those of one holder, type and domain follow each other.
const ORDER_OF_FOUND: &str = " ORDER BY path, identifier, convention_type, domain, starts_on";

/// Builds the search by number, link, RPPS and legal entity.
pub(in crate::store::conventions) fn direct(
    scope: &Scope,
    number: &str,
    amc: &str,
    legal_entity: Option<&str>,
) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new("");
    let mut by = |path: Path, column: &'static str, key: &str| {
        query.push(if path == Path::Own { "" } else { " UNION ALL " });
        select(&mut query, path);
        query.push(" FROM conventions c WHERE c.recorded_to IS NULL AND ").push(column);
        query.push(" = ").push_bind(key.to_owned());
        query.push(" AND c.amc = ").push_bind(amc.to_owned());
        push_amc_scope(&mut query, "c.amc", scope);
        if path == Path::Linked {
            query.push(" AND c.finess_et <> '' AND c.identifier <> ").push_bind(key.to_owned());
        }
        if path == Path::Rpps {
            query.push(" AND c.rpps <> ''");
        }
    };
    by(Path::Own, "c.identifier", number);
    by(Path::Linked, "c.finess_et", number);
    by(Path::Rpps, "c.rpps", number);
    if let Some(legal_entity) = legal_entity {
        by(Path::LegalEntity, "c.identifier", legal_entity);
    }
    query.push(ORDER_OF_FOUND);
    query
}

/// Builds the search by the establishments of a legal entity and by the billing numbers linked with
/// them.
pub(in crate::store::conventions) fn of_establishments(
    scope: &Scope,
    finess_ej: &str,
    amc: &str,
    on: Date,
) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new("");
    for column in ["c.identifier", "c.finess_et"] {
        let linked = column == "c.finess_et";
        query.push(if linked { " UNION ALL " } else { "" });
        select(&mut query, Path::Establishment);
        query.push(" FROM finess_establishments e ").push(KEYED_JOIN);
        query.push(" c.recorded_to IS NULL AND ").push(column).push(" = e.finess_et");
        query.push(" AND c.amc = ").push_bind(amc.to_owned());
        push_amc_scope(&mut query, "c.amc", scope);
        if linked {
            query.push(" AND c.finess_et <> '' AND c.identifier <> e.finess_et");
            query.push(" AND c.identifier <> ").push_bind(finess_ej.to_owned());
        }
        query.push(KEYED_JOIN_END).push(" e.finess_ej = ").push_bind(finess_ej.to_owned());
        query.push(" AND e.finess_et <> ").push_bind(finess_ej.to_owned());
        query.push(" AND (e.valid_from <= ").push_bind(on).push(" OR e.first_version)");
        query.push(" AND (e.valid_to IS NULL OR e.valid_to > ").push_bind(on).push(")");
    }
    query.push(ORDER_OF_FOUND);
    query
}

fn select(query: &mut QueryBuilder<Db>, path: Path) {
    query.push("SELECT CAST(").push(path as u8).push(" AS BIGINT) AS path, ");
    query.push(sql::CONVENTION_COLUMNS);
}

/// Builds the question whether any current convention names a number. `ORDER BY` with `LIMIT`
/// makes the index by that number cheaper than a scan that stops at the first match.
pub(in crate::store::conventions) fn holder_known(scope: &Scope, number: &str) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new("");
    let keys = [
        ("", "identifier", ""),
        (" UNION ALL ", "finess_et", " AND finess_et <> ''"),
        (" UNION ALL ", "rpps", " AND rpps <> ''"),
    ];
    for (union, column, present) in keys {
        query.push(union).push("SELECT known FROM (SELECT 1 AS known FROM conventions");
        query.push(" WHERE recorded_to IS NULL AND ").push(column).push(" = ");
        query.push_bind(number.to_owned()).push(present);
        push_amc_scope(&mut query, "amc", scope);
        query.push(" ORDER BY amc LIMIT 1) AS by_").push(column);
    }
    query.push(" LIMIT 1");
    query
}

/// Returns pairs of PS numbers that current conventions link. The first arm enters by the billing
/// number, the second one by the FINESS.
pub(super) async fn linked_numbers(
    reader: &Connections<Db>,
    scope: &Scope,
    numbers: &[String],
    limit: usize,
) -> Result<Vec<(String, String)>, StoreError> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::<Db>::new("");
    for (union, own, other) in
        [("", "c.identifier", "c.finess_et"), (" UNION ", "c.finess_et", "c.identifier")]
    {
        query.push(union).push("SELECT k.column1, ").push(other).push(" FROM (");
        query.push_values(numbers, |mut row, number| {
            row.push_bind(number.clone());
        });
        query.push(") AS k CROSS JOIN conventions c WHERE c.recorded_to IS NULL AND ").push(own);
        query.push(" = k.column1 AND c.finess_et <> '' AND c.finess_et <> c.identifier");
        push_amc_scope(&mut query, "c.amc", scope);
    }
    query.push(" LIMIT ").push_bind(rows(limit));
    reader
        .ask(async |pool| {
            let found = query.build_query_as().fetch_all(pool).await;
            found.map_err(doing("looking for numbers of one professional"))
        })
        .await
}

/// Builds the question whether an AMC was ever imported.
pub(in crate::store::conventions) fn amc_known(scope: &Scope, amc: &str) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new("SELECT 1 AS known FROM convention_amcs WHERE amc = ");
    query.push_bind(amc.to_owned());
    push_amc_scope(&mut query, "amc", scope);
    query
}

/// Returns whether a question has a row as answer.
pub(super) async fn is_known(
    reader: &Connections<Db>,
    mut query: QueryBuilder<Db>,
) -> Result<bool, StoreError> {
    reader
        .ask(async |pool| {
            let row = query.build().fetch_optional(pool).await;
            row.map(|row| row.is_some()).map_err(doing("searching a number of the conventions"))
        })
        .await
}

/// Returns every version ever recorded for a number and an AMC.
pub(super) async fn convention_history(
    reader: &Connections<Db>,
    scope: &Scope,
    identifier: &str,
    amc: &str,
) -> Result<Vec<ConventionVersion>, StoreError> {
    let mut query = QueryBuilder::<Db>::new("SELECT ");
    query.push(sql::CONVENTION_COLUMNS);
    query.push(", c.recorded_from, c.recorded_to, c.source_digest FROM conventions c");
    query.push(" WHERE c.identifier = ").push_bind(identifier.to_owned());
    query.push(" AND c.amc = ").push_bind(amc.to_owned());
    push_amc_scope(&mut query, "c.amc", scope);
    query.push(" ORDER BY c.convention_type, c.domain, c.starts_on, c.recorded_from, c.id");
    reader
        .ask(async |pool| {
            let rows = query.build_query_as().fetch_all(pool).await;
            rows.map_err(doing("reading the history of a convention"))
        })
        .await
}
