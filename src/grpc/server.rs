//! Puts the services behind one listener, with health and reflection, and stops them in order.

use super::claim_work::ClaimWorkEdge;
use super::conventionnement::ConventionnementEdge;
use super::dre_status::DreStatusEdge;
use super::exchange::ExchangeEdge;
use super::proto::claim_work_service_server::ClaimWorkServiceServer;
use super::proto::conventionnement_service_server::ConventionnementServiceServer;
use super::proto::dre_status_service_server::DreStatusServiceServer;
use super::proto::exchange_service_server::ExchangeServiceServer;
use super::{LARGEST_ANSWER, LARGEST_REQUEST, Services, accept, proto};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// Calls of one connection at once: more wait, so that one caller does not take all.
const CALLS_PER_CONNECTION: usize = 64;
/// How often a silent connection is asked whether it is still there: a caller that vanished must
/// not hold a stream for ever.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Why the edge could not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The descriptors of this build cannot be read.
    #[error("building the reflection service")]
    Reflection(#[source] tonic_reflection::server::Error),
    /// The listener failed.
    #[error("serving gRPC")]
    Transport(#[source] tonic::transport::Error),
}

/// Every service, health and reflection included, and the handle that tells health. Server streams
/// end when `stopping` is cancelled.
pub async fn routes(
    services: Services,
    stopping: CancellationToken,
) -> Result<(Routes, HealthReporter), ServeError> {
    /// Applies the named limits.
    macro_rules! limited {
        ($server:ident, $edge:expr) => {
            $server::new($edge)
                .max_decoding_message_size(LARGEST_REQUEST)
                .max_encoding_message_size(LARGEST_ANSWER)
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
        .add_service(limited!(ExchangeServiceServer, ExchangeEdge { services: services.clone() }))
        .add_service(limited!(
            DreStatusServiceServer,
            DreStatusEdge { services: services.clone(), stopping: stopping.clone() }
        ))
        .add_service(limited!(
            ConventionnementServiceServer,
            ConventionnementEdge { services: services.clone() }
        ))
        .add_service(limited!(ClaimWorkServiceServer, ClaimWorkEdge { services, stopping }));
    tell_health(&reporter, ServingStatus::Serving).await;
    Ok((routes, reporter))
}

/// Serves until `shutdown`: then health says "not serving", server streams end, calls under way are
/// answered. Deadlines (`grpc-timeout`) are kept by the transport: a call past its deadline is
/// dropped, and with it its transaction.
pub async fn serve(
    listener: TcpListener,
    services: Services,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let (routes, reporter) = routes(services, shutdown.clone()).await?;
    let stopped = async move {
        shutdown.cancelled().await;
        tell_health(&reporter, ServingStatus::NotServing).await;
    };
    Server::builder()
        .concurrency_limit_per_connection(CALLS_PER_CONNECTION)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .add_routes(routes)
        .serve_with_incoming_shutdown(accept::connections(listener), stopped)
        .await
        .map_err(ServeError::Transport)
}

/// Health of the whole (empty name) and of each service.
async fn tell_health(reporter: &HealthReporter, status: ServingStatus) {
    let services =
        ["", "ExchangeService", "DreStatusService", "ClaimWorkService", "ConventionnementService"];
    for service in services {
        let name =
            if service.is_empty() { String::new() } else { format!("noemie.gateway.v1.{service}") };
        reporter.set_service_status(name, status).await;
    }
}
