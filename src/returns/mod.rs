//! What comes back about claims: decisions of the insurer's workers, answers of the caisses, files made for partners.

pub mod decide;
