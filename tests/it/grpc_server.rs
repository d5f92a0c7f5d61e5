//! Health, reflection, conventionnement and the order of stopping.

use crate::grpc_support;

use futures::{StreamExt as _, stream};
use grpc_support::{Gateway, fields};
use noemie_gateway::grpc::proto::lookup_result::Result as Outcome;
use noemie_gateway::grpc::proto::{
    BatchLookupConventionnementRequest, GetConventionnementHistoryRequest,
    LookupConventionnementRequest,
};
use std::time::Duration;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

const SERVICES: [&str; 4] =
    ["ExchangeService", "DreStatusService", "ClaimWorkService", "ConventionnementService"];

#[tokio::test]
async fn every_service_is_healthy_until_the_stop() {
    let gateway = Gateway::start().await;
    let mut health = HealthClient::new(gateway.channel.clone());
    let names = SERVICES.iter().map(|service| format!("noemie.gateway.v1.{service}"));
    for service in names.chain([String::new()]) {
        let answer = health
            .check(HealthCheckRequest { service: service.clone() })
            .await
            .expect("known")
            .into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    let mut watch = health
        .watch(HealthCheckRequest { service: String::new() })
        .await
        .expect("watches")
        .into_inner();
    assert_eq!(
        watch.next().await.expect("goes on").expect("no failure").status(),
        ServingStatus::Serving
    );
    gateway.stop.cancel();
    let after = tokio::time::timeout(Duration::from_secs(10), watch.next())
        .await
        .expect("an answer within 10 s");
    assert_eq!(after.expect("goes on").expect("no failure").status(), ServingStatus::NotServing);
}

/// Both versions of the protocol have the same shape.
macro_rules! lists_services {
    ($name:ident, $version:ident) => {
        #[tokio::test]
        async fn $name() {
            use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
            use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
            use tonic_reflection::pb::$version::{
                ServerReflectionRequest, server_reflection_response::MessageResponse,
            };
            let gateway = Gateway::start().await;
            let ask = |request| ServerReflectionRequest {
                host: String::new(),
                message_request: Some(request),
            };
            let requests = [
                MessageRequest::ListServices(String::new()),
                MessageRequest::FileContainingSymbol("noemie.gateway.v1.ClaimWorkService".into()),
            ];
            let mut client = ServerReflectionClient::new(gateway.channel.clone());
            let answers = client
                .server_reflection_info(stream::iter(requests.map(ask)))
                .await
                .expect("answers")
                .into_inner();
            let answers: Vec<_> = answers
                .map(|answer| answer.expect("no failure").message_response.expect("an answer"))
                .collect()
                .await;
            let MessageResponse::ListServicesResponse(list) = &answers[0] else {
                panic!("not a list")
            };
            let names: Vec<&str> =
                list.service.iter().map(|service| service.name.as_str()).collect();
            for service in SERVICES {
                assert!(
                    names.contains(&format!("noemie.gateway.v1.{service}").as_str()),
                    "{service} in {names:?}"
                );
            }
            assert!(names.contains(&"grpc.health.v1.Health"), "{names:?}");
            assert!(matches!(&answers[1], MessageResponse::FileDescriptorResponse(_)));
        }
    };
}
lists_services!(reflection_v1_lists_the_services, v1);
lists_services!(reflection_v1alpha_lists_the_services, v1alpha);

#[tokio::test]
async fn an_open_stream_of_health_does_not_hold_the_stop() {
    let gateway = Gateway::start().await;
    let channel = gateway.channel.clone();
    gateway.stop.cancel();
    drop(channel);
    tokio::time::timeout(Duration::from_secs(10), gateway.served)
        .await
        .expect("the server ends")
        .expect("in order");
}

const CONVENTIONS: &str = "identifiant;numero_amc;type_convention;domaine;date_debut;date_fin;etat;motif;concentrateur;rpps;finess_et
992001362;99900011;;PHAR;2024-01-01;;active;;OCTEST;;
";

fn lookup(
    identifier: &str,
    amc_number: &str,
    domain: &str,
    on: &str,
) -> LookupConventionnementRequest {
    LookupConventionnementRequest {
        identifier: identifier.into(),
        amc_number: amc_number.into(),
        domain: domain.into(),
        on: on.into(),
    }
}

#[tokio::test]
async fn a_lookup_answers_and_says_why() {
    let gateway = Gateway::start().await;
    gateway
        .conventionnement
        .import_conventions(CONVENTIONS.as_bytes(), &"conventions.csv".into())
        .await
        .expect("imports");
    let found = gateway
        .conventions()
        .lookup_conventionnement(lookup("992001362", "99900011", "PHAR", "2025-03-10"))
        .await;
    let found = found.expect("an answer").into_inner();
    assert_eq!(
        (found.answer.as_str(), found.reason_code.as_str(), found.matched_by.as_str()),
        ("yes", "CONVENTION_ACTIVE", "billing_number")
    );
    let convention = found.convention.expect("a convention");
    assert_eq!(
        (convention.starts_on.as_str(), convention.ends_on.as_str(), convention.state.as_str()),
        ("2024-01-01", "", "active")
    );
    assert_eq!((found.concentrator.as_str(), found.teletransmission_active), ("OCTEST", true));
    let history = GetConventionnementHistoryRequest {
        identifier: "992001362".into(),
        amc_number: "99900011".into(),
    };
    let history = gateway
        .conventions()
        .get_conventionnement_history(history)
        .await
        .expect("answers")
        .into_inner();
    assert_eq!(history.versions.len(), 1);
}

#[tokio::test]
async fn an_unknown_number_is_an_answer() {
    let gateway = Gateway::start().await;
    let unknown = gateway
        .conventions()
        .lookup_conventionnement(lookup("992001362", "99900011", "PHAR", "2025-03-10"))
        .await;
    let unknown = unknown.expect("an answer").into_inner();
    assert_eq!((unknown.answer.as_str(), unknown.on.as_str()), ("unknown", "2025-03-10"));
    assert!(!unknown.reason_code.is_empty() && !unknown.reason.is_empty());
}

#[tokio::test]
async fn wrong_lookups_are_named() {
    let gateway = Gateway::start().await;
    let mut client = gateway.conventions();
    let empty = client
        .lookup_conventionnement(lookup("", "", "", "10/03/2025"))
        .await
        .expect_err("all wrong");
    assert_eq!(fields(&empty), ["identifier", "amc_number", "domain", "on"]);
    let letters = client
        .lookup_conventionnement(lookup("992001362", "ABC", "PHAR", ""))
        .await
        .expect_err("letters");
    assert_eq!(fields(&letters), ["amc_number"]);
    let misshapen = client
        .lookup_conventionnement(lookup("123", "abc", "trop long !!", "-9999-01-01"))
        .await
        .expect_err("all wrong");
    assert_eq!(fields(&misshapen), ["identifier", "amc_number", "domain", "on"]);
    let requests =
        vec![lookup("12", "99900011", "PHAR", ""), lookup("992001362", "99900011", "PHAR", "")];
    let batch = client
        .batch_lookup_conventionnement(BatchLookupConventionnementRequest { requests })
        .await
        .expect("answers")
        .into_inner();
    let answers = batch.results.into_iter().map(|result| match result.result.expect("a result") {
        Outcome::Found(found) => found.answer,
        Outcome::Error(error) => error.code,
    });
    assert_eq!(answers.collect::<Vec<_>>(), ["INVALID_ARGUMENT", "unknown"]);
    let history = GetConventionnementHistoryRequest {
        identifier: "992001362".into(),
        amc_number: "99900011".into(),
    };
    assert!(
        client
            .get_conventionnement_history(history)
            .await
            .expect("answers")
            .into_inner()
            .versions
            .is_empty()
    );
}
