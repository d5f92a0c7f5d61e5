//! How a record's layout is stated: once, as the norm's own table.
//!
//! A [`Zone`] is one line of the table: number, French name, start, length, picture, presence,
//! sources and meaning. A [`Layout`] is the whole table of one record. The reader, the writer, the
//! controls and the documentation all walk the same table; adding a zone is one edit. `record!`
//! turns a table into a module with one constant a zone and the `LAYOUT` of the record.
//!
//! This module knows nothing of files, of the order of records, or of what a zone is used for.

mod masque;
mod notes;

pub use masque::Masque;

/// What may stand in a zone, and how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// `9(n)`: ASCII digits, right-justified, zero-filled; blanks mean absent.
    N,
    /// `X(n)`: A-Z, 0-9 and space, left-justified, blank-filled.
    X,
    /// `9(n)V99`: an unsigned amount in centimes.
    Montant,
    /// `9(n)V9(d)`: an unsigned number with `d` implied decimals that is not money.
    Decimal(u8),
    /// A calendar date AAMMJJ; zeros or blanks mean absent.
    Aammjj,
    /// A calendar date JJMMAA; zeros or blanks mean absent.
    Jjmmaa,
    /// A calendar date AAAAMMJJ; zeros or blanks mean absent.
    Aaaammjj,
    /// A date and hour AAMMJJHH.
    Aammjjhh,
    /// A time HHMM.
    Hhmm,
    /// A birth date: text, because "lunar" dates (month above 12, day 00) must be carried as sent.
    /// A person's datum.
    Naissance,
    /// `X(4+1)`: an act code of 4 characters and its complement.
    Acte,
    /// 13 characters of a NIR, `2A` and `2B` possible. A person's datum.
    Nir,
    /// Text that names or locates a person, same alphabet as [`Picture::X`].
    Perso,
    /// Digits that locate a person or are the key of a NIR, under the same rule as [`Picture::N`].
    PersoN,
    /// A person's name whose alphabet senders do not respect (accents seen): kept as sent.
    Nom,
    /// Bytes of any value (certification zones).
    Libre,
}

impl Picture {
    /// Whether the zone is made of digits only when it is filled.
    #[must_use]
    pub const fn is_numeric(self) -> bool {
        matches!(
            self,
            Self::N
                | Self::PersoN
                | Self::Montant
                | Self::Decimal(_)
                | Self::Aammjj
                | Self::Jjmmaa
                | Self::Aaaammjj
                | Self::Aammjjhh
                | Self::Hhmm
        )
    }

    /// Whether the zone carries a person's datum, which never leaves the vault in clear.
    #[must_use]
    pub const fn is_person(self) -> bool {
        matches!(self, Self::Naissance | Self::Nir | Self::Perso | Self::PersoN | Self::Nom)
    }
}

/// Whether the norm wants a zone filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Mandatory.
    O,
    /// Optional.
    F,
    /// The sources do not say; nothing is controlled in such a zone.
    Inconnu,
}

/// One zone of a record.
#[derive(Debug, PartialEq, Eq)]
pub struct Zone {
    /// Number in the norm's table (text: the sources number `8-9`, `11 (CP) 12 (ES)`, or not at
    /// all, `-`).
    pub no: &'static str,
    /// French name.
    pub name: &'static str,
    /// First column, 1-based.
    pub start: u16,
    /// Length in bytes.
    pub len: u16,
    /// What may stand in it.
    pub picture: Picture,
    /// Whether it must be filled.
    pub presence: Presence,
    /// Letters of the sources that confirm it.
    pub sources: &'static str,
    /// Known values and remarks, in English, with the letters of the sources where they differ.
    pub meaning: &'static str,
}

impl Zone {
    /// The bytes of the zone; empty when the record is too short to hold it.
    #[must_use]
    #[inline]
    pub fn of<'a>(&self, record: &'a [u8]) -> &'a [u8] {
        let start = usize::from(self.start) - 1;
        record.get(start..start + usize::from(self.len)).unwrap_or_default()
    }

    /// Known values and remarks, in French, without the sources; empty when there are none.
    #[must_use]
    pub fn note(&self) -> &'static str {
        notes::note(self.meaning).unwrap_or_default()
    }

    /// Last column, 1-based.
    #[must_use]
    pub const fn end(&self) -> u16 {
        self.start + self.len - 1
    }
}

/// The columns that all records of types 2 to 5 share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Famille {
    /// No shared columns (000, 1, 6, 999 and NOEMIE entities).
    Aucun,
    /// Invoice number at 27-35, complement letter at 36.
    Famille36,
    /// Rank at 27-29, invoice number at 30-38, complement letter at 39.
    Famille39,
}

impl Famille {
    /// The shared zones, in order.
    #[must_use]
    pub const fn zones(self) -> &'static [Zone] {
        match self {
            Self::Aucun => &[],
            Self::Famille36 => famille36::ZONES,
            Self::Famille39 => famille39::ZONES,
        }
    }

    /// The table of the shared columns alone.
    #[must_use]
    pub const fn table(self) -> Option<&'static Layout> {
        match self {
            Self::Aucun => None,
            Self::Famille36 => Some(&famille36::LAYOUT),
            Self::Famille39 => Some(&famille39::LAYOUT),
        }
    }
}

/// The table of one record.
#[derive(Debug)]
pub struct Layout {
    /// Record type or entity number: `4`, `2S`, `102`.
    pub tag: &'static str,
    /// Variant of the norm: `PS`, `CP`, `2005-E`, or empty.
    pub variant: &'static str,
    /// Length of the record in bytes.
    pub len: u16,
    /// Shared columns that stand before [`Layout::zones`].
    pub famille: Famille,
    /// French title.
    pub title: &'static str,
    /// The record's own zones, in column order.
    pub zones: &'static [Zone],
    /// What may stand in each column, computed from the zones.
    pub masque: Masque,
}

impl Layout {
    /// Every zone in column order, shared columns first.
    pub fn all_zones(&self) -> impl Iterator<Item = &'static Zone> + use<> {
        self.famille.zones().iter().chain(self.zones)
    }

    /// The zone that holds a column (1-based).
    #[must_use]
    pub fn zone_at(&self, column: u16) -> Option<&'static Zone> {
        self.all_zones().find(|z| z.start <= column && column <= z.end())
    }
}

/// States the table of one record: see the module documentation.
macro_rules! record {
    (
        $(#[$doc:meta])*
        $module:ident: $tag:literal $variant:literal [$len:literal] $famille:ident $title:literal {
            $($zone:ident: $no:literal, $name:literal, $start:literal, $zlen:literal, $picture:ident $(($dec:literal))?, $presence:ident, $sources:literal, $meaning:literal;)*
        }
    ) => {
        $(#[$doc])*
        pub mod $module {
            use crate::layout::{Famille, Layout, Masque, Picture, Presence, Zone};
            $(
                #[doc = concat!("Zone ", $no, ", ", $name, ": column ", $start, ", length ", $zlen, ". ", $meaning)]
                pub const $zone: Zone = Zone {
                    no: $no, name: $name, start: $start, len: $zlen,
                    picture: Picture::$picture $(($dec))?, presence: Presence::$presence, sources: $sources, meaning: $meaning,
                };
            )*
            /// The whole table.
            pub static LAYOUT: Layout = Layout {
                tag: $tag, variant: $variant, len: $len, famille: Famille::$famille, title: $title, zones: ZONES,
                masque: Masque::de(Famille::$famille.zones(), ZONES),
            };
            pub(crate) const ZONES: &[Zone] = &[$($zone),*];
        }
    };
}
pub(crate) use record;

record! {
    /// Columns 1 to 35 of every PS record and of the complements 2B 2C 2M 2P 2X, 3F 3H and 4x of
    /// every norm.
    famille36: "2..5" "36" [35] Aucun "Préfixe, numéro de facture en 27-35" {
        TYPE_ENREGISTREMENT: "1", "Type d'enregistrement", 1, 1, N, O, "A S V R", "2, 3, 4 or 5";
        NO_PARTENAIRE_SANTE_CLE: "2", "N° du partenaire de santé + clé", 2, 9, N, O, "A S V R", "8 characters + key type 1-2; in CP the billing geographic FINESS";
        FILLER: "3", "Filler", 11, 1, X, F, "A S V R", "blank";
        NO_IMMATRICULATION_ASSURE: "4", "N° immatriculation assuré", 12, 13, Nir, O, "A S V R", "NIR (2A/2B possible)";
        CLE_NO_IMMATRICULATION: "5", "Clé du N° immatriculation", 25, 2, PersoN, O, "A S V R", "97 - NIR mod 97";
        NO_FACTURE: "6", "N° facture", 27, 9, N, O, "A S V", "";
    }
}

record! {
    /// Columns 1 to 38 of the CP and ES records 2, 2S, 3, 3S, 3E, 4 and 5.
    famille39: "2..5" "39" [38] Aucun "Préfixe, numéro de facture en 30-38" {
        TYPE_ENREGISTREMENT: "1", "Type d'enregistrement", 1, 1, N, O, "A S V R", "2, 3, 4 or 5";
        NO_PARTENAIRE_SANTE_CLE: "2", "N° du partenaire de santé + clé", 2, 9, N, O, "A S V R", "8 characters + key type 1-2; in CP the billing geographic FINESS";
        FILLER: "3", "Filler", 11, 1, X, F, "A S V R", "blank";
        NO_IMMATRICULATION_ASSURE: "4", "N° immatriculation assuré", 12, 13, Nir, O, "A S V R", "NIR (2A/2B possible)";
        CLE_NO_IMMATRICULATION: "5", "Clé du N° immatriculation", 25, 2, PersoN, O, "A S V R", "97 - NIR mod 97";
        RANG_BENEFICIAIRE: "6", "Rang du bénéficiaire", 27, 3, N, O, "A S V R", "000 for the general regime";
        NO_FACTURE: "7", "N° facture ou N° titre", 30, 9, N, O, "A S V R", "<> 0, unique; public hospital = 2-digit year (exercice) + 7-digit titre";
    }
}
