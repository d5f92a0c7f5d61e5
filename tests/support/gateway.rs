//! The gateway as its users see it: the program itself, in a directory of its own, on free ports,
//! used through its drop directory, its command line and gRPC. Tests stop it, kill it, and start it
//! again over the same data.

use super::files::out_files;
pub use super::files::{Invoice, drop_path, invoices, read_noemie};
pub use super::wait::{PATIENCE, eventually};
use super::wait::{drawn, within_blocking};
use noemie_gateway::grpc::proto;
use noemie_gateway::grpc::proto::claim_work_service_client::ClaimWorkServiceClient;
use noemie_gateway::grpc::proto::dre_status_service_client::DreStatusServiceClient;
use noemie_gateway::grpc::proto::exchange_service_client::ExchangeServiceClient;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::transport::Channel;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_noemie-gateway");
/// A running gateway. Dropping it kills the process and keeps the directory.
pub struct Gateway {
    pub dir: PathBuf,
    settings: Vec<(String, String)>,
    arguments: &'static [&'static str],
    child: Mutex<Child>,
    pub grpc: SocketAddr,
    pub admin: SocketAddr,
    pub channel: Channel,
}

impl Gateway {
    /// Starts `serve` in a directory; `settings` are variables of its environment.
    pub async fn start(dir: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start_with(dir, settings, &[]).await
    }

    /// Starts `serve` with arguments.
    pub async fn start_with(
        dir: &Path,
        settings: &[(&str, &str)],
        arguments: &'static [&'static str],
    ) -> Self {
        let settings: Vec<(String, String)> =
            settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self::launch(dir.to_owned(), settings, arguments).await
    }

    /// Starts `serve` in a process that may die during its start, and returns its exit status if it
    /// did.
    pub async fn try_start(dir: &Path, settings: &[(&str, &str)]) -> Result<Self, ExitStatus> {
        let settings = settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self::try_launch(dir.to_owned(), settings, &[]).await.map_err(|(ended, _)| ended)
    }

    async fn launch(
        dir: PathBuf,
        settings: Vec<(String, String)>,
        arguments: &'static [&'static str],
    ) -> Self {
        Self::try_launch(dir, settings, arguments)
            .await
            .unwrap_or_else(|(ended, text)| panic!("the gateway ended with {ended:?}:\n{text}"))
    }

    async fn try_launch(
        dir: PathBuf,
        settings: Vec<(String, String)>,
        arguments: &'static [&'static str],
    ) -> Result<Self, (ExitStatus, String)> {
        let log = dir.join("stderr.log");
        let before = fs::metadata(&log).map_or(0, |m| m.len());
        let mut child = serve(&dir, &settings, arguments);
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
        Ok(Self { dir, settings, arguments, child: Mutex::new(child), grpc, admin, channel })
    }

    /// `kill -9`, then a new process over the same data.
    pub async fn kill_and_restart(self) -> Self {
        self.kill();
        Self::launch(self.dir.clone(), self.settings.clone(), self.arguments).await
    }

    /// Starts a new process over the data of a dead one, and kills it after `after`, during its
    /// start.
    pub async fn start_and_kill(&self, after: Duration) {
        let mut child = serve(&self.dir, &self.settings, self.arguments);
        drawn(after).await;
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
        // The command may call a server that runs as a task of this test.
        tokio::task::block_in_place(|| process.output()).expect("the program runs")
    }

    /// Identifier of the process.
    pub fn id(&self) -> u32 {
        self.child.lock().expect("no panic").id()
    }

    /// Returns the exit status of the process if it has ended.
    pub fn has_ended(&self) -> Option<ExitStatus> {
        self.child.lock().expect("no panic").try_wait().expect("the process is known")
    }

    /// Sends SIGTERM. The process ends once its work is done.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Sends a signal, as `kill` names it.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.child.lock().expect("no panic").id().to_string()])
            .status()
            .expect("kill runs");
        assert!(sent.success());
    }

    /// Waits for the end of the process and returns its exit status.
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

    /// Puts a file in the drop directory as a sender should: under a temporary name first, which is
    /// then renamed.
    pub fn drop_file(&self, sender: &str, name: &str, bytes: &[u8]) -> PathBuf {
        let path = drop_path(&self.dir, sender, name);
        let temporary = path.with_file_name(format!(".{name}.part"));
        File::create(&temporary).and_then(|mut f| f.write_all(bytes)).expect("the file is written");
        fs::rename(&temporary, &path).expect("the file is renamed");
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

    /// Returns the files of `out/<recipient>/` whose name begins with `begins`, by name.
    pub fn out(&self, recipient: &str, begins: &str) -> BTreeMap<String, Vec<u8>> {
        out_files(&self.dir, recipient, begins)
    }

    /// Waits until [`Self::out`] has `count` files, and returns them.
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

    /// Returns the status of an invoice, or `None` when it is unknown.
    pub async fn dre(&self, ps: &str, invoice_number: &str) -> Option<proto::DreStatus> {
        let key = proto::InvoiceKey { ps: ps.into(), invoice_number: invoice_number.into() };
        let asked = proto::GetDreStatusRequest {
            dre: Some(proto::get_dre_status_request::Dre::Invoice(key)),
            test: false,
        };
        match self.status().get_dre_status(asked).await {
            Ok(found) => found.into_inner().dre,
            Err(status) if status.code() == tonic::Code::NotFound => None,
            Err(status) => panic!("{status}"),
        }
    }

    /// Waits until an invoice has a state, and returns its status.
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
            expected_version: None,
            idempotency_key: key.into(),
            kind: Some(kind),
        };
        let asked = proto::RecordDecisionRequest { decision: Some(decision) };
        self.work().record_decision(asked).await.expect("the decision is recorded").into_inner()
    }

    /// Returns every exchange, newest first.
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

    /// Returns every claim, newest first.
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

    /// Returns the first page of the report of an exchange.
    pub async fn report(&self, exchange_id: &str) -> proto::GetExchangeReportResponse {
        let asked = proto::GetExchangeReportRequest {
            exchange_id: exchange_id.into(),
            page_size: 1_000,
            ..Default::default()
        };
        self.exchange().get_exchange_report(asked).await.expect("reports").into_inner()
    }

    /// Returns the response of the admin port, headers included.
    pub async fn admin_get(&self, path: &str) -> String {
        let mut connection = tokio::net::TcpStream::connect(self.admin).await.expect("connects");
        let request = format!("GET {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.expect("asks");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.expect("answers");
        answer
    }

    /// Returns the value of a metric without labels.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let text = self.admin_get("/metrics").await;
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
    }

    /// Returns the standard error of the process since its first start.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.dir.join("stderr.log")).expect("the log reads"))
            .into_owned()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // The process may have ended already.
        let child = self.child.get_mut().expect("no panic");
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Starts `serve`, with its output in log files of the directory.
fn serve(dir: &Path, settings: &[(String, String)], arguments: &[&str]) -> Child {
    if settings.iter().any(|(name, url)| name == "NOEMIE_DATABASE_URL" && url.contains("postgres"))
    {
        give_key(dir);
    }
    let log = |name: &str| {
        File::options().create(true).append(true).open(dir.join(name)).expect("the log opens")
    };
    command(dir)
        .envs([
            ("NOEMIE_GRPC_LISTEN", "127.0.0.1:0"),
            ("NOEMIE_ADMIN_LISTEN", "127.0.0.1:0"),
            ("NOEMIE_LOG_FORMAT", "json"),
            ("NOEMIE_DRAIN_SECONDS", "0"),
        ])
        .envs(settings.iter().map(|(k, v)| (k, v)))
        .arg("serve")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(log("stdout.log"))
        .stderr(log("stderr.log"))
        .spawn()
        .expect("the gateway starts")
}

/// Puts a vault key in the data directory of a gateway on PostgreSQL, which makes none, unless one
/// is there.
pub fn give_key(dir: &Path) {
    let path = dir.join("data/vault.key");
    if !path.exists() {
        fs::create_dir_all(dir.join("data")).expect("the data directory is made");
        fs::write(path, "0123456789abcdef".repeat(4)).expect("the key is written");
    }
}

/// Returns a command of the program over a directory, without the settings of this machine.
pub fn command(dir: &Path) -> Command {
    let mut command = program();
    command.current_dir(dir).arg("--data-dir").arg(dir.join("data"));
    command
}

/// Returns the program without the variables of the tests and of this machine: it refuses those
/// that are no settings.
pub fn program() -> Command {
    without_settings(Command::new(PROGRAM))
}

/// Returns a command, a shell for example, without the variables of the tests and of this machine.
pub fn without_settings(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NOEMIE_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command of the program to its end; fails when it takes longer than `limit`.
pub fn run(dir: &Path, arguments: &[&str], limit: Duration) -> Output {
    let mut process = command(dir);
    process.args(arguments);
    run_process(process, limit)
}

/// Runs a process to its end; fails when it takes longer than `limit`.
pub fn run_process(mut process: Command, limit: Duration) -> Output {
    process.stdin(Stdio::null());
    // Files and no pipes: a program with much output must not wait for its reader.
    let (out, err) = (
        tempfile::NamedTempFile::new().expect("a file"),
        tempfile::NamedTempFile::new().expect("a file"),
    );
    process.stdout(out.reopen().expect("opens")).stderr(err.reopen().expect("opens"));
    let mut child = process.spawn().expect("the program starts");
    let ended = within_blocking(limit, || child.try_wait().expect("the process is known"));
    let status = ended.unwrap_or_else(|| {
        let _ = child.kill();
        let _ = child.wait();
        panic!("{process:?} takes more than {limit:?}");
    });
    Output {
        status,
        stdout: fs::read(out.path()).expect("reads"),
        stderr: fs::read(err.path()).expect("reads"),
    }
}
