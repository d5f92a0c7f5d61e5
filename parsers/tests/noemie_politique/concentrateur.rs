//! The 128-character notices of a concentrator. The policy has no table for them: a frame costs the
//! file, a number the notice.

use noemie_parsers::anomaly::{Anomaly, Severity};
use noemie_parsers::detect::{Norme, detecter};
use noemie_parsers::noemie::retour_concentrateur::{LecteurAvis, Notice};

fn avis(numero: u64) -> String {
    let debut = format!("299000000000111{numero:09}26030129901999990010700001000");
    format!("{debut}000005000000080000000250697{:<37}001260306  ", "FACTURE DEJA REGLEE")
}

/// Three notices, the second one changed; their verdict, the numbers set aside, the controls.
fn lire(changer: impl Fn(&mut Vec<u8>)) -> (Option<Severity>, Vec<String>, Vec<Anomaly>) {
    let mut lignes: Vec<Vec<u8>> = (1..=3).map(|n| avis(n).into_bytes()).collect();
    changer(&mut lignes[1]);
    let octets: Vec<u8> = lignes.iter().flat_map(|l| [l, &b"\r\n"[..]].concat()).collect();
    assert!(matches!(detecter(&octets).norme, Some(Norme::Concentrateur(_))));
    let mut lecteur = LecteurAvis::new(octets.as_slice());
    let (mut ecartes, mut constats) = (Vec::new(), Vec::new());
    for notice in lecteur.by_ref() {
        match notice.expect("memory does not fail") {
            Notice::Avis(a) => {
                if a.quarantined() {
                    ecartes.push(a.numero.clone());
                }
                constats.extend(a.anomalies);
            }
            Notice::Anomalie(a) => constats.push(a),
        }
    }
    (lecteur.comptes().verdict, ecartes, constats)
}

#[test]
fn numbers_cost_the_notice() {
    for (colonne, texte) in
        [(25, "26030X"), (46, "O0001000"), (54, " 0000500"), (62, "-0000800"), (70, "0000,250")]
    {
        let (verdict, ecartes, constats) =
            lire(|l| l[colonne - 1..][..texte.len()].copy_from_slice(texte.as_bytes()));
        assert_eq!(
            (verdict, ecartes),
            (Some(Severity::Invoice), vec!["000000002".to_owned()]),
            "{texte}: {constats:?}"
        );
        assert!(
            constats.iter().any(|a| a.record == 2 && a.column as usize == colonne),
            "{texte}: {constats:?}"
        );
    }
    let (verdict, ecartes, _) = lire(|l| l[45..53].fill(b' '));
    assert_eq!((verdict, ecartes.len()), (None, 0), "a blank amount is absent");
}

#[test]
fn frames_cost_the_file() {
    for longueur in [0, 1, 127, 129, 256] {
        let (verdict, _, constats) = lire(|l| l.resize(longueur, b' '));
        assert_eq!(verdict, Some(Severity::File), "{longueur}");
        assert!(
            constats.iter().any(|a| a.code.control() == "Q2" && a.record == 2),
            "{longueur}: {constats:?}"
        );
    }
}

#[test]
fn other_record_types_are_left_out() {
    let (verdict, ecartes, constats) = lire(|l| l[0] = b'2');
    assert_eq!((verdict, ecartes.len(), constats.len()), (None, 0, 0));
    let mut octets = avis(1).into_bytes();
    octets.extend_from_slice(b"\r\n");
    octets.extend_from_slice(&[b'7'; 128]);
    let mut lecteur = LecteurAvis::new(octets.as_slice());
    assert_eq!(lecteur.by_ref().count(), 2);
    assert_eq!(lecteur.comptes().verdict, Some(Severity::Warning));
}
