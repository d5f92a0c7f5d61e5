//! The policy of norm B2, damage by damage: what each fault costs, where it is told, and that the
//! neighbours live.
//!
//! Every damage is made on valid fixtures of the repository and read in the three physical forms;
//! the controls that are reported are compared as a set, so that a damage that raises more than its
//! own finding is seen.

#![allow(clippy::cast_possible_truncation, reason = "records, columns and lengths of small files")]

mod b2_commun;
mod b2_politique;
