//! What the reader hands out, in file order.

use super::facture::Facture;
use super::genre::{Genre, NormeLot, Tables};
use super::texte::text;
use super::{Record, t000, t1};
use crate::anomaly::{Anomaly, Position};
use crate::picture;
use crate::types::{Date, Montant};

/// One step of a reading.
#[derive(Debug)]
pub enum Element {
    /// A 000: a logical file begins.
    EnTete(EnTete),
    /// A 1: a lot begins.
    Lot(Lot),
    /// A 1V or 1W behind the 1 of its lot: its layout is unknown, it is handed out as it stands.
    ComplementLot(ComplementLot),
    /// An invoice, whole and verified. Quarantined ones are handed out too.
    Facture(Box<Facture>),
    /// A 6: the lot ends.
    FinLot(FinLot),
    /// A 999: the logical file ends.
    FinFichier(FinFichier),
    /// Faults that belong to no invoice.
    Anomalies(Vec<Anomaly>),
}

/// Which flow a logical file is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flux {
    /// To a complementary insurer or its service centre: a DRE.
    Dre,
    /// To a caisse.
    Amo,
}

/// The 000 of a logical file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnTete {
    /// Where it stands.
    pub position: Position,
    /// Rank in the physical file, 1-based.
    pub rang: u32,
    /// The 128 bytes.
    pub record: Record,
    /// Flow, after the type of the receiver (26-27) and the message (92-128).
    pub flux: Flux,
    /// Whether the message is `FACTURE INITIALE` (always true where control C3 does not apply).
    pub initiale: bool,
    /// Creation date, when it is a date.
    pub date: Option<Date>,
}

impl EnTete {
    /// Decodes a 000.
    #[must_use]
    pub fn new(position: Position, rang: u32, record: Record) -> Self {
        let mention = t000::layout::ZONE_MESSAGE.of(&record).trim_ascii() == b"FACTURE INITIALE";
        let to_amc = matches!(t000::layout::TYPE_DESTINATAIRE.of(&record), b"OC" | b"CS");
        Self {
            position,
            rang,
            record,
            flux: if to_amc || mention { Flux::Dre } else { Flux::Amo },
            initiale: mention || !to_amc,
            date: picture::aammjj(t000::layout::DATE_CREATION_FICHIER.of(&record))
                .unwrap_or_default(),
        }
    }

    /// Type and number of the sender (4-19).
    #[must_use]
    pub fn emetteur(&self) -> String {
        text(&self.record[3..19])
    }

    /// Number of the sender (6-19), as sent.
    #[must_use]
    pub fn numero_emetteur(&self) -> String {
        text(t000::layout::NO_EMETTEUR.of(&self.record))
    }

    /// Type and number of the receiver (26-41).
    #[must_use]
    pub fn destinataire(&self) -> String {
        text(&self.record[25..41])
    }

    /// Identification of the file (50-55).
    #[must_use]
    pub fn identification(&self) -> String {
        text(t000::layout::IDENTIFICATION_FICHIER.of(&self.record))
    }

    /// Creation date as sent (56-61).
    #[must_use]
    pub fn date_brute(&self) -> String {
        text(t000::layout::DATE_CREATION_FICHIER.of(&self.record))
    }

    /// Norm (62-65), trimmed.
    #[must_use]
    pub fn norme(&self) -> String {
        text(t000::layout::NORME.of(&self.record))
    }

    /// Message (92-128), trimmed.
    #[must_use]
    pub fn message(&self) -> String {
        text(t000::layout::ZONE_MESSAGE.of(&self.record))
    }
}

/// The 1 of a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// Where it stands.
    pub position: Position,
    /// Rank in the physical file, 1-based.
    pub rang: u32,
    /// The 128 bytes.
    pub record: Record,
    /// Tables of its records.
    pub tables: Tables,
}

impl Lot {
    /// Decodes a 1 inside a logical file.
    #[must_use]
    pub fn new(position: Position, rang: u32, record: Record, en_tete: Option<&EnTete>) -> Self {
        let tables = Tables {
            norme: NormeLot::of_lot(&record),
            v022003: t1::layout::NUMERO_VERSION_NORME.of(&record) == b"022003",
            dre: en_tete.is_some_and(|e| e.flux == Flux::Dre),
        };
        Self { position, rang, record, tables }
    }

    /// Number (20-22), as sent.
    #[must_use]
    pub fn numero(&self) -> String {
        text(t1::layout::NO_LOT.of(&self.record))
    }

    /// Date of the lot (72-77), when it is a date.
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        picture::aammjj(t1::layout::DATE_CREATION_LOT.of(&self.record)).unwrap_or_default()
    }

    /// Norm code (79-80), as sent.
    #[must_use]
    pub fn code_norme(&self) -> String {
        text(t1::layout::CODE_NORME.of(&self.record))
    }
}

/// A 1V or 1W of a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComplementLot {
    /// What it is: [`Genre::ComplementLot`] with its letter.
    pub genre: Genre,
    /// Where it stands.
    pub position: Position,
    /// The 128 bytes.
    pub record: Record,
}

/// The 6 of a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinLot {
    /// Where it stands.
    pub position: Position,
    /// The 128 bytes.
    pub record: Record,
}

/// The 999 of a logical file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinFichier {
    /// Where it stands.
    pub position: Position,
    /// The 128 bytes.
    pub record: Record,
}

/// Counts of a physical file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Comptes {
    /// Physical records, 000 and 999 included.
    pub enregistrements: u64,
    /// Logical files.
    pub fichiers: u32,
    /// Lots.
    pub lots: u64,
    /// Invoices, quarantined ones included.
    pub factures: u64,
    /// Main lines (types 3 and 4).
    pub lignes: u64,
    /// Records that belong to an invoice.
    pub dans_factures: u64,
    /// Billed, over invoices not quarantined.
    pub total: Montant,
    /// Asked of the AMO, over invoices not quarantined.
    pub amo: Montant,
    /// Asked of the AMC, over invoices not quarantined.
    pub amc: Montant,
}
