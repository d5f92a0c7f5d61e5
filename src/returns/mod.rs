//! What comes back about claims: decisions of the insurer's workers, answers of the caisses, files made for partners.

pub mod arl;
pub mod decide;
pub mod deliver;
pub mod matching;
pub mod rejects;
