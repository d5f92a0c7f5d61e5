//! Checks at the end of a test that no file is lost and no claim is stored twice: compares the
//! deposits with the database, the archive, the directories and the queues. The checks read the
//! tables themselves, and do not rely on the answers of the program.

use super::broker::Message;
use super::gateway::{Gateway, Invoice, PATIENCE, read_noemie};
use noemie_gateway::archive::Archive;
use noemie_gateway::grpc::proto;
use noemie_gateway::vault::{KeySource, Vault};
use noemie_parsers::b2::{Element, Lecteur};
use noemie_parsers::physical::enregistrements::Forme;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, FromRow, PgConnection, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// A deposited file.
#[derive(Debug, Clone)]
pub struct Deposit {
    pub sender: String,
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Deposit {
    pub fn digest(&self) -> String {
        blake3::hash(&self.bytes).to_hex().to_string()
    }

    fn is_b2(&self) -> bool {
        self.name.ends_with(".b2")
    }
}

/// An event as a consumer gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub event: String,
    pub claim: String,
    pub sequence: u64,
}

impl From<&Message> for Fact {
    fn from(message: &Message) -> Self {
        let text = |name: &str| message.body[name].as_str().expect("a text").to_owned();
        Self {
            event: message.id.clone(),
            claim: text("claimId"),
            sequence: text("sequence").parse().expect("a number"),
        }
    }
}

/// Returns an integer from the database, or its error.
pub async fn number(url: &str, sql: &'static str) -> Result<i64, sqlx::Error> {
    if url.starts_with("sqlite:") {
        sqlx::query_scalar(sql)
            .fetch_one(&mut SqliteConnection::connect(&format!("{url}?mode=ro")).await?)
            .await
    } else {
        sqlx::query_scalar(sql).fetch_one(&mut PgConnection::connect(url).await?).await
    }
}

/// Returns rows of the database, or its error.
pub async fn rows<T>(url: &str, sql: &'static str) -> Result<Vec<T>, sqlx::Error>
where
    T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
{
    if url.starts_with("sqlite:") {
        sqlx::query_as(sql)
            .fetch_all(&mut SqliteConnection::connect(&format!("{url}?mode=ro")).await?)
            .await
    } else {
        sqlx::query_as(sql).fetch_all(&mut PgConnection::connect(url).await?).await
    }
}

/// Queries that must count 0 rows once the gateway is idle.
const INCONSISTENCIES: &[(&str, &str)] = &[
    ("events not published", "SELECT count(*) FROM outbox"),
    ("exchanges without verdict", "SELECT count(*) FROM exchanges WHERE verdict IS NULL"),
    (
        "exchanges without ledger",
        "SELECT count(*) FROM exchanges e WHERE NOT EXISTS (SELECT 1 FROM ledgers l WHERE l.exchange_id = e.id)",
    ),
    (
        "exchanges without exactly one ARL",
        "SELECT count(*) FROM exchanges e WHERE 1 <> (SELECT count(*) FROM returns r WHERE r.exchange_id = e.id AND r.kind = 'arl')",
    ),
    ("return files not delivered", "SELECT count(*) FROM returns WHERE delivered_at IS NULL"),
    (
        "ledgers that do not balance",
        "SELECT count(*) FROM ledgers WHERE read_records <> accepted + quarantined + duplicates + unmatched + envelope",
    ),
    (
        "exchanges with another number of claims than their ledger",
        "SELECT count(*) FROM exchanges e WHERE e.norm = 'b2' AND e.accepted <> (SELECT count(*) FROM claims c WHERE c.exchange_id = e.id)",
    ),
    (
        "exchanges with invoices that are neither accepted, quarantined nor duplicates",
        "SELECT count(*) FROM exchanges WHERE norm = 'b2' AND verdict <> 'refused' AND invoices <> accepted + quarantined + duplicates",
    ),
    (
        "invoices with two live claims",
        "SELECT count(*) FROM (SELECT identity FROM claims WHERE live GROUP BY identity HAVING count(*) > 1) AS twice",
    ),
    (
        "claims without their two parts",
        "SELECT count(*) FROM claims c WHERE 2 <> (SELECT count(*) FROM claim_parts p WHERE p.claim_id = c.id)",
    ),
    (
        "claims without lines",
        "SELECT count(*) FROM claims c WHERE NOT EXISTS (SELECT 1 FROM claim_lines l WHERE l.claim_id = c.id)",
    ),
    (
        "claims without event",
        "SELECT count(*) FROM claims c WHERE NOT EXISTS (SELECT 1 FROM events e \
         WHERE e.subject_id = c.id AND e.sequence = 1)",
    ),
    (
        "events without claim",
        "SELECT count(*) FROM events e WHERE NOT EXISTS (SELECT 1 FROM claims c \
         WHERE c.id = e.subject_id)",
    ),
    (
        "events without position",
        "SELECT count(*) FROM events e WHERE NOT EXISTS (SELECT 1 FROM published_events p \
         WHERE p.event_no = e.event_no)",
    ),
    (
        "positions without event, or with holes",
        "SELECT (SELECT count(*) FROM published_events p WHERE NOT EXISTS (SELECT 1 FROM events e \
         WHERE e.event_no = p.event_no)) + (SELECT COALESCE(max(position), 0) - count(*) \
         FROM published_events)",
    ),
    (
        "parts without claim",
        "SELECT count(*) FROM claim_parts p WHERE NOT EXISTS (SELECT 1 FROM claims c WHERE c.id = p.claim_id)",
    ),
    (
        "claims with gaps in their events",
        "SELECT count(*) FROM (SELECT subject_id FROM events GROUP BY subject_kind, subject_id \
         HAVING count(*) <> max(sequence) OR min(sequence) <> 1) AS broken",
    ),
    (
        "decisions without event",
        "SELECT count(*) FROM decisions d WHERE d.event_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM events e WHERE e.event_id = d.event_id)",
    ),
    (
        "worker's rejects in no return file",
        "SELECT count(*) FROM claim_parts WHERE kind = 'amc' AND state IN ('rejected', 'rejected_after_acceptance') AND reported_in IS NULL",
    ),
];

/// Checks everything but the events. `dir` is the directory of the gateway, shared by all replicas.
pub async fn check(
    gateway: &Gateway,
    url: &str,
    dir: &Path,
    deposits: &[Deposit],
    rejected: &BTreeSet<Invoice>,
) {
    for (what, sql) in INCONSISTENCIES {
        assert_eq!(number(url, sql).await.expect("the database answers"), 0, "{what}");
    }
    assert_eq!(gateway.metric("noemie_ledger_unbalanced_total").await, Some(0.0));
    let exchanges = gateway.exchanges().await;
    check_exchanges(gateway, &exchanges, deposits).await;
    check_archive(url, dir, &exchanges).await;
    check_claims(gateway, deposits).await;
    check_returns(gateway, dir, &exchanges, rejected).await;
}

/// Runs the gateway's `verify`, which compares raw files with tables and checks the chain of receipts.
pub fn check_verify(gateway: &Gateway) {
    let output = gateway.run_beside(&["verify"]);
    let output_text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{output_text}");
}

/// Checks that each file is one exchange of its sender, and that its ledger counts its records.
async fn check_exchanges(gateway: &Gateway, exchanges: &[proto::Exchange], deposits: &[Deposit]) {
    let key = |sender: &str, digest: &str| (sender.to_owned(), digest.to_owned());
    let mut found: Vec<_> = exchanges.iter().map(|e| key(&e.sender, &e.digest)).collect();
    let deposited: BTreeMap<_, &Deposit> =
        deposits.iter().map(|d| (key(&d.sender, &d.digest()), d)).collect();
    found.sort();
    assert_eq!(
        found,
        deposited.keys().cloned().collect::<Vec<_>>(),
        "a file of a sender is one exchange"
    );
    for exchange in exchanges {
        let deposit = deposited[&key(&exchange.sender, &exchange.digest)];
        assert_ne!(exchange.verdict, "refused", "{}", deposit.name);
        let ledger = gateway.report(&exchange.exchange_id).await.ledger.expect("the ledger");
        let records = deposit.bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()).count();
        assert!(
            ledger.balances && (!deposit.is_b2() || ledger.read == records as i64),
            "{}: {ledger:?}, {records} records",
            deposit.name
        );
    }
}

/// Checks that the archive has the bytes of each exchange.
async fn check_archive(url: &str, dir: &Path, exchanges: &[proto::Exchange]) {
    let data = dir.join("data");
    let (vault, _) = Vault::open(KeySource::DataDirectory, &data).expect("the vault opens");
    let archive = Archive::new(data.join("archive"), Arc::new(vault));
    let rows: Vec<(String, String)> = rows(url, "SELECT archive_name, digest FROM exchanges")
        .await
        .expect("the database answers");
    assert_eq!(rows.len(), exchanges.len());
    // On another thread: the gateway closes the connection of a client that answers no ping, and after
    // many kills this check takes long.
    let read = tokio::task::spawn_blocking(move || {
        for (name, digest) in rows {
            let mut bytes = Vec::new();
            archive
                .open(&name)
                .and_then(|mut file| file.read_to_end(&mut bytes))
                .unwrap_or_else(|e| panic!("archive {name}: {e}"));
            assert_eq!(
                blake3::hash(&bytes).to_hex().to_string(),
                digest,
                "archive {name} holds other bytes"
            );
        }
    });
    read.await.expect("the archive holds what was acknowledged");
}

/// Checks that each accepted invoice of the files is one claim, also when it was sent twice.
async fn check_claims(gateway: &Gateway, deposits: &[Deposit]) {
    let expected: BTreeSet<Invoice> =
        deposits.iter().filter(|d| d.is_b2()).flat_map(|d| accepted_invoices(&d.bytes)).collect();
    let mut claims: Vec<Invoice> = gateway
        .claims()
        .await
        .into_iter()
        .map(|c| Invoice { ps: c.ps, number: c.invoice_number })
        .collect();
    claims.sort();
    let twice: Vec<_> =
        claims.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
    let found: BTreeSet<Invoice> = claims.iter().cloned().collect();
    let lost: Vec<_> = expected.difference(&found).take(3).collect();
    let invented: Vec<_> = found.difference(&expected).take(3).collect();
    assert!(
        twice.is_empty() && lost.is_empty() && invented.is_empty(),
        "{} invoices, {} claims; twice {twice:?}, lost {lost:?}, invented {invented:?}",
        expected.len(),
        claims.len()
    );
}

/// Returns the invoices of a DRE file in lines that are not quarantined.
fn accepted_invoices(dre: &[u8]) -> Vec<Invoice> {
    let mut reader = Lecteur::new(dre, Forme::Crlf);
    let mut found = Vec::new();
    while let Some(element) = reader.suivant().expect("reads") {
        if let Element::Facture(facture) = element
            && !facture.quarantined()
        {
            found.push(Invoice { ps: facture.identite().ps, number: facture.numero() });
        }
    }
    found
}

/// Checks that the directories of the recipients have the return files of the store, complete, and
/// that each reject is in one of them.
async fn check_returns(
    gateway: &Gateway,
    dir: &Path,
    exchanges: &[proto::Exchange],
    rejected: &BTreeSet<Invoice>,
) {
    let mut listed: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut page_token = String::new();
    loop {
        let asked =
            proto::ListReturnsRequest { page_size: 1_000, page_token, ..Default::default() };
        let page = gateway.exchange().list_returns(asked).await.expect("lists").into_inner();
        listed.extend(page.returns.into_iter().map(|r| ((r.recipient, r.file_name), r.digest)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let (mut written, mut rejects) = (BTreeMap::new(), Vec::new());
    for recipient in fs::read_dir(dir.join("data/out"))
        .expect("the directory of returns")
        .map(|e| e.expect("an entry").path())
    {
        for path in fs::read_dir(&recipient).expect("reads").map(|e| e.expect("an entry").path()) {
            let text =
                |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
            let (recipient, name, bytes) =
                (text(&recipient), text(&path), fs::read(&path).expect("reads"));
            if name.starts_with('.') {
                continue; // A hidden file that a killed process was writing.
            }
            let (returns, wrong) = read_noemie(&bytes);
            assert!(wrong.is_empty(), "{name}: {wrong:?}");
            if name.starts_with("580_") {
                rejects.extend(returns.into_iter().map(|r| r.numero));
            }
            written.insert((recipient, name), blake3::hash(&bytes).to_hex().to_string());
        }
    }
    assert_eq!(written, listed, "return files, as written and as the store has them");
    let arls = written.keys().filter(|(_, name)| name.starts_with("ARL_")).count();
    assert_eq!(arls, exchanges.len(), "one ARL per file");
    let mut numbers: Vec<&str> = rejected.iter().map(|i| i.number.as_str()).collect();
    numbers.sort_unstable();
    rejects.sort();
    assert_eq!(rejects, numbers, "each reject of a worker is in one return file");
}

/// Checks the events of a consumer, in their order: without repeated event ids, they are the committed
/// events, and those of a claim are in order.
pub async fn check_facts(url: &str, consumed: &[Fact]) {
    let mut seen = HashSet::new();
    let mut lives: HashMap<&str, Vec<u64>> = HashMap::new();
    for fact in consumed.iter().filter(|fact| seen.insert(fact.event.as_str())) {
        lives.entry(&fact.claim).or_default().push(fact.sequence);
    }
    for (claim, life) in &lives {
        assert!(
            life.iter().copied().eq(1..=life.len() as u64),
            "events of claim {claim}: {life:?}"
        );
    }
    let committed = number(url, "SELECT count(*) FROM events").await.expect("the database answers");
    assert_eq!(seen.len() as i64, committed, "events consumed, and events committed");
}

/// Returns the published events from the start, as a subscriber without a resume token gets them.
pub async fn stream(gateway: &Gateway, url: &str) -> Vec<Fact> {
    let count = number(url, "SELECT count(*) FROM events").await.expect("the database answers");
    let mut stream = gateway
        .work()
        .subscribe_claim_events(proto::SubscribeClaimEventsRequest::default())
        .await
        .expect("streams")
        .into_inner();
    let mut facts = Vec::new();
    for _ in 0..count {
        let message = tokio::time::timeout(PATIENCE, stream.message())
            .await
            .expect("an event in time")
            .expect("streams")
            .expect("an event");
        let event = message.event.expect("nothing is filtered");
        facts.push(Fact {
            event: event.event_id,
            claim: event.claim_id,
            sequence: u64::try_from(event.sequence).expect("positive"),
        });
    }
    facts
}
