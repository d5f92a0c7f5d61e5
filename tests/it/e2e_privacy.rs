//! No person outside the vault (invariant 4): every sink of a gateway at work is read for the
//! persons of the files that it was given.
//!
//! Looked for: every NIR of the files, and names and birth dates that no text of ours can contain
//! by chance. Allowed are the two answers that are meant for those who may know: the person of
//! `GetClaim`, and the 580 file of its recipient. They are read too, as proof that this test looks
//! for the right bytes.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use crate::support;

use broker::on_broker;
use gateway::{Gateway, eventually, read_noemie, run};
use noemie_gateway::generate::{self, Damage, GenerateError, Options, Profile, RspOptions};
use noemie_gateway::grpc::proto::{self, decision::Kind};
use noemie_parsers::physical::enregistrements::Forme;
use noemie_parsers::types::{CleNir, Nir};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use support::broker;
use support::gateway;

const SENDER: &str = "oct1";
const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/samples");
/// How every name of the generated files begins.
const NAME: &str = "QXJZW";
/// The birth date of everybody in them: lunar, so that no date of ours is the same. AAMMJJ, and
/// turned as NOEMIE writes it.
const BIRTHS: [&str; 2] = ["773142", "423177"];

/// What must not be found.
struct Secrets(BTreeSet<Vec<u8>>);

impl Secrets {
    /// Remembers every NIR that stands before its key.
    fn learn(&mut self, file: &[u8]) {
        for window in file.windows(15) {
            let Some(nir) = Nir::from_bytes(&window[..13]) else { continue };
            let (sex, month) = (window[0], &window[3..5]);
            let plausible =
                window.starts_with(b"555555") || (matches!(sex, b'1' | b'2') && month != b"00");
            if plausible && CleNir::from_bytes(&window[13..]) == Some(nir.cle()) {
                self.0.insert(window[..13].to_vec());
            }
        }
    }

    /// The places of a sink where a person stands.
    fn found(&self, sink: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for (i, window) in sink.windows(13).enumerate() {
            if matches!(window[0], b'1' | b'2' | b'5')
                && window[12].is_ascii_digit()
                && self.0.contains(window)
            {
                found.push(format!("NIR: {}", around(sink, i)));
            }
        }
        for (i, window) in sink.windows(NAME.len()).enumerate() {
            if window[0] | 0x20 == b'q' && window.eq_ignore_ascii_case(NAME.as_bytes()) {
                found.push(format!("name: {}", around(sink, i)));
            }
        }
        for (i, window) in sink.windows(6).enumerate() {
            let word = |at: Option<usize>| {
                at.and_then(|at| sink.get(at))
                    .is_some_and(|b| b.is_ascii_alphanumeric() || b".-".contains(b))
            };
            if matches!(window[0], b'7' | b'4')
                && BIRTHS.iter().any(|birth| birth.as_bytes() == window)
                && !word(i.checked_sub(1))
                && !word(Some(i + 6))
            {
                found.push(format!("birth: {}", around(sink, i)));
            }
        }
        found
    }
}

fn around(sink: &[u8], at: usize) -> String {
    let (from, to) = (at.saturating_sub(150), (at + 150).min(sink.len()));
    String::from_utf8_lossy(&sink[from..to]).into_owned()
}

/// A generated file in lines, with names and birth dates that cannot be taken for anything else.
/// Same length, so that a damage stays where it is. `None` when the damage does not exist in the
/// norm of the profile.
fn damaged(profile: Profile, invoices: u64, seed: u64, damage: Option<Damage>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    match generate::dre(
        &Options { profile, invoices, seed, damage, ..Options::default() },
        &mut bytes,
    ) {
        Err(GenerateError::Impossible(_)) => return None,
        made => made.expect("generates"),
    };
    let mut start = 0;
    while start < bytes.len() {
        let end =
            bytes[start..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| start + n + 1);
        disguise(&mut bytes[start..end]);
        start = end;
    }
    Some(bytes)
}

fn dre(profile: Profile, invoices: u64, seed: u64) -> Vec<u8> {
    damaged(profile, invoices, seed, None).expect("nothing is damaged")
}

fn disguise(line: &mut [u8]) {
    if line.len() < 128 || line[0] != b'2' {
        return;
    }
    match (line[35], line[38]) {
        (b'B', _) => {
            line[42..47].copy_from_slice(NAME.as_bytes());
            line[67..72].copy_from_slice(NAME.as_bytes());
        }
        // The main record, of both norms.
        (_, b'1') if line[95..101].iter().all(u8::is_ascii_digit) => {
            line[95..101].copy_from_slice(BIRTHS[0].as_bytes())
        }
        _ => {}
    }
}

/// Files of every kind, whole and damaged in every way, and the return of the caisse.
fn files() -> BTreeMap<String, Vec<u8>> {
    let whole = dre(Profile::Mixte, 60, 21);
    let mut rsp = Vec::new();
    generate::rsp(&whole[..], Forme::Crlf, &RspOptions::default(), &mut rsp).expect("generates");
    let mut files = BTreeMap::from([
        ("whole.b2".to_owned(), whole.clone()),
        ("rsp.noemie".to_owned(), rsp.clone()),
    ]);
    for (n, damage) in (100..).zip(Damage::ALL) {
        // Some damages exist in one norm only.
        for profile in [Profile::Pharmacie, Profile::Clinique] {
            let made = damaged(profile, 6, n, Some(*damage));
            files.extend(
                made.map(|bytes| (format!("{}-{}.b2", damage.as_str(), profile.as_str()), bytes)),
            );
        }
    }
    files.extend(by_hand(&whole, &rsp));
    files.extend(samples());
    files
}

/// Damages that put persons where numbers, dates and names of files are expected.
fn by_hand(whole: &[u8], rsp: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut made = BTreeMap::new();
    // Shifted by some bytes from a record on: every zone holds its neighbour.
    for (n, shift) in [1, 5, 11, 13].into_iter().enumerate() {
        let at = 130 * (7 + 3 * n);
        made.insert(
            format!("shifted-{shift}.b2"),
            [&whole[..at], &vec![b' '; shift][..], &whole[at..]].concat(),
        );
        made.insert(format!("cut-{shift}.b2"), [&whole[..at], &whole[at + shift..]].concat());
    }
    // The same with every line of 128: only the content is shifted.
    for shift in [3, 9, 20] {
        let mut lines = whole.to_vec();
        for line in lines.chunks_mut(130).skip(9).step_by(4) {
            line[11..128].rotate_right(shift);
        }
        made.insert(format!("rotated-{shift}.b2"), lines);
    }
    // The NIR in place of the invoice number, of the PS number and of a total.
    for (what, to) in [("invoice", 26), ("ps", 1), ("total", 70)] {
        let mut lines = whole.to_vec();
        for line in lines
            .chunks_mut(130)
            .skip(2)
            .filter(|line| line.len() == 130 && matches!(line[0], b'2'..=b'5'))
            .step_by(3)
        {
            let nir = line[11..24].to_vec();
            let room = (128 - to).min(13);
            line[to..to + room].copy_from_slice(&nir[..room]);
        }
        made.insert(format!("nir-as-{what}.b2"), lines);
    }
    for (n, at) in [60, 500, 900, 1_500].into_iter().enumerate() {
        let at = at.min(rsp.len());
        made.insert(format!("rsp-cut-{n}.noemie"), rsp[..at].to_vec());
        made.insert(format!("rsp-shifted-{n}.noemie"), [&rsp[..at], b"ZZZ", &rsp[at..]].concat());
    }
    made
}

/// The samples of the project when they are beside the repository.
fn samples() -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for dir in [Path::new(SAMPLES).to_owned(), Path::new(SAMPLES).join("bad")] {
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        let paths = entries.map(|e| e.expect("an entry").path());
        let named = paths.filter(|p| {
            p.extension().is_some_and(|e| ["b2", "noemie", "txt"].iter().any(|norm| e == *norm))
        });
        found.extend(named.map(|p| {
            (
                format!("sample-{}", p.file_name().expect("a name").to_string_lossy()),
                fs::read(&p).expect("reads"),
            )
        }));
    }
    found
}

/// Everything that was said or written, by sink.
#[derive(Default)]
struct Sinks(Vec<(String, Vec<u8>)>);

impl Sinks {
    fn add(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((name.into(), bytes.into()));
    }

    /// Files of the gateway, their names and their bytes. What is encrypted is read as it stands.
    fn add_directory(&mut self, dir: &Path) {
        for entry in fs::read_dir(dir).expect("reads") {
            let path = entry.expect("an entry").path();
            self.add("file name", path.to_string_lossy().into_owned());
            if path.is_dir() {
                self.add_directory(&path);
            } else if !path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("580_")) {
                self.add(path.to_string_lossy().into_owned(), fs::read(&path).expect("reads"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_named_outside_the_vault() {
    on_broker(|broker| async move {
        let directory = tempfile::tempdir().unwrap();
        let files = files();
        let mut secrets = Secrets(BTreeSet::new());
        files.values().for_each(|file| secrets.learn(file));
        secrets.learn(&dre_named_after_somebody().1);
        assert!(secrets.0.len() > 60, "{} NIR", secrets.0.len());
        let mut sinks = Sinks::default();
        dry_runs(directory.path(), &files, &mut sinks);

        let (prefix, url) = (broker.prefix(), broker.url());
        let log = "debug,noemie_gateway=trace,noemie_parsers=trace";
        let database = format!("sqlite:{}", directory.path().join("data/gateway.db").display());
        let settings = [
            ("NOEMIE_DATABASE_URL", database.as_str()),
            ("NOEMIE_AMQP_URL", url.as_str()),
            ("NOEMIE_AMQP_PREFIX", prefix.as_str()),
            ("NOEMIE_LOG", log),
        ];
        let gateway = Gateway::start(directory.path(), &settings).await;
        let mut worker = broker.consume().await;
        deposit(&gateway, &files, &mut sinks).await;
        wrong_calls(&gateway, &nir_of(&files["whole.b2"]), &mut sinks).await;
        reports(&gateway, &mut sinks).await;
        let person = rejects(&gateway).await;

        let count = events(&gateway, &mut sinks).await;
        for message in worker.messages(count).await {
            sinks.add("message", message.raw);
        }
        sinks.add("metrics", gateway.admin_get("/metrics").await);
        sinks.add("health", gateway.admin_get("/healthz").await);
        gateway.terminate();
        assert!(gateway.ended().await.success());
        sinks.add_directory(directory.path());

        let found: Vec<String> = sinks
            .0
            .iter()
            .flat_map(|(name, bytes)| {
                secrets
                    .found(bytes)
                    .into_iter()
                    .take(2)
                    .map(move |place| format!("{name}: {place}"))
            })
            .collect();
        assert!(
            found.is_empty(),
            "{} persons outside the vault, the first ones:\n{}",
            found.len(),
            found.iter().take(20).cloned().collect::<Vec<_>>().join("\n")
        );
        // The proof that this looks for what the files hold.
        assert!(
            !secrets.found(&person).is_empty(),
            "the person of GetClaim and the 580 file are the persons looked for"
        );
    })
    .await;
}

/// What `validate` says of the files.
fn dry_runs(dir: &Path, files: &BTreeMap<String, Vec<u8>>, sinks: &mut Sinks) {
    let place = tempfile::tempdir().expect("a directory");
    let written = files.iter().map(|(name, bytes)| {
        let path = place.path().join(name);
        fs::write(&path, bytes).expect("the file is written");
        path.to_str().expect("text").to_owned()
    });
    let paths: Vec<String> = written.collect();
    for format in ["json", "text"] {
        let arguments: Vec<&str> = ["validate", "--format", format]
            .into_iter()
            .chain(paths.iter().map(String::as_str))
            .collect();
        let said = run(dir, &arguments, gateway::PATIENCE);
        assert_eq!(said.status.code(), Some(2), "the worst verdict is a refusal");
        sinks.add(format!("validate --format {format}"), said.stdout);
        sinks.add(format!("validate --format {format}, errors"), said.stderr);
    }
}

/// Every file, by gRPC so that its answer is read too, and some again by the drop directory under a
/// name that names somebody.
async fn deposit(gateway: &Gateway, files: &BTreeMap<String, Vec<u8>>, sinks: &mut Sinks) {
    // The DRE first, so that the returns find their claims.
    let (returns, dre): (Vec<_>, Vec<_>) =
        files.iter().partition(|(name, _)| name.ends_with("noemie") || name.ends_with("txt"));
    for (name, bytes) in dre.into_iter().chain(returns) {
        match gateway.submit(SENDER, name, bytes).await {
            Ok(receipt) => {
                sinks.add(format!("ARL of {name}"), receipt.arl_body.clone());
                let (_, wrong) = read_noemie(&receipt.arl_body);
                assert!(wrong.is_empty(), "ARL of {name}: {wrong:?}");
                sinks.add(
                    format!("receipt of {name}"),
                    format!("{:?} {:?}", receipt.exchange, receipt.arl),
                );
            }
            Err(status) => sinks.add(format!("error of {name}"), format!("{status:?}")),
        }
    }
    let named = dre_named_after_somebody();
    let deposits = gateway.exchanges().await.len();
    gateway.drop_file(SENDER, &named.0, &named.1);
    eventually("the dropped file is taken", || async {
        (gateway.exchanges().await.len() > deposits).then_some(())
    })
    .await;
}

/// A file of one invoice whose name is the NIR in it.
fn dre_named_after_somebody() -> (String, Vec<u8>) {
    let bytes = dre(Profile::Pharmacie, 1, 77);
    (format!("dre_{}.b2", nir_of(&bytes)), bytes)
}

/// The first NIR of a file in lines.
fn nir_of(file: &[u8]) -> String {
    let record = file
        .split(|b| *b == b'\n')
        .find(|line| line.starts_with(b"2"))
        .expect("a record of type 2");
    String::from_utf8_lossy(&record[11..24]).into_owned()
}

/// Calls that put a NIR where it does not belong: what is answered and logged must not repeat it.
async fn wrong_calls(gateway: &Gateway, nir: &str, sinks: &mut Sinks) {
    use proto::get_dre_status_request::Dre;
    let asked = [
        Dre::Invoice(proto::InvoiceKey { ps: nir.into(), invoice_number: nir.into() }),
        Dre::Invoice(proto::InvoiceKey { ps: nir[..9].into(), invoice_number: nir.into() }),
        Dre::ClaimId(nir.into()),
    ];
    for dre in asked {
        let answer = gateway
            .status()
            .get_dre_status(proto::GetDreStatusRequest { dre: Some(dre), test: false })
            .await;
        sinks.add("error of GetDreStatus", format!("{:?}", answer.expect_err("a wrong call")));
    }
    let claim = proto::GetClaimRequest { claim_id: nir.into(), purpose: String::new() };
    sinks.add(
        "error of GetClaim",
        format!("{:?}", gateway.work().get_claim(claim).await.expect_err("a wrong call")),
    );
    let list =
        proto::ListDreRequest { status: nir.into(), page_token: nir.into(), ..Default::default() };
    sinks.add(
        "error of ListDre",
        format!("{:?}", gateway.status().list_dre(list).await.expect_err("a wrong call")),
    );
    let sender = format!("{nir} {NAME}");
    sinks.add(
        "error of SubmitExchange",
        format!("{:?}", gateway.submit(&sender, "x", b"x").await.expect_err("a wrong call")),
    );
}

/// The report of every exchange, and the status of every claim.
async fn reports(gateway: &Gateway, sinks: &mut Sinks) {
    for exchange in gateway.exchanges().await {
        let report = gateway.report(&exchange.exchange_id).await;
        assert!(report.ledger.expect("the books").balances, "{}", exchange.file_name);
        sinks.add(format!("report of {}", exchange.file_name), format!("{report:?}"));
    }
    for claim in gateway.claims().await {
        sinks.add("status", format!("{claim:?}"));
    }
}

/// A reject, so that there is a 580 file, and a claim read by a worker who says why. Answers what
/// both say of persons.
async fn rejects(gateway: &Gateway) -> Vec<u8> {
    let claims = gateway.claims().await;
    let claim = claims
        .iter()
        .find(|c| c.amc.as_ref().is_some_and(|amc| amc.state == "received"))
        .expect("a claim that waits");
    let reason = proto::Reason {
        code: "122".into(),
        label: "Garantie non active".into(),
        ..proto::Reason::default()
    };
    gateway
        .decide(&claim.claim_id, "reject", Kind::Reject(proto::Reject { reasons: vec![reason] }))
        .await;
    let files = gateway.out_eventually(SENDER, "580_", 1).await;
    let mut asked = tonic::Request::new(proto::GetClaimRequest {
        claim_id: claim.claim_id.clone(),
        purpose: "proof".into(),
    });
    asked.metadata_mut().insert("x-noemie-caller", "worker-1".parse().expect("a name"));
    let person = gateway
        .work()
        .get_claim(asked)
        .await
        .expect("the claim")
        .into_inner()
        .person
        .expect("the person");
    let mut told = format!("{} {}", person.nir, person.birth_date).into_bytes();
    files.values().for_each(|file| told.extend_from_slice(file));
    told
}

/// The published stream, from its start to the last event committed. Answers how many there are.
async fn events(gateway: &Gateway, sinks: &mut Sinks) -> usize {
    eventually("the outbox is empty", || async {
        gateway.metric("noemie_outbox_pending").await.filter(|n| *n == 0.0).map(|_| ())
    })
    .await;
    let mut expected = 0;
    for claim in gateway.claims().await {
        let history = gateway
            .status()
            .get_dre_history(proto::GetDreHistoryRequest { claim_id: claim.claim_id })
            .await
            .expect("the history");
        expected += history.into_inner().events.len();
    }
    let mut stream = gateway
        .work()
        .subscribe_claim_events(proto::SubscribeClaimEventsRequest::default())
        .await
        .expect("streams")
        .into_inner();
    for _ in 0..expected {
        let message = tokio::time::timeout(gateway::PATIENCE, stream.message())
            .await
            .expect("an event in time")
            .expect("streams")
            .expect("an event");
        sinks.add("event", format!("{message:?}"));
    }
    expected
}
