//! Norm B2 / DRE: `file = 000, lot+, 999`; `lot = 1, invoice+, 6`;
//! `invoice = 2, complements, line+, 5`.
//!
//! One file per record type states its table (`t4.rs` for type 4 and so on). [`lecteur`] walks the
//! nesting and hands out one invoice at a time; [`controles`] verifies an invoice, a lot, a file;
//! [`genre`] tells what a record is; [`fiche`] fills a record and [`ecrivain`] writes a file of
//! them.

mod assemblage;
mod avis_paiement;
mod cle_identite;
mod colonnes;
pub mod controles;
pub mod ecrivain;
pub mod element;
mod erreur;
pub mod facture;
pub mod fiche;
pub mod genre;
pub mod lecteur;
mod recalage;
mod tables;
mod texte;

pub mod t000;
pub mod t1;
pub mod t2;
pub mod t2b;
pub mod t2c;
pub mod t2m;
pub mod t2p;
pub mod t2s;
pub mod t2x;
pub mod t3;
pub mod t3e;
pub mod t3f;
pub mod t3h;
pub mod t3s;
pub mod t4;
pub mod t4b;
pub mod t4c;
pub mod t4d;
pub mod t4e;
pub mod t4f;
pub mod t4h;
pub mod t4m;
pub mod t4p;
pub mod t4s;
pub mod t4t;
pub mod t4u;
pub mod t5;
pub mod t6;
pub mod t999;

pub use avis_paiement::AvisPaiement;
pub use cle_identite::{CleIdentite, complement_compare, rang_compare};
pub use ecrivain::{Ecrivain, recopier};
pub use element::{ComplementLot, Comptes, Element, EnTete, FinFichier, FinLot, Flux, Lot};
pub use erreur::ErreurEcriture;
pub use facture::{Facture, Identite, Ligne, Totaux};
pub use fiche::Fiche;
pub use genre::{Genre, NormeLot};
pub use lecteur::Lecteur;
pub use tables::TABLES;

/// One record: exactly 128 bytes.
pub type Record = [u8; crate::physical::enregistrements::LONGUEUR];
