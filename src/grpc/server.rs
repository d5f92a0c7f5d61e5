//! Serves the services, health and reflection on one listener, and stops them in order.

use super::calls::{self, Calls};
use super::claim_work::ClaimWorkEdge;
use super::conventionnement::ConventionnementEdge;
use super::dre_status::DreStatusEdge;
use super::exchange::ExchangeEdge;
use super::proto::claim_work_service_server::ClaimWorkServiceServer;
use super::proto::conventionnement_service_server::ConventionnementServiceServer;
use super::proto::dre_status_service_server::DreStatusServiceServer;
use super::proto::exchange_service_server::ExchangeServiceServer;
use super::{Edge, proto};
use crate::clock::SharedClock;
use crate::connections::{Admission, Connection, Listener, Refusals, Rules};
use crate::limits::{
    CONNECTION_WINDOW_BYTES, GrpcLimits, MAX_ANSWER_BYTES, MAX_CALLS_PER_CONNECTION,
    MAX_UPLOAD_MESSAGE_BYTES, PING_INTERVAL, PING_TIMEOUT, STREAM_WINDOW_BYTES,
};
use crate::service::Service;
use axum::middleware::from_fn_with_state;
use futures::{Stream, stream};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// Names of the port and of the counter of its failed calls of `accept`.
const PORT: (&str, &str) = ("gRPC", "noemie_grpc_accept_failures_total");

/// Reason for which the edge could not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The descriptors of this build cannot be read.
    #[error("building the reflection service")]
    Reflection(#[source] tonic_reflection::server::Error),
    /// The listener failed.
    #[error("serving gRPC")]
    Transport(#[source] tonic::transport::Error),
}

/// Returns every service, health and reflection included, and the handle that sets their health.
async fn routes(edge: Edge) -> Result<(Routes, HealthReporter), ServeError> {
    /// Applies the limits of messages; those of single methods are smaller and apply before.
    macro_rules! limited {
        ($server:ident, $edge:expr) => {
            $server::new($edge)
                .max_decoding_message_size(MAX_UPLOAD_MESSAGE_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES)
        };
    }
    let (reporter, health) = tonic_health::server::health_reporter();
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let reflection_v1 = reflection().build_v1().map_err(ServeError::Reflection)?;
    let reflection_v1alpha = reflection().build_v1alpha().map_err(ServeError::Reflection)?;
    let routes = Routes::new(health)
        .add_service(reflection_v1)
        .add_service(reflection_v1alpha)
        .add_service(limited!(ExchangeServiceServer, ExchangeEdge(edge.clone())))
        .add_service(limited!(DreStatusServiceServer, DreStatusEdge(edge.clone())))
        .add_service(limited!(ConventionnementServiceServer, ConventionnementEdge(edge.clone())))
        .add_service(limited!(ClaimWorkServiceServer, ClaimWorkEdge(edge)));
    set_health(&reporter, ServingStatus::Serving).await;
    Ok((routes, reporter))
}

/// Serves until `shutdown`: then server streams end, and calls in flight are answered. Health
/// answers "not serving" from `announced` on, while calls are still taken. The transport keeps
/// deadlines (`grpc-timeout`): a call past its deadline is dropped, and its transaction is rolled
/// back.
pub async fn serve(
    listener: TcpListener,
    service: Service,
    clock: SharedClock,
    limits: GrpcLimits,
    announced: CancellationToken,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let heartbeat = limits.heartbeat_interval;
    let edge = Edge { service, clock, stopping: shutdown.clone(), heartbeat };
    let (routes, reporter) = routes(edge).await?;
    let stopped = async move {
        tokio::select! {
            () = announced.cancelled() => {}
            () = shutdown.cancelled() => {}
        }
        set_health(&reporter, ServingStatus::NotServing).await;
        shutdown.cancelled().await;
    };
    let refusals = Arc::new(Refusals::default());
    let connections = connections(listener, &limits, Arc::clone(&refusals));
    let calls = Calls::new(limits, refusals);
    let routes =
        routes.into_axum_router().layer(from_fn_with_state(Arc::clone(&calls), calls::limited));
    let served = Server::builder()
        .max_concurrent_streams(MAX_CALLS_PER_CONNECTION)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_keepalive_interval(Some(PING_INTERVAL))
        .http2_keepalive_timeout(Some(PING_TIMEOUT))
        .add_routes(Routes::from(routes))
        .serve_with_incoming_shutdown(connections, stopped);
    tokio::select! {
        served = served => served.map_err(ServeError::Transport),
        never = calls.close_slow_readers() => match never {},
    }
}

/// Returns the connections within the limits; the stream never ends.
fn connections(
    socket: TcpListener,
    limits: &GrpcLimits,
    refusals: Arc<Refusals>,
) -> impl Stream<Item = Result<Connection, Infallible>> + use<> {
    let admission = Admission::new(limits.connections, limits.connections_per_peer);
    let rules = Rules::Preface { timeout: limits.handshake_timeout };
    let listener = Listener::new(socket, PORT, admission, refusals, rules);
    stream::unfold(listener, |listener| async {
        let (connection, _) = listener.accept().await;
        Some((Ok(connection), listener))
    })
}

/// Sets the health of the whole (empty name) and of each service.
async fn set_health(reporter: &HealthReporter, status: ServingStatus) {
    let services =
        ["", "ExchangeService", "DreStatusService", "ClaimWorkService", "ConventionnementService"];
    for service in services {
        let name =
            if service.is_empty() { String::new() } else { format!("noemie.gateway.v1.{service}") };
        reporter.set_service_status(name, status).await;
    }
}
