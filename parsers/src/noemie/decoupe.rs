//! Cutting a stream of bytes into entities: by the length of the table, with `@` as a check;
//! unknown ones at the next `@`.
//!
//! ```text
//! 20502 ........ @      code 3 digits, level 2 digits, zones, @
//! ```
//!
//! Out of step, it says so once and goes on at the first `@` that is followed by a known code and a
//! level. It holds at most one record of packaging A, or [`HORIZON`] bytes and a block of packaging
//! B. It does not know which entity is inside an invoice.

use super::entite::{Entite, Lieu, table};
use crate::layout::Layout;
use nom::Parser;
use nom::bytes::complete::take;

/// Longest entity of unknown layout: the longest known one has 153 bytes; six times more leaves
/// room for a later norm.
pub(super) const INCONNUE_MAX: usize = 1_024;
/// Code and level, which open every entity.
const AMORCE: usize = 5;
/// Bytes needed to cut an entity and to see how the next one starts.
const HORIZON: usize = INCONNUE_MAX + AMORCE;

/// Code and level.
type Amorce = ([u8; 3], u8);

/// Bytes given back that are kept before the others move to the head: a block at a time would move
/// them again and again.
const DEJA_LUS_MAX: usize = 16 * HORIZON;

/// What the stream gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Coupe {
    Entite(Entite),
    /// Out of step from here.
    Decalage(Lieu),
}

/// What stands at the head of the stream.
enum Tete {
    Attendre,
    Rien,
    Entite { amorce: Amorce, longueur: usize, fermee: bool, table: Option<&'static Layout> },
    Perdue,
}

/// The stream, its place, and whether more of it will come.
#[derive(Debug)]
pub(super) struct Decoupe {
    octets: Vec<u8>,
    debut: usize,
    lieu: Lieu,
    complet: bool,
    decale: bool,
}

/// Code and level; 000 and 999 are records and never open an entity.
#[inline]
fn amorce(input: &[u8]) -> Option<Amorce> {
    let (_, octets) = take::<_, _, ()>(AMORCE).parse(input).ok()?;
    let [a, b, c, dizaine, unite] = *octets.first_chunk()?;
    let code = [a, b, c];
    let chiffres = octets.iter().all(u8::is_ascii_digit);
    (chiffres && code != *b"000" && code != *b"999")
        .then(|| (code, (dizaine - b'0') * 10 + unite - b'0'))
}

/// A known code and a level: the only thing one can hold on to when out of step.
fn amorce_connue(input: &[u8]) -> bool {
    amorce(input).is_some_and(|(code, _)| table(&code).is_some())
}

fn blanc(octets: &[u8]) -> bool {
    octets.iter().all(|b| *b == b' ')
}

fn couper(flux: &[u8], complet: bool) -> Tete {
    if !complet && flux.len() < HORIZON {
        return Tete::Attendre;
    }
    // Blanks after the last `@`: the padding of the last block; accepted at the end of a record of
    // packaging A too, where they carry nothing.
    if complet && blanc(flux) {
        return Tete::Rien;
    }
    let Some(amorce) = amorce(flux) else { return Tete::Perdue };
    table(&amorce.0)
        .map_or_else(|| couper_inconnue(flux, amorce), |t| couper_connue(flux, amorce, t))
}

fn couper_connue(flux: &[u8], amorce: Amorce, table: &'static Layout) -> Tete {
    let longueur = usize::from(table.len);
    let Some((entite, suite)) = flux.split_at_checked(longueur) else { return Tete::Perdue };
    let fermee = entite.ends_with(b"@");
    if fermee || blanc(suite) || amorce_connue(suite) {
        return Tete::Entite { amorce, longueur, fermee, table: Some(table) };
    }
    Tete::Perdue
}

fn couper_inconnue(flux: &[u8], amorce: Amorce) -> Tete {
    match flux.iter().take(INCONNUE_MAX).position(|b| *b == b'@') {
        Some(i) if i >= AMORCE => {
            Tete::Entite { amorce, longueur: i + 1, fermee: true, table: None }
        }
        _ => Tete::Perdue,
    }
}

impl Decoupe {
    pub(super) fn new() -> Self {
        let lieu = Lieu { position: crate::anomaly::Position::default(), colonne: 1, blocs: false };
        Self { octets: Vec::new(), debut: 0, lieu, complet: false, decale: false }
    }

    /// Adds bytes. `lieu` is their place; it counts only when the stream is empty, because what
    /// follows is contiguous.
    pub(super) fn ajouter(&mut self, octets: &[u8], lieu: Lieu) {
        if self.vide() {
            self.octets.clear();
            self.debut = 0;
            self.lieu = lieu;
        } else if self.debut >= DEJA_LUS_MAX {
            self.octets.drain(..self.debut);
            self.debut = 0;
        }
        self.complet = false;
        self.octets.extend_from_slice(octets);
    }

    /// Nothing more comes before the next record of another kind.
    pub(super) fn completer(&mut self) {
        self.complet = true;
    }

    /// Whether every byte was given back.
    pub(super) fn vide(&self) -> bool {
        self.debut == self.octets.len()
    }

    #[inline(always)]
    /// The next entity or the next loss of step; `None` when more bytes are needed.
    pub(super) fn prochaine(&mut self) -> Option<Coupe> {
        if self.decale {
            self.recaler();
        }
        if self.decale || self.vide() {
            return None;
        }
        match couper(&self.octets[self.debut..], self.complet) {
            Tete::Attendre => None,
            Tete::Rien => {
                self.avancer(self.octets.len() - self.debut);
                None
            }
            Tete::Perdue => {
                self.decale = true;
                Some(Coupe::Decalage(self.lieu))
            }
            Tete::Entite { amorce, longueur, fermee, table } => {
                Some(Coupe::Entite(self.detacher(amorce, longueur, fermee, table)))
            }
        }
    }

    #[inline(always)]
    fn detacher(
        &mut self,
        (code, niveau): Amorce,
        longueur: usize,
        fermee: bool,
        table: Option<&'static Layout>,
    ) -> Entite {
        let octets = self.octets[self.debut..self.debut + longueur].to_vec();
        let lieu = self.lieu;
        self.avancer(longueur);
        Entite { code, niveau, lieu, octets, fermee, table }
    }

    fn avancer(&mut self, n: usize) {
        self.debut += n;
        self.lieu = self.lieu.plus_loin(n);
    }

    /// Drops bytes up to the first `@` followed by a known code and a level, or by the end.
    fn recaler(&mut self) {
        let flux = &self.octets[self.debut..];
        let fin = flux.len();
        let arobases = flux.iter().enumerate().filter(|(_, b)| **b == b'@').map(|(i, _)| i + 1);
        // An `@` too near to the end cannot be judged until more bytes come.
        let mut suites = arobases.filter(|i| {
            amorce_connue(&flux[*i..])
                || (self.complet && blanc(&flux[*i..]))
                || (!self.complet && i + AMORCE > fin)
        });
        match suites.next() {
            Some(i) if amorce_connue(&flux[i..]) || self.complet => {
                self.decale = false;
                self.avancer(i);
            }
            // Keeps the undecided `@` at the head, so that the search resumes on it.
            Some(i) => self.avancer(i - 1),
            None => {
                self.decale = !self.complet;
                self.avancer(fin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::Position;

    const DEPART: Lieu =
        Lieu { position: Position { record: 2, offset: 138 }, colonne: 1, blocs: false };

    /// What is cut, as `code` or `?` for a loss of step, with the column.
    fn coupes(flux: &[u8]) -> Vec<(String, u32)> {
        let mut decoupe = Decoupe::new();
        decoupe.ajouter(flux, DEPART);
        decoupe.completer();
        let suite = std::iter::from_fn(|| decoupe.prochaine());
        suite
            .map(|c| match c {
                Coupe::Entite(e) => {
                    (e.code().to_owned() + if e.fermee { "" } else { "!" }, e.lieu.colonne)
                }
                Coupe::Decalage(lieu) => ("?".to_owned(), lieu.colonne),
            })
            .collect()
    }

    #[track_caller]
    fn check(flux: &str, attendu: &[(&str, u32)]) {
        let vu = coupes(flux.as_bytes());
        let vu: Vec<_> = vu.iter().map(|(c, n)| (c.as_str(), *n)).collect();
        assert_eq!(vu, attendu);
    }

    #[test]
    fn known_and_unknown_entities() {
        check("15004AS@15004AT@", &[("150", 1), ("150", 9)]);
        check("15004AS@77799ANYTHING@15004AT@   ", &[("150", 1), ("777", 9), ("150", 23)]);
    }

    #[test]
    fn a_lost_delimiter_keeps_the_step() {
        check("15004AS 15004AT@", &[("150!", 1), ("150", 9)]);
        check("15004AS ", &[("150!", 1)]);
    }

    #[test]
    fn out_of_step_resumes_on_a_known_code() {
        check("15004A@15004AT@", &[("?", 1), ("150", 8)]);
        check("X@77799A@15004AT@", &[("?", 1), ("150", 10)]);
        check("15004AS@   15004AT@", &[("150", 1), ("?", 9)]);
        check("15004A", &[("?", 1)]);
    }

    #[test]
    fn bytes_one_by_one_give_the_same() {
        let flux = b"15004AS@ZZZ@@77799A@15004AT@77799B@15004AM@";
        let mut decoupe = Decoupe::new();
        let mut vu = Vec::new();
        for (i, octet) in flux.iter().enumerate() {
            decoupe.ajouter(&[*octet], DEPART.plus_loin(i));
            vu.extend(std::iter::from_fn(|| decoupe.prochaine()));
        }
        decoupe.completer();
        vu.extend(std::iter::from_fn(|| decoupe.prochaine()));
        let mut entier = Decoupe::new();
        entier.ajouter(flux, DEPART);
        entier.completer();
        assert_eq!(vu, std::iter::from_fn(|| entier.prochaine()).collect::<Vec<_>>());
        assert_eq!(vu.len(), 5);
    }
}
