//! Physical layer: bytes to records, before any record means anything.

pub(crate) mod noemie_tampon;

pub mod noemie_blocs;
pub mod noemie_lignes;
