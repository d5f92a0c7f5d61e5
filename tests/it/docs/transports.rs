//! The table of transports: each row changes a valid file as a transport does and validates it; the
//! table of `docs/formats.md` is generated from the rows.

use super::*;
use noemie_parsers::marquage::Marquage;
use noemie_parsers::outcome::Finding;

/// A valid file of norm B2 or NOEMIE as the list of its records, without line ends.
type Records = Vec<Vec<u8>>;

/// A row: change of the file in transit, function that makes the changed file, and the code
/// expected; `None` for a file that is read as it is.
type Row = (&'static str, fn(&Records) -> Vec<u8>, Option<Code>);

fn joined(records: &Records, end: &[u8]) -> Vec<u8> {
    records.iter().flat_map(|r| r.iter().chain(end)).copied().collect()
}

fn lines(records: &Records) -> Vec<u8> {
    joined(records, b"\r\n")
}

/// Returns the file with another identification and other invoice numbers, so that it may follow
/// the first one in a file.
fn other(records: &Records) -> Records {
    let (mut other, last) = (records.clone(), records.len() - 1);
    for index in [0, last] {
        other[index][49..55].copy_from_slice(b"AUTRE1");
    }
    for record in other.iter_mut().filter(|r| (b'2'..=b'5').contains(&r[0])) {
        record[26..29].copy_from_slice(b"777");
    }
    other
}

fn stripped(records: &Records, end: &[u8]) -> Vec<u8> {
    let bare = records.iter().map(|r| r.trim_ascii_end().to_vec()).collect();
    joined(&bare, end)
}

/// Digits from 0xF0, capitals from 0xC1, 0xD1 and 0xE2, blank 0x40.
fn ebcdic(records: &Records) -> Vec<u8> {
    let code = |b: u8| match b {
        b'0'..=b'9' => b - b'0' + 0xf0,
        b'A'..=b'I' => b - b'A' + 0xc1,
        b'J'..=b'R' => b - b'J' + 0xd1,
        b'S'..=b'Z' => b - b'S' + 0xe2,
        _ => 0x40,
    };
    joined(records, b"").into_iter().map(code).collect()
}

fn utf16(records: &Records) -> Vec<u8> {
    let text = lines(records);
    [0xff, 0xfe].into_iter().chain(text.into_iter().flat_map(|b| [b, 0])).collect()
}

const B2: &[Row] = &[
    ("blocks of 128 bytes, no line end", |r| joined(r, b""), None),
    ("lines that end with CR LF", lines, None),
    ("lines that end with LF (FTP in ASCII mode towards Unix)", |r| joined(r, b"\n"), None),
    (
        "a file with CR LF, then one with LF, in one file",
        |r| [lines(r), joined(&other(r), b"\n")].concat(),
        None,
    ),
    (
        "no line end after the last record",
        |r| {
            let bytes = lines(r);
            bytes[..bytes.len() - 2].to_vec()
        },
        None,
    ),
    ("several files in one", |r| [joined(r, b""), joined(&other(r), b"")].concat(), None),
    (
        "a byte order mark of UTF-8 at the start",
        |r| [b"\xef\xbb\xbf", &lines(r)[..]].concat(),
        Some(Code::MarqueOctets),
    ),
    (
        "the end-of-file byte 0x1A at the end",
        |r| [&lines(r)[..], b"\x1a"].concat(),
        Some(Code::ApresFin),
    ),
    (
        "blanks or NUL up to the block of a tape",
        |r| {
            let mut bytes = joined(r, b"");
            bytes.resize(bytes.len().next_multiple_of(4_096), 0);
            bytes
        },
        Some(Code::ApresFin),
    ),
    (
        "several files in one with 0x1A between them",
        |r| [&lines(r)[..], b"\x1a", &lines(&other(r))].concat(),
        Some(Code::ApresFin),
    ),
    ("the same file twice in one", |r| [lines(r), lines(r)].concat(), Some(Code::RemiseDejaRecue)),
    ("blanks at the end of lines removed", |r| stripped(r, b"\r\n"), Some(Code::Longueur)),
    (
        "blanks added at the end of lines (132 columns)",
        |r| joined(r, b"    \r\n"),
        Some(Code::Longueur),
    ),
    (
        "lines wrapped at 76 columns by a mail",
        |r| {
            let wrapped = r.iter().flat_map(|r| [r[..76].to_vec(), r[76..].to_vec()]).collect();
            joined(&wrapped, b"\r\n")
        },
        Some(Code::Longueur),
    ),
    (
        "CR CR LF (FTP in ASCII mode of a file with CR LF)",
        |r| joined(r, b"\r\r\n"),
        Some(Code::Longueur),
    ),
    ("CR alone (old Macintosh)", |r| joined(r, b"\r"), Some(Code::Longueur)),
    ("an empty line after each record", |r| joined(r, b"\r\n\r\n"), Some(Code::Longueur)),
    (
        "a file in lines, then one in blocks, in one file",
        |r| [lines(r), joined(&other(r), b"")].concat(),
        Some(Code::Longueur),
    ),
    (
        "the file rewritten in UTF-8, with an accent",
        |r| {
            let mut r = r.clone();
            r[1].splice(46..47, "É".bytes());
            lines(&r)
        },
        Some(Code::Longueur),
    ),
    (
        "a file of another norm appended",
        |r| [&lines(r)[..], b"0128000CP"].concat(),
        Some(Code::DonneesApresFin),
    ),
    ("truncated in transit", |r| lines(r)[..700].to_vec(), Some(Code::FichierTronque)),
    (
        "NUL or blanks before the first record",
        |r| [&[0; 512][..], &lines(r)].concat(),
        Some(Code::NonReconnu),
    ),
    ("compressed by gzip", |_| b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), Some(Code::NonReconnu)),
    ("in a ZIP archive", |_| b"PK\x03\x04\x14\0\0\0".to_vec(), Some(Code::NonReconnu)),
    ("in EBCDIC", ebcdic, Some(Code::NonReconnu)),
    ("in UTF-16", utf16, Some(Code::NonReconnu)),
    (
        "a whole mail with its headers",
        |r| [b"Received: from a\r\n\r\n", &lines(r)[..]].concat(),
        Some(Code::NonReconnu),
    ),
];

const NOEMIE: &[Row] = &[
    ("NOEMIE, lines that end with CR LF", lines, None),
    ("NOEMIE, lines that end with LF", |r| joined(r, b"\n"), None),
    (
        "NOEMIE, no line end after the last record",
        |r| {
            let bytes = lines(r);
            bytes[..bytes.len() - 2].to_vec()
        },
        None,
    ),
    ("NOEMIE, several files in one", |r| [lines(r), lines(r)].concat(), None),
    (
        "NOEMIE, a byte order mark of UTF-8 at the start",
        |r| [b"\xef\xbb\xbf", &lines(r)[..]].concat(),
        Some(Code::MarqueOctets),
    ),
    (
        "NOEMIE, several files in one with 0x1A between them",
        |r| [&lines(r)[..], b"\x1a", &lines(r)].concat(),
        Some(Code::ApresFin),
    ),
    (
        "NOEMIE, the end-of-file byte 0x1A at the end",
        |r| [&lines(r)[..], b"\x1a"].concat(),
        Some(Code::ApresFin),
    ),
    (
        "NOEMIE, blanks at the end of lines removed",
        |r| stripped(r, b"\r\n"),
        Some(Code::RetourCadrage),
    ),
    (
        "NOEMIE, lines wrapped at 76 columns by a mail",
        |r| {
            let wrapped = r.iter().flat_map(|r| r.chunks(76).map(<[u8]>::to_vec)).collect();
            joined(&wrapped, b"\r\n")
        },
        Some(Code::RetourCadrage),
    ),
];

fn records(file: &[u8]) -> Records {
    let lines = file.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect()
}

fn row((what, make, code): &Row, base: &Records) -> String {
    let report = noemie_xray::validate(&make(base)[..], "").expect("memory does not fail");
    let is_wanted = |f: &&Finding| code.is_none_or(|code| f.code == code.as_str());
    let found = report.anomalies.iter().find(is_wanted);
    let seen = report.anomalies.iter().take(4).collect::<Vec<_>>();
    assert_eq!(found.is_some(), code.is_some(), "{what}: {seen:?}");
    let (said, finding) = match found {
        None => ("read", String::new()),
        Some(f) if f.severity == Severity::Warning => {
            ("warning", format!("`{}` {}", f.code, f.message))
        }
        Some(f) => ("refused", format!("`{}` {}", f.code, f.message)),
    };
    format!("| {what} | {said} | {finding} |\n")
}

#[test]
fn the_table_of_transports_is_current() {
    let options = Options {
        profile: Profile::Pharmacie,
        invoices: 3,
        mark: Marquage::Test,
        ..Options::default()
    };
    let (mut dre, mut rsp) = (Vec::new(), Vec::new());
    generate::dre(&options, &mut dre).expect("generated");
    let answer = generate::RspOptions { mark: Marquage::Test, ..generate::RspOptions::default() };
    generate::rsp(&dre[..], options.forme, &answer, &mut rsp).expect("answered");
    let (dre, rsp) = (records(&dre), records(&rsp));
    let mut table = String::from("| change in transit | outcome | finding |\n|---|---|---|\n");
    table.extend(B2.iter().map(|line| row(line, &dre)));
    table.extend(NOEMIE.iter().map(|line| row(line, &rsp)));
    check_section("docs/formats.md", "transports", &table);
}
