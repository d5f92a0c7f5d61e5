//! Invented files: DRE of any size and the NOEMIE returns that answer them, for tests,
//! demonstrations and fixtures.
//!
//! Deterministic (one seed, one file, byte for byte), streaming (nothing is kept but the current
//! invoice), and correct: written by the strict writers of the parsers, which compute every total,
//! counter and key. [`Damage`] makes one named fault in a small file and says what a reader must
//! find. The table of [`people`] says which persons and numbers these files hold.

mod acts;
mod auxiliaire;
mod biologie;
mod calendar;
mod clinique;
pub mod damage;
mod head;
mod optique;
pub mod people;
mod pharmacie;
mod plan;
mod random;
pub mod return_damage;
mod rsp;
#[cfg(test)]
mod tests;
mod transport;

pub use damage::{Damage, Damaged};
pub use return_damage::ReturnDamage;
pub use rsp::{RspOptions, RspSummary, rsp};

use calendar::Calendar;
use head::Invoice;
use noemie_parsers::b2::{Comptes, Ecrivain, ErreurEcriture, Fiche, t000, t1};
use noemie_parsers::marquage::Marquage;
use noemie_parsers::physical::enregistrements::Forme;
use noemie_parsers::types::{Date, Montant};
use plan::{Lot, Plan};
use random::Random;
use std::io::{self, Write};
use thiserror::Error;

/// Most invoices of a file to damage, which is held in memory.
pub const MAX_DAMAGED_INVOICES: u64 = 10_000;

/// Profession of the PS that bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Pharmacies: PH7, PH4, PH1 with their 4C.
    Pharmacie,
    /// Nurses: AMI and IFA, no detail records.
    Auxiliaire,
    /// Ambulances: VSL, ABA, TXI with 4T and 4U.
    Transport,
    /// Opticians: OPT with 4F, a part left to the patient.
    Optique,
    /// Laboratories: B with 4B.
    Biologie,
    /// Private clinics, norm CP: GHS, FJ, PII, ADC with 3S, 3F, 4S, 4M.
    Clinique,
    /// All professions: one logical file of norm PS, one of norm CP.
    Mixte,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 7] = [
        Self::Pharmacie,
        Self::Auxiliaire,
        Self::Transport,
        Self::Optique,
        Self::Biologie,
        Self::Clinique,
        Self::Mixte,
    ];

    /// Returns the word of the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pharmacie => "pharmacie",
            Self::Auxiliaire => "auxiliaire",
            Self::Transport => "transport",
            Self::Optique => "optique",
            Self::Biologie => "biologie",
            Self::Clinique => "clinique",
            Self::Mixte => "mixte",
        }
    }
}

/// Options of a generated DRE, which is marked as real by default; the command `generate` marks a
/// test unless it is told otherwise.
#[derive(Debug, Clone)]
pub struct Options {
    /// Profession of the PS that bill.
    pub profile: Profile,
    /// Number of invoices.
    pub invoices: u64,
    /// Seed of the random draws: the same seed and options give the same bytes.
    pub seed: u64,
    /// Separation of the records.
    pub forme: Forme,
    /// Creation date of the file, 2001 to 2098; care is in the weeks before.
    pub created: Date,
    /// Number of the sender, 14 digits at most.
    pub sender: String,
    /// Number of the insurer, 10 digits with a right key.
    pub amc: String,
    /// Most invoices in a lot, 1 to 999. A lot has one professional.
    pub invoices_per_lot: u64,
    /// Most lots in a logical file, 1 to 999.
    pub lots_per_file: u64,
    /// Mark of the type 6.
    pub mark: Marquage,
    /// Fault to make.
    pub damage: Option<Damage>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            profile: Profile::Mixte,
            invoices: 100,
            seed: 1,
            forme: Forme::Crlf,
            created: Date::new(2026, 2, 2).expect("in the calendar"),
            sender: "99900000000011".to_owned(),
            amc: "0099900011".to_owned(),
            invoices_per_lot: 200,
            lots_per_file: 999,
            mark: Marquage::Reel,
            damage: None,
        }
    }
}

/// Counts of a generated file. With a damage, the counts are those that a reader must give for the
/// damaged file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Bytes written.
    pub bytes: u64,
    /// Physical records.
    pub records: u64,
    /// Logical files.
    pub logical_files: u32,
    /// Lots.
    pub lots: u64,
    /// Invoices, quarantined ones included.
    pub invoices: u64,
    /// Main lines.
    pub lines: u64,
    /// Invoices that a reader accepts: 0 when the file is refused.
    pub accepted: u64,
    /// Billed, over the accepted invoices.
    pub total: Montant,
    /// Asked of the AMO, over the accepted invoices.
    pub amo: Montant,
    /// Asked of the AMC, over the accepted invoices.
    pub amc: Montant,
    /// The fault made.
    pub damaged: Option<Damaged>,
}

impl Summary {
    fn of(comptes: &Comptes, bytes: u64) -> Self {
        Self {
            bytes,
            records: comptes.enregistrements,
            logical_files: comptes.fichiers,
            lots: comptes.lots,
            invoices: comptes.factures,
            lines: comptes.lignes,
            accepted: comptes.factures,
            total: comptes.total,
            amo: comptes.amo,
            amc: comptes.amc,
            damaged: None,
        }
    }
}

/// Reason why a file cannot be generated.
#[derive(Debug, Error)]
pub enum GenerateError {
    /// An option out of its bounds.
    #[error("{0}")]
    Options(&'static str),
    /// The file has no record that this damage could touch.
    #[error("damage {0} is impossible in this file: try another profile or more invoices")]
    Impossible(&'static str),
    /// A B2 record could not be written.
    #[error("writing the B2 file")]
    B2(#[from] ErreurEcriture),
    /// A NOEMIE entity could not be written.
    #[error("writing the NOEMIE file")]
    Noemie(#[from] noemie_parsers::noemie::ErreurEcriture),
    /// The source or the output failed.
    #[error("input or output failed")]
    Io(#[from] io::Error),
}

/// Generates a DRE file.
///
/// # Errors
/// When an option is out of its bounds, the damage is impossible, or the output fails.
pub fn dre(options: &Options, mut out: impl Write) -> Result<Summary, GenerateError> {
    check(options)?;
    let Some(damage) = options.damage else { return write(options, out) };
    let mut clean = Vec::new();
    let summary = write(options, &mut clean)?;
    let (bytes, summary) = damage::apply(damage, &clean, options, summary)?;
    out.write_all(&bytes)?;
    out.flush()?;
    Ok(summary)
}

fn check(options: &Options) -> Result<(), GenerateError> {
    let refused = |why| Err(GenerateError::Options(why));
    if !(2001..=2098).contains(&options.created.annee()) {
        return refused("the creation date must be in 2001 to 2098: years have two digits");
    }
    if !(1..=999).contains(&options.invoices_per_lot) || !(1..=999).contains(&options.lots_per_file)
    {
        return refused("a lot has 1 to 999 invoices and a logical file 1 to 999 lots");
    }
    if options.invoices == 0 || options.invoices > head::NUMBERS {
        return refused("a file has 1 to 999999999 invoices: their numbers have nine digits");
    }
    if options.damage.is_some() && options.invoices > MAX_DAMAGED_INVOICES {
        return refused("a file to damage has at most 10000 invoices");
    }
    Ok(())
}

fn write(options: &Options, out: impl Write) -> Result<Summary, GenerateError> {
    let mut writer =
        Ecrivain::new(Counted { out, bytes: 0 }, options.forme).avec_marquage(options.mark.octet());
    let mut random = Random::new(options.seed);
    let calendar = Calendar::around(options.created);
    let mut invoice = Invoice::new(options, &calendar, &mut random);
    let file_id = random.next();
    for lot in Plan::new(options) {
        if lot.opens_file {
            writer.en_tete(&header(options, &lot, file_id))?;
        }
        let rank = random.between(1, 99_999);
        let ps = people::professional(lot.profile.kind(), rank);
        writer.lot(&lot_header(options, &lot, &ps, rank))?;
        for _ in 0..lot.invoices {
            invoice.draw(lot.profile, &ps, &mut random);
            writer.facture(&invoice.records)?;
        }
    }
    let (out, comptes) = writer.terminer()?;
    Ok(Summary::of(&comptes, out.bytes))
}

/// Six characters in base 36, different for each logical file of a seed.
fn identification(seed: u64, rank: u64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut n = (seed % 36u64.pow(6) + rank) % 36u64.pow(6);
    let mut out = [b'0'; 6];
    for place in out.iter_mut().rev() {
        *place = DIGITS[usize::try_from(n % 36).expect("below 36")];
        n /= 36;
    }
    out.iter().map(|b| char::from(*b)).collect()
}

fn header(options: &Options, lot: &Lot, file_id: u64) -> Fiche {
    use t000::layout as t;
    Fiche::nouvelle(&t::LAYOUT)
        .texte(&t::TYPE_EMETTEUR, "OT")
        .chiffres(&t::NO_EMETTEUR, &options.sender)
        .texte(&t::TYPE_DESTINATAIRE, "OC")
        .chiffres(&t::NO_DESTINATAIRE, &options.amc)
        .texte(&t::APPLICATION_TYPE_ECHANGE, "RT")
        .texte(&t::IDENTIFICATION_FICHIER, &identification(file_id, lot.file))
        .date(&t::DATE_CREATION_FICHIER, options.created)
        .texte(&t::NORME, if lot.profile == Profile::Clinique { "CP" } else { "PS" })
        .texte(&t::VERSION_NORME, "B2")
        .texte(&t::ZONE_MESSAGE, "FACTURE INITIALE")
}

fn lot_header(options: &Options, lot: &Lot, ps: &str, rank: u64) -> Fiche {
    use t1::layout as t;
    Fiche::nouvelle(&t::LAYOUT)
        .texte(&t::NO_PARTENAIRE_SANTE_CLE, ps)
        .nombre(&t::NO_ORGANISME_DESTINATAIRE, 999)
        .nombre(&t::NO_LOT, lot.rank)
        .texte(&t::NOM_RAISON_SOCIALE, &format!("{} {rank:05}", lot.profile.sign()))
        .texte(&t::VERSION_NORME_UTILISEE, "B2")
        .date(&t::DATE_CREATION_LOT, options.created)
        .texte(&t::CODE_NORME, lot.profile.norm())
        .nombre(&t::NUMERO_VERSION_NORME, 22_003)
        .texte(&t::UNITE_MONETAIRE, "E")
}

/// An output that counts its bytes.
struct Counted<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = self.out.write(buf)?;
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
