//! Time from the drop directory to the last confirmed event, for the program itself.

use crate::gateway::{Bench, POLL_INTERVAL, file};
use crate::rate;
use crate::relay::Broker;
use noemie_gateway::domain::Scope;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// Ratio of the sizes of the two files.
const TENTH: u64 = 10;

/// Measures a file with a tenth of the invoices, then the whole file, each with a process of its own on
/// PostgreSQL and RabbitMQ.
pub async fn end_to_end(invoices: u64) {
    println!("end to end: a file dropped in the directory, PostgreSQL and RabbitMQ");
    for invoices in [invoices / TENTH, invoices] {
        let (bench, broker) = (Bench::postgres().await, Broker::new().await);
        let dir = tempfile::tempdir().unwrap();
        let mut gateway = serve(dir.path(), &bench, &broker);
        let inbox = dir.path().join("in/bench");
        fs::create_dir_all(&inbox).unwrap();
        fs::write(dir.path().join("dre.b2"), file(invoices, 1)).unwrap();
        let start = Instant::now();
        fs::rename(dir.path().join("dre.b2"), inbox.join("dre.b2")).unwrap();
        while !fs::read_dir(dir.path().join("out/bench")).is_ok_and(|arl| arl.count() > 0) {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        let receipt = start.elapsed();
        bench.drained().await;
        let confirmed = start.elapsed();
        let events = bench
            .store
            .published_events(&Scope::everything(), i64::try_from(invoices).unwrap() - 1, 10)
            .await
            .unwrap()
            .events
            .len();
        assert_eq!(events, 1, "one event a claim");
        println!(
            "  {invoices:>7} invoices: receipt after {receipt:.1?}, last confirm after {confirmed:.1?}, {:.0} invoices/s, peak memory {} MB",
            rate(invoices, confirmed),
            peak_megabytes(&gateway)
        );
        gateway.kill().unwrap();
        gateway.wait().unwrap();
        broker.close().await;
        bench.close().await;
    }
}

fn serve(dir: &Path, bench: &Bench, broker: &Broker) -> Child {
    let mut program = Command::new(env!("CARGO_BIN_EXE_noemie-gateway"));
    // The program refuses variables that are no settings.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("NOEMIE_")) {
        program.env_remove(name);
    }
    program
        .args(["--data-dir", &dir.display().to_string(), "serve"])
        .env("NOEMIE_DATABASE_URL", &bench.url)
        .env("NOEMIE_AMQP_URL", crate::relay::url())
        .env("NOEMIE_AMQP_PREFIX", broker.prefix.to_string())
        .envs([
            ("NOEMIE_GRPC_LISTEN", "127.0.0.1:0"),
            ("NOEMIE_ADMIN_LISTEN", "127.0.0.1:0"),
            ("NOEMIE_LOG", "error"),
        ])
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

/// Returns the peak memory of the process.
fn peak_megabytes(process: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}
