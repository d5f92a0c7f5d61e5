//! C39, C40 and C41: dates after the file, in an impossible order, or missing. The fixtures were
//! created on 2 February 2026, billed on 30 January (PS), with care before.

use super::outils::{cp, ps};

#[test]
fn dates_after_the_file() {
    for valeur in ["991231", "260203", "500101"] {
        ps(&format!("care on {valeur}")).pose(9, 68, valeur).accepte(&[("C39", 9, 68)]);
        ps(&format!("billed on {valeur}")).pose(3, 40, valeur).accepte(&[("C39", 3, 40)]);
        ps(&format!("prescribed on {valeur}")).pose(3, 68, valeur).accepte(&[("C39", 3, 68)]);
        ps(&format!("lot of {valeur}")).pose(2, 72, valeur).accepte(&[("C39", 2, 72)]);
        cp(&format!("entered on {valeur}")).pose(14, 103, valeur).accepte(&[("C39", 14, 103)]);
    }
    cp("stay in the future")
        .pose(7, 44, "991230")
        .pose(7, 50, "991231")
        .accepte(&[("C39", 7, 44), ("C39", 7, 50)]);
    // "Today" is the date of the file, never the clock.
    ps("a file of 2099")
        .pose(1, 56, "990101")
        .pose(9, 68, "981231")
        .accepte(&[("C24", 17, 68), ("C40", 9, 68)]);
    ps("care on the day of the file").pose(9, 68, "260202").pose(3, 40, "260202").accepte(&[]);
}

#[test]
fn missing_dates() {
    for rien in ["000000", "      "] {
        ps(&format!("invoice date {rien:?}")).pose(3, 40, rien).accepte(&[("C41", 3, 40)]);
        ps(&format!("lot date {rien:?}")).pose(2, 72, rien).accepte(&[("C41", 2, 72)]);
        // Without a date the file has no "today": nothing is compared with it.
        ps(&format!("file date {rien:?}"))
            .pose(1, 56, rien)
            .pose(9, 68, "991231")
            .accepte(&[("C41", 1, 56), ("C40", 9, 68)]);
        cp(&format!("start of stay {rien:?}")).pose(7, 44, rien).accepte(&[("C41", 7, 44)]);
        ps(&format!("no prescription {rien:?}")).pose(3, 68, rien).accepte(&[]);
    }
}

#[test]
fn care_after_the_invoice() {
    ps("care one day after the invoice")
        .pose(3, 40, "260129")
        .pose(9, 68, "260130")
        .accepte(&[("C40", 9, 68)]);
    ps("care on the day of the invoice").pose(3, 40, "260130").pose(9, 68, "260130").accepte(&[]);
}

#[test]
fn prescription_after_execution() {
    ps("prescribed after all care")
        .pose(3, 68, "260131")
        .pose(3, 40, "260201")
        .pose(9, 68, "260130")
        .accepte(&[("C40", 3, 68)]);
    cp("prescribed after the stay").pose(8, 54, "260201").accepte(&[("C40", 8, 54)]);
}

#[test]
fn discharge_before_admission() {
    cp("discharge before admission")
        .pose(14, 103, "260129")
        .pose(14, 109, "260128")
        .accepte(&[("C40", 14, 109)]);
    cp("end of stay before its start").pose(7, 50, "251231").accepte(&[("C40", 7, 50)]);
}

#[test]
fn birth_after_care() {
    // The NIR of the first invoice is of 1984: its person is not a hundred years old.
    ps("born a month after the care").pose(3, 96, "260301").accepte(&[("C40", 3, 96)]);
    ps("born before the care").pose(3, 96, "260101").accepte(&[]);
    ps("ninety years old").pose(3, 96, "360101").accepte(&[]);
    // The NIR of the same year tells a person of a hundred years.
    let nir = "2260499999540";
    let cle = 97 - nir.parse::<u64>().expect("digits") % 97;
    ps("a hundred years old")
        .partout(3..=12, 12, &format!("{nir}{cle:02}"))
        .pose(3, 96, "260401")
        .accepte(&[]);
}

#[test]
fn accident_after_care() {
    // 000 + AAMMJJ: an accident of common law.
    ps("accident after care").pose(3, 86, "000260201").accepte(&[("C40", 3, 86)]);
    ps("accident before care").pose(3, 86, "000260101").accepte(&[]);
}
