//! Named faults of a small file, made at its middle invoice, and the finding that a reader must
//! report.
//!
//! Controls and verdicts are those of the project's policy (`docs/controles.md`). A fault may raise
//! other findings beside the one named; the verdict is the worst of them.

mod make;
mod sheet;

use super::random::Random;
use super::{GenerateError, Options, Summary};
use noemie_parsers::anomaly::Severity;
use noemie_parsers::b2::Totaux;
use noemie_parsers::layout::Zone;
use sheet::Sheet;

macro_rules! damages {
    ($($(#[$doc:meta])* $variant:ident $word:literal $control:literal $severity:ident;)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Damage { $($(#[$doc])* $variant,)* }

        impl Damage {
            /// Every kind, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the word of the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Returns the control that must find the damage (C30 in place of C31 in norm CP).
            #[must_use]
            pub const fn control(self) -> &'static str {
                match self { $(Self::$variant => $control,)* }
            }

            /// Returns the severity of the finding.
            #[must_use]
            pub const fn verdict(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }
        }
    };
}

damages! {
    /// The key of the NIR is wrong on every record of the invoice.
    NirKey "nir-key" "C10" Invoice;
    /// The key of the PS number is wrong on every record of the invoice.
    FinessKey "finess-key" "C12" Invoice;
    /// A record lost its last blank.
    Line127 "line-127" "P2" File;
    /// A record gained a blank at column 65.
    Line129 "line-129" "P2" File;
    /// The file stops after 60 bytes of a record.
    Truncated "truncated" "P3" File;
    /// The last record is missing.
    Missing999 "missing-999" "P3" File;
    /// The 999 counts one record too many.
    Count999 "count-999" "C34" File;
    /// The total of the lot is one euro too high.
    LotTotal "lot-total" "C33" Warning;
    /// The AMO total of the type 5 is one centime too high.
    Type5Amo "type5-amo" "C31" Invoice;
    /// A record of the invoice has type 8.
    UnknownType "unknown-type" "P5" Invoice;
    /// A record of the invoice has another invoice number.
    InvoiceNumber "invoice-number" "C14" Invoice;
    /// Letter O for a zero in the amount of a line.
    LetterInAmount "letter-in-amount" "C6" Invoice;
    /// 30 February in the date of a line.
    ImpossibleDate "impossible-date" "C8" Invoice;
    /// An act code in small letters.
    LowerCase "lower-case" "C7" Invoice;
    /// An accented letter in ISO-8859-1 in the name of a 2B.
    Latin1Name "latin1-name" "C7" Warning;
    /// Complement letter Z.
    UnknownComplement "unknown-complement" "P6" Warning;
    /// The 2S of norm CP is missing, the counters say so.
    Missing2s "2s-missing" "C16" Warning;
    /// The type 6 stands before the last type 5 of its lot.
    SixBeforeFive "6-before-5" "P4" File;
    /// The invoice is repeated at the end of its lot; the counters and totals count it.
    DuplicateInvoice "duplicate-invoice" "C14" Invoice;
    /// The last logical file is repeated.
    DuplicateFileId "duplicate-file-id" "C5" File;
    /// The file is empty.
    Empty "empty" "P1" File;
    /// The file is 4096 random bytes.
    Garbage "garbage" "P1" File;
}

/// The fault made, and the finding that a reader must report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Kind of the fault.
    pub kind: Damage,
    /// Control of the norm or of the policy.
    pub control: &'static str,
    /// Severity of the finding.
    pub verdict: Severity,
    /// Physical record, 1-based; 0 when the file has none. For something missing, the record
    /// at which a reader can notice it.
    pub record: u64,
    /// Type of that record.
    pub record_type: String,
    /// Column of the first faulty byte, 1-based; 0 when the file has none.
    pub column: u32,
    /// Offset of that byte in the damaged file.
    pub offset: u64,
    /// First and last column that a reader may name: the zone, where the fault is in one.
    pub columns: (u32, u32),
    /// Number of the quarantined invoice.
    pub quarantined: Option<String>,
}

/// Position of a fault in the damaged sheet.
struct Fault {
    index: usize,
    column: u32,
    columns: (u32, u32),
    /// Quarantined invoice, and its share of the totals: none for a copy.
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
    let fault = make::make(kind, &mut sheet).ok_or(GenerateError::Impossible(kind.as_str()))?;
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

/// Returns the counts that a reader must give.
fn expected(kind: Damage, sheet: &Sheet, bytes: u64, clean: Summary, fault: &Fault) -> Summary {
    if kind.verdict() == Severity::File {
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
