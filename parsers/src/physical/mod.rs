//! The physical layer: how records are cut from bytes. Knows lengths and line ends, not what a record means.

pub mod enregistrements;
