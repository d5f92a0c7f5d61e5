//! One named fault in a small file, at its middle invoice, and what a reader must find of it.
//!
//! Controls and verdicts are those of the project's policy (`docs/controles.md`). A fault may raise
//! other findings beside the one named; the verdict is the worst of them.

mod sheet;

use super::random::Random;
use super::{GenerateError, Options, Summary};
use noemie_parsers::anomaly::Severity;
use noemie_parsers::b2::{Genre, Totaux, t2b, t3, t4, t5, t6, t999};
use noemie_parsers::layout::{Zone, famille36, famille39};
use sheet::Sheet;

macro_rules! damages {
    ($($(#[$doc:meta])* $variant:ident $word:literal $control:literal $severity:ident;)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Damage { $($(#[$doc])* $variant,)* }

        impl Damage {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word of the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $word,)* } }

            /// The control that must find it (C30 in place of C31 in norm CP).
            #[must_use]
            pub const fn control(self) -> &'static str { match self { $(Self::$variant => $control,)* } }

            /// What it must cost.
            #[must_use]
            pub const fn verdict(self) -> Severity { match self { $(Self::$variant => Severity::$severity,)* } }
        }
    };
}

damages! {
    /// The key of the NIR is wrong on every record of the invoice.
    NirKey "nir-key" "C10" Facture;
    /// The key of the PS number is wrong on every record of the invoice.
    FinessKey "finess-key" "C12" Facture;
    /// A record lost its last blank.
    Line127 "line-127" "P2" Fichier;
    /// A record gained a blank at column 65.
    Line129 "line-129" "P2" Fichier;
    /// The file stops after 60 bytes of a record.
    Truncated "truncated" "P3" Fichier;
    /// The last record is missing.
    Missing999 "missing-999" "P3" Fichier;
    /// The 999 counts one record too many.
    Count999 "count-999" "C34" Fichier;
    /// The total of the lot is one euro too high.
    LotTotal "lot-total" "C33" Avertissement;
    /// The AMO total of the type 5 is one centime too high.
    Type5Amo "type5-amo" "C31" Facture;
    /// A record of the invoice has type 8.
    UnknownType "unknown-type" "P5" Facture;
    /// One record of the invoice has another invoice number.
    InvoiceNumber "invoice-number" "C14" Facture;
    /// Letter O for a zero in the amount of a line.
    LetterInAmount "letter-in-amount" "C6" Facture;
    /// 30 February in the date of a line.
    ImpossibleDate "impossible-date" "C8" Facture;
    /// An act code in small letters.
    LowerCase "lower-case" "C7" Facture;
    /// An accented letter in ISO-8859-1 in the name of a 2B.
    Latin1Name "latin1-name" "C7" Avertissement;
    /// Complement letter Z.
    UnknownComplement "unknown-complement" "P6" Avertissement;
    /// The 2S of norm CP is missing, the counters say so.
    Missing2s "2s-missing" "C16" Avertissement;
    /// The type 6 stands before the last type 5 of its lot.
    SixBeforeFive "6-before-5" "P4" Fichier;
    /// The invoice is repeated at the end of its lot; the counters and totals count it.
    DuplicateInvoice "duplicate-invoice" "C14" Facture;
    /// The last logical file is repeated.
    DuplicateFileId "duplicate-file-id" "C5" Fichier;
    /// No byte.
    Empty "empty" "P1" Fichier;
    /// 4096 random bytes.
    Garbage "garbage" "P1" Fichier;
}

/// The fault that was made, and what a reader must find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// What was done.
    pub kind: Damage,
    /// Control of the norm or of the policy.
    pub control: &'static str,
    /// What it costs.
    pub verdict: Severity,
    /// Physical record, 1-based; 0 when the file has none. Where something is missing, the record
    /// at which it can be noticed.
    pub record: u64,
    /// Its type.
    pub record_type: String,
    /// Column of the first faulty byte, 1-based; 0 when the file has none.
    pub column: u32,
    /// Offset of that byte in the damaged file.
    pub offset: u64,
    /// First and last column that a reader may name: the zone, where the fault is in one.
    pub columns: (u32, u32),
    /// Number of the invoice to put aside.
    pub quarantined: Option<String>,
}

/// Where a fault is, in the damaged sheet.
struct Fault {
    index: usize,
    column: u32,
    columns: (u32, u32),
    /// Invoice to put aside, and what it is worth in the totals: nothing for a copy.
    invoice: Option<(String, Totaux)>,
    control: &'static str,
}

impl Fault {
    fn at(kind: Damage, index: usize, column: u32) -> Self {
        Self { index, column, columns: (column, column), invoice: None, control: kind.control() }
    }

    fn in_zone(kind: Damage, index: usize, zone: &Zone) -> Self {
        let (start, end) = (u32::from(zone.start), u32::from(zone.end()));
        Self { columns: (start, end), ..Self::at(kind, index, start) }
    }

    fn of_invoice(mut self, sheet: &Sheet, invoice: usize) -> Self {
        self.invoice = sheet.invoices.get(invoice).map(|i| (i.number.clone(), i.totals));
        self
    }
}

/// Damages a clean file.
pub(super) fn apply(
    kind: Damage,
    clean: &[u8],
    options: &Options,
    summary: Summary,
) -> Result<(Vec<u8>, Summary), GenerateError> {
    if matches!(kind, Damage::Empty | Damage::Garbage) {
        return Ok(formless(kind, options.seed));
    }
    let mut sheet = Sheet::read(clean, options.forme)?;
    let fault = make(kind, &mut sheet).ok_or(GenerateError::Impossible(kind.as_str()))?;
    let mut bytes = sheet.bytes();
    let offset = sheet.offset(fault.index) + u64::from(fault.column) - 1;
    if kind == Damage::Truncated {
        bytes.truncate(usize::try_from(offset).unwrap_or(usize::MAX));
    }
    let damaged = Damaged {
        kind,
        control: fault.control,
        verdict: kind.verdict(),
        record: fault.index as u64 + 1,
        record_type: sheet.records.get(fault.index).map_or_else(String::new, |r| r.genre.nom()),
        column: fault.column,
        offset,
        columns: fault.columns,
        quarantined: fault.invoice.as_ref().map(|(number, _)| number.clone()),
    };
    let summary = expected(kind, &sheet, bytes.len() as u64, summary, &fault);
    Ok((bytes, Summary { damaged: Some(damaged), ..summary }))
}

/// The counts that a reader must give.
fn expected(kind: Damage, sheet: &Sheet, bytes: u64, clean: Summary, fault: &Fault) -> Summary {
    if kind.verdict() == Severity::Fichier {
        return Summary { bytes, ..Summary::default() };
    }
    let mut summary = Summary { bytes, records: sheet.records.len() as u64, ..clean };
    if let Some((_, totals)) = &fault.invoice {
        if kind == Damage::DuplicateInvoice {
            summary.invoices += 1;
            summary.lines = sheet.records.iter().filter(|r| r.genre.is_ligne()).count() as u64;
        } else {
            summary.accepted -= 1;
            summary.total = summary.total - totals.total;
            summary.amo = summary.amo - totals.amo;
            summary.amc = summary.amc - totals.amc;
        }
    }
    summary
}

fn formless(kind: Damage, seed: u64) -> (Vec<u8>, Summary) {
    let mut random = Random::new(seed);
    // The first byte is of no record type, whatever the seed.
    let noise =
        std::iter::once(0xff).chain(std::iter::repeat_with(|| random.next().to_le_bytes()[0]));
    let bytes: Vec<u8> =
        if kind == Damage::Empty { Vec::new() } else { noise.take(4_096).collect() };
    let record = u64::from(kind == Damage::Garbage);
    let damaged = Damaged {
        kind,
        control: kind.control(),
        verdict: kind.verdict(),
        record,
        record_type: String::new(),
        column: u32::from(record > 0),
        offset: 0,
        columns: (0, 1),
        quarantined: None,
    };
    let summary =
        Summary { bytes: bytes.len() as u64, damaged: Some(damaged), ..Summary::default() };
    (bytes, summary)
}

/// Makes the fault; `None` when no record lends itself to it.
fn make(kind: Damage, sheet: &mut Sheet) -> Option<Fault> {
    let middle = sheet.invoices.len() / 2;
    match kind {
        Damage::NirKey => everywhere(kind, sheet, middle, &famille36::CLE_NO_IMMATRICULATION),
        Damage::FinessKey => everywhere(kind, sheet, middle, &famille36::NO_PARTENAIRE_SANTE_CLE),
        Damage::Line127 | Damage::Line129 => length(kind, sheet, middle),
        Damage::Truncated => {
            let index = sheet.find_in(middle, |g| matches!(g, Genre::ComplementFacture(b'X')))?;
            sheet.records[index].bytes.truncate(60);
            sheet.records.truncate(index + 1);
            Some(Fault::at(kind, index, 61))
        }
        Damage::Missing999 => {
            sheet.records.pop()?;
            Some(Fault::at(kind, sheet.records.len().checked_sub(1)?, 1))
        }
        Damage::Count999 => {
            add(kind, sheet, |g| g == Genre::FinFichier, &t999::layout::NOMBRE_ENREGISTREMENTS, 1)
        }
        Damage::LotTotal => {
            add(kind, sheet, |g| g == Genre::FinLot, &t6::layout::MONTANT_TOTAL_FACTURE_LOT, 100)
        }
        Damage::Type5Amo => type_5(kind, sheet, middle),
        Damage::UnknownType => letter(kind, sheet, middle),
        Damage::UnknownComplement => letter(kind, sheet, middle),
        Damage::InvoiceNumber => number(kind, sheet, middle),
        Damage::LetterInAmount | Damage::ImpossibleDate | Damage::LowerCase => {
            line(kind, sheet, middle)
        }
        Damage::Latin1Name => {
            let index =
                sheet.records.iter().position(|r| r.genre == Genre::ComplementFacture(b'B'))?;
            sheet.records[index].bytes[usize::from(t2b::layout::NOM_BENEFICIAIRE.start) + 1] = 0xd4;
            Some(Fault {
                column: u32::from(t2b::layout::NOM_BENEFICIAIRE.start) + 2,
                ..Fault::in_zone(kind, index, &t2b::layout::NOM_BENEFICIAIRE)
            })
        }
        Damage::Missing2s => missing_2s(kind, sheet),
        Damage::SixBeforeFive => {
            let index = sheet.records.iter().position(|r| r.genre == Genre::FinLot)?;
            sheet.records.swap(index - 1, index);
            Some(Fault::at(kind, index - 1, 1))
        }
        Damage::DuplicateInvoice => duplicate(kind, sheet, middle),
        Damage::DuplicateFileId => {
            let start = sheet.records.iter().rposition(|r| r.genre == Genre::EnTete)?;
            let index = sheet.records.len();
            let copy = sheet.records[start..].to_vec();
            sheet.records.extend(copy);
            let zone = &noemie_parsers::b2::t000::layout::IDENTIFICATION_FICHIER;
            Some(Fault::in_zone(kind, index, zone))
        }
        Damage::Empty | Damage::Garbage => None,
    }
}

/// The same change of a key on every record of an invoice.
fn everywhere(kind: Damage, sheet: &mut Sheet, invoice: usize, zone: &Zone) -> Option<Fault> {
    let last = usize::from(zone.end()) - 1;
    let mut first = None;
    for (index, record) in
        sheet.records.iter_mut().enumerate().filter(|(_, r)| r.invoice == Some(invoice))
    {
        record.bytes[last] = if record.bytes[last] == b'9' { b'0' } else { record.bytes[last] + 1 };
        first.get_or_insert(index);
    }
    let column = u32::from(zone.end());
    Some(Fault { column, ..Fault::in_zone(kind, first?, zone) }.of_invoice(sheet, invoice))
}

fn length(kind: Damage, sheet: &mut Sheet, middle: usize) -> Option<Fault> {
    if kind == Damage::Line127 {
        let index = sheet.find_in(middle, |g| g == Genre::ComplementFacture(b'X'))?;
        sheet.records[index].bytes.pop()?;
        return Some(Fault::at(kind, index, 128));
    }
    let index = sheet.find_in(middle, Genre::is_ligne)?;
    sheet.records[index].bytes.insert(64, b' ');
    // A reader can only tell in which zone the columns begin to be wrong.
    Some(Fault { columns: (50, 75), ..Fault::at(kind, index, 65) })
}

fn add(
    kind: Damage,
    sheet: &mut Sheet,
    which: impl Fn(Genre) -> bool,
    zone: &'static Zone,
    n: u64,
) -> Option<Fault> {
    let index = sheet.records.iter().rposition(|r| which(r.genre))?;
    sheet.add(index, zone, n);
    Some(Fault::in_zone(kind, index, zone))
}

fn type_5(kind: Damage, sheet: &mut Sheet, middle: usize) -> Option<Fault> {
    let index = sheet.find_in(middle, |g| g == Genre::FinFacture)?;
    let (zone, control) = match sheet.records[index].cp {
        true => (&t5::cp::TOTAL_REMBOURSABLE_AMO_PH, "C30"),
        false => (&t5::ps::TOTAL_REMBOURSABLE_AMO, kind.control()),
    };
    sheet.add(index, zone, 1);
    Some(Fault { control, ..Fault::in_zone(kind, index, zone) }.of_invoice(sheet, middle))
}

/// Another type, or another letter, on a detail record of the invoice; on its 2X when it has none.
fn letter(kind: Damage, sheet: &mut Sheet, middle: usize) -> Option<Fault> {
    let detail = sheet.find_in(middle, |g| matches!(g, Genre::Complement4(l) if l != b'S'));
    let index =
        detail.or_else(|| sheet.find_in(middle, |g| g == Genre::ComplementFacture(b'X')))?;
    let record = &mut sheet.records[index];
    if kind == Damage::UnknownType {
        record.bytes[0] = b'8';
        record.genre = Genre::Inconnu(b'8');
        return Some(Fault::at(kind, index, 1).of_invoice(sheet, middle));
    }
    record.bytes[35] = b'Z';
    record.genre =
        if detail.is_some() { Genre::Complement4(b'Z') } else { Genre::ComplementFacture(b'Z') };
    Some(Fault { columns: (1, 36), ..Fault::at(kind, index, 36) })
}

fn number(kind: Damage, sheet: &mut Sheet, middle: usize) -> Option<Fault> {
    let index = sheet.find_in(middle, Genre::is_ligne)?;
    let record = &mut sheet.records[index];
    let zone = if record.cp { &famille39::NO_FACTURE } else { &famille36::NO_FACTURE };
    let changed = usize::from(zone.start) + 4;
    record.bytes[changed] =
        if record.bytes[changed] == b'9' { b'0' } else { record.bytes[changed] + 1 };
    Some(Fault::in_zone(kind, index, zone).of_invoice(sheet, middle))
}

fn line(kind: Damage, sheet: &mut Sheet, middle: usize) -> Option<Fault> {
    let index = sheet.find_in(middle, Genre::is_ligne)?;
    let record = &mut sheet.records[index];
    let [amount, date, code] = match (record.cp, record.genre) {
        (false, _) => [
            &t4::ps::MONTANT_HONORAIRES_DEPENSE,
            &t4::ps::DATE_SOINS_DELIVRANCE,
            &t4::ps::CODE_ACTE,
        ],
        (true, Genre::Ligne3) => {
            [&t3::cp::MONTANT_TOTAL_DEPENSE, &t3::cp::DATE_DEBUT_SEJOUR, &t3::cp::CODE_ACTE]
        }
        (true, _) => [&t4::cp::MONTANT_HONORAIRES, &t4::cp::DATE_SOINS, &t4::cp::CODE_ACTE],
    };
    let zone = match kind {
        Damage::LetterInAmount => amount,
        Damage::ImpossibleDate => date,
        _ => code,
    };
    let start = usize::from(zone.start) - 1;
    match kind {
        Damage::LetterInAmount => record.bytes[start] = b'O',
        Damage::ImpossibleDate => record.bytes[start + 2..start + 6].copy_from_slice(b"0230"),
        _ => record.bytes[start..start + 5].make_ascii_lowercase(),
    }
    Some(Fault::in_zone(kind, index, zone).of_invoice(sheet, middle))
}

fn missing_2s(kind: Damage, sheet: &mut Sheet) -> Option<Fault> {
    let index =
        sheet.records.iter().position(|r| r.cp && r.genre == Genre::ComplementFacture(b'S'))?;
    sheet.records.remove(index);
    sheet.lower(index, Genre::FinLot, &t6::layout::NOMBRE_ENREGISTREMENTS_TYPE_2);
    sheet.lower(index, Genre::FinFichier, &t999::layout::NOMBRE_ENREGISTREMENTS);
    Some(Fault { columns: (1, 128), ..Fault::at(kind, index - 1, 1) })
}

fn duplicate(kind: Damage, sheet: &mut Sheet, middle: usize) -> Option<Fault> {
    let copy: Vec<_> =
        sheet.records.iter().filter(|r| r.invoice == Some(middle)).cloned().collect();
    let end = sheet.records.iter().rposition(|r| r.invoice == Some(middle))?;
    let index = end + sheet.records[end..].iter().position(|r| r.genre == Genre::FinLot)?;
    let count = |f: fn(Genre) -> bool| copy.iter().filter(|r| f(r.genre)).count() as u64;
    let totals = sheet.invoices[middle].totals;
    let cents = |m: noemie_parsers::types::Montant| u64::try_from(m.centimes()).unwrap_or_default();
    for (zone, n) in [
        (&t6::layout::NOMBRE_FACTURES, 1),
        (&t6::layout::NOMBRE_LIGNES_ACTES, count(Genre::is_ligne)),
        (
            &t6::layout::NOMBRE_ENREGISTREMENTS_TYPE_2,
            count(|g| matches!(g, Genre::Facture | Genre::ComplementFacture(_))),
        ),
        (&t6::layout::NOMBRE_ENREGISTREMENTS_TYPE_5, 1),
        (&t6::layout::MONTANT_TOTAL_FACTURE_LOT, cents(totals.total)),
        (&t6::layout::MONTANT_TOTAL_AMO_LOT, cents(totals.amo)),
        (&t6::layout::MONTANT_TOTAL_OC_LOT, cents(totals.amc)),
    ] {
        sheet.add(index, zone, n);
    }
    let fin = index + sheet.records[index..].iter().position(|r| r.genre == Genre::FinFichier)?;
    sheet.add(fin, &t999::layout::NOMBRE_ENREGISTREMENTS, copy.len() as u64);
    let zone = if sheet.records[end].cp { &famille39::NO_FACTURE } else { &famille36::NO_FACTURE };
    sheet.records.splice(index..index, copy);
    Some(Fault::in_zone(kind, index, zone).of_invoice(sheet, middle))
}
