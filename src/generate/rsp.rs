//! The NOEMIE return (reference 576) that answers a DRE: a transfer for each lot, a 102 for each
//! invoice, with the state of each part.
//!
//! ```text
//! 000 > 020(01) > 040(02) > 071(03) > 081(04) > 102(05) > 103 198 199 294 295 > 999
//! ```
//!
//! The tree is that of the notes on reference 580 with 198 added; which entity belongs to 576 is
//! not in the sources. The DRE is read as a stream, and an invoice is written as soon as it is
//! answered. Quarantined invoices get no answer.

mod entities;

use super::random::Random;
use super::return_damage::{self, ReturnDamage};
use super::{Counted, GenerateError, MAX_DAMAGED_INVOICES, identification};
use noemie_parsers::b2::{Element, EnTete, Facture, Lecteur, Lot};
use noemie_parsers::marquage::Marquage;
use noemie_parsers::noemie::{
    Ecrivain, Gabarit, Packaging, e000, e020, e040, e071, e081, e250, e261, e262,
};
use noemie_parsers::physical::enregistrements::Forme;
use noemie_parsers::types::{Date, Montant};
use std::io::{Read, Write};

/// Options of a return, which is marked as real by default.
#[derive(Debug, Clone)]
pub struct RspOptions {
    /// Seed of the outcomes of the invoices.
    pub seed: u64,
    /// Regime, caisse and centre of the caisse: 8 digits.
    pub caisse: String,
    /// Date of the return and of its transfers.
    pub date: Date,
    /// Lines with their length, or blocks.
    pub packaging: Packaging,
    /// Invoices in a hundred whose two parts are rejected.
    pub rejected: u64,
    /// Invoices in a hundred that are deferred.
    pub deferred: u64,
    /// Invoices in a hundred whose AMC part only is rejected.
    pub amc_rejected: u64,
    /// Invoices in a hundred whose AMC part is not handled.
    pub amc_left: u64,
    /// Number of invoices from which a logical file of the return ends with its lot.
    pub invoices_per_file: u64,
    /// A flat payment (261, 262) and a recovery (250) in the transfer of each lot.
    pub movements: bool,
    /// Mark of the 000.
    pub mark: Marquage,
    /// Fault to make.
    pub damage: Option<ReturnDamage>,
}

impl Default for RspOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            caisse: "01999000".to_owned(),
            date: Date::new(2026, 2, 6).expect("in the calendar"),
            packaging: Packaging::Lignes,
            rejected: 5,
            deferred: 3,
            amc_rejected: 8,
            amc_left: 4,
            invoices_per_file: 5_000,
            movements: false,
            mark: Marquage::Reel,
            damage: None,
        }
    }
}

/// Counts and sums of a return.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RspSummary {
    /// Bytes written.
    pub bytes: u64,
    /// Logical files.
    pub logical_files: u64,
    /// Transfers: one for each lot answered.
    pub transfers: u64,
    /// Invoices answered.
    pub invoices: u64,
    /// Asked of the AMO in them.
    pub amo_asked: Montant,
    /// Paid by the AMO.
    pub amo_paid: Montant,
    /// Asked of the AMC in them.
    pub amc_asked: Montant,
    /// Paid for the AMC.
    pub amc_paid: Montant,
    /// Flat payments.
    pub flat: Montant,
    /// Recovered.
    pub recovered: Montant,
}

/// Outcome of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Paid,
    Rejected,
    Deferred,
    AmcRejected,
    AmcLeft,
}

impl Outcome {
    fn drawn(options: &RspOptions, random: &mut Random) -> Self {
        let shares = [
            (options.rejected, Self::Rejected),
            (options.deferred, Self::Deferred),
            (options.amc_rejected, Self::AmcRejected),
            (options.amc_left, Self::AmcLeft),
        ];
        let mut draw = random.between(0, 99);
        for (share, outcome) in shares {
            if draw < share {
                return outcome;
            }
            draw -= share;
        }
        Self::Paid
    }

    /// State of the AMO part and of the AMC part.
    const fn states(self) -> (&'static [u8; 1], &'static [u8; 1]) {
        match self {
            Self::Paid => (b"P", b"P"),
            Self::Rejected => (b"R", b"R"),
            Self::Deferred => (b"D", b"D"),
            Self::AmcRejected => (b"P", b"R"),
            Self::AmcLeft => (b"P", b" "),
        }
    }
}

/// Writes the return that answers a DRE.
///
/// # Errors
/// When the DRE cannot be read, a value does not fit an entity, the damage is impossible, or the
/// output fails.
pub fn rsp(
    dre: impl Read,
    forme: Forme,
    options: &RspOptions,
    mut out: impl Write,
) -> Result<RspSummary, GenerateError> {
    let Some(damage) = options.damage else { return write(dre, forme, options, u64::MAX, out) };
    let mut bytes = Vec::new();
    let summary = write(
        dre,
        forme,
        &RspOptions { damage: None, ..options.clone() },
        MAX_DAMAGED_INVOICES,
        &mut bytes,
    )?;
    return_damage::apply(damage, options.packaging, &mut bytes)?;
    out.write_all(&bytes)?;
    out.flush()?;
    Ok(RspSummary { bytes: bytes.len() as u64, ..summary })
}

/// Answers at most `most` invoices, because a return to damage is kept in memory.
fn write(
    dre: impl Read,
    forme: Forme,
    options: &RspOptions,
    most: u64,
    out: impl Write,
) -> Result<RspSummary, GenerateError> {
    let mut random = Random::new(options.seed);
    let mut answer = Answer {
        options,
        out: Counted { out, bytes: 0 },
        file_id: random.next(),
        random,
        header: None,
        lot: None,
        file: None,
        in_file: 0,
        summary: RspSummary::default(),
    };
    let mut reader = Lecteur::new(dre, forme);
    while let Some(element) = reader.suivant()? {
        if answer.summary.invoices > most {
            return Err(GenerateError::Options("a return to damage has at most 10000 invoices"));
        }
        match element {
            Element::EnTete(header) => answer.header = Some(header),
            Element::Lot(lot) => answer.lot = Some((lot, false)),
            Element::Facture(facture) if !facture.quarantined() => answer.invoice(&facture)?,
            Element::FinLot(_) => answer.end_lot()?,
            _ => {}
        }
    }
    answer.end_file()?;
    answer.out.flush()?;
    Ok(RspSummary { bytes: answer.out.bytes, ..answer.summary })
}

struct Answer<'a, W> {
    options: &'a RspOptions,
    out: Counted<W>,
    file_id: u64,
    random: Random,
    header: Option<EnTete>,
    /// Current lot of the DRE, and whether its transfer is open.
    lot: Option<(Lot, bool)>,
    file: Option<Ecrivain>,
    in_file: u64,
    summary: RspSummary,
}

impl<W: Write> Answer<'_, W> {
    fn invoice(&mut self, facture: &Facture) -> Result<(), GenerateError> {
        let Some((lot, open)) = self.lot.clone() else { return Ok(()) };
        if !open {
            self.open_lot(&lot, &facture.identite().ps)?;
        }
        let outcome = Outcome::drawn(self.options, &mut self.random);
        let entities = self.answer(facture, &lot, outcome);
        let Some(file) = self.file.as_mut() else { return Ok(()) };
        let mut entities = entities.into_iter();
        if let Some(head) = entities.next() {
            file.ouvrir(5, head)?;
        }
        for leaf in entities {
            file.feuille(leaf)?;
        }
        file.fermer()?;
        self.out.write_all(&file.produits())?;
        self.in_file += 1;
        Ok(())
    }

    /// Opens the transfer of a lot, and a logical file when there is none.
    fn open_lot(&mut self, lot: &Lot, ps: &str) -> Result<(), GenerateError> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.open_file()?,
        };
        let date = lot.date().unwrap_or(self.options.date).jjmmaa();
        let transfer = Gabarit::nouveau(&e071::layout::LAYOUT)
            .texte(&e071::layout::DATE_COMPTABLE_DATE_VIREMENT, &self.options.date.jjmmaa())
            .texte(
                &e071::layout::LIBELLE_VIREMENT_LIGNE_1,
                &format!("CPAM EXEMPLE VIR {:07}", 100 + self.summary.transfers),
            )
            .texte(
                &e071::layout::LIBELLE_VIREMENT_LIGNE_2,
                &format!("LOT {} DU {date}", lot.numero()),
            )
            .texte(
                &e071::layout::ORGANISME_PAYEUR,
                self.options.caisse.get(..5).unwrap_or_default(),
            );
        file.ouvrir(
            2,
            Gabarit::nouveau(&e040::layout::LAYOUT).texte(&e040::layout::NUMERO_DESTINATAIRE, ps),
        )?;
        file.ouvrir(3, transfer)?;
        file.ouvrir(
            4,
            Gabarit::nouveau(&e081::layout::LAYOUT).nombre(&e081::layout::CODE_TYPE_RETOUR, 1),
        )?;
        self.summary.transfers += 1;
        self.file = Some(file);
        self.lot = Some((lot.clone(), true));
        Ok(())
    }

    fn open_file(&mut self) -> Result<Ecrivain, GenerateError> {
        use e000::layout as t;
        let (kind, number) = self.header.as_ref().map_or((*b"OT", "0".to_owned()), |h| {
            ([h.record[3], h.record[4]], h.numero_emetteur())
        });
        let header = Gabarit::nouveau(&t::LAYOUT)
            .texte(&t::TYPE_EMETTEUR, "CP")
            .texte(&t::NUMERO_EMETTEUR, &self.options.caisse)
            .octets(&t::TYPE_DESTINATAIRE, &kind)
            .texte(&t::NUMERO_DESTINATAIRE, &number)
            .texte(
                &t::IDENTIFICATION_FICHIER,
                &identification(self.file_id, self.summary.logical_files),
            )
            .texte(&t::DATE_CREATION, &self.options.date.aammjj())
            .texte(&t::NORME_REFERENCE_ECHANGE, "576")
            .texte(&t::UNITE_MONETAIRE, "U")
            .octets(&t::TYPE_FLUX, &[self.options.mark.octet()]);
        let mut file = Ecrivain::nouveau(header, self.options.packaging)?;
        file.ouvrir(1, Gabarit::nouveau(&e020::layout::LAYOUT))?;
        self.summary.logical_files += 1;
        Ok(file)
    }

    /// Closes 081, 071 and 040; ends the logical file when it is long enough.
    fn end_lot(&mut self) -> Result<(), GenerateError> {
        if let (Some((_, true)), Some(mut file)) = (self.lot.take(), self.file.take()) {
            file.fermer()?;
            if self.options.movements {
                self.movements(&mut file)?;
            }
            for _ in 0..2 {
                file.fermer()?;
            }
            self.file = Some(file);
            if self.in_file >= self.options.invoices_per_file {
                self.end_file()?;
            }
        }
        Ok(())
    }

    /// A flat payment under an 081 of type 03, a recovery under one of type 05.
    fn movements(&mut self, file: &mut Ecrivain) -> Result<(), GenerateError> {
        let mut amount = |low, high| {
            Montant::from_centimes(
                i64::try_from(self.random.between(low, high)).unwrap_or_default(),
            )
        };
        let (flat, taken) = (amount(1_000, 9_000), amount(100, 900));
        let detail = Gabarit::nouveau(&e262::layout::LAYOUT)
            .texte(&e262::layout::LIBELLE, "FORFAIT EXEMPLE")
            .texte(&e262::layout::PERIODICITE, "P")
            .montant(&e262::layout::MONTANT, flat);
        file.ouvrir(
            4,
            Gabarit::nouveau(&e081::layout::LAYOUT).nombre(&e081::layout::CODE_TYPE_RETOUR, 3),
        )?;
        file.feuille(
            Gabarit::nouveau(&e261::layout::LAYOUT)
                .nombre(&e261::layout::CODE_PAIEMENT, 1)
                .montant(&e261::layout::MONTANT, flat),
        )?;
        file.feuille(detail)?;
        file.fermer()?;
        let recovery = Gabarit::nouveau(&e250::layout::LAYOUT)
            .nombre(&e250::layout::NUMERO_LIGNE, 1)
            .texte(&e250::layout::REFERENCE_DETTE, &format!("DET{:07}", self.summary.transfers))
            .texte(&e250::layout::DATE_ENREGISTREMENT_DETTE, &self.options.date.jjmmaa())
            .texte(&e250::layout::NATURE_DETTE, "IND")
            .texte(&e250::layout::NATURE_OPERATION, "RPR")
            .montant_signe(&e250::layout::MONTANT_MOUVEMENT, &e250::layout::SIGNE, -taken);
        file.ouvrir(
            4,
            Gabarit::nouveau(&e081::layout::LAYOUT).nombre(&e081::layout::CODE_TYPE_RETOUR, 5),
        )?;
        file.feuille(recovery)?;
        file.fermer()?;
        self.summary.flat += flat;
        self.summary.recovered += taken;
        Ok(())
    }

    fn end_file(&mut self) -> Result<(), GenerateError> {
        if let Some(mut file) = self.file.take() {
            file.fermer()?;
            self.out.write_all(&file.terminer()?)?;
        }
        self.in_file = 0;
        Ok(())
    }

    /// Counts the answer to an invoice and returns its entities: the 102, then its leaves.
    fn answer(&mut self, facture: &Facture, lot: &Lot, outcome: Outcome) -> Vec<Gabarit> {
        let totals = facture.totaux();
        let (amo, amc) = outcome.states();
        let paid = |state: &[u8; 1], asked| if state == b"P" { asked } else { Montant::ZERO };
        let (amo_paid, amc_paid) = (paid(amo, totals.amo), paid(amc, totals.amc));
        self.summary.invoices += 1;
        self.summary.amo_asked += totals.amo;
        self.summary.amo_paid += amo_paid;
        self.summary.amc_asked += totals.amc;
        self.summary.amc_paid += amc_paid;
        entities::of_invoice(facture, lot, outcome, [amo_paid, amc_paid])
    }
}
