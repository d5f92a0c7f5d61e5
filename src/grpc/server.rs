//! Serves the services, health and reflection on one listener, and stops them in order.

use super::claim_work::ClaimWorkEdge;
use super::conventionnement::ConventionnementEdge;
use super::dre_status::DreStatusEdge;
use super::exchange::ExchangeEdge;
use super::proto::claim_work_service_server::ClaimWorkServiceServer;
use super::proto::conventionnement_service_server::ConventionnementServiceServer;
use super::proto::dre_status_service_server::DreStatusServiceServer;
use super::proto::exchange_service_server::ExchangeServiceServer;
use super::{Edge, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, accept, proto};
use crate::clock::SharedClock;
use crate::service::Service;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// Largest number of calls in flight on one connection; further calls wait, so that one caller does
/// not take the whole gateway.
const MAX_CALLS_PER_CONNECTION: usize = 64;
/// Time between two HTTP/2 pings of a silent connection: a caller that vanished must not hold a
/// stream for ever.
const PING_INTERVAL: Duration = Duration::from_secs(30);

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
    /// Applies the limits of messages.
    macro_rules! limited {
        ($server:ident, $edge:expr) => {
            $server::new($edge)
                .max_decoding_message_size(MAX_REQUEST_BYTES)
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
    announced: CancellationToken,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let (routes, reporter) = routes(Edge { service, clock, stopping: shutdown.clone() }).await?;
    let stopped = async move {
        tokio::select! {
            () = announced.cancelled() => {}
            () = shutdown.cancelled() => {}
        }
        set_health(&reporter, ServingStatus::NotServing).await;
        shutdown.cancelled().await;
    };
    Server::builder()
        .concurrency_limit_per_connection(MAX_CALLS_PER_CONNECTION)
        .http2_keepalive_interval(Some(PING_INTERVAL))
        .add_routes(routes)
        .serve_with_incoming_shutdown(accept::connections(listener), stopped)
        .await
        .map_err(ServeError::Transport)
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
