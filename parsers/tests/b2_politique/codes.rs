//! C21, C22, C29, C37, C26, C28: code values and the zones that depend on them.

use super::outils::{DEUX, Essai, UNE, cp, ps};

#[test]
fn nature_regime_and_care_path() {
    for nature in ["00", "11", "40", "99", "  "] {
        ps(&format!("nature {nature}")).pose(3, 77, nature).met_de_cote(&[UNE], &[("C21", 3, 77)]);
        cp(&format!("nature {nature}"))
            .pose(14, 77, nature)
            .met_de_cote(&[DEUX], &[("C21", 14, 77)]);
    }
    for nature in ["13", "30", "90"] {
        ps(&format!("nature {nature}")).pose(3, 77, nature).accepte(&[]);
    }
    for regime in ["00", "11", "13", "18", "79", "81", "97", "  "] {
        ps(&format!("regime {regime}")).pose(3, 49, regime).met_de_cote(&[UNE], &[("C21", 3, 49)]);
    }
    for regime in ["02", "10", "12", "17", "80", "90", "96", "99"] {
        cp(&format!("regime {regime}")).pose(14, 49, regime).accepte(&[]);
    }
    for ips in ["X", "C", "Z", "9"] {
        cp(&format!("care path {ips}"))
            .pose(15, 121, ips)
            .met_de_cote(&[DEUX], &[("C21", 15, 121)]);
    }
    for ips in " ABDHJMNORSTU".chars() {
        cp(&format!("care path {ips}")).pose(15, 121, ips.to_string()).accepte(&[]);
    }
    // In norm PS column 121 of the 2S is a filler of 2007 that one reader takes as the care path:
    // its value is not controlled.
    ps("care path X in norm PS").pose(4, 121, "X").accepte(&[]);
}

#[test]
fn accidents() {
    let nature = |essai: Essai, nature: &str, accident: &str| {
        essai.pose(3, 77, nature).pose(3, 86, accident)
    };
    for vide in ["000000000", "         "] {
        nature(ps("41, nothing"), "41", vide).met_de_cote(&[UNE], &[("C22", 3, 86)]);
        nature(cp("41, nothing"), "41", vide).met_de_cote(&[UNE], &[("C22", 3, 86)]);
    }
    nature(ps("41, impossible date"), "41", "261332997").met_de_cote(&[UNE], &[("C22", 3, 86)]);
    nature(ps("41, date of accident"), "41", "000260118").accepte(&[]);
    nature(ps("41, impossible date of accident"), "41", "000260231")
        .met_de_cote(&[UNE], &[("C22", 3, 86)]);
    nature(ps("10, common-law accident"), "10", "000260118").accepte(&[]);
    nature(ps("10, accident number"), "10", "260118997").met_de_cote(&[UNE], &[("C22", 3, 86)]);
    nature(ps("13, accident number"), "13", "260118997").met_de_cote(&[UNE], &[("C22", 3, 86)]);
    nature(ps("41, letter"), "41", "26011899X")
        .met_de_cote(&[UNE], &[("C22", 3, 86), ("C6", 3, 86)]);
}

#[test]
fn insurer_number() {
    ps("OC on the left").pose(3, 119, "99900011  ").accepte(&[("C29", 3, 119)]);
    ps("OC with blanks before").pose(3, 119, "  99900011").accepte(&[("C29", 3, 119)]);
    ps("OC with a letter").pose(3, 119, "009990001X").accepte(&[("C29", 3, 119)]);
    ps("OC absent").pose(3, 119, "          ").accepte(&[]);
    ps("M at 128").pose(3, 119, "         M").accepte(&[]);
    cp("contract 89 without OC")
        .pose(14, 117, "89")
        .pose(14, 119, "          ")
        .accepte(&[("C29", 14, 119)]);
    cp("contract 89 with OC").pose(14, 117, "89").accepte(&[]);
    // C12 names the OC number: mistyped, it sends a person's care to another insurer.
    ps("OC with a wrong key").pose(3, 119, "0099900012").met_de_cote(&[UNE], &[("C12", 3, 119)]);
}

#[test]
fn centre_of_regime_96() {
    let regime =
        |centre: &str| ps(&format!("96 196 {centre}")).pose(3, 49, "96196").pose(3, 54, centre);
    regime("1234").accepte(&[("C37", 3, 54)]);
    regime("1230").accepte(&[]);
}

#[test]
fn split_flows() {
    // In a DRE the AMC part travels here: the control is for the AMO invoice.
    let amo = |essai: Essai| {
        let fin = essai.records.len();
        essai.pose(1, 26, "CT").pose(fin, 26, "CT").pose(1, 92, " ".repeat(37))
    };
    amo(cp("AMO, F, with an AMC part")).pose(14, 95, "F").accepte(&[("C26", 14, 95)]);
    amo(ps("AMO, F, with an AMC part")).pose(13, 46, "F").accepte(&[("C26", 13, 46)]);
    amo(ps("AMO, F, without AMC part")).pose(3, 46, "F").accepte(&[]);
    ps("DRE, F").pose(13, 46, "F").accepte(&[]);
}

#[test]
fn prior_agreement() {
    for code in ["0", "4", "5"] {
        ps(&format!("agreement {code} without date"))
            .pose(9, 44, "000000")
            .pose(9, 50, code)
            .accepte(&[("C28", 9, 44)]);
        ps(&format!("agreement {code} with date"))
            .pose(9, 44, "260110")
            .pose(9, 50, code)
            .accepte(&[]);
    }
    ps("not subject to agreement").pose(9, 44, "000000").pose(9, 50, "9").accepte(&[]);
}
