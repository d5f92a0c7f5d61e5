//! However the source cuts its bytes, the reading is the same: elements, anomalies, counts.

mod b2_commun;

use b2_commun::{Morceaux, fixtures, journal, journal_de};

#[test]
fn the_cut_of_the_source_never_shows() {
    let fixtures = fixtures();
    assert!(fixtures.len() > 20, "fixtures are part of the repository");
    for fixture in &fixtures {
        let whole = journal(&fixture.octets, fixture.forme);
        for pas in [1, 7, 127, 128, 129, 65_536] {
            let cut = journal_de(Morceaux { reste: &fixture.octets, pas }, fixture.forme);
            assert!(cut == whole, "{} by {pas}", fixture.nom);
        }
    }
}
