//! Returns of a caisse written here entity by entity, and a gateway that takes them.

use crate::support::databases::TestDatabase;
use crate::support::samples;
use noemie_gateway::archive::Archive;
use noemie_gateway::arl;
use noemie_gateway::clock::{SharedClock, SystemClock};
use noemie_gateway::conventionnement::Conventionnement;
use noemie_gateway::domain::{
    Caller, Channel, ClaimId, ClaimLine, ClaimPart, PartKind, ReturnFile, Scope, Verdict,
};
use noemie_gateway::ingest::{Deposit, Ingest, Limits, Receipt};
use noemie_gateway::outgoing::{deliver, rejects};
use noemie_gateway::service::claims::Claims;
use noemie_gateway::service::decisions::Decisions;
use noemie_gateway::service::matches::Matches;
use noemie_gateway::service::view::ClaimView;
use noemie_gateway::vault::Vault;
use noemie_gateway::verify::{Sources, verify};
use noemie_parsers::b2::{Element, Lecteur};
use noemie_parsers::physical::enregistrements::Forme;
use std::sync::Arc;

/// An invoice of a deposited file, as a return names it.
#[derive(Debug, Clone)]
pub struct Invoice {
    pub ps: String,
    pub number: String,
    /// NIR and key.
    pub nir: String,
    /// JJMMAA.
    pub birth: String,
    pub rank: char,
    pub amo: i64,
    pub amc: i64,
    pub amc_number: String,
}

/// Returns the invoices of a DRE.
pub fn invoices(dre: &[u8]) -> Vec<Invoice> {
    let mut reader = Lecteur::new(dre, Forme::Crlf);
    let mut found = Vec::new();
    while let Some(element) = reader.suivant().expect("bytes in memory") {
        if let Element::Facture(facture) = element {
            let id = facture.identite();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let birth = id.naissance.expose();
            found.push(Invoice {
                ps: id.ps,
                number: id.numero,
                nir: text(&id.nir_brut) + &text(&id.cle),
                // JJMMAA in a return.
                birth: format!("{}{}{}", &birth[4..6], &birth[2..4], &birth[..2]),
                rank: char::from(id.rang),
                amo: facture.totaux().amo.centimes(),
                amc: facture.totaux().amc.centimes(),
                amc_number: facture.numero_amc().expect("a number").as_str().to_owned(),
            });
        }
    }
    found
}

/// What a return tells about one part: state, amount asked, amount paid (negative: taken back).
#[derive(Debug, Clone, Copy)]
pub struct Says {
    pub part: PartKind,
    pub state: char,
    pub asked: i64,
    pub paid: i64,
}

impl Says {
    pub fn paid(part: PartKind, asked: i64, paid: i64) -> Self {
        Self { part, state: 'P', asked, paid }
    }
}

/// A file of one caisse: its id, the transfer (day JJMMAA and label), and invoices.
pub struct Return<'a> {
    pub id: u32,
    pub day: &'a str,
    pub label: &'a str,
    pub told: Vec<(&'a Invoice, Vec<Says>)>,
    /// Rejects, told for every invoice: codification of 10 characters, part.
    pub reject: Option<(&'a str, char)>,
}

impl Return<'_> {
    /// Returns the bytes of the file, in lines with their length.
    pub fn bytes(&self) -> Vec<u8> {
        let ps = self.told.first().map_or("", |(invoice, _)| invoice.ps.as_str());
        let mut entities = vec![
            "02001000000000000000@".to_owned(),
            format!("04002000000{ps}@"),
            format!("07103{}{:<32}{:<32}01999     @", self.day, self.label, ""),
            format!("0810401{:14}@", ""),
        ];
        let mut total = 0;
        for (invoice, says) in &self.told {
            total += self.invoice(invoice, says, &mut entities);
        }
        for key in [
            "9900401               ".to_owned(),
            format!("99003{:<17}", self.day),
            format!("99002000000{ps}  "),
            "99001000000000000000  ".to_owned(),
        ] {
            entities.push(closing(&key, self.told.len(), total));
        }
        file(self.id, &entities.concat(), total)
    }

    fn invoice(&self, invoice: &Invoice, says: &[Says], entities: &mut Vec<String>) -> i64 {
        told(invoice, says, self.reject, entities)
    }
}

/// Returns the bytes of a file of one caisse, in lines with their length: header, entities, trailer
/// with the sum of the file.
pub fn file(id: u32, entities: &str, total: i64) -> Vec<u8> {
    let border = |kind: &str, rest: String| {
        format!("{kind}CP00000001999000      OT99900000000011        RM{id:04}{rest}")
    };
    let first = border("000", format!("261127576     UR           128{:43}", ""));
    let last = border("999", format!("{:08}{:19}001{:011}P", 3, "", total.unsigned_abs()));
    let lines = [format!("{first:<128}"), entities.to_owned(), format!("{last:<128}")];
    lines.iter().map(|line| format!("{:04}{line}\r\n", line.len())).collect::<String>().into()
}

/// Appends the group of an invoice, and returns what is paid in it.
pub fn told(
    invoice: &Invoice,
    says: &[Says],
    reject: Option<(&str, char)>,
    entities: &mut Vec<String>,
) -> i64 {
    entities.push(format!("10205{:<15}001261126F261126C10@", invoice.number));
    entities.push(format!(
        "10399{}{:<25}{:<25}{:<15}{}{}{}{:<40}0000@",
        invoice.nir, "SPECIMEN", "", "DENIS", invoice.nir, invoice.birth, invoice.rank, ""
    ));
    let mut count = 1;
    for said in says {
        count += 1;
        let sign = if said.paid < 0 { 'N' } else { 'P' };
        let (asked, paid) = (said.asked, said.paid.unsigned_abs());
        entities.push(if said.part == PartKind::Amo {
            format!("19899{asked:08}{}{paid:08}{sign}@", said.state)
        } else {
            format!("19999{asked:08}{}{paid:08}{sign}{}{:<15}@", said.state, invoice.amc_number, "")
        });
    }
    if let Some((codification, part)) = reject {
        count += 1;
        entities.push(format!(
            "29499{codification}{:<80}F{part}     00000000000000000001{:<30}@",
            "REFUS", ""
        ));
    }
    let total: i64 = says.iter().map(|said| said.paid).sum();
    entities.push(closing(&format!("99005{:<17}", invoice.number), count, total));
    total
}

/// Returns an entity 990: key of 22 characters, number of entities, sum.
pub fn closing(key: &str, count: usize, total: i64) -> String {
    let sign = if total < 0 { 'N' } else { 'P' };
    format!("{key}{count:08}{:011}{sign}@", total.unsigned_abs())
}

/// A gateway over a database, with its archive in a temporary directory.
pub struct Gateway {
    pub ingest: Ingest,
    pub claims: Claims,
    pub decisions: Decisions,
    pub matches: Matches,
    pub conventionnement: Arc<Conventionnement>,
    sources: Sources,
    _archive: tempfile::TempDir,
}

impl Gateway {
    pub fn open(db: &TestDatabase) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let vault = Arc::new(Vault::from_master_key([9; 32]));
        let archive = Arc::new(Archive::new(directory.path(), Arc::clone(&vault)));
        let clock: SharedClock = Arc::new(SystemClock);
        samples::seal(&db.store, &vault);
        let store = Arc::clone(&db.store);
        let conventions = Conventionnement::new(db.database.conventions(), Arc::clone(&clock));
        let conventionnement = Arc::new(conventions);
        Self {
            matches: Matches::new(
                Arc::clone(&store),
                Arc::clone(&vault),
                Arc::clone(&clock),
                Arc::clone(&conventionnement),
            ),
            conventionnement,
            ingest: Ingest::new(
                Arc::clone(&store),
                Arc::clone(&vault),
                Arc::clone(&archive),
                Arc::clone(&clock),
                Limits::default(),
            ),
            claims: Claims::new(Arc::clone(&store), Arc::clone(&vault), Arc::clone(&clock)),
            decisions: Decisions::new(Arc::clone(&store), Arc::clone(&clock)),
            sources: Sources { store, archive, vault, clock },
            _archive: directory,
        }
    }

    /// Deposits a file and returns its receipt.
    pub async fn deposit(&self, sender: &str, bytes: &[u8]) -> Receipt {
        let deposit = Deposit {
            sender: sender.parse().expect("a sender"),
            channel: Channel::Cli,
            file_name: "file".into(),
            idempotency_key: None,
        };
        let mut upload = self.ingest.open(deposit).expect("the archive opens");
        upload.write(bytes).expect("the bytes are archived");
        self.ingest.accept(upload).await.expect("a receipt")
    }

    /// Deposits a return by hand; its file must be accepted.
    pub async fn send(&self, told: &Return<'_>) {
        let receipt = self.deposit("cpam-test", &told.bytes()).await;
        let text = String::from_utf8_lossy(&told.bytes()).into_owned();
        assert_eq!(receipt.exchange.quarantined, 0, "{:?}\n{text}", receipt.exchange);
        assert_ne!(receipt.exchange.verdict, Verdict::Refused, "{:?}\n{text}", receipt.exchange);
    }

    /// Returns the text of a return file.
    pub fn open_return(&self, file: &ReturnFile) -> String {
        let bytes = arl::open(file, &self.sources.vault).expect("the file opens");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Returns the attempts of an invoice, newest first.
    pub async fn attempts(&self, ps: &str, number: &str) -> Vec<ClaimView> {
        let found = self.claims.by_invoice(&Caller::local(), ps, number, 10).await;
        found.expect("the claims are read").claims
    }

    /// Describes both parts of the newest attempt of an invoice: `AMO | AMC`.
    pub async fn described(&self, ps: &str, number: &str) -> String {
        let attempts = self.attempts(ps, number).await;
        let Some(claim) = attempts.first().and_then(|view| view.claim.as_ref()) else {
            return "no claim".to_owned();
        };
        format!("{} | {}", described(&claim.amo), described(&claim.amc))
    }

    /// Returns the lines of a claim.
    pub async fn lines(&self, id: ClaimId) -> Vec<ClaimLine> {
        let lines = self.sources.store.claim_lines(&Scope::everything(), id).await;
        lines.expect("the lines are read")
    }

    /// Makes the 580 of the rejects that wait, and returns the codifications that it reports.
    pub async fn reported(&self) -> Vec<String> {
        self.rejects_file().await.iter().map(|entity| entity[5..15].to_owned()).collect()
    }

    /// Makes the 580 of the rejects that wait, and returns its entities 294.
    pub async fn rejects_file(&self) -> Vec<String> {
        let Sources { store, vault, clock, .. } = &self.sources;
        let out = tempfile::tempdir().expect("a temporary directory");
        rejects::step(store, vault, clock).await.expect("the rejects are written");
        deliver::step(store, vault, clock, out.path()).await.expect("the files are delivered");
        let sender = std::fs::read_dir(out.path().join("oct-test")).into_iter().flatten();
        let files = sender.map(|entry| entry.expect("a file").path());
        let files = files.filter(|path| path.to_string_lossy().contains("580_"));
        let text: String = files
            .map(|path| String::from_utf8_lossy(&std::fs::read(path).expect("read")).into_owned())
            .collect();
        text.split("29499").skip(1).map(|rest| format!("29499{}", &rest[..148])).collect()
    }

    /// Returns the details of what `verify` finds.
    pub async fn found(&self) -> Vec<String> {
        let seen = verify(&self.sources, None).await.expect("verified");
        seen.findings.into_iter().map(|finding| finding.detail).collect()
    }

    /// Checks everything that is stored against the files and against what was told.
    pub async fn verify(&self) {
        let seen = verify(&self.sources, None).await.expect("verified");
        assert_eq!(seen.findings, vec![]);
    }
}

/// Describes a part: `state sum flags`.
pub fn described(part: &ClaimPart) -> String {
    let flags: Vec<&str> = part.flags.iter().map(|flag| flag.as_str()).collect();
    format!("{} {} {}", part.state.as_str(), part.paid.centimes(), flags.join(","))
        .trim_end()
        .to_owned()
}
