//! What is planted, and how it is found again.

use noemie_parsers::types::Nir;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Invented NIR, without its key.
pub(super) const NIR: &str = "1850760057018";
/// Account of the example of the standard.
const IBAN: &str = "FR7630006000011234567890189";
/// Digits in a row that are found again. Fewer would be met by chance.
const WINDOW: usize = 10;

/// A number of a person, as people type it.
#[derive(Debug, Clone)]
pub(super) struct Plant {
    pub(super) what: &'static str,
    pub(super) text: String,
}

pub(super) fn plants() -> [Plant; 4] {
    let key = Nir::from_bytes(NIR.as_bytes()).expect("a NIR").cle().get();
    let plant = |what, text| Plant { what, text };
    [
        plant("NIR", format!("{NIR}{key:02}")),
        plant("NIR with blanks", format!("1 85 07 60 057 018 {key:02}")),
        plant("IBAN", IBAN.to_owned()),
        plant("IBAN with blanks", "FR76 3000 6000 0112 3456 7890 189".to_owned()),
    ]
}

/// Every part of the planted numbers that must not be found.
static PARTS: LazyLock<HashSet<Vec<u8>>> = LazyLock::new(|| {
    let digits =
        plants().map(|plant| plant.text.bytes().filter(u8::is_ascii_digit).collect::<Vec<u8>>());
    digits.iter().flat_map(|digits| digits.windows(WINDOW)).map(<[u8]>::to_vec).collect()
});

/// Returns the surroundings of each part of a planted number; separators between digits do not
/// count.
pub(super) fn found(sink: &[u8]) -> Vec<String> {
    let kept: Vec<usize> = (0..sink.len()).filter(|at| !b" .-/_,\\".contains(&sink[*at])).collect();
    let dense: Vec<u8> = kept.iter().map(|at| sink[*at]).collect();
    let windows = dense.windows(WINDOW).enumerate();
    let hits = windows.filter(|(_, window)| {
        window[0].is_ascii_digit() && window[WINDOW - 1].is_ascii_digit() && PARTS.contains(*window)
    });
    hits.map(|(at, _)| {
        let (from, to) = (kept[at].saturating_sub(120), (kept[at] + 120).min(sink.len()));
        String::from_utf8_lossy(&sink[from..to]).into_owned()
    })
    .collect()
}

#[test]
fn planted_numbers_are_found_in_any_writing() {
    for text in
        plants().map(|plant| plant.text).into_iter().chain(["1-85.07/60 057_018".to_owned()])
    {
        assert!(!found(format!("x{text}y").as_bytes()).is_empty(), "{text}");
    }
    assert!(found(b"1850760 98765432109").is_empty());
}
