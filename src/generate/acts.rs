//! Parts that the profiles share: circumstances of care, amounts, main line of norm PS.

use super::Profile;
use super::calendar::Calendar;
use super::people;
use super::random::Random;
use noemie_parsers::b2::{Fiche, t4};
use noemie_parsers::types::Date;

/// Circumstances of an invoice.
#[derive(Debug)]
pub(super) struct Care<'a> {
    /// Professional who bills and gave the care.
    pub(super) ps: &'a str,
    pub(super) profile: Profile,
    pub(super) prescriber: String,
    pub(super) prescribed: Date,
    /// Day of the invoice; discharge in a clinic.
    pub(super) date: Date,
    /// Days between the invoice and the creation of the file.
    pub(super) days_before: u64,
    /// Admission in a clinic.
    pub(super) admitted: Date,
    /// Accident at work or pregnancy.
    pub(super) accident: Date,
    /// Nature d'assurance: 10, 30 or 41.
    pub(super) nature: u64,
    /// Justification d'exoneration: 0 or 4.
    pub(super) exemption: &'static str,
    pub(super) calendar: &'a Calendar,
}

impl<'a> Care<'a> {
    pub(super) fn drawn(
        profile: Profile,
        ps: &'a str,
        calendar: &'a Calendar,
        random: &mut Random,
    ) -> Self {
        let days_before = random.between(2, 12);
        let nature = match random.between(0, 39) {
            _ if profile == Profile::Clinique => 10,
            0 => 41,
            1 => 30,
            _ => 10,
        };
        Self {
            ps,
            profile,
            prescriber: people::prescriber(random),
            prescribed: calendar.before(days_before + random.between(1, 10)),
            date: calendar.before(days_before),
            days_before,
            admitted: calendar.before(days_before + random.between(1, 6)),
            accident: calendar.before(days_before + random.between(11, 20)),
            nature,
            exemption: if nature == 10 && random.chance(16) { "4" } else { "0" },
            calendar,
        }
    }

    /// Returns the rate: 100 % for work accidents, maternity and long illness.
    pub(super) fn rate(&self, usual: u64) -> u64 {
        if self.nature != 10 || self.exemption == "4" { 100 } else { usual }
    }
}

/// Returns a number of hundredths in units, rounded half up: `base x rate`, `price x coefficient`.
pub(super) const fn hundredths(n: u64) -> u64 {
    (n + 50) / 100
}

/// A main line of norm PS; amounts in centimes, coefficient in hundredths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act {
    pub(super) code: &'static str,
    pub(super) date: Date,
    pub(super) coefficient: u64,
    pub(super) price: u64,
    pub(super) rate: u64,
    /// Amount billed above the base.
    pub(super) above: u64,
    /// Amount left to the patient.
    pub(super) left: u64,
    /// 1 at home and in transport, else 0.
    pub(super) place: u64,
}

impl Act {
    /// Returns the base of reimbursement.
    pub(super) const fn base(&self) -> u64 {
        hundredths(self.price * self.coefficient)
    }

    /// Returns the amount billed.
    pub(super) const fn billed(&self) -> u64 {
        self.base() + self.above
    }

    /// Returns the record of the line.
    pub(super) fn record(&self, care: &Care<'_>) -> Fiche {
        use t4::ps as t;
        let amo = hundredths(self.base() * self.rate);
        let amc = (self.billed() - amo).saturating_sub(self.left);
        Fiche::nouvelle(&t::LAYOUT)
            .nombre(&t::CODE_ACCORD_PREALABLE, 9)
            .chiffres(&t::JUSTIFICATION_EXONERATION_NIVEAU_ACTE, care.exemption)
            .texte(&t::NO_EXECUTANT_CLE, care.ps)
            .nombre(&t::SPECIALITE_EXECUTANT, care.profile.speciality())
            .date(&t::DATE_SOINS_DELIVRANCE, self.date)
            .texte(&t::CODE_ACTE, self.code)
            .nombre(&t::QUANTITE, 1)
            .nombre(&t::COEFFICIENT, self.coefficient)
            .nombre(&t::DENOMBREMENT, 1)
            .nombre(&t::PRIX_UNITAIRE, self.price)
            .nombre(&t::BASE_REMBOURSEMENT, self.base())
            .nombre(&t::TAUX, self.rate)
            .nombre(&t::MONTANT_REMBOURSABLE_AMO, amo)
            .nombre(&t::MONTANT_HONORAIRES_DEPENSE, self.billed())
            .nombre(&t::CODE_LIEU, self.place)
            .nombre(&t::MONTANT_REMBOURSABLE_OC, amc)
    }
}
