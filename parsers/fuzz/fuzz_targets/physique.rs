#![no_main]

#[allow(dead_code)]
#[path = "../../tests/octets_commun/mod.rs"]
mod octets_commun;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| octets_commun::physique(octets));
