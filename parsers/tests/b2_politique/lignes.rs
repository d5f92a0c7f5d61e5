//! C16 to C19 and C24: order, number, sequence and age of the lines. Warnings, all of them.

use super::outils::{Essai, UNE, cp, pose, ps};

/// `n` complements like record `modele`, numbered, in its place.
fn repete(mut essai: Essai, modele: usize, n: u64) -> Essai {
    let model = essai.records.remove(modele - 1);
    for rang in (1..=n).rev() {
        let mut r = model.clone();
        pose(&mut r, 37, 2, rang);
        essai.records.insert(modele - 1, r);
    }
    essai.compte()
}

#[test]
fn the_2s_of_norm_cp() {
    cp("2S missing").ote(4).compte().accepte(&[("C16", 3, 0)]);
    cp("2S after 2P").echange(4, 5).accepte(&[("C16", 5, 0)]);
    cp("2X before 2P").echange(5, 6).accepte(&[("C16", 5, 0)]);
    ps("2S missing in norm PS").ote(4).compte().accepte(&[]);
    ps("2X before 2P").echange(7, 8).accepte(&[("C16", 7, 0)]);
}

#[test]
fn order_of_the_complements_of_a_line() {
    cp("4M before 4S").echange(11, 12).accepte(&[("C16", 12, 0)]);
    cp("4S missing").ote(11).compte().accepte(&[]);
}

#[test]
fn sequences() {
    ps("4C 02 missing, 03 follows 01").pose(11, 37, "03").accepte(&[("C17", 11, 37)]);
    ps("4C 01 twice").pose(11, 37, "01").accepte(&[("C17", 11, 37)]);
    ps("4C in the wrong order").echange(10, 11).accepte(&[("C17", 10, 37), ("C17", 11, 37)]);
    cp("4M begins at 02").pose(12, 37, "02").accepte(&[("C17", 12, 37)]);
    cp("3S numbered 02").pose(8, 40, "02").accepte(&[("C17", 8, 40)]);
    ps("sequence blank").pose(10, 37, "  ").accepte(&[]);
}

#[test]
fn order_of_the_lines() {
    let deux = |nom: &str, rangs: [&str; 2]| {
        let essai = ps(nom);
        let ligne = essai.records[8..11].to_vec();
        let mut essai = ligne
            .into_iter()
            .rev()
            .fold(essai, |e, r| e.insere(12, r))
            .pose(9, 37, rangs[0])
            .pose(12, 37, rangs[1]);
        // The line is there twice: so are its amounts.
        let lu = |r: &[u8], colonne: usize, largeur: usize| -> u64 {
            std::str::from_utf8(&r[colonne - 1..colonne - 1 + largeur])
                .expect("ASCII")
                .parse()
                .expect("an amount")
        };
        for (total, zone) in [(58, 113), (66, 106), (82, 122)] {
            let une = lu(&essai.records[8], zone, 7);
            pose(&mut essai.records[14], total, 8, 2 * une);
        }
        let participation = lu(&essai.records[14], 58, 8) - lu(&essai.records[14], 66, 8);
        pose(&mut essai.records[14], 74, 8, participation);
        essai.compte()
    };
    deux("lines 01 and 02", ["01", "02"]).accepte(&[]);
    deux("lines 02 and 01", ["02", "01"]).accepte(&[("C16", 12, 37)]);
    for rangs in [["01", "00"], ["00", "00"], ["  ", "01"], ["01", "01"]] {
        deux(&format!("lines {rangs:?}"), rangs).accepte(&[]);
    }
}

#[test]
fn number_of_complements() {
    let b = |n: u64| {
        let mut essai = cp(&format!("{n} 4B"));
        let mut r = essai.records[11].clone();
        r[35] = b'B';
        r[38..].fill(b' ');
        essai.records[11] = r;
        repete(essai, 12, n)
    };
    b(10).accepte(&[]);
    b(11).accepte(&[("C17", 22, 0)]);
    repete(cp("26 4M"), 12, 26).accepte(&[]);
    repete(cp("27 4M"), 12, 27).accepte(&[("C17", 38, 0)]);
}

#[test]
fn ccam() {
    // The date of the line is that of the last session: 70-75 in a type 4 of norm CP.
    let deux = |nom: &str, dates: [&str; 2]| {
        repete(cp(nom), 12, 2).pose(10, 70, "260129").pose(12, 65, dates[0]).pose(13, 65, dates[1])
    };
    deux("4M ascending", ["260128", "260129"]).accepte(&[]);
    deux("4M of one day", ["260129", "260129"]).accepte(&[]);
    deux("4M descending", ["260129", "260128"]).accepte(&[("C17", 13, 65)]);
    deux("the first 4M without a date", ["000000", "260129"]).accepte(&[]);
    deux("line of the first session", ["260129", "260130"]).accepte(&[("C17", 10, 70)]);
    deux("line after the last session", ["260127", "260128"]).accepte(&[("C17", 10, 70)]);
    for modificateurs in ["A B ", " A  ", "   A", "AB C"] {
        cp(&format!("modifiers {modificateurs}"))
            .pose(12, 59, modificateurs)
            .accepte(&[("C18", 12, 59)]);
    }
    for modificateurs in ["    ", "A   ", "AB  ", "ABCD"] {
        cp(&format!("modifiers {modificateurs}")).pose(12, 59, modificateurs).accepte(&[]);
    }
}

#[test]
fn number_of_lines() {
    let lignes = |n: usize| {
        let mut essai = ps(&format!("{n} lines"));
        essai.records.drain(9..11);
        // Free lines, so that the totals stay those of the first one.
        let mut gratuite = essai.records[8].clone();
        gratuite[88..102].fill(b'0');
        gratuite[105..119].fill(b'0');
        for _ in 1..n {
            essai.records.insert(9, gratuite.clone());
        }
        essai.compte()
    };
    lignes(1).accepte(&[]);
    lignes(999).accepte(&[]);
    // The counter of the 5 has three digits: it cannot be right beyond 999, so such an invoice is
    // set aside by C32 as well.
    lignes(1_000).met_de_cote(&[UNE], &[("C19", 3, 0), ("C32", 1_009, 39)]);
}

#[test]
fn one_year_between_care_and_transmission() {
    // Prescribed before, so that the age of the care is the only fault.
    let ps = |nom: &str| ps(nom).pose(3, 68, "160101").pose(13, 68, "160101");
    ps("364 days").pose(9, 68, "250203").accepte(&[]);
    ps("one year, day for day").pose(9, 68, "250202").accepte(&[("C24", 9, 68)]);
    ps("ten years").pose(9, 68, "160130").accepte(&[("C24", 9, 68)]);
    // 29 February between the two: 365 days are less than one year.
    let sent = |nom: &str, date: &str| {
        ps(nom).pose(1, 56, date).pose(2, 72, date).pose(3, 40, date).pose(13, 40, date)
    };
    sent("2024-03-01 sent on 2025-02-28", "250228")
        .pose(9, 68, "240301")
        .pose(17, 68, "250101")
        .accepte(&[]);
    sent("2024-02-28 sent on 2025-02-27", "250227")
        .pose(9, 68, "240228")
        .pose(17, 68, "250101")
        .accepte(&[]);
    cp("stay of last year").pose(7, 44, "250101").accepte(&[("C24", 7, 44)]);
}
