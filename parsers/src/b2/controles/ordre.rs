//! C16 to C19: order, number and sequence of the lines and of their complements, dates of the 4M,
//! and number of lines.

use super::super::facture::{Facture, Piece};
use super::super::genre::Genre;
use super::super::{t4, t4m};
use super::at;
use crate::anomaly::{Anomaly, Code};
use crate::layout::{famille36, famille39};
use crate::picture;

/// Letters of the complements that carry a sequence number.
const SEQUENCED: &[u8] = b"SEFHBCDMPTU";

/// Most complements of one letter behind a line (control C17).
const fn most(genre: Genre) -> Option<usize> {
    match genre {
        Genre::Complement3(b'F' | b'H') | Genre::Complement4(b'B' | b'H') => Some(10),
        Genre::Complement4(b'M') => Some(26),
        _ => None,
    }
}

/// Verifies the order of the records of an invoice.
pub(super) fn ordre(facture: &Facture, out: &mut Vec<Anomaly>) {
    entete(facture, out);
    let lines = facture.pieces.iter().filter(|p| p.genre.is_ligne()).count();
    if !(1..=999).contains(&lines) {
        let main = facture.principale();
        let message = format!("La facture contient {lines} lignes ; de 1 à 999 sont attendues");
        out.push(Anomaly::on_record(Code::NombreLignes, main.position, "2", message));
    }
    if !facture.is_cp() {
        lignes_croissantes(facture, out);
    }
    let mut reste = &facture.pieces[..];
    while let Some(start) = reste.iter().position(|p| p.genre.is_ligne()) {
        let suite = &reste[start + 1..];
        let end = suite.iter().position(|p| p.genre.is_ligne()).unwrap_or(suite.len());
        ligne(&suite[..end], out);
        derniere_seance(facture, &reste[start], &suite[..end], out);
        reste = &suite[end..];
    }
}

/// C16: the lines of norm PS are sorted by their sequence (37-38); those of norm CP carry none.
/// Blank or 00 is no number: two digits do not go past 99 lines.
fn lignes_croissantes(facture: &Facture, out: &mut Vec<Anomaly>) {
    let zone = &t4::ps::SEQUENCE;
    let mut avant = 0;
    for piece in facture.pieces.iter().filter(|p| p.genre == Genre::Ligne4) {
        let Some(rang) = picture::nombre(zone.of(&piece.record)).ok().flatten().filter(|n| *n > 0)
        else {
            continue;
        };
        if rang < avant {
            out.push(at(
                Code::Ordre,
                piece,
                zone,
                format!("La ligne {rang:02} suit la ligne {avant:02} : les lignes se suivent par séquence croissante"),
            ));
        }
        avant = rang;
    }
}

/// C17: the date of a line is the one of its last session. A 4M without a date says nothing.
fn derniere_seance(facture: &Facture, ligne: &Piece, suite: &[Piece], out: &mut Vec<Anomaly>) {
    let seances = suite.iter().filter(|p| p.genre == Genre::Complement4(b'M'));
    let dates = seances.filter_map(|p| {
        picture::aammjj(t4m::layout::DATE_SEANCE_PHASE.of(&p.record)).ok().flatten()
    });
    let Some(derniere) = dates.max().filter(|_| ligne.genre == Genre::Ligne4) else { return };
    let zone = if facture.is_cp() { &t4::cp::DATE_SOINS } else { &t4::ps::DATE_SOINS_DELIVRANCE };
    if facture.chiffres(ligne).date.is_some_and(|date| date != derniere) {
        out.push(at(
            Code::Sequence,
            ligne,
            zone,
            "La date de l'acte n'est pas celle de la dernière séance des 4M",
        ));
    }
}

/// 2S right after 2 in norm CP; 2X last.
fn entete(facture: &Facture, out: &mut Vec<Anomaly>) {
    let main = facture.principale();
    let heads = || facture.pieces.iter().filter(|p| matches!(p.genre, Genre::ComplementFacture(_)));
    let s = Genre::ComplementFacture(b'S');
    if facture.is_cp() {
        match heads().enumerate().find(|(_, p)| p.genre == s) {
            None => out.push(Anomaly::on_record(
                Code::Ordre,
                main.position,
                "2",
                "Norme CP : le 2S manque derrière le type 2",
            )),
            Some((0, _)) => {}
            Some((_, late)) => out.push(Anomaly::on_record(
                Code::Ordre,
                late.position,
                "2S",
                "Norme CP : le 2S suit immédiatement le type 2",
            )),
        }
    }
    let mut from_x = heads().skip_while(|p| p.genre != Genre::ComplementFacture(b'X'));
    if let (Some(x), Some(_)) = (from_x.next(), from_x.next()) {
        out.push(Anomaly::on_record(
            Code::Ordre,
            x.position,
            "2X",
            "Le 2X est le dernier complément du type 2",
        ));
    }
}

/// Rank of a complement behind its line: S, then E, then the details.
const fn rank(genre: Genre) -> u8 {
    match genre {
        Genre::Complement3(b'S') | Genre::Complement4(b'S') => 0,
        Genre::Complement3(b'E') | Genre::Complement4(b'E') => 1,
        _ => 2,
    }
}

/// The records between a line and the next one; only its complements matter here.
fn ligne(suite: &[Piece], out: &mut Vec<Anomaly>) {
    let complements = || {
        suite.iter().filter(|p| matches!(p.genre, Genre::Complement3(_) | Genre::Complement4(_)))
    };
    if complements().next().is_none() {
        return;
    }
    for (before, piece) in complements().zip(complements().skip(1)) {
        if rank(piece.genre) < rank(before.genre) {
            let name = piece.genre.nom();
            out.push(Anomaly::on_record(
                Code::Ordre,
                piece.position,
                name.clone(),
                format!("Le {name} doit précéder le {}", before.genre.nom()),
            ));
        }
    }
    let mut seen = Seen::default();
    for piece in complements() {
        let same = seen.count(piece.genre);
        if matches!(piece.genre, Genre::Complement3(l) | Genre::Complement4(l) if SEQUENCED.contains(&l))
        {
            sequence(piece, same + 1, out);
        }
        if most(piece.genre).is_some_and(|m| same == m) {
            let message = format!("Plus de {same} {} pour une ligne", piece.genre.nom());
            out.push(Anomaly::on_record(
                Code::Sequence,
                piece.position,
                piece.genre.nom(),
                message,
            ));
        }
    }
    ccam(complements(), out);
}

/// How many complements of each letter stand behind a line: types 3, then types 4. An invoice has
/// at most 20,000 records, which fit.
struct Seen([[u16; 128]; 2]);

impl Default for Seen {
    fn default() -> Self {
        Self([[0; 128]; 2])
    }
}

impl Seen {
    /// Those seen before this one, which is counted.
    fn count(&mut self, genre: Genre) -> usize {
        let (kind, letter) = match genre {
            Genre::Complement3(l) => (0, l),
            Genre::Complement4(l) => (1, l),
            _ => return 0,
        };
        let Some(count) = self.0[kind].get_mut(usize::from(letter)) else { return 0 };
        *count += 1;
        usize::from(*count - 1)
    }
}

/// Sequence 01..n without hole, at 37-38 (family 36) or 40-41 (3S, 3E).
fn sequence(piece: &Piece, expected: usize, out: &mut Vec<Anomaly>) {
    let family_39 = matches!(piece.genre, Genre::Complement3(b'S' | b'E'));
    let column = if family_39 {
        usize::from(famille39::NO_FACTURE.end()) + 2
    } else {
        usize::from(famille36::NO_FACTURE.end()) + 2
    };
    let found = picture::nombre(&piece.record[column - 1..column + 1]).ok().flatten();
    if found.is_some_and(|n| n != expected as u64) {
        let mut anomaly = Anomaly::on_record(
            Code::Sequence,
            piece.position,
            piece.genre.nom(),
            format!("Séquence {expected:02} attendue"),
        );
        anomaly.column = u32::try_from(column).expect("a column is at most 128");
        anomaly.offset += column as u64 - 1;
        anomaly.length = 2;
        out.push(anomaly);
    }
}

/// 4M: ascending dates (C17), modifiers without hole (C18).
fn ccam<'a>(complements: impl Iterator<Item = &'a Piece>, out: &mut Vec<Anomaly>) {
    use t4m::layout::{DATE_SEANCE_PHASE, MODIFICATEUR_1};
    let mut last = None;
    for piece in complements.filter(|p| p.genre == Genre::Complement4(b'M')) {
        let date = picture::aammjj(DATE_SEANCE_PHASE.of(&piece.record)).ok().flatten();
        if date.is_some() && date < last {
            out.push(at(
                Code::Sequence,
                piece,
                &DATE_SEANCE_PHASE,
                "Les 4M se suivent par date croissante",
            ));
        }
        last = date.or(last);
        let modifiers = &piece.record[58..62];
        if modifiers.windows(2).any(|w| w[0] == b' ' && w[1] != b' ') {
            out.push(at(
                Code::Modificateurs,
                piece,
                &MODIFICATEUR_1,
                "Les modificateurs se cadrent à gauche, sans trou",
            ));
        }
    }
}
