//! Decisions by message on a real RabbitMQ: answers, refusals, dead letters, redelivery, the stop.

use crate::grpc_support::{Gateway, samples};
use crate::support::broker::{Broker, on_broker};
use crate::support::wait::eventually;
use futures::StreamExt as _;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer};
use noemie_gateway::clock::SystemClock;
use noemie_gateway::decisions_queue;
use noemie_gateway::domain::{ClaimId, Scope};
use noemie_gateway::grpc::proto;
use noemie_gateway::relay::AmqpSettings;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A gateway that consumes the queue of decisions, and a worker who writes to it.
struct Desk {
    gateway: Gateway,
    broker: Arc<Broker>,
    channel: Channel,
    answers: Consumer,
    reply_to: String,
    stop: CancellationToken,
    consuming: JoinHandle<()>,
    _connection: Connection,
}

impl Desk {
    async fn open(broker: Arc<Broker>) -> Self {
        let gateway = Gateway::start().await;
        let stop = CancellationToken::new();
        let prefix = broker.prefix().try_into().expect("a prefix");
        let consuming = tokio::spawn(decisions_queue::run(
            AmqpSettings::new(broker.url(), prefix),
            gateway.service.decisions.clone(),
            Arc::new(SystemClock),
            stop.clone(),
        ));
        eventually("the queue of decisions is declared", || async {
            broker.exists("claims.decisions").await.then_some(())
        })
        .await;
        let url = broker.url();
        let connection = Connection::connect(&url, ConnectionProperties::default());
        let connection = connection.await.expect("connects");
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        let options = QueueDeclareOptions { exclusive: true, ..Default::default() };
        let queue = channel.queue_declare("".into(), options, FieldTable::default()).await;
        let reply_to = queue.expect("a queue for answers").name().to_string();
        let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
        let answers = channel
            .basic_consume(
                reply_to.as_str().into(),
                "answers".into(),
                options,
                FieldTable::default(),
            )
            .await
            .expect("consumes the answers");
        Self {
            gateway,
            broker,
            channel,
            answers,
            reply_to,
            stop,
            consuming,
            _connection: connection,
        }
    }

    /// Publishes a message to the queue of decisions.
    async fn send(&self, body: &str, properties: BasicProperties) {
        let queue = format!("{}claims.decisions", self.broker.prefix());
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        self.channel
            .basic_publish("".into(), queue.into(), options, body.as_bytes(), properties)
            .await
            .expect("published")
            .await
            .expect("confirmed");
    }

    /// Publishes a decision under a message id, and returns the answer as `DecisionResult`.
    async fn ask(&mut self, id: &str, decision: Value) -> proto::decision_result::Result {
        let mut headers = FieldTable::default();
        headers.insert("x-noemie-caller".into(), AMQPValue::LongString("marie".into()));
        let properties = BasicProperties::default()
            .with_message_id(id.into())
            .with_reply_to(self.reply_to.as_str().into())
            .with_correlation_id(format!("of {id}").into())
            .with_headers(headers);
        self.send(&decision.to_string(), properties).await;
        let answer = self.answers.next().await.expect("an answer").expect("delivered");
        let correlation = answer.properties.correlation_id().as_ref().map(|id| id.to_string());
        assert_eq!(correlation, Some(format!("of {id}")));
        result(&answer.data)
    }

    /// Takes dead letters until there are as many.
    async fn dead(&self, count: usize) -> Vec<String> {
        let mut found = Vec::new();
        while found.len() < count {
            let take = || self.broker.take("claims.dead");
            found.push(eventually("a dead letter is there", take).await);
        }
        found
    }
}

/// Reads an answer as the proto3 JSON of `DecisionResult`, with unknown fields denied.
fn result(json: &[u8]) -> proto::decision_result::Result {
    let pool = DescriptorPool::decode(proto::DESCRIPTORS).expect("descriptors");
    let message = pool.get_message_by_name("noemie.gateway.v1.DecisionResult").expect("known");
    let mut reader = serde_json::Deserializer::from_slice(json);
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let read = DynamicMessage::deserialize_with_options(message, &mut reader, &options);
    let read: proto::DecisionResult = read.expect("proto3 JSON").transcode_to().expect("the same");
    read.result.expect("recorded or refused")
}

fn recorded(result: proto::decision_result::Result) -> proto::RecordDecisionResponse {
    match result {
        proto::decision_result::Result::Recorded(recorded) => recorded,
        proto::decision_result::Result::Error(error) => panic!("refused: {error:?}"),
    }
}

fn refused(result: proto::decision_result::Result) -> (String, String, String) {
    match result {
        proto::decision_result::Result::Recorded(recorded) => panic!("recorded: {recorded:?}"),
        proto::decision_result::Result::Error(error) => {
            let version = error.metadata.get("version").cloned().unwrap_or_default();
            (error.code, error.reason, version)
        }
    }
}

fn told(code: &str, reason: &str, version: &str) -> (String, String, String) {
    (code.to_owned(), reason.to_owned(), version.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_are_recorded_and_answered() {
    on_broker(|broker| async move {
        let mut desk = Desk::open(broker).await;
        let claim = samples::deposit_many(&desk.gateway.store, "d", 1).await[0].claim.id;
        let accept = json!({ "claimId": claim, "expectedVersion": "1", "accept": {} });
        let first = recorded(desk.ask("m1", accept.clone()).await);
        assert_eq!((first.version, first.repeated), (2, false));
        // Delivered again, the message is recognised by its id.
        let again = recorded(desk.ask("m1", accept).await);
        assert_eq!((again.event_id, again.repeated), (first.event_id, true));
        let reasons = json!([{ "code": "M-12", "label": "Délai dépassé", "line": 2 }]);
        let reject = |version: i64, part: &str| {
            json!({ "claimId": claim, "part": part, "expectedVersion": version.to_string(),
                "reject": { "reasons": reasons.clone() } })
        };
        assert_eq!(
            refused(desk.ask("m2", reject(1, "")).await),
            told("ABORTED", "stale_version", "2")
        );
        assert_eq!(
            refused(desk.ask("m3", reject(2, "amo")).await),
            told("PERMISSION_DENIED", "part_not_allowed", "")
        );
        let rejected = recorded(desk.ask("m4", reject(2, "amc")).await);
        assert_eq!(
            (rejected.version, rejected.warnings[0].code.as_str()),
            (3, "unknown_reason_code")
        );
        let unknown = json!({ "claimId": ClaimId(samples::new_id()), "accept": {} });
        assert_eq!(
            refused(desk.ask("m5", unknown).await),
            told("NOT_FOUND", "claim_not_found", "")
        );
        let decisions = desk.gateway.store.decisions(&Scope::everything(), claim, 10).await;
        let authors: Vec<String> = decisions
            .expect("reads")
            .iter()
            .map(|d| {
                format!(
                    "{} {} {:?}",
                    d.author.caller_name,
                    d.author.role.as_str(),
                    d.author.stated.as_ref().map(|s| s.as_str())
                )
            })
            .collect();
        assert_eq!(authors, ["claims.decisions worker Some(\"marie\")"; 2]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_waits_for_and_what_is_no_decision_are_dead_letters() {
    on_broker(|broker| async move {
        let desk = Desk::open(broker).await;
        let claim = samples::deposit_many(&desk.gateway.store, "d", 1).await[0].claim.id;
        let accept = json!({ "claimId": claim, "accept": {} }).to_string();
        let id = |id: &str| BasicProperties::default().with_message_id(id.into());
        for (body, properties) in [
            ("no decision", id("m1")),
            (accept.as_str(), BasicProperties::default()),
            ("{\"claimId\":\"x\",\"accept\":{}}", id("m3")),
        ] {
            desk.send(body, properties).await;
        }
        let dead = desk.dead(3).await;
        for (letter, reason) in
            dead.iter().zip(["malformed_message", "invalid_field", "invalid_field"])
        {
            assert!(letter.contains("noemie-refused-for") && letter.contains(reason), "{letter}");
        }
        // The good ones between them are recorded.
        desk.send(&accept, id("m4")).await;
        eventually("the acceptance is recorded", || async {
            let history = desk.gateway.store.claim_history(&Scope::everything(), claim).await;
            (history.expect("reads").len() == 2).then_some(())
        })
        .await;
        // A stop ends the consumer; a later message waits in the queue.
        desk.stop.cancel();
        desk.consuming.await.expect("the consumer ends");
        let queue = format!("{}claims.decisions", desk.broker.prefix());
        let options = BasicPublishOptions::default();
        let sent = desk.channel.basic_publish("".into(), queue.into(), options, b"later", id("m5"));
        sent.await.expect("published").await.expect("confirmed");
        let left = eventually("it waits", || desk.broker.take("claims.decisions")).await;
        assert!(left.ends_with("later"), "{left}");
    })
    .await;
}
