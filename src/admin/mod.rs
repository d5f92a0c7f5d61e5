//! The admin port: `/healthz`, `/readyz` and `/metrics`, for probes and Prometheus, on a listener
//! of its own that is never open to callers. Its answers hold counts and states, no claim and no
//! person.

mod probe;

pub use probe::{Probe, probe};

use crate::connections::{Admission, Connection, Listener, Refusals, Rules};
use crate::limits;
use crate::service::health::{Figures, Health, RelayState};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use metrics::{describe_gauge, gauge};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The state that the routes share.
#[derive(Clone)]
pub struct AdminState {
    /// Health of database and relay, and figures.
    pub health: Health,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
    /// Token of the stop: once it is cancelled, `/readyz` answers that the gateway is not ready.
    pub shutdown: CancellationToken,
}

/// Returns the routes.
pub fn router(state: AdminState) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render_metrics))
        .with_state(state)
}

/// Names of the port and of the counter of its failed calls of `accept`.
const PORT: (&str, &str) = ("admin", "noemie_admin_accept_failures_total");

/// Serves until `shutdown`, within the limits of the admin port.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let admission =
        Admission::new(limits::ADMIN_MAX_CONNECTIONS, limits::ADMIN_MAX_CONNECTIONS_PER_PEER);
    let rules = Rules::Requests {
        timeout: limits::ADMIN_REQUEST_TIMEOUT,
        idle: limits::ADMIN_IDLE_TIMEOUT,
        max_bytes: limits::ADMIN_MAX_REQUEST_BYTES,
    };
    let listener = Listener::new(listener, PORT, admission, Arc::new(Refusals::default()), rules);
    axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        Self::accept(self).await
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Self::local_addr(self)
    }
}

/// Describes the gauges that are set at a scrape, once a recorder is installed.
pub fn describe_metrics() {
    describe_gauge!(
        "noemie_clock_behind_seconds",
        "How far the clock is behind the latest receipt, 0 within a second"
    );
    describe_gauge!(
        "noemie_staged_deposits",
        "Large deposits whose invoices are being written, or whose writing was interrupted and \
         waits to be resumed"
    );
    describe_gauge!(
        "noemie_quarantine_waiting",
        "Quarantined invoices that wait for a corrected resend"
    );
    describe_gauge!(
        "noemie_claims_overdue",
        "Claims whose complementary insurer has let its limit pass"
    );
    describe_gauge!(
        "noemie_held_attempts",
        "Copies of other senders' invoices about which the desk has not decided"
    );
    describe_gauge!(
        "noemie_held_attempts_late",
        "Copies of other senders' invoices whose business day for the decision of the desk is over"
    );
    describe_gauge!(
        "noemie_transfers_unexplained",
        "Bank transfers whose items are not the amount that a return file announces"
    );
    describe_gauge!(
        "noemie_transfers_unexplained_oldest_seconds",
        "Time since the oldest of these transfers is unexplained, 0 without any"
    );
}

#[derive(Debug, Serialize)]
struct HealthAnswer {
    status: &'static str,
    database: &'static str,
    relay: &'static str,
    /// Faults found now, one sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<String>,
}

/// Answers 200 when the database answers. The state of the broker is in the body and does not
/// change the status: without a broker deposits go on, and a restart would not help.
async fn healthz(State(state): State<AdminState>) -> impl IntoResponse {
    let (fault, relay_fault) = (state.health.database_fault().await, state.health.relay_fault());
    let database = fault.is_none();
    let status = match (database, state.health.relay()) {
        (false, _) => "down",
        (true, RelayState::Down) => "degraded",
        (true, _) => "ok",
    };
    let answer = HealthAnswer {
        status,
        database: if database { "ok" } else { "down" },
        relay: state.health.relay().as_str(),
        faults: [
            fault.map(|why| format!("the database does not answer: {why}")),
            relay_fault.map(|why| format!("events wait in the outbox: {why}")),
        ]
        .into_iter()
        .flatten()
        .collect(),
    };
    (code(database), Json(answer))
}

/// Answers 200 when the gateway takes new work: the database answers and no stop was asked for.
async fn readyz(State(state): State<AdminState>) -> impl IntoResponse {
    let ready = !state.shutdown.is_cancelled() && state.health.database_fault().await.is_none();
    (code(ready), if ready { "ready\n" } else { "not ready\n" })
}

async fn render_metrics(State(state): State<AdminState>) -> impl IntoResponse {
    let mut stale: Vec<&str> = Vec::new();
    match state.health.figures().await {
        Some(figures) => show(&figures),
        None => stale.extend(FIGURES),
    }
    if matches!(state.health.relay(), RelayState::Starting | RelayState::Down) {
        stale.push(QUEUES);
    }
    state.metrics.run_upkeep();
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        without(&state.metrics.render(), &stale),
    )
}

/// Gauges that the database counts.
const FIGURES: [&str; 10] = [
    "noemie_staged_deposits",
    "noemie_quarantine_waiting",
    "noemie_claims_overdue",
    "noemie_held_attempts",
    "noemie_held_attempts_late",
    "noemie_transfers_unexplained",
    "noemie_transfers_unexplained_oldest_seconds",
    "noemie_outbox_pending",
    "noemie_outbox_oldest_seconds",
    "noemie_clock_behind_seconds",
];
/// Gauge that the broker counts.
const QUEUES: &str = "noemie_queue_messages";

/// Returns the text of a scrape without the metrics of these names: a gauge that cannot be read is
/// absent, because its last value would pass for the present one.
fn without(text: &str, names: &[&str]) -> String {
    let is_kept = |line: &&str| {
        let name = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
        let name = name.split([' ', '{']).next().unwrap_or_default();
        !names.contains(&name)
    };
    text.split_inclusive('\n').filter(is_kept).collect()
}

/// Sets the gauges that the database counts.
fn show(figures: &Figures) {
    set("noemie_staged_deposits", figures.staged_deposits);
    set("noemie_quarantine_waiting", figures.quarantined);
    set("noemie_claims_overdue", figures.overdue);
    set("noemie_held_attempts", figures.held);
    set("noemie_held_attempts_late", figures.held_late);
    set("noemie_transfers_unexplained", figures.transfers_unexplained);
    gauge!("noemie_transfers_unexplained_oldest_seconds").set(figures.unexplained_oldest_seconds);
    set("noemie_outbox_pending", figures.outbox);
    gauge!("noemie_outbox_oldest_seconds").set(figures.outbox_oldest_seconds);
    gauge!("noemie_clock_behind_seconds").set(figures.clock_behind_seconds);
}

/// Sets a gauge. Counts stay exact up to 2^53, far above those of a gateway.
#[expect(clippy::cast_precision_loss, reason = "Prometheus values are floating point")]
fn set(name: &'static str, count: u64) {
    gauge!(name).set(count as f64);
}

const fn code(good: bool) -> StatusCode {
    if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
