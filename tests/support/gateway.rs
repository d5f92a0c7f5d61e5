//! The gateway as its users meet it: the real program, in a directory of its own, on free ports,
//! reached by its drop directory, its command line and gRPC. It can be stopped in order, killed,
//! and started again over the same data.

#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

use noemie_gateway::grpc::proto;
use noemie_gateway::grpc::proto::claim_work_service_client::ClaimWorkServiceClient;
use noemie_gateway::grpc::proto::dre_status_service_client::DreStatusServiceClient;
use noemie_gateway::grpc::proto::exchange_service_client::ExchangeServiceClient;
use noemie_parsers::b2::{Element, Lecteur};
use noemie_parsers::noemie::{self, Packaging, Reader};
use noemie_parsers::physical::enregistrements::Forme;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::transport::Channel;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_noemie-gateway");
/// Far above what any single wait takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Time between two looks of a wait.
const LOOK: Duration = Duration::from_millis(20);

/// Looks again and again until there is an answer; fails after [`PATIENCE`].
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = look().await {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

/// A running gateway. Dropping it kills the process and leaves the directory to its owner.
pub struct Gateway {
    pub dir: PathBuf,
    settings: Vec<(String, String)>,
    child: Mutex<Child>,
    pub grpc: SocketAddr,
    pub admin: SocketAddr,
    pub channel: Channel,
}

impl Gateway {
    /// Starts `serve` in a directory; `settings` are variables of its environment.
    pub async fn start(dir: &Path, settings: &[(&str, &str)]) -> Self {
        let settings: Vec<(String, String)> =
            settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self::launch(dir.to_owned(), settings).await
    }

    /// The same, for a process that may die on its way: answers how it ended then.
    pub async fn try_start(dir: &Path, settings: &[(&str, &str)]) -> Result<Self, ExitStatus> {
        let settings = settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self::try_launch(dir.to_owned(), settings).await.map_err(|(ended, _)| ended)
    }

    async fn launch(dir: PathBuf, settings: Vec<(String, String)>) -> Self {
        Self::try_launch(dir, settings)
            .await
            .unwrap_or_else(|(ended, text)| panic!("the gateway ended with {ended:?}:\n{text}"))
    }

    async fn try_launch(
        dir: PathBuf,
        settings: Vec<(String, String)>,
    ) -> Result<Self, (ExitStatus, String)> {
        let log = dir.join("stderr.log");
        let before = fs::metadata(&log).map_or(0, |m| m.len());
        let mut child = serve(&dir, &settings);
        let opened = eventually("the gateway opens", || {
            let text = String::from_utf8_lossy(
                &fs::read(&log).expect("the log reads")[usize::try_from(before).expect("small")..],
            )
            .into_owned();
            if let Some(ended) = child.try_wait().expect("the process is known") {
                return std::future::ready(Some(Err((ended, text))));
            }
            let open = text
                .lines()
                .filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok())
                .find(|l| l["message"] == "gateway is open");
            let address = |name: &str| open.as_ref()?[name].as_str()?.parse::<SocketAddr>().ok();
            std::future::ready(address("grpc").zip(address("admin")).map(Ok))
        })
        .await;
        let (grpc, admin) = opened?;
        let channel =
            Channel::from_shared(format!("http://{grpc}")).expect("an address").connect_lazy();
        Ok(Self { dir, settings, child: Mutex::new(child), grpc, admin, channel })
    }

    /// `kill -9`, then a new process over the same data.
    pub async fn kill_and_restart(self) -> Self {
        self.kill();
        Self::launch(self.dir.clone(), self.settings.clone()).await
    }

    /// A new process over the data of one that is dead, killed in its turn after so long, wherever
    /// it is on its way up.
    pub async fn start_and_kill(&self, after: Duration) {
        let mut child = serve(&self.dir, &self.settings);
        tokio::time::sleep(after).await;
        child.kill().expect("kills");
        child.wait().expect("is gone");
    }

    /// `kill -9`.
    pub fn kill(&self) {
        let mut child = self.child.lock().expect("no panic");
        child.kill().expect("kills");
        child.wait().expect("is gone");
    }

    /// Runs a command of the program beside this process, over the same data.
    pub fn run_beside(&self, arguments: &[&str]) -> Output {
        let mut process = command(&self.dir);
        process
            .envs(self.settings.iter().map(|(k, v)| (k, v)))
            .args(arguments)
            .stdin(Stdio::null());
        // What it talks to may be a task of this very test.
        tokio::task::block_in_place(|| process.output()).expect("the program runs")
    }

    /// Identifier of the process.
    pub fn id(&self) -> u32 {
        self.child.lock().expect("no panic").id()
    }

    /// How the process ended, if it did.
    pub fn has_ended(&self) -> Option<ExitStatus> {
        self.child.lock().expect("no panic").try_wait().expect("the process is known")
    }

    /// SIGTERM. The process goes on until its work is done.
    pub fn terminate(&self) {
        let told = Command::new("kill")
            .args(["-TERM", &self.child.lock().expect("no panic").id().to_string()])
            .status()
            .expect("kill runs");
        assert!(told.success());
    }

    /// Waits for the end of the process.
    pub async fn ended(self) -> ExitStatus {
        eventually("the gateway ends", || std::future::ready(self.has_ended())).await
    }

    pub fn work(&self) -> ClaimWorkServiceClient<Channel> {
        ClaimWorkServiceClient::new(self.channel.clone())
    }

    pub fn status(&self) -> DreStatusServiceClient<Channel> {
        DreStatusServiceClient::new(self.channel.clone())
    }

    pub fn exchange(&self) -> ExchangeServiceClient<Channel> {
        ExchangeServiceClient::new(self.channel.clone())
    }

    /// Puts a whole file in the drop directory: written under a name of the half-written, then
    /// renamed, as a careful sender does.
    pub fn drop_file(&self, sender: &str, name: &str, bytes: &[u8]) -> PathBuf {
        let path = drop_path(&self.dir, sender, name);
        let aside = path.with_file_name(format!(".{name}.part"));
        File::create(&aside).and_then(|mut f| f.write_all(bytes)).expect("the file is written");
        fs::rename(&aside, &path).expect("the file is renamed");
        path
    }

    /// Deposits a file over gRPC.
    pub async fn submit(
        &self,
        sender: &str,
        name: &str,
        bytes: &[u8],
    ) -> Result<proto::SubmitExchangeResponse, tonic::Status> {
        use proto::submit_exchange_request::Part;
        let metadata = proto::SubmitMetadata {
            sender: sender.into(),
            file_name: name.into(),
            idempotency_key: String::new(),
        };
        let parts = std::iter::once(Part::Metadata(metadata))
            .chain(bytes.chunks(64 * 1024).map(|c| Part::Chunk(c.to_vec())));
        let messages: Vec<_> =
            parts.map(|part| proto::SubmitExchangeRequest { part: Some(part) }).collect();
        self.exchange()
            .submit_exchange(futures::stream::iter(messages))
            .await
            .map(tonic::Response::into_inner)
    }

    /// Files of `out/<recipient>/` whose name begins so, by name.
    pub fn out(&self, recipient: &str, begins: &str) -> BTreeMap<String, Vec<u8>> {
        out_files(&self.dir, recipient, begins)
    }

    /// The same, waited for until there are `count`.
    pub async fn out_eventually(
        &self,
        recipient: &str,
        begins: &str,
        count: usize,
    ) -> BTreeMap<String, Vec<u8>> {
        let what = format!("{count} files {begins}* in out/{recipient}");
        eventually(&what, || {
            std::future::ready(
                Some(self.out(recipient, begins)).filter(|found| found.len() >= count),
            )
        })
        .await
    }

    /// The status of an invoice, or `None`.
    pub async fn dre(&self, ps: &str, invoice_number: &str) -> Option<proto::DreStatus> {
        let key = proto::InvoiceKey { ps: ps.into(), invoice_number: invoice_number.into() };
        let asked = proto::GetDreStatusRequest {
            dre: Some(proto::get_dre_status_request::Dre::Invoice(key)),
        };
        match self.status().get_dre_status(asked).await {
            Ok(found) => found.into_inner().dre,
            Err(status) if status.code() == tonic::Code::NotFound => None,
            Err(status) => panic!("{status}"),
        }
    }

    /// The same, waited for until it is in a state.
    pub async fn dre_eventually(
        &self,
        ps: &str,
        invoice_number: &str,
        state: &str,
    ) -> proto::DreStatus {
        eventually(&format!("invoice {invoice_number} is {state}"), || async {
            self.dre(ps, invoice_number).await.filter(|dre| dre.state == state)
        })
        .await
    }

    /// Records a decision about the AMC part.
    pub async fn decide(
        &self,
        claim_id: &str,
        key: &str,
        kind: proto::decision::Kind,
    ) -> proto::RecordDecisionResponse {
        let decision = proto::Decision {
            claim_id: claim_id.into(),
            part: "amc".into(),
            idempotency_key: key.into(),
            kind: Some(kind),
        };
        let asked = proto::RecordDecisionRequest { decision: Some(decision) };
        self.work().record_decision(asked).await.expect("the decision is recorded").into_inner()
    }

    /// Every exchange, newest first.
    pub async fn exchanges(&self) -> Vec<proto::Exchange> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let asked =
                proto::ListExchangesRequest { page_size: 1_000, page_token, ..Default::default() };
            let page = self.exchange().list_exchanges(asked).await.expect("lists").into_inner();
            all.extend(page.exchanges);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    /// Every claim, newest first.
    pub async fn claims(&self) -> Vec<proto::DreStatus> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let asked =
                proto::ListDreRequest { page_size: 1_000, page_token, ..Default::default() };
            let page = self.status().list_dre(asked).await.expect("lists").into_inner();
            all.extend(page.dre);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    /// The first page of the report of an exchange.
    pub async fn report(&self, exchange_id: &str) -> proto::GetExchangeReportResponse {
        let asked = proto::GetExchangeReportRequest {
            exchange_id: exchange_id.into(),
            page_size: 1_000,
            ..Default::default()
        };
        self.exchange().get_exchange_report(asked).await.expect("reports").into_inner()
    }

    /// An answer of the admin port.
    pub async fn admin_get(&self, path: &str) -> String {
        let mut line = tokio::net::TcpStream::connect(self.admin).await.expect("connects");
        let request = format!("GET {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n");
        line.write_all(request.as_bytes()).await.expect("asks");
        let mut answer = String::new();
        line.read_to_string(&mut answer).await.expect("answers");
        answer
    }

    /// The value of a metric without labels.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let text = self.admin_get("/metrics").await;
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
    }

    /// What the process said on standard error since its first start.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.dir.join("stderr.log")).expect("the log reads"))
            .into_owned()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Already ended when the test went well.
        let child = self.child.get_mut().expect("no panic");
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// A process that serves, and says what it has to say in the logs of its directory.
fn serve(dir: &Path, settings: &[(String, String)]) -> Child {
    let log = |name: &str| {
        File::options().create(true).append(true).open(dir.join(name)).expect("the log opens")
    };
    command(dir)
        .envs([
            ("NOEMIE_GRPC_LISTEN", "127.0.0.1:0"),
            ("NOEMIE_ADMIN_LISTEN", "127.0.0.1:0"),
            ("NOEMIE_LOG_FORMAT", "json"),
        ])
        .envs(settings.iter().map(|(k, v)| (k, v)))
        .arg("serve")
        .stdin(Stdio::null())
        .stdout(log("stdout.log"))
        .stderr(log("stderr.log"))
        .spawn()
        .expect("the gateway starts")
}

/// The program over a directory, without the settings of the caller's machine.
pub fn command(dir: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("NOEMIE_")) {
        command.env_remove(name);
    }
    command.current_dir(dir).arg("--data-dir").arg(dir.join("data"));
    command
}

/// Runs a command of the program to its end; fails when it takes longer than `limit`.
pub fn run(dir: &Path, arguments: &[&str], limit: Duration) -> Output {
    let mut process = command(dir);
    process.args(arguments).stdin(Stdio::null());
    // Files, not pipes: a program that says much must not wait for us.
    let (out, err) = (
        tempfile::NamedTempFile::new().expect("a file"),
        tempfile::NamedTempFile::new().expect("a file"),
    );
    process.stdout(out.reopen().expect("opens")).stderr(err.reopen().expect("opens"));
    let mut child = process.spawn().expect("the program starts");
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the process is known") {
            break status;
        }
        if start.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{arguments:?} takes more than {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Output {
        status,
        stdout: fs::read(out.path()).expect("reads"),
        stderr: fs::read(err.path()).expect("reads"),
    }
}

/// Where a file of a sender is dropped; its directory is made.
pub fn drop_path(dir: &Path, sender: &str, name: &str) -> PathBuf {
    let inbox = dir.join("data/in").join(sender);
    fs::create_dir_all(&inbox).expect("the sender's directory");
    inbox.join(name)
}

fn out_files(dir: &Path, recipient: &str, begins: &str) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(dir.join("data/out").join(recipient)) else {
        return BTreeMap::new();
    };
    let named = entries
        .map(|e| e.expect("an entry").path())
        .filter_map(|p| Some((p.file_name()?.to_str()?.to_owned(), p)));
    named
        .filter(|(name, _)| name.starts_with(begins))
        .map(|(name, path)| (name, fs::read(path).expect("reads")))
        .collect()
}

/// An invoice of a DRE file, as its PS knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Invoice {
    pub ps: String,
    pub number: String,
}

/// The invoices of a DRE file in lines.
pub fn invoices(dre: &[u8]) -> Vec<Invoice> {
    let mut reader = Lecteur::new(dre, Forme::Crlf);
    let mut found = Vec::new();
    while let Some(element) = reader.suivant().expect("reads") {
        if let Element::Facture(facture) = element {
            found.push(Invoice { ps: facture.identite().ps, number: facture.numero() });
        }
    }
    found
}

/// What a NOEMIE file in lines holds: its invoices, and the messages of everything wrong in it.
pub fn read_noemie(bytes: &[u8]) -> (Vec<noemie::Retour>, Vec<String>) {
    let mut reader = Reader::new(bytes, Packaging::Lignes);
    let (mut returns, mut wrong) = (Vec::new(), Vec::new());
    while let Some(element) = reader.next_element().expect("reads") {
        match element {
            noemie::Element::Retour(retour) => {
                wrong.extend(retour.anomalies.iter().map(|a| a.message.clone()));
                returns.push(*retour);
            }
            noemie::Element::Anomalies(anomalies) => {
                wrong.extend(anomalies.into_iter().map(|a| a.message))
            }
            _ => {}
        }
    }
    assert_eq!(reader.comptes().fichiers, 1, "one logical file, 000 to 999");
    (returns, wrong)
}
