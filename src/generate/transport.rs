//! Ambulances: a line for each journey at 65 %, with its 4T (kilometres, tolls) and, for
//! ambulances, its 4U (crew, start and end of the journey).

use super::acts::{Act, Care, hundredths};
use super::random::Random;
use noemie_parsers::b2::{Fiche, t4t, t4u};

/// Act code, price of a kilometre and flat price, centimes.
const VEHICLES: [(&str, u64, u64); 3] = [("VSL", 102, 1_420), ("ABA", 244, 5_700), ("TXI", 215, 0)];

pub(super) fn lines(care: &Care<'_>, random: &mut Random, out: &mut Vec<Fiche>) {
    let vehicle = random.pick(&VEHICLES);
    let way = (99_000 + random.between(100, 999), 99_000 + random.between(100, 999));
    let kilometres = random.between(3, 149);
    for journey in 0..random.between(1, 2) {
        let (code, by_kilometre, flat) = vehicle;
        let tolls = if random.chance(20) { random.between(1, 2) * 230 } else { 0 };
        let price = flat + by_kilometre * kilometres + tolls;
        out.push(
            Act {
                code,
                date: care.date,
                coefficient: 100,
                price,
                rate: care.rate(65),
                above: 0,
                left: 0,
                place: 1,
            }
            .record(care),
        );
        out.push(bill(by_kilometre, flat, kilometres, tolls));
        if flat > 0 {
            let way = if journey == 0 { way } else { (way.1, way.0) };
            out.push(trip(care, journey, way, kilometres, random));
        }
    }
}

fn bill(by_kilometre: u64, flat: u64, kilometres: u64, tolls: u64) -> Fiche {
    use t4t::layout as t;
    Fiche::nouvelle(&t::LAYOUT)
        .nombre(&t::TRANSPORT_LIE_HOSPITALISATION, 1)
        .nombre(&t::TYPE_FORFAIT, u64::from(flat > 0))
        .nombre(&t::PU_FORFAIT_NON_MAJORE, flat)
        .nombre(&t::QUANTITE_FORFAITS, u64::from(flat > 0))
        .nombre(&t::PU_KILOMETRE_NON_REDUIT, by_kilometre)
        .nombre(&t::KM_SANS_MAJORATION_JUSQU_150, kilometres)
        .nombre(&t::NOMBRE_PEAGES, tolls / 230)
        .nombre(&t::MONTANT_PEAGES, tolls)
}

fn trip(
    care: &Care<'_>,
    journey: u64,
    way: (u64, u64),
    kilometres: u64,
    random: &mut Random,
) -> Fiche {
    use t4u::layout as t;
    let leaves = (8 + 6 * journey) * 60 + random.between(0, 119);
    let arrives = leaves + 5 + hundredths(kilometres * 130);
    let time = |minutes: u64| minutes / 60 * 100 + minutes % 60;
    Fiche::nouvelle(&t::LAYOUT)
        .date(&t::DATE_DEPART, care.date)
        .nombre(&t::HEURE_DEPART, time(leaves))
        .nombre(&t::LIEU_DEPART, way.0)
        .texte(&t::NO_VEHICULE, &format!("AA{:03}AA", random.between(100, 999)))
        .texte(&t::NOM_CONDUCTEUR, "BROUILLO")
        .texte(&t::PRENOM_CONDUCTEUR, "GIL")
        .date(&t::DATE_ARRIVEE, care.date)
        .nombre(&t::HEURE_ARRIVEE, time(arrives))
        .nombre(&t::LIEU_ARRIVEE, way.1)
        .nombre(&t::NOMBRE_MALADES, 1)
        .nombre(&t::DISTANCE_PARCOURUE, kilometres)
}
