//! Private servers: a PostgreSQL and a RabbitMQ on free ports, started with the programs of the
//! installed packages. Tests may stop and kill them; the services of the machine are left alone.
//!
//! A shell, the keeper, runs each server until its own standard input ends. The server therefore
//! ends with the test program, also when the test program is killed.

use super::databases::server_url;
use super::wait::within_blocking;
use sqlx::{Connection as _, PgConnection};
use std::fs;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;

/// Limit for the start of a server.
const START_TIMEOUT: Duration = Duration::from_secs(90);
/// Connections of a private PostgreSQL. The kill matrix alone needs about a hundred.
const MAX_CONNECTIONS: u32 = 400;
/// Shell script that runs a server until standard input ends, and then deletes its directory, if it
/// is given one.
const KEEPER: &str = r#"trap '' INT; "$@" & server=$!; cat >/dev/null; kill -9 $server $(cat "${RABBITMQ_PID_FILE:-/dev/null}" 2>/dev/null); wait $server; [ -z "$KEEPER_DELETES" ] || rm -rf "$KEEPER_DELETES""#;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port()
}

fn wait_for(what: &str, mut ready: impl FnMut() -> bool) {
    within_blocking(START_TIMEOUT, || ready().then_some(()))
        .unwrap_or_else(|| panic!("{what} is not ready after {START_TIMEOUT:?}"));
}

/// Runs a command and returns its output. Panics when it fails.
fn succeed(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("the program starts");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{command:?}: {said}");
    said
}

/// The keeper of a running server.
struct Kept(Child);

impl Kept {
    fn start(mut keeper: Command, log: &Path) -> Self {
        let log = fs::File::options().create(true).append(true).open(log).expect("the log opens");
        keeper.stdin(Stdio::piped()).stdout(log.try_clone().expect("a copy")).stderr(log);
        Self(keeper.spawn().expect("the keeper starts"))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Returns the address of a PostgreSQL server that has so many free connections: the server of the
/// tests if it has, else a private server, started once per test program. The server of a machine
/// often allows 100 connections, and other programs hold some of them.
pub async fn postgres_with(free_connections: i64) -> String {
    static PRIVATE: OnceLock<Option<Postgres>> = OnceLock::new();
    let given = server_url();
    if count_free_connections(&given).await >= free_connections {
        return given;
    }
    let private =
        tokio::task::spawn_blocking(|| PRIVATE.get_or_init(|| Postgres::make(true))).await;
    match private.expect("the private PostgreSQL starts") {
        Some(server) => server.url("postgres"),
        None => {
            eprintln!(
                "no PostgreSQL programs for a private server: using {given}, which has fewer than \
                 {free_connections} free connections"
            );
            given
        }
    }
}

async fn count_free_connections(url: &str) -> i64 {
    let free = "SELECT current_setting('max_connections')::bigint - count(*) FROM pg_stat_activity";
    let Ok(mut db) = PgConnection::connect(url).await else { return 0 };
    sqlx::query_scalar(free).fetch_one(&mut db).await.unwrap_or(0)
}

/// A private PostgreSQL server: trust on the loopback, no flush to disk.
pub struct Postgres {
    kept: Option<Kept>,
    programs: PathBuf,
    port: u16,
    dir: TempDir,
    /// Whether the keeper deletes the directory: a server in a `static` is never dropped.
    disposable: bool,
}

impl Postgres {
    /// Makes and starts a server. Returns `None` when PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        Self::make(false)
    }

    fn make(disposable: bool) -> Option<Self> {
        let programs = postgres_programs()?;
        let dir = tempfile::Builder::new()
            .prefix("noemie-test-postgres.")
            .tempdir()
            .expect("a directory");
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(dir.path()));
        }
        let mut server = Self { kept: None, programs, port: free_port(), dir, disposable };
        let mut initdb = server.command("initdb");
        succeed(
            initdb
                .args([
                    "--username=postgres",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--no-sync",
                ])
                .arg("--pgdata")
                .arg(server.data()),
        );
        server.up();
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Returns a command that runs a program of PostgreSQL. Root runs it as user `postgres`, because
    /// PostgreSQL refuses to run as root.
    fn command(&self, program: &str) -> Command {
        as_postgres(Command::new(self.programs.join(program)))
    }

    /// Starts the server and waits until it answers.
    pub fn up(&mut self) {
        let mut keeper = as_postgres(Command::new("sh"));
        if self.disposable {
            keeper.env("KEEPER_DELETES", self.dir.path());
        }
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(self.programs.join("postgres"))
            .arg("-D")
            .arg(self.data());
        let port = self.port.to_string();
        keeper.args([
            "-p",
            &port,
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "fsync=off",
        ]);
        keeper.args(["-c", "log_lock_waits=on", "-c", "deadlock_timeout=200ms"]);
        keeper.args(["-c", &format!("max_connections={MAX_CONNECTIONS}")]);
        self.kept = Some(Kept::start(keeper, &self.log_path()));
        wait_for("PostgreSQL", || {
            self.command("pg_isready")
                .args(["-q", "-h", "127.0.0.1", "-p", &port])
                .status()
                .is_ok_and(|s| s.success())
        });
    }

    /// Stops the server at once, as a power failure would: sessions are cut, and the next start
    /// recovers the data.
    pub fn down(&mut self) {
        succeed(
            self.command("pg_ctl").args(["stop", "--mode=immediate", "--pgdata"]).arg(self.data()),
        );
        self.kept = None;
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    fn log_path(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// Returns the log of the server.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Returns the address of a database of the server.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The server ends before its directory is deleted.
        self.kept = None;
    }
}

fn is_root() -> bool {
    succeed(Command::new("id").arg("-u")).trim() == "0"
}

fn as_postgres(mut command: Command) -> Command {
    command.current_dir("/");
    if is_root() {
        let id = |what: &str| {
            succeed(Command::new("id").args([what, "postgres"])).trim().parse().expect("a number")
        };
        command.uid(id("-u")).gid(id("-g"));
    }
    command
}

/// Returns the directory of the newest server programs. Debian keeps them out of the PATH.
fn postgres_programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|e| Some(e.ok()?.path().join("bin")))
        .collect();
    found.retain(|dir| dir.join("initdb").exists() && dir.join("postgres").exists());
    found.sort();
    found.pop()
}

/// A private RabbitMQ node.
pub struct Rabbit {
    kept: Option<Kept>,
    port: u16,
    dist_port: u16,
    dir: TempDir,
}

const RABBIT_PROGRAMS: &str = "/usr/lib/rabbitmq/bin";

impl Rabbit {
    /// Makes and starts a node. Returns `None` when RabbitMQ is not installed.
    pub fn start() -> Option<Self> {
        if !Path::new(RABBIT_PROGRAMS).join("rabbitmq-server").exists() {
            return None;
        }
        let dir = tempfile::Builder::new()
            .prefix("noemie-test-rabbitmq.")
            .tempdir()
            .expect("a directory");
        let (port, dist_port) = (free_port(), free_port());
        fs::write(dir.path().join("enabled_plugins"), "[].\n").expect("a file");
        fs::write(
            dir.path().join("rabbitmq.conf"),
            format!("listeners.tcp.local = 127.0.0.1:{port}\n"),
        )
        .expect("a file");
        let mut server = Self { kept: None, port, dist_port, dir };
        server.up();
        Some(server)
    }

    fn settings(&self, command: &mut Command) {
        let path = |name: &str| self.dir.path().join(name);
        command
            .env("HOME", self.dir.path())
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins"))
            .env("RABBITMQ_NODENAME", format!("noemie-test-{}@localhost", self.port))
            .env("RABBITMQ_DIST_PORT", self.dist_port.to_string())
            .env("RABBITMQ_PID_FILE", path("pid"))
            .env("RABBITMQ_MNESIA_BASE", path("mnesia"))
            .env("RABBITMQ_LOG_BASE", path("log"))
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .current_dir("/");
    }

    /// Starts the node and waits until it answers in AMQP.
    pub fn up(&mut self) {
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(Path::new(RABBIT_PROGRAMS).join("rabbitmq-server"));
        self.settings(&mut keeper);
        self.kept = Some(Kept::start(keeper, &self.dir.path().join("output")));
        wait_for("RabbitMQ", || self.answers());
    }

    /// Returns whether the node answers the greeting of AMQP.
    fn answers(&self) -> bool {
        use std::io::Write as _;
        let greeting = TcpStream::connect(("127.0.0.1", self.port)).and_then(|mut line| {
            line.set_read_timeout(Some(Duration::from_secs(2)))?;
            line.write_all(b"AMQP\0\0\x09\x01")?;
            let mut first = [0; 1];
            line.read_exact(&mut first).map(|()| first[0] == 1)
        });
        greeting.unwrap_or(false)
    }

    /// Kills the node with SIGKILL.
    pub fn kill(&mut self) {
        let pid =
            fs::read_to_string(self.dir.path().join("pid")).expect("the node wrote its number");
        succeed(Command::new("kill").args(["-9", pid.trim()]));
        self.kept = None;
    }

    /// Runs `rabbitmqctl` on this node.
    pub fn control(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(Path::new(RABBIT_PROGRAMS).join("rabbitmqctl"));
        self.settings(&mut command);
        succeed(command.args(arguments))
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        url_at(self.port)
    }
}

/// Returns the address of a broker on a port of this machine.
pub fn url_at(port: u16) -> String {
    format!("amqp://guest:guest@127.0.0.1:{port}/%2f")
}
