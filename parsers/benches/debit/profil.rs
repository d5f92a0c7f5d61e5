//! One reading of one file, for a profile of instructions: `scripts/profile.sh` runs it under
//! callgrind, which counts what stands in [`mesurer`].
//!
//! ```text
//! profil decode_table | decode_constants | decode_by_hand | b2_blocks | b2_crlf | noemie_lines | noemie_blocks
//! ```

mod constantes;
mod decodage;
mod fichiers;
mod lecture;

use noemie_parsers::noemie::Packaging;
use noemie_parsers::physical::enregistrements::Forme;
use std::hint::black_box;

/// The same invoices as the benches.
const FACTURES: u64 = 1_000;

/// What is counted.
#[inline(never)]
fn mesurer(octets: &[u8], lire: impl Fn(&[u8]) -> u64) -> u64 {
    lire(black_box(octets))
}

/// The bytes of a file and what its reading gave; `None` for an unknown word.
fn passer(travail: &str) -> Option<(usize, u64)> {
    let (octets, lire): (_, fn(&[u8]) -> u64) = match travail {
        "decode_table" => {
            (fichiers::b2(FACTURES, Forme::Blocs), |o| decodage::par_table(o.as_chunks().0))
        }
        "decode_constants" => {
            (fichiers::b2(FACTURES, Forme::Blocs), |o| constantes::par_constantes(o.as_chunks().0))
        }
        "decode_by_hand" => {
            (fichiers::b2(FACTURES, Forme::Blocs), |o| decodage::a_la_main(o.as_chunks().0))
        }
        "b2_blocks" => (fichiers::b2(FACTURES, Forme::Blocs), |o| lecture::b2(o, Forme::Blocs).0),
        "b2_crlf" => (fichiers::b2(FACTURES, Forme::Crlf), |o| lecture::b2(o, Forme::Crlf).0),
        "noemie_lines" => (fichiers::noemie(FACTURES, Packaging::Lignes), |o| {
            lecture::noemie(o, Packaging::Lignes).0
        }),
        "noemie_blocks" => (fichiers::noemie(FACTURES, Packaging::Blocs), |o| {
            lecture::noemie(o, Packaging::Blocs).0
        }),
        _ => return None,
    };
    Some((octets.len(), mesurer(&octets, lire)))
}

/// A word that names no work (`--bench`, which cargo gives) is passed over.
fn main() {
    for travail in std::env::args().skip(1) {
        if let Some((octets, vu)) = passer(&travail) {
            println!("{travail}: {octets} bytes, {vu}");
        }
    }
}
