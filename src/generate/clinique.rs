//! Private clinics, norm CP: a stay (GHS and its 3S), daily charges (FJ), sometimes implants (PII
//! and its 3F) and a CCAM act (ADC, 4S, 4M).

use super::acts::{Care, hundredths};
use super::random::Random;
use noemie_parsers::b2::{Fiche, t3, t3f, t3s, t4, t4m, t4s};

/// Daily charge, centimes.
const FJ: u64 = 2_000;

/// Mode de traitement (full stay) and discipline of every line.
const TREATMENT: u64 = 3;
const DISCIPLINE: u64 = 174;

/// A line of type 3; centimes.
struct Stay {
    code: &'static str,
    quantity: u64,
    price: u64,
    rate: u64,
    ghs: u64,
    /// Part that pays the daily charge.
    charge: &'static str,
}

pub(super) fn lines(care: &Care<'_>, random: &mut Random, out: &mut Vec<Fiche>) {
    let ghs = random.between(1_000, 9_999);
    let price = random.between(80_000, 400_000);
    // 80 % of a stay is at most 800 euros for the insurer: within the six digits of its zone.
    out.push(stay(
        care,
        &Stay { code: "GHS", quantity: 1, price, rate: care.rate(80), ghs, charge: "" },
    ));
    out.push(prescription(care));
    let days = u64::try_from(care.date.day_number() - care.admitted.day_number())
        .unwrap_or_default()
        .max(1);
    out.push(stay(
        care,
        &Stay { code: "FJ", quantity: days, price: FJ, rate: 0, ghs: 0, charge: "A" },
    ));
    if random.chance(15) {
        implants(care, ghs, random, out);
    }
    if random.chance(60) {
        ccam(care, ghs, random, out);
    }
}

fn stay(care: &Care<'_>, line: &Stay) -> Fiche {
    use t3::cp as t;
    let total = line.quantity * line.price;
    let amo = hundredths(total * line.rate);
    Fiche::nouvelle(&t::LAYOUT)
        .nombre(&t::MODE_TRAITEMENT, TREATMENT)
        .nombre(&t::DISCIPLINE_PRESTATION, DISCIPLINE)
        .date(&t::DATE_DEBUT_SEJOUR, care.admitted)
        .date(&t::DATE_FIN_SEJOUR, care.date)
        .texte(&t::CODE_ACTE, line.code)
        .nombre(&t::QUANTITE, line.quantity)
        .chiffres(&t::JUSTIFICATION_EXONERATION_NIVEAU_ACTE, care.exemption)
        .nombre(&t::COEFFICIENT, 100)
        .texte(&t::CODE_PRISE_CHARGE_FORFAIT_JOURNALIER, line.charge)
        .nombre(&t::COEFFICIENT_MCO_HAD_SMR, 10_000)
        .nombre(&t::PRIX_UNITAIRE, line.price)
        .nombre(&t::BASE_REMBOURSEMENT, total)
        .nombre(&t::TAUX, line.rate)
        .nombre(&t::MONTANT_REMBOURSABLE_AMO, amo)
        .nombre(&t::MONTANT_TOTAL_DEPENSE, total)
        .nombre(&t::NO_GHS_GHT_GMT, line.ghs)
        .texte(&t::DOMAINE_ACTIVITE, "C")
        .nombre(&t::MONTANT_REMBOURSABLE_OC, total - amo)
}

fn prescription(care: &Care<'_>) -> Fiche {
    use t3s::cp as t;
    Fiche::nouvelle(&t::LAYOUT)
        .texte(&t::NO_PRESCRIPTEUR, &care.prescriber)
        .texte(&t::CONDITION_EXERCICE_PRESCRIPTEUR, "L")
        .nombre(&t::SPECIALITE_PRESCRIPTEUR_SALARIE, 4)
        .date(&t::DATE_PRESCRIPTION, care.prescribed)
        .nombre(&t::CODE_ACCORD_PREALABLE, 9)
        .texte(&t::NATURE_INTERRUPTION_FIN_SEJOUR, "S")
        .texte(&t::ORIGINE_PRESCRIPTION, "O")
}

/// Adds a PII and its two articles (022003 has two a record).
fn implants(care: &Care<'_>, ghs: u64, random: &mut Random, out: &mut Vec<Fiche>) {
    use t3f::v022003 as t;
    let (first, second) = (random.between(10_000, 60_000), random.between(10_000, 60_000));
    out.push(stay(
        care,
        &Stay { code: "PII", quantity: 1, price: first + second, rate: 100, ghs, charge: "" },
    ));
    let articles = Fiche::nouvelle(&t::LAYOUT)
        .texte(&t::CODE_REFERENCE_LPP_1, "9990300")
        .nombre(&t::QUANTITE_1, 1)
        .nombre(&t::TARIF_PU_1, first)
        .nombre(&t::MONTANT_TOTAL_FACTURE_1, first)
        .texte(&t::CODE_REFERENCE_LPP_2, "9990301")
        .nombre(&t::QUANTITE_2, 1)
        .nombre(&t::TARIF_PU_2, second)
        .nombre(&t::MONTANT_TOTAL_FACTURE_2, second);
    out.push(articles);
}

/// Adds an ADC with its 4S and 4M; the insurer pays the excess fee.
fn ccam(care: &Care<'_>, ghs: u64, random: &mut Random, out: &mut Vec<Fiche>) {
    let base = random.between(5_000, 40_000);
    let billed = base + if random.chance(40) { random.between(1_000, 9_000) } else { 0 };
    let rate = care.rate(80);
    let amo = hundredths(base * rate);
    out.push(fee(care, base, rate, amo, billed));
    {
        use t4s::v2005e as t;
        let next = Fiche::nouvelle(&t::LAYOUT)
            .texte(&t::CONDITION_EXERCICE_EXECUTANT, "L")
            .nombre(&t::CODE_ACCORD_PREALABLE, 9)
            .nombre(&t::NO_GHS_GHT_GMT, ghs)
            .texte(&t::DOMAINE_ACTIVITE, "C");
        out.push(next);
    }
    use t4m::layout as t;
    out.push(
        Fiche::nouvelle(&t::LAYOUT)
            .texte(&t::CODE_ACTE_CCAM, "ZZZZ999")
            .texte(&t::CODE_ACTIVITE, "1"),
    );
}

fn fee(care: &Care<'_>, base: u64, rate: u64, amo: u64, billed: u64) -> Fiche {
    use t4::cp as t;
    Fiche::nouvelle(&t::LAYOUT)
        .nombre(&t::MODE_TRAITEMENT, TREATMENT)
        .nombre(&t::DISCIPLINE_PRESTATION, DISCIPLINE)
        .texte(&t::NO_PRESCRIPTEUR_CLE, &care.prescriber)
        .texte(&t::ORIGINE_PRESCRIPTION, "O")
        .chiffres(&t::JUSTIFICATION_EXONERATION_NIVEAU_ACTE, care.exemption)
        .nombre(&t::SPECIALITE_PRESCRIPTEUR, 4)
        .texte(&t::NO_EXECUTANT_CLE, &care.prescriber)
        .nombre(&t::ZONE_TARIF_EXECUTANT, 24)
        .nombre(&t::SPECIALITE_EXECUTANT, 4)
        .date(&t::DATE_SOINS, care.admitted)
        .texte(&t::CODE_ACTE, "ADC")
        .nombre(&t::QUANTITE, 1)
        .nombre(&t::COEFFICIENT, 100)
        .nombre(&t::DENOMBREMENT, 1)
        .nombre(&t::PRIX_UNITAIRE, base)
        .nombre(&t::BASE_REMBOURSEMENT, base)
        .nombre(&t::TAUX, rate)
        .nombre(&t::MONTANT_REMBOURSABLE_AMO, amo)
        .nombre(&t::MONTANT_HONORAIRES, billed)
        .nombre(&t::MONTANT_REMBOURSABLE_OC, billed - amo)
}
