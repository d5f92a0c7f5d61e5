//! The policy of the returns, damage by damage, in both packagings: what each fault costs, where it
//! is told, and that the neighbours live.

#![allow(clippy::cast_possible_truncation, reason = "records, columns and lengths of small files")]

mod noemie_commun;
mod noemie_politique;
