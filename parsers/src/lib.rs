//! Readers and writers for the flat files of French third-party payment: norm B2 (DRE) and NOEMIE
//! returns.
//!
//! The crate turns bytes into records and records into bytes. It opens no file, reads no clock, and
//! knows nothing of databases. Layouts are stated once, as tables ([`layout`]); values with rules
//! are newtypes ([`types`]); faults are [`anomaly::Anomaly`]s with their place. The layouts are
//! reconstructed from public material and provisional: see `docs/formats.md` of the repository.

pub mod anomaly;
pub mod b2;
mod coded;
pub mod codes;
pub mod detect;
pub mod documentation;
pub mod hypothese;
pub mod layout;
pub mod marquage;
pub mod nir_search;
pub mod noemie;
pub mod outcome;
pub mod physical;
pub mod picture;
pub mod remplir;
pub mod types;
