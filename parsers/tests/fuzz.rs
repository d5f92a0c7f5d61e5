//! Byte-level fuzzing on stable: the committed corpus and the fixtures, then their mutations for a
//! bounded time.
//!
//! `FUZZ_SECONDS` sets the time (5 s without it), `FUZZ_SEED` the run (the same without it, so that
//! a failure repeats). The case that fails is left in `target/fuzz`; copied into
//! `parsers/tests/corpus`, it is tried at every run. `parsers/fuzz` gives the same checks to
//! libFuzzer.

mod octets_commun;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const RACINE: &str = env!("CARGO_MANIFEST_DIR");

fn fichiers(dossier: &Path) -> Vec<PathBuf> {
    fs::read_dir(dossier)
        .expect("part of the repository")
        .map(|e| e.expect("an entry").path())
        .collect()
}

/// Every file of the corpus and of the fixtures.
fn graines() -> Vec<Vec<u8>> {
    let mut dossiers = ["corpus/b2", "corpus/noemie", "corpus/concentrator"]
        .map(|d| Path::new(RACINE).join("tests").join(d))
        .to_vec();
    dossiers.extend(
        ["b2/ok", "b2/err", "noemie"].map(|d| Path::new(RACINE).join("../testdata").join(d)),
    );
    let mut chemins: Vec<PathBuf> = dossiers.iter().flat_map(|d| fichiers(d)).collect();
    chemins.retain(|c| c.extension().is_none_or(|e| e != "json"));
    chemins.sort();
    chemins.iter().map(|c| fs::read(c).expect("a seed")).collect()
}

fn reglage(nom: &str, defaut: u64) -> u64 {
    std::env::var(nom).ok().and_then(|v| v.parse().ok()).unwrap_or(defaut)
}

struct Hasard(u64);

impl Hasard {
    fn jusqu_a(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or_default() % n.max(1)
    }
}

/// Bytes that mean something to one reader or the other.
const MOTS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"@",
    b"000",
    b"999",
    b"990",
    b"102",
    b"99",
    b"0128",
    b" ",
    b"\0",
    b"\x1a",
    b"\xff",
    b"2A",
    b"S",
    b"1",
    b"\xef\xbb\xbf",
];

fn muter(octets: &mut Vec<u8>, autre: &[u8], hasard: &mut Hasard) {
    for _ in 0..=hasard.jusqu_a(4) {
        let i = hasard.jusqu_a(octets.len() + 1);
        let fin = (i + 1 + hasard.jusqu_a(200)).min(octets.len());
        match hasard.jusqu_a(8) {
            0 if i < octets.len() => octets[i] = u8::try_from(hasard.jusqu_a(256)).expect("a byte"),
            1 => drop(octets.drain(i.min(fin)..fin)),
            2 => octets.truncate(i),
            3 => {
                let mot = MOTS[hasard.jusqu_a(MOTS.len())];
                octets.splice(i..i, mot.iter().copied());
            }
            4 if i < octets.len() => {
                let mot = MOTS[hasard.jusqu_a(MOTS.len())];
                let n = mot.len().min(octets.len() - i);
                octets[i..i + n].copy_from_slice(&mot[..n]);
            }
            5 => {
                let copie = octets[i.min(fin)..fin].to_vec();
                octets.splice(i..i, copie);
            }
            6 => {
                // A whole record from another file.
                let de = hasard.jusqu_a(autre.len() / 128 + 1) * 128;
                let record =
                    autre.get(de..(de + 128).min(autre.len())).unwrap_or_default().to_vec();
                let i = (i / 128 * 128).min(octets.len());
                octets.splice(i..i, record);
            }
            _ => {
                let (a, b) = (hasard.jusqu_a(octets.len()), hasard.jusqu_a(octets.len()));
                if !octets.is_empty() {
                    octets.swap(a, b);
                }
            }
        }
    }
    octets.truncate(20_000);
}

fn essayer(octets: &[u8]) {
    let tente = catch_unwind(AssertUnwindSafe(|| {
        octets_commun::b2(octets);
        octets_commun::noemie(octets);
        octets_commun::physique(octets);
    }));
    if let Err(panique) = tente {
        let dossier = Path::new(RACINE).join("../target/fuzz");
        let place = dossier.join(format!("{}-octets", octets.len()));
        let _laisse = fs::create_dir_all(&dossier).and_then(|()| fs::write(&place, octets));
        resume_unwind(panique);
    }
}

#[test]
fn the_corpus_holds() {
    let graines = graines();
    assert!(graines.len() > 40, "{} seeds", graines.len());
    for graine in graines {
        essayer(&graine);
    }
}

/// What must hold for any bytes.
type Tenir = fn(&[u8]);

/// What libFuzzer found worth keeping, each input by the checks of its own target.
#[test]
fn the_seeds_of_the_fuzz_targets_hold() {
    let cibles: [(&str, Tenir); 3] = [
        ("b2", octets_commun::b2),
        ("noemie", octets_commun::noemie),
        ("physique", octets_commun::physique),
    ];
    for (cible, tenir) in cibles {
        let graines = fichiers(&Path::new(RACINE).join("fuzz/graines").join(cible));
        assert!(graines.len() > 40, "{} seeds of {cible}", graines.len());
        graines.iter().for_each(|chemin| tenir(&fs::read(chemin).expect("a seed")));
    }
}

#[test]
fn mutations_hold_for_a_while() {
    let graines = graines();
    let petites: Vec<&Vec<u8>> = graines.iter().filter(|g| g.len() < 8_000).collect();
    let mut hasard = Hasard(reglage("FUZZ_SEED", 0x5eed) | 1);
    let fin = Instant::now() + Duration::from_secs(reglage("FUZZ_SECONDS", 5));
    while Instant::now() < fin {
        let mut octets = petites[hasard.jusqu_a(petites.len())].clone();
        let autre = petites[hasard.jusqu_a(petites.len())];
        muter(&mut octets, autre, &mut hasard);
        essayer(&octets);
    }
}
