//! Generated returns: every invoice answered, sums, damages, fixtures.

use super::*;

/// Checks that a return has the figures of its summary and no anomaly.
fn check_return(bytes: &[u8], packaging: Packaging, summary: &RspSummary) {
    let mut reader = noemie_parsers::noemie::Reader::new(bytes, packaging);
    while let Some(element) = reader.next_element().expect("memory does not fail") {
        let clean = match &element {
            noemie_parsers::noemie::Element::Anomalies(_) => false,
            noemie_parsers::noemie::Element::Retour(retour) => retour.anomalies.is_empty(),
            _ => true,
        };
        assert!(clean, "{element:?}");
    }
    let c = reader.comptes();
    assert_eq!(
        (c.fichiers, c.factures, c.quarantaines),
        (summary.logical_files, summary.invoices, 0)
    );
    assert_eq!((c.amo_demande, c.amo_paye), (summary.amo_asked, summary.amo_paid));
    assert_eq!((c.amc_demande, c.amc_paye), (summary.amc_asked, summary.amc_paid));
    assert_eq!(c.somme_999, summary.amo_paid + summary.amc_paid);
}

#[test]
fn a_return_answers_every_invoice() {
    for packaging in [Packaging::Lignes, Packaging::Blocs] {
        let (bytes, asked) =
            generated(&Options { invoices: 240, invoices_per_lot: 20, ..Options::default() });
        let options = RspOptions { packaging, invoices_per_file: 50, ..RspOptions::default() };
        let (mut out, mut again) = (Vec::new(), Vec::new());
        let summary = rsp(&bytes[..], Forme::Crlf, &options, &mut out).expect("generated");
        assert_eq!(rsp(&bytes[..], Forme::Crlf, &options, &mut again).expect("generated"), summary);
        assert!(out == again && summary.bytes == out.len() as u64);
        assert_eq!(
            (summary.invoices, summary.transfers, summary.amo_asked, summary.amc_asked),
            (240, asked.lots, asked.amo, asked.amc)
        );
        assert!(
            summary.logical_files > 1
                && summary.amo_paid < summary.amo_asked
                && summary.amc_paid < summary.amc_asked
        );
        check_return(&out, packaging, &summary);
    }
}

#[test]
fn flat_payments_and_recoveries_are_in_the_sums() {
    let (bytes, asked) =
        generated(&Options { invoices: 60, invoices_per_lot: 10, ..Options::default() });
    for packaging in [Packaging::Lignes, Packaging::Blocs] {
        let mut out = Vec::new();
        let summary = rsp(
            &bytes[..],
            Forme::Crlf,
            &RspOptions { packaging, movements: true, ..RspOptions::default() },
            &mut out,
        )
        .expect("generated");
        assert_eq!(summary.transfers, asked.lots);
        let mut reader = noemie_parsers::noemie::Reader::new(&out[..], packaging);
        let mut movements = 0;
        while let Some(element) = reader.next_element().expect("memory does not fail") {
            assert!(
                !matches!(element, noemie_parsers::noemie::Element::Anomalies(_)),
                "{element:?}"
            );
            movements +=
                u64::from(matches!(element, noemie_parsers::noemie::Element::Mouvement(_)));
        }
        let c = reader.comptes();
        assert_eq!(
            (movements, c.forfaits, c.recupere),
            (2 * asked.lots, summary.flat, summary.recovered)
        );
        assert_eq!(
            c.somme_999,
            summary.amo_paid + summary.amc_paid + summary.flat - summary.recovered
        );
    }
}

/// Returns the codes of everything that the reader finds in a return.
fn findings(bytes: &[u8], packaging: Packaging) -> Vec<Code> {
    let mut reader = noemie_parsers::noemie::Reader::new(bytes, packaging);
    let mut found = Vec::new();
    while let Some(element) = reader.next_element().expect("memory does not fail") {
        match element {
            noemie_parsers::noemie::Element::Anomalies(anomalies) => {
                found.extend(anomalies.iter().map(|a| a.code))
            }
            noemie_parsers::noemie::Element::Retour(retour) => {
                found.extend(retour.anomalies.iter().map(|a| a.code))
            }
            _ => {}
        }
    }
    found
}

#[test]
fn a_damaged_return_raises_what_it_names() {
    let (bytes, _) =
        generated(&Options { profile: Profile::Pharmacie, invoices: 8, ..Options::default() });
    for damage in ReturnDamage::ALL {
        let packaging =
            if *damage == ReturnDamage::Flag { Packaging::Blocs } else { Packaging::Lignes };
        let made = |packaging| {
            let mut out = Vec::new();
            rsp(
                &bytes[..],
                Forme::Crlf,
                &RspOptions { packaging, damage: Some(*damage), ..RspOptions::default() },
                &mut out,
            )
            .map(|_| out)
        };
        let file = made(packaging).expect("generated");
        let found = findings(&file, packaging);
        assert!(found.contains(&damage.code()), "{damage:?}: {found:?}");
        // Each damage is made in the packaging in which its position is known.
        let other =
            if packaging == Packaging::Blocs { Packaging::Lignes } else { Packaging::Blocs };
        assert!(matches!(made(other), Err(GenerateError::Impossible(_))), "{damage:?}");
    }
}

#[test]
fn return_fixtures_are_what_the_generator_makes() {
    for (packaging, word) in [(Packaging::Lignes, "lines"), (Packaging::Blocs, "blocks")] {
        let (name, dre_options) = fixtures()
            .into_iter()
            .find(|(name, _)| name.contains("mixte"))
            .expect("the mixed fixture");
        let (bytes, _) = generated(&dre_options);
        let options = RspOptions {
            packaging,
            seed: 2026,
            rejected: 15,
            deferred: 10,
            mark: Marquage::Test,
            ..RspOptions::default()
        };
        let mut out = Vec::new();
        let s = rsp(&bytes[..], dre_options.forme, &options, &mut out).expect("generated");
        let json = serde_json::json!({
            "made": format!("answer to {name}, seed 2026"), "bytes": s.bytes,
            "logical_files": s.logical_files, "transfers": s.transfers, "invoices": s.invoices,
            "amo_asked": s.amo_asked.centimes(), "amo_paid": s.amo_paid.centimes(),
            "amc_asked": s.amc_asked.centimes(), "amc_paid": s.amc_paid.centimes(),
        });
        let path = testdata().join(format!("noemie/rsp_mixte.{word}.noemie"));
        same(&path, &out);
        same(
            &path.with_extension("json"),
            format!("{}\n", serde_json::to_string_pretty(&json).expect("a value")).as_bytes(),
        );
    }
}
