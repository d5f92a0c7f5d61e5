//! A PostgreSQL and a RabbitMQ of the tests' own, made with the programs of the installed packages
//! on free ports: they may be stopped, killed and started again without disturbing anybody. The
//! services of the machine are never touched.
//!
//! A server lives behind a shell that waits for the end of its standard input: when the test
//! program ends, however it ends, the server ends.

#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

use std::fs;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A server that is not there by then will not be.
const START: Duration = Duration::from_secs(90);
/// Runs the server it is given until its standard input ends.
const KEEPER: &str = r#"trap '' INT; "$@" & server=$!; cat >/dev/null; kill -9 $server $(cat "${RABBITMQ_PID_FILE:-/dev/null}" 2>/dev/null); wait $server"#;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port()
}

fn wait_for(what: &str, mut ready: impl FnMut() -> bool) {
    let start = Instant::now();
    while !ready() {
        assert!(start.elapsed() < START, "{what} is not ready after {START:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

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

/// A server behind its keeper.
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

/// A PostgreSQL server of our own: trust on the loopback, no flush to disk.
pub struct Postgres {
    kept: Option<Kept>,
    programs: PathBuf,
    port: u16,
    dir: TempDir,
}

impl Postgres {
    /// Makes and starts one; nothing when the server's programs are not installed.
    pub fn start() -> Option<Self> {
        let programs = postgres_programs()?;
        let dir = tempfile::Builder::new()
            .prefix("noemie-test-postgres.")
            .tempdir()
            .expect("a directory");
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(dir.path()));
        }
        let mut server = Self { kept: None, programs, port: free_port(), dir };
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

    /// A program of the server, as `postgres` when we are root: PostgreSQL refuses to run as root.
    fn command(&self, program: &str) -> Command {
        as_postgres(Command::new(self.programs.join(program)))
    }

    /// Starts the server and waits until it answers.
    pub fn up(&mut self) {
        let mut keeper = as_postgres(Command::new("sh"));
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
        self.kept = Some(Kept::start(keeper, &self.log_path()));
        wait_for("PostgreSQL", || {
            self.command("pg_isready")
                .args(["-q", "-h", "127.0.0.1", "-p", &port])
                .status()
                .is_ok_and(|s| s.success())
        });
    }

    /// Stops it at once, as a power cut of the server would: sessions are cut, recovery comes at
    /// the next start.
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
        self.dir.path().with_extension("log")
    }

    /// What the server said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Address of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kept = None;
        let _ = fs::remove_file(self.log_path());
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

/// The newest server programs: Debian keeps them out of the PATH.
fn postgres_programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|e| Some(e.ok()?.path().join("bin")))
        .collect();
    found.retain(|dir| dir.join("initdb").exists() && dir.join("postgres").exists());
    found.sort();
    found.pop()
}

/// A RabbitMQ node of our own.
pub struct Rabbit {
    kept: Option<Kept>,
    port: u16,
    dist_port: u16,
    dir: TempDir,
}

const RABBIT_PROGRAMS: &str = "/usr/lib/rabbitmq/bin";

impl Rabbit {
    /// Makes and starts one; nothing when the server's programs are not installed.
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

    /// Starts the node and waits until it speaks AMQP.
    pub fn up(&mut self) {
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(Path::new(RABBIT_PROGRAMS).join("rabbitmq-server"));
        self.settings(&mut keeper);
        self.kept = Some(Kept::start(keeper, &self.dir.path().join("output")));
        wait_for("RabbitMQ", || self.answers());
    }

    /// Whether it greets who speaks AMQP.
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

    /// Kills the node, nothing said to anybody.
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

/// The broker's address through another port.
pub fn url_at(port: u16) -> String {
    format!("amqp://guest:guest@127.0.0.1:{port}/%2f")
}
