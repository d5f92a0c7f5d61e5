//! The admin port: `/healthz`, `/readyz`, `/metrics`. For probes and Prometheus, on a listener of
//! its own, never open to callers.
//!
//! It shows counts and states, and knows neither claims nor persons.

mod probe;

pub use probe::probe;

use crate::clock::SharedClock;
use crate::relay::{RelayState, RelayStatus};
use crate::store::SharedStore;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use metrics::{describe_gauge, gauge};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long the database may take before it counts as not answering. Below the usual 3 to 5 s of a
/// probe.
pub const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// What the admin port shows.
#[derive(Clone)]
pub struct AdminState {
    /// Asked for a sign of life and for figures.
    pub store: SharedStore,
    /// For ages.
    pub clock: SharedClock,
    /// State of the relay.
    pub relay: RelayStatus,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
    /// Once cancelled, the gateway is no longer ready for new work.
    pub shutdown: CancellationToken,
}

/// The routes.
pub fn router(state: AdminState) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render_metrics))
        .with_state(state)
}

/// Serves until `shutdown`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
}

/// Says what the metrics set at scrape mean, once a recorder is installed.
pub fn describe_metrics() {
    describe_gauge!(
        "noemie_ledger_unbalanced_total",
        "Exchanges whose books do not balance; must be 0"
    );
    describe_gauge!(
        "noemie_loads_under_way",
        "Large deposits whose invoices are being written, or whose writing was cut and waits to be resumed"
    );
    describe_gauge!(
        "noemie_quarantine_waiting",
        "Quarantined invoices that wait for a corrected resend"
    );
    describe_gauge!(
        "noemie_claims_overdue",
        "Claims whose complementary insurer has let its promise pass"
    );
}

#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    database: &'static str,
    relay: &'static str,
}

/// Alive when the database answers. A broker that is away is shown and is no reason to restart the
/// gateway: deposits go on.
async fn healthz(State(state): State<AdminState>) -> impl IntoResponse {
    let database = database_answers(&state).await;
    let status = match (database, state.relay.get()) {
        (false, _) => "down",
        (true, RelayState::Down) => "degraded",
        (true, _) => "ok",
    };
    let health = Health {
        status,
        database: if database { "ok" } else { "down" },
        relay: state.relay.get().as_str(),
    };
    (code(database), Json(health))
}

/// Ready for new work: the database answers and nobody asked us to stop.
async fn readyz(State(state): State<AdminState>) -> impl IntoResponse {
    let ready = !state.shutdown.is_cancelled() && database_answers(&state).await;
    (code(ready), if ready { "ready\n" } else { "not ready\n" })
}

async fn render_metrics(State(state): State<AdminState>) -> impl IntoResponse {
    refresh(&state).await;
    state.metrics.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.metrics.render())
}

/// Asks the store for the figures that are counted there. When it does not answer, the gauges keep
/// their last value and the log says so.
async fn refresh(state: &AdminState) {
    let now = state.clock.now();
    let asked = timeout(DATABASE_TIMEOUT, async {
        Ok::<_, crate::store::StoreError>((
            state.store.figures(now).await?,
            state.store.outbox_depth().await?,
        ))
    });
    match asked.await {
        Ok(Ok((figures, outbox))) => {
            set("noemie_ledger_unbalanced_total", figures.unbalanced);
            set("noemie_loads_under_way", figures.loading);
            set("noemie_quarantine_waiting", figures.quarantine_waiting);
            set("noemie_claims_overdue", figures.overdue);
            set("noemie_outbox_pending", outbox.pending);
            let age = outbox.oldest.map_or(0.0, |oldest| (now - oldest).as_seconds_f64().max(0.0));
            gauge!("noemie_outbox_oldest_seconds").set(age);
        }
        Ok(Err(error)) => tracing::warn!(%error, "figures not read for a scrape"),
        Err(_) => tracing::warn!("database too slow for a scrape"),
    }
}

/// Counts stay exact up to 2^53, far above any of ours.
#[expect(clippy::cast_precision_loss, reason = "Prometheus values are floating point")]
fn set(name: &'static str, count: u64) {
    gauge!(name).set(count as f64);
}

async fn database_answers(state: &AdminState) -> bool {
    match timeout(DATABASE_TIMEOUT, state.store.ping()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(%error, "database does not answer");
            false
        }
        Err(_) => {
            tracing::warn!("database does not answer in time");
            false
        }
    }
}

const fn code(good: bool) -> StatusCode {
    if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
