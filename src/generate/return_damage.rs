//! Named faults of a return: the finding that each must raise, and the bytes that it changes.
//!
//! A fault is made on the bytes of a clean return, as a bad transmission or a faulty program would;
//! counters and sums stay as they were. Verdicts are those of `docs/controles.md`.

use super::GenerateError;
use noemie_parsers::anomaly::Code;
use noemie_parsers::noemie::Packaging;

macro_rules! damages {
    ($($(#[$doc:meta])* $variant:ident $word:literal $code:ident;)*) => {
        /// A kind of fault of a return.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ReturnDamage { $($(#[$doc])* $variant,)* }

        impl ReturnDamage {
            /// Every kind, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the word of the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Returns the code of the finding that the damage must raise.
            #[must_use]
            pub const fn code(self) -> Code {
                match self { $(Self::$variant => Code::$code,)* }
            }
        }
    };
}

damages! {
    /// The 000 has 127 characters, as the length before it says.
    Header127 "rsp-header-127" RetourVide;
    /// The length before the second record says another length.
    Prefix "rsp-prefix" RetourCadrage;
    /// The last record is missing.
    No999 "rsp-missing-999" RetourFin;
    /// A blank in place of the `@` of the entity before a 198.
    Delimiter "rsp-delimiter" EntiteSansFin;
    /// A letter in the code of a 198.
    EntityCode "rsp-entity-code" EntiteDecalee;
    /// The counter of a 990 that closes an invoice is wrong.
    Counter "rsp-counter" RetourCompteur;
    /// The sum of a 990 that closes an invoice is wrong.
    Sum "rsp-sum" RetourCumul;
    /// The 999 counts other records.
    Records "rsp-records" RetourEnregistrements;
    /// The 999 counts 900 lots more.
    Lots "rsp-lots" RetourLots;
    /// Entity 777 in place of a 199.
    UnknownEntity "rsp-unknown-entity" EntiteInconnue;
    /// Letter O for a zero in the amount of a 198.
    LetterInAmount "rsp-letter-in-amount" RetourNonNumerique;
    /// State X in a 198.
    State "rsp-state" EtatInconnu;
    /// Level 09 in the 990 of an invoice.
    Level "rsp-level" Niveaux;
    /// The flag of the last block is not 1 (blocks only).
    Flag "rsp-flag" DrapeauBloc;
}

/// Length of a record 000 or 999, and of a block.
const BORNE: usize = 128;

/// Damages a clean return of one logical file.
pub(super) fn apply(
    kind: ReturnDamage,
    packaging: Packaging,
    file: &mut Vec<u8>,
) -> Result<(), GenerateError> {
    let blocks = packaging == Packaging::Blocs;
    // In blocks the flag of a block may cut an entity, so that only the flag has a known position.
    if blocks != (kind == ReturnDamage::Flag) {
        return Err(GenerateError::Impossible(kind.as_str()));
    }
    make(kind, file).ok_or(GenerateError::Impossible(kind.as_str()))
}

fn make(kind: ReturnDamage, file: &mut Vec<u8>) -> Option<()> {
    use ReturnDamage as D;
    // Position of the change, and the bytes written there; `None` changes the digit.
    let (at, bytes): (usize, Option<&[u8]>) = match kind {
        D::Header127 => {
            drop(file.drain(BORNE + 3..BORNE + 4));
            (3, Some(b"7"))
        }
        D::No999 => {
            file.truncate(of_999(file, 1)?.checked_sub(4)?);
            return Some(());
        }
        // "0128", the 000, CR LF, then four digits.
        D::Prefix => (4 + BORNE + 2 + 3, None),
        D::Delimiter => (before(file, "19899")?, Some(b" ")),
        D::EntityCode => (column(file, "19899", 1)?, Some(b"X")),
        D::Counter => (column(file, "99005", 30)?, None),
        D::Sum => (column(file, "99005", 36)?, None),
        D::Records => (of_999(file, 62)?, None),
        D::Lots => (of_999(file, 83)?, Some(b"9")),
        D::UnknownEntity => (column(file, "19999", 1)?, Some(b"777")),
        D::LetterInAmount => (column(file, "19899", 6)?, Some(b"O")),
        D::State => (column(file, "19899", 14)?, Some(b"X")),
        D::Level => (column(file, "99005", 5)?, Some(b"9")),
        D::Flag => (file.len().checked_sub(2 * BORNE)?, Some(b"0")),
    };
    let place = file.get_mut(at..at + bytes.map_or(1, <[u8]>::len))?;
    let other = [other_digit(place[0])];
    place.copy_from_slice(bytes.unwrap_or(&other));
    Some(())
}

/// Index of the `@` before the first entity with this code and level that follows another one in
/// its record.
fn before(file: &[u8], entity: &str) -> Option<usize> {
    let mark = format!("@{entity}");
    file.windows(mark.len()).position(|w| w == mark.as_bytes())
}

/// Index of a column of that entity, 1-based as in the tables.
fn column(file: &[u8], entity: &str, column: usize) -> Option<usize> {
    before(file, entity).map(|at| at + column)
}

/// Index of a column of the 999.
fn of_999(file: &[u8], column: usize) -> Option<usize> {
    file.windows(7).rposition(|w| w == b"0128999").map(|at| at + 3 + column)
}

const fn other_digit(digit: u8) -> u8 {
    if digit == b'9' { b'8' } else { digit + 1 }
}
