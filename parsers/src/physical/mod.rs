//! Physical layer: bytes to records, before any record means anything.

mod noemie_tampon;

pub mod noemie_blocs;
pub mod noemie_lignes;
