//! What was assumed where a file, or the sources of its norm, leave a choice: shown beside the
//! findings, it costs nothing.
//!
//! Not an [`crate::anomaly::Anomaly`]: the file is not at fault, and a file without anomaly stays
//! one.

use crate::b2::genre::Tables;
use crate::b2::{Facture, Genre, Lot, NormeLot};

macro_rules! hypotheses {
    ($($variant:ident $code:literal $message:literal;)*) => {
        /// A choice that was made in the place of the sender.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Hypothese { $(#[doc = $message] $variant,)* }

        impl Hypothese {
            /// Every one, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code, for example `A3-VERSION`.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $code,)* } }

            /// What was assumed and why, in French.
            #[must_use]
            pub const fn message(self) -> &'static str { match self { $(Self::$variant => $message,)* } }
        }
    };
}

hypotheses! {
    SansEnTete      "A1-SANS-EN-TETE"   "Le fichier ne commence pas par un 000 : lu selon la norme B2, d'après ses premiers enregistrements";
    B2ParDefaut     "A1-B2"             "Le 000 ne porte ni B2 en 66-67 ni une référence NOEMIE en 62-64 : lu selon la norme B2";
    NoemieParEntite "A1-NOEMIE"         "Le 000 ne porte pas de référence en 62-64 : lu comme un fichier NOEMIE en blocs, d'après l'entité 020 qui le suit";
    NormePs         "A2-NORME"          "Le code norme du lot (79-80) n'est ni CP ni ES : lu avec les tables de la norme PS";
    Version2005     "A3-VERSION"        "La version du lot (82-87) n'est pas 022003 : les 3F sont lus selon la version 2005-E";
    DeuxPDre        "A4-2P-DRE"         "Le fichier est une DRE : les 2P sont lus selon la DRE 2009";
    DeuxP2007       "A4-2P-2007"        "Le fichier s'adresse à une caisse : les 2P sont lus selon la version de 2007";
    Rejet294        "A5-294"            "Les 294 sont lus avec une codification de 10 caractères et un libellé de 80 (une source dit 4 et 86)";
    DoublonsLimites "A6-DOUBLONS"       "Le fichier a plus de 200000 factures : les répétitions ne sont cherchées que parmi les 200000 premières ; un dépôt les trouve toutes";
}

impl Lot {
    /// What its tables assume of its norm.
    #[must_use]
    pub fn hypothese(&self) -> Option<Hypothese> {
        (self.tables.norme == NormeLot::Ps).then_some(Hypothese::NormePs)
    }
}

impl Facture {
    /// What the tables of its records assume.
    pub fn hypotheses(&self) -> impl Iterator<Item = Hypothese> + '_ {
        let Tables { v022003, dre, .. } = self.tables;
        self.pieces.iter().filter_map(move |piece| match piece.genre {
            Genre::ComplementFacture(b'P') => {
                Some(if dre { Hypothese::DeuxPDre } else { Hypothese::DeuxP2007 })
            }
            Genre::Complement3(b'F') if !v022003 => Some(Hypothese::Version2005),
            _ => None,
        })
    }
}
