//! French notes of the zones: known values and remarks, for the professional.
//!
//! The tables of the records carry remarks in English, with the letters of their sources; the notes
//! have the same content in French, without the sources. A remark that only compares sources has an
//! empty note.

/// Returns the note of a remark; `None` for a remark that is not in `notes.txt`.
pub(super) fn note(meaning: &str) -> Option<&'static str> {
    NOTES.lines().find_map(|line| {
        let (remark, note) = line.split_once(" =>")?;
        (remark == meaning).then_some(note.trim_start())
    })
}

/// Remarks and their notes: `remark => note` a line.
const NOTES: &str = include_str!("notes.txt");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Famille, Zone};
    use crate::{b2, noemie};
    use std::collections::BTreeSet;

    fn zones() -> impl Iterator<Item = &'static Zone> {
        let shared = [Famille::Famille36, Famille::Famille39];
        let tables = b2::TABLES.iter().copied().chain(noemie::tables());
        let notices = &noemie::retour_concentrateur::layout::LAYOUT;
        tables
            .chain([notices])
            .flat_map(|table| table.zones)
            .chain(shared.into_iter().flat_map(Famille::zones))
    }

    #[test]
    fn every_remark_of_a_zone_has_its_note_and_every_note_a_zone() {
        let remarks: BTreeSet<_> =
            zones().map(|zone| zone.meaning).filter(|remark| !remark.is_empty()).collect();
        for remark in &remarks {
            assert!(note(remark).is_some(), "no French note for: {remark}");
        }
        assert_eq!(NOTES.lines().count(), remarks.len(), "a note without a zone, or twice");
    }

    #[test]
    fn notes_are_french_and_name_no_source() {
        const ENGLISH: [&str; 8] =
            ["the", "of", "blank", "when", "record", "number", "none", "and"];
        for zone in zones() {
            let text = zone.note();
            let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
            assert!(!ENGLISH.iter().any(|english| words.contains(english)), "{text}");
            assert!(!["A:", "V:", "S:", "N:", "S1", "(M)", "(L)"].iter().any(|s| text.contains(s)));
        }
    }

    #[test]
    fn names_of_zones_have_their_accents() {
        const WITHOUT: [&str; 10] = [
            "numero",
            "cle",
            "regime",
            "assure",
            "qualite",
            "quantite",
            "sante",
            "reference",
            "beneficiaire",
            "reglement",
        ];
        for zone in zones() {
            let name = zone.name.to_lowercase();
            let mut words = name.split(|c: char| !c.is_alphanumeric());
            assert!(!words.any(|word| WITHOUT.contains(&word)), "{name}");
        }
    }
}
