//! Turns a [`Scope`] into SQL, for every reading of conventions.

use crate::domain::{Extent, Scope};
use sqlx::{Database, Encode, QueryBuilder, Type};

/// Appends ` AND column IN (…)` for the AMC numbers of the scope. An unlimited scope adds no text;
/// an empty dimension matches no row, whether conventions have that dimension or not.
pub(super) fn push_amc_scope<DB>(query: &mut QueryBuilder<DB>, column: &str, scope: &Scope)
where
    DB: Database,
    String: for<'q> Encode<'q, DB> + Type<DB>,
{
    if scope.covers_nothing() {
        query.push(" AND 1 = 0");
        return;
    }
    let Extent::Only(numbers) = &scope.amc else { return };
    query.push(" AND ").push(column).push(" IN (");
    let mut list = query.separated(", ");
    for number in numbers {
        list.push_bind(number.clone());
    }
    query.push(")");
}
