//! Damages, grouped as the policy groups its controls.

mod cadre;
mod codes;
mod dates;
mod enveloppe;
mod identite;
mod lignes;
mod lot;
mod memoire;
mod outils;
mod place;
mod totaux;
mod zones;
