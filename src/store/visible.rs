//! The condition under which rows of a deposit are shown.

/// The condition that a row is visible: the exchange in this column is not a staged deposit. The
/// list is as short as the staged deposits, and read once a statement.
macro_rules! visible {
    ($column:literal) => {
        concat!($column, " NOT IN (SELECT id FROM exchanges WHERE verdict IS NULL)")
    };
}
pub(in crate::store) use visible;
