//! Civil time through the program itself: what the hour of a deposit in Paris makes of its due
//! date, its ARL and its findings. The clock is set by the test setting `NOEMIE_TEST_CLOCK`.

use crate::support;

use noemie_gateway::generate::{self, Options, Profile};
use noemie_gateway::grpc::proto::{self, validate_exchange_request::Part};
use support::gateway::Gateway;

const SENDER: &str = "oct1";

/// A pharmacy's invoices, made on 2 February 2026. Their 2X limits the answer to 5 February, 20 h.
fn dre() -> Vec<u8> {
    let options = Options { profile: Profile::Pharmacie, invoices: 6, ..Options::default() };
    let mut bytes = Vec::new();
    generate::dre(&options, &mut bytes).expect("generates");
    bytes
}

/// The due date of the claims, the codes of the findings and the bytes of the ARL, of one deposit
/// at an instant.
async fn deposit_at(instant: &str) -> (String, Vec<String>, Vec<u8>) {
    let dir = tempfile::tempdir().expect("a directory");
    let gateway = Gateway::start(dir.path(), &[("NOEMIE_TEST_CLOCK", instant)]).await;
    let receipt = gateway.submit(SENDER, "dre.b2", &dre()).await.expect("a receipt");
    let exchange = receipt.exchange.expect("an exchange");
    assert_eq!((exchange.verdict.as_str(), exchange.accepted), ("accepted", 6));
    let report = gateway.report(&exchange.exchange_id).await;
    let codes = report.anomalies.into_iter().map(|anomaly| anomaly.code).collect();
    // A claim that asks nothing of the AMC has no due date.
    let claims = gateway.claims().await;
    let due: Vec<String> =
        claims.iter().filter_map(|claim| claim.due_at.as_ref()).map(ToString::to_string).collect();
    assert!(!due.is_empty() && due.iter().all(|at| *at == due[0]), "one due date: {due:?}");
    (due[0].clone(), codes, receipt.arl_body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_half_past_midnight_in_paris_counts_from_the_new_day() {
    // Monday 13 July 22:30 UTC is Tuesday 14 July 00:30 in Paris, a holiday: the four business days
    // are 15, 16, 17 and 20 July, whose end is 22:00 UTC.
    let (due, codes, arl) = deposit_at("2026-07-13T22:30:00Z").await;
    assert_eq!(due, "2026-07-20T21:59:59Z");
    // The limit of the 2X is past since February: told for each invoice, and the usual delay holds.
    assert_eq!(codes, ["L2-LIMITE-REPONSE"; 6]);
    let header = String::from_utf8_lossy(&arl);
    assert!(header[..128.min(header.len())].contains("260714"), "the ARL is of the 14th: {header}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_a_2x_is_an_hour_of_paris() {
    // Monday 2 February 00:30 in Paris: the usual delay ends on Friday 6; the limit comes before,
    // on Thursday 5 at 20 h, which is 19:00 UTC in winter.
    let (due, codes, _) = deposit_at("2026-02-01T23:30:00Z").await;
    assert_eq!((due.as_str(), codes.as_slice()), ("2026-02-05T19:00:00Z", [].as_slice()));
}

/// Invariant 7: what `validate` says is what a deposit of this hour would say, by command and call.
#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_names_the_limits_that_are_past() {
    for (instant, expected) in [("2026-07-13T22:30:00Z", 6), ("2026-02-01T23:30:00Z", 0)] {
        let dir = tempfile::tempdir().expect("a directory");
        let gateway = Gateway::start(dir.path(), &[("NOEMIE_TEST_CLOCK", instant)]).await;
        std::fs::write(dir.path().join("dre.b2"), dre()).expect("writes");
        let output = gateway.run_beside(&["validate", "dre.b2", "--format", "json"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
        assert_eq!(report["anomaly_count"], expected, "{instant}: {report}");
        let parts = [
            Part::Metadata(proto::ValidateMetadata { file_name: "dre.b2".into() }),
            Part::Chunk(dre()),
        ];
        let messages = parts.map(|part| proto::ValidateExchangeRequest { part: Some(part) });
        let call = gateway.exchange().validate_exchange(futures::stream::iter(messages)).await;
        let report = call.expect("a report").into_inner();
        let codes: Vec<&str> = report.anomalies.iter().map(|found| found.code.as_str()).collect();
        assert_eq!(codes, vec!["L2-LIMITE-REPONSE"; expected], "{instant}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_past_when_its_hour_begins() {
    // 19:00 UTC is 20 h in Paris: the limit is past, and the usual delay ends on Wednesday 11.
    let (due, codes, _) = deposit_at("2026-02-05T19:00:00Z").await;
    assert_eq!(due, "2026-02-11T22:59:59Z");
    assert_eq!(codes, ["L2-LIMITE-REPONSE"; 6]);
    let (due, codes, _) = deposit_at("2026-02-05T18:50:00Z").await;
    assert_eq!((due.as_str(), codes.as_slice()), ("2026-02-05T19:00:00Z", [].as_slice()));
}
