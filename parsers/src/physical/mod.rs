//! The physical layer: how records are cut from bytes. Knows lengths and line ends, not what a
//! record means.

pub(crate) mod noemie_tampon;

pub mod enregistrements;
pub mod noemie_blocs;
pub mod noemie_lignes;
