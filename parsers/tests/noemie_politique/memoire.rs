//! Returns that could make the reading slow, endless or large.

use super::outils::essai;
use noemie_parsers::noemie::{ANOMALIES_MAX, ENTITES_MAX, Element, Packaging, Reader};
use std::time::{Duration, Instant};

/// Generous: debug build, shared machine.
const LIMITE: Duration = Duration::from_secs(20);
const TAILLE: usize = 600_000;

fn mesure(nom: &str, octets: &[u8], packaging: Packaging) {
    let depart = Instant::now();
    let mut lecteur = Reader::new(octets, packaging);
    while let Some(element) = lecteur.next_element().expect("memory does not fail") {
        match element {
            Element::Retour(r) => assert!(
                r.entites.len() <= ENTITES_MAX && r.anomalies.len() as u64 <= ANOMALIES_MAX + 4,
                "{nom}"
            ),
            Element::Anomalies(a) => assert!(a.len() as u64 <= ANOMALIES_MAX + 4, "{nom}"),
            _ => {}
        }
        assert!(depart.elapsed() < LIMITE, "{nom}");
    }
    assert!(depart.elapsed() < LIMITE, "{nom}");
}

#[test]
fn one_entity_repeated() {
    let base = essai("");
    for entite in &base.entites {
        let mut e = base.clone();
        // In the place of the first 198: inside an invoice.
        e.entites.splice(6..7, std::iter::repeat_n(entite.clone(), TAILLE / entite.len()));
        for packaging in [Packaging::Lignes, Packaging::Blocs] {
            mesure(&String::from_utf8_lossy(&entite[..3]), &e.octets(packaging), packaging);
        }
    }
}

#[test]
fn one_byte_repeated() {
    for octet in [b'\n', b'\r', b'@', b' ', b'0', b'1', b'9', 0, 0xff] {
        for packaging in [Packaging::Lignes, Packaging::Blocs] {
            mesure("alone", &vec![octet; TAILLE], packaging);
            let mut octets = essai("").octets(packaging);
            octets.truncate(600);
            octets.resize(TAILLE, octet);
            mesure("after a beginning", &octets, packaging);
        }
    }
}

#[test]
fn out_of_step_for_long() {
    for motif in [&b"@77799"[..], b"77799", b"@@", b"@19", b"199", b"9999", b"@00099", b"@990"] {
        let mut e = essai("");
        e.entites.insert(5, motif.repeat(TAILLE / motif.len()));
        mesure("blocks", &e.octets(Packaging::Blocs), Packaging::Blocs);
        e.entites.splice(5..6, std::iter::repeat_n(motif.repeat(9_000 / motif.len()), 60));
        mesure("lines", &e.octets(Packaging::Lignes), Packaging::Lignes);
    }
}

#[test]
fn headers_only() {
    for packaging in [Packaging::Lignes, Packaging::Blocs] {
        let mut e = essai("");
        e.entites.clear();
        let vide = e.octets(packaging);
        mesure("empty files", &vide.repeat(TAILLE / vide.len()), packaging);
        mesure("headers", &vide[..vide.len() / 2].repeat(TAILLE / vide.len()), packaging);
    }
}
