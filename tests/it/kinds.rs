//! Kinds of faults known from public bug reports of programs that read such files: findings of a
//! dry run and of a deposit, over files made here and, where present, over small sample files.

use crate::ingest_support::{Gateway, dre, options};
use crate::support::samples::under_another_name;
use noemie_gateway::domain::civil_time::reception_hour;
use noemie_gateway::domain::{Finding, Scope, Verdict};
use noemie_gateway::generate::Options;
use noemie_gateway::ingest::Receipt;
use noemie_parsers::physical::enregistrements::Forme;
use noemie_xray::{Report, validate};
use std::path::{Path, PathBuf};

/// The small sample files, when they are beside this tree.
fn cases() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases");
    dir.is_dir().then_some(dir)
}

/// Control, record and column of each finding.
fn places(report: &Report) -> Vec<(String, u64, u32)> {
    let place = |f: &Finding| {
        let (record, column) = (f.record.unwrap_or_default(), f.column.unwrap_or_default());
        (f.code.control().to_owned(), record, column)
    };
    report.anomalies.iter().map(place).collect()
}

/// Records of a file in lines.
fn records(file: &[u8]) -> Vec<Vec<u8>> {
    let lines = file.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect()
}

fn joined(records: &[Vec<u8>], end: &str) -> Vec<u8> {
    records.iter().flat_map(|r| [r, end.as_bytes()].concat()).collect()
}

#[test]
fn the_small_files_get_the_findings_that_they_should() {
    let Some(dir) = cases() else { return };
    for (name, verdict, expected) in [
        ("00_base.b2", Verdict::Accepted, &[][..]),
        ("01_bom.b2", Verdict::Accepted, &[("P8", 1, 1)]),
        ("07_crcrlf.b2", Verdict::Refused, &[("P2", 1, 129)]),
        ("33j_utf8_lot_name_129.b2", Verdict::Refused, &[("P2", 2, 47)]),
        ("34_lot_name_apostrophe.b2", Verdict::Accepted, &[("C7", 2, 30)]),
        (
            "35b_care_991231.b2",
            Verdict::Accepted,
            &[("C39", 7, 40), ("C39", 7, 68), ("C39", 9, 68)],
        ),
        ("35e_invdate_zero.b2", Verdict::Accepted, &[("C41", 7, 40)]),
        ("38_same_lot_no.b2", Verdict::Accepted, &[("C43", 8, 20)]),
        ("39_dup_across_lots.b2", Verdict::Partial, &[("C14", 9, 1)]),
        ("50_base_as_lf.b2", Verdict::Accepted, &[]),
        ("52f_amc_over_rest.b2", Verdict::Accepted, &[("C42", 9, 122)]),
        ("52g_care_after_invoice.b2", Verdict::Accepted, &[("C40", 5, 68)]),
        ("53b_rankblank.b2", Verdict::Accepted, &[]),
    ] {
        let bytes = std::fs::read(dir.join(name)).expect("a small file");
        let report = validate(&bytes[..], name).expect("memory does not fail");
        let found = places(&report);
        assert_eq!(report.verdict, verdict, "{name}: {found:?}");
        for (control, record, column) in expected {
            let place = ((*control).to_owned(), *record, *column);
            assert!(found.contains(&place), "{name}: {place:?} not in {:?}", report.anomalies);
        }
        let is_broken = verdict == Verdict::Refused;
        assert!(is_broken || found.len() == expected.len(), "{name}: {:?}", report.anomalies);
    }
}

/// A file whose second lot repeats the first invoice of the first lot: the counters are those of
/// the records.
fn repeated_across_lots(file: &[u8]) -> Vec<u8> {
    let mut all = records(file);
    let fin = all.pop().expect("a 999");
    let start = all.iter().position(|r| r[0] == b'2').expect("an invoice");
    let end = all.iter().position(|r| r[0] == b'5').expect("its end");
    let mut lot = all[1].clone();
    lot[19..22].copy_from_slice(b"777");
    let invoice = all[start..=end].to_vec();
    let mut six = all.last().expect("a type 6").clone();
    six[51..54].copy_from_slice(b"777");
    let count = |kind: u8, letters: bool| {
        let is = |r: &&Vec<u8>| r[0] == kind && (letters || !r[35].is_ascii_alphabetic());
        invoice.iter().filter(is).count()
    };
    let five = &all[end];
    let sums: [&[u8]; 3] = [&five[57..65], &five[65..73], &five[81..89]];
    let counters = format!(
        "001{:04}{:04}001{}",
        count(b'4', false),
        count(b'2', true),
        sums.map(|sum| format!("0{}", String::from_utf8_lossy(sum))).concat()
    );
    six[10..51].copy_from_slice(counters.as_bytes());
    all.push(lot);
    all.extend(invoice);
    all.push(six);
    all.push(fin);
    let (last, total) = (all.len() - 1, all.len());
    all[last][55..63].copy_from_slice(format!("{total:08}").as_bytes());
    let lots = all.iter().filter(|r| r[0] == b'1').count();
    all[last][82..85].copy_from_slice(format!("{lots:03}").as_bytes());
    joined(&all, "\r\n")
}

/// Returns the answer of a dry run or deposit as text: verdict, counts, sums, and the findings by
/// code, severity and place.
fn said_by_validate(report: &Report) -> String {
    let quarantined = report.quarantined_invoices.len() as u64;
    said(
        report.verdict,
        [report.invoices, report.accepted_invoices, quarantined, report.duplicate_invoices],
        [report.total_centimes, report.amo_centimes, report.amc_centimes],
        report.anomaly_count,
        &report.anomalies,
    )
}

async fn said_by_ingest(gateway: &Gateway, receipt: &Receipt) -> String {
    let e = &receipt.exchange;
    let findings = gateway.app.store.anomalies(&Scope::everything(), e.id, 1, 1_000).await;
    said(
        e.verdict,
        [e.invoices, e.accepted, e.quarantined, e.duplicates],
        [e.total, e.amo, e.amc].map(|sum| sum.centimes()),
        e.anomalies,
        &findings.expect("listed"),
    )
}

fn said(
    verdict: Verdict,
    counts: [u64; 4],
    sums: [i64; 3],
    anomalies: u64,
    findings: &[Finding],
) -> String {
    let one = |f: &Finding| {
        format!("{} {} {:?} {:?} {:?}", f.code, f.severity, f.record, f.column, f.invoice)
    };
    let mut found: Vec<String> = findings.iter().map(one).collect();
    found.sort();
    format!("{verdict} {counts:?} {sums:?} {anomalies} {found:?}")
}

#[tokio::test]
async fn a_dry_run_and_a_deposit_say_alike() {
    let base = dre(&options(7));
    let twice = repeated_across_lots(&base);
    let mut faulty = records(&twice);
    let last_five = faulty.iter().rposition(|r| r[0] == b'5').expect("a type 5");
    faulty[last_five][57..65].copy_from_slice(b"00000001");
    let mut files = vec![
        ("clean", base.clone()),
        ("repeated across lots", twice.clone()),
        ("repeated across logical files", [&base[..], &under_another_name(&base)].concat()),
        ("the copy is faulty", joined(&faulty, "\r\n")),
        ("the file is refused", twice[..twice.len() - 130].to_vec()),
    ];
    if let Some(dir) = cases() {
        for name in ["39_dup_across_lots.b2", "38_same_lot_no.b2", "53b_rankblank.b2"] {
            files.push((name, std::fs::read(dir.join(name)).expect("a small file")));
        }
    }
    for (name, bytes) in files {
        let gateway = Gateway::open().await;
        let receipt = gateway.deposit("oct-a", &bytes).await;
        // The hour of the deposit: limits of 2X are past by then.
        let hour = reception_hour(receipt.exchange.received_at);
        let dry_run = noemie_xray::examine_at(&bytes[..], name, hour);
        let report = dry_run.expect("memory does not fail").report;
        let by_ingest = said_by_ingest(&gateway, &receipt).await;
        assert_eq!(said_by_validate(&report), by_ingest, "{name}");
    }
    let report = validate(&twice[..], "twice").expect("memory does not fail");
    assert_eq!((report.verdict, report.duplicate_invoices), (Verdict::Partial, 1));
}

/// Blank, 0 and 1 are one birth rank; the ranks of twins differ.
#[test]
fn a_birth_rank_tells_twins_and_nothing_else() {
    for (rank, duplicates) in [(b' ', 1), (b'0', 1), (b'1', 1), (b'2', 0)] {
        let mut all = records(&repeated_across_lots(&dre(&options(7))));
        let mains: Vec<usize> = (0..all.len())
            .filter(|i| all[*i][0] == b'2' && !all[*i][35].is_ascii_alphabetic())
            .collect();
        all[mains[0]][101] = b'1';
        let last = *mains.last().expect("an invoice");
        all[last][101] = rank;
        let report = validate(&joined(&all, "\r\n")[..], "").expect("memory does not fail");
        assert_eq!(report.duplicate_invoices, duplicates, "rank {:?}", char::from(rank));
    }
}

#[tokio::test]
async fn only_the_line_ends_changed() {
    let gateway = Gateway::open().await;
    let base = dre(&options(7));
    let all = records(&base);
    let first = gateway.deposit("oct-a", &base).await;
    let lf = joined(&all, "\n");
    for (name, bytes) in [
        ("LF", lf.clone()),
        ("blocks", joined(&all, "")),
        ("byte order mark", [b"\xef\xbb\xbf", &lf[..]].concat()),
        ("end of file of old systems", [&base[..], b"\x1a"].concat()),
        ("padding", [&joined(&all, "")[..], &[b' '; 4_096], &[0; 4_096]].concat()),
    ] {
        let again = gateway.deposit("oct-a", &bytes).await;
        assert!(again.repeated, "{name}");
        assert_eq!(again.exchange.id, first.exchange.id, "{name}");
        assert_eq!(again.arl_body, first.arl_body, "{name}");
    }
    assert_eq!(gateway.number("SELECT count(*) FROM exchanges").await, 1);
    assert!(!gateway.deposit("oct-b", &lf).await.repeated, "another sender is another deposit");
}

/// A file with broken line ends is refused, and does not stand in the way of the right file.
#[tokio::test]
async fn a_refused_file_is_not_known_by_its_records() {
    let gateway = Gateway::open().await;
    let all = records(&dre(&options(7)));
    for end in ["\r\r\n", "\r"] {
        let receipt = gateway.deposit("oct-a", &joined(&all, end)).await;
        assert_eq!(receipt.exchange.verdict, Verdict::Refused, "{end:?}");
        assert_eq!(receipt.exchange.records_digest, "", "{end:?}");
    }
    let receipt = gateway.deposit("oct-a", &joined(&all, "\r\n")).await;
    assert_eq!((receipt.exchange.verdict, receipt.repeated), (Verdict::Accepted, false));
    assert_ne!(receipt.exchange.records_digest, "");
}

/// A large deposit is staged: its row has the digest of the records before its invoices are
/// written.
#[tokio::test]
async fn a_staged_deposit_is_known_by_its_records() {
    let gateway = Gateway::open().await;
    let large = dre(&Options { invoices: 501, ..options(7) });
    let first = gateway.deposit("oct-a", &large).await;
    let again = gateway.deposit("oct-a", &joined(&records(&large), "\n")).await;
    assert_eq!((again.repeated, again.exchange.id), (true, first.exchange.id));
    assert_eq!(first.exchange.accepted, first.exchange.invoices);
}

#[tokio::test]
async fn a_file_of_known_invoices_only_has_nothing_to_correct() {
    let gateway = Gateway::open().await;
    let base = dre(&options(7));
    gateway.deposit("oct-a", &base).await;
    let receipt = gateway.deposit("oct-a", &under_another_name(&base)).await;
    let e = &receipt.exchange;
    assert_eq!((e.accepted, e.quarantined, e.duplicates), (0, 0, e.invoices));
    let arl = String::from_utf8_lossy(&receipt.arl_body);
    assert!(arl.contains("RIEN A CORRIGER, RIEN A RENVOYER"), "{arl}");
    assert!(!arl.contains("CORRIGER ET RENVOYER"), "{arl}");
}

/// Notices of a concentrator become no claim: neither a dry run nor a deposit calls one accepted.
#[tokio::test]
async fn notices_are_counted_alike() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples/concentrator_return.txt");
    let Ok(bytes) = std::fs::read(path) else { return };
    let gateway = Gateway::open().await;
    let report = validate(&bytes[..], "notices").expect("memory does not fail");
    let receipt = gateway.deposit("oct-a", &bytes).await;
    assert!(report.invoices > 0);
    let by_ingest = said_by_ingest(&gateway, &receipt).await;
    assert_eq!(said_by_validate(&report), by_ingest);
}

/// The forms in which a file may come are read alike.
#[test]
fn the_forms_of_the_generator_get_one_digest() {
    let digest = |forme| {
        let file = dre(&Options { forme, ..options(7) });
        let examination = noemie_xray::examine_deposit(&file[..], "", None);
        examination.expect("memory does not fail").records_digest
    };
    let all = [Forme::Blocs, Forme::Crlf, Forme::Lf].map(digest);
    assert!(!all[0].is_empty() && all[0] == all[1] && all[1] == all[2], "{all:?}");
}
