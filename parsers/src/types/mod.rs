//! Values with rules: identifiers with their keys, amounts, dates. None of them prints a person.

mod date;
mod identifiants;
mod montant;
mod nir;

pub use date::{Date, DateNaissance};
pub use identifiants::{NumeroAmc, NumeroPs, Rpps, cle_type_1_2_valide};
pub use montant::Montant;
pub use nir::{CleNir, Nir};
