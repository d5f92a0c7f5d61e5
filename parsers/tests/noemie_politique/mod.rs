//! Damages, grouped as the policy groups its controls.

mod cadre;
mod concentrateur;
mod entites;
mod memoire;
mod niveaux;
mod outils;
