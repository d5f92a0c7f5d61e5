//! NOEMIE: entities of fixed length between a 000 and a 999; one file per entity states its table.
//!
//! ```text
//! bytes > physical (lines or blocks) > decoupe (entities) > flux (000, entities, 999) > lecteur (invoices)
//! ```
//!
//! [`Reader`] reads returns, [`Flux`] the entities as they stand, [`Ecrivain`] writes a file. The
//! layouts and trees are reconstructed from public material and provisional.

mod arbre;
mod comptes;
mod contexte;
mod controles;
mod decoupe;
mod ecrivain;
mod entete;
mod entite;
mod flux;
mod gabarit;
mod lecteur;
mod montants;
mod mouvement;
mod rejet;
mod retour;
mod valeurs;

pub mod codes_250;
pub mod e000;
pub mod e010;
pub mod e020;
pub mod e025;
pub mod e040;
pub mod e045;
pub mod e070;
pub mod e071;
pub mod e080;
pub mod e081;
pub mod e100;
pub mod e102;
pub mod e103;
pub mod e110;
pub mod e120;
pub mod e127;
pub mod e140;
pub mod e150;
pub mod e155;
pub mod e160;
pub mod e198;
pub mod e199;
pub mod e210;
pub mod e250;
pub mod e255;
pub mod e261;
pub mod e262;
pub mod e290;
pub mod e294;
pub mod e295;
pub mod e990;
pub mod e999;
pub mod retour_concentrateur;

pub use comptes::{Comptes, ParEtat, ParNature};
pub use contexte::{Contexte, Destinataire, FinVirement, Lot, TypeRetour, Virement};
pub use ecrivain::Ecrivain;
pub use entete::{BORNE, EnTete, FinFichier};
pub use entite::{ENTITES, Entite, FEUILLE, Lieu, PARTIELLES, table, tables};
pub use flux::{Borne, Flux, Morceau, Packaging};
pub use gabarit::{ErreurEcriture, Gabarit};
pub use lecteur::{ANOMALIES_MAX, ENTITES_MAX, Element, Reader};
pub use mouvement::{DetailForfait, Mouvement, NatureMouvement};
pub use rejet::{NatureRejet, Rejet};
pub use retour::{Assure, Commentaire, Etat, Part, Payeur, Retour};
pub use valeurs::{DateBrute, NaissanceBrute};
