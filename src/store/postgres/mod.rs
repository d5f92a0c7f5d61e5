//! PostgreSQL: the production shape.
