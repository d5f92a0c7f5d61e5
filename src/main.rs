//! `noemie-gateway`: see `README.md`.
fn main() {}
