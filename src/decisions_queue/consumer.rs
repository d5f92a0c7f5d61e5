//! A connection that consumes the queue of decisions: one message after the other.

use super::{Outcome, PREFETCH, answer, message};
use crate::clock::SharedClock;
use crate::domain::{Caller, FreeText};
use crate::error_chain::Chain;
use crate::limits::{MAX_FIELD_CHARS, MAX_REQUEST_BYTES};
use crate::relay::dead_letters::refused_headers;
use crate::relay::topology::{self, DEAD, DECISIONS};
use crate::relay::{AmqpSettings, REPLY_SUCCESS, SinkError, connect, short};
use crate::service::decisions::refusal::Refusal;
use crate::service::decisions::{DecideError, Decision, Decisions, Recorded};
use crate::service::error::is_unavailable;
use futures::StreamExt as _;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions,
    BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use metrics::counter;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Answers that no queue took.
pub(super) const UNANSWERED: &str = "noemie_decision_answers_lost_total";

/// Header in which a sender states its name, as the metadata of gRPC.
const STATED_NAME: &str = "x-noemie-caller";
/// Tag of the consumer, which the broker's dashboards show.
const TAG: &str = "noemie-gateway";
/// Time for the broker to open the connection, to confirm a message, or to close.
const BROKER_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause before a message whose decision the database could not record is tried again.
const RETRY_WAIT: Duration = Duration::from_secs(1);
/// AMQP delivery mode: the broker writes the message to disk before it confirms.
const PERSISTENT: u8 = 2;
/// A consumer of the queue of decisions.
pub(super) struct Consumer {
    settings: AmqpSettings,
    decisions: Decisions,
    clock: SharedClock,
    caller: Caller,
    connection: Connection,
    /// Channel of the consumer, in confirm mode for answers and dead letters.
    channel: Channel,
    deliveries: lapin::Consumer,
}

impl Consumer {
    /// Connects, declares exchanges and queues, and consumes.
    pub(super) async fn open(
        settings: &AmqpSettings,
        decisions: &Decisions,
        clock: &SharedClock,
    ) -> Result<Self, SinkError> {
        let connection = connect(settings, "decisions").await?;
        let opening = async {
            let channel = connection.create_channel().await.map_err(failed("opening a channel"))?;
            topology::declare(&channel, &settings.prefix).await?;
            let confirms = channel.confirm_select(ConfirmSelectOptions::default()).await;
            confirms.map_err(failed("asking for confirms"))?;
            let window = channel.basic_qos(PREFETCH, BasicQosOptions::default()).await;
            window.map_err(failed("setting the prefetch"))?;
            let (queue, options) =
                (short(&settings.prefix.name(DECISIONS)), BasicConsumeOptions::default());
            let consumer =
                channel.basic_consume(queue, TAG.into(), options, FieldTable::default()).await;
            Ok((channel, consumer.map_err(failed("consuming the queue of decisions"))?))
        };
        let (channel, deliveries) = within("consuming the queue of decisions", opening).await?;
        Ok(Self {
            settings: settings.clone(),
            decisions: decisions.clone(),
            clock: clock.clone(),
            caller: Caller::of_the_queue_of_decisions(),
            connection,
            channel,
            deliveries,
        })
    }

    /// Returns the next message; a queue that is deleted is an error.
    pub(super) async fn next(&mut self) -> Result<Delivery, SinkError> {
        self.left().await.unwrap_or(Err(SinkError::NotTaken("the queue of decisions is gone")))
    }

    /// Returns the next message, `None` after the last one.
    pub(super) async fn left(&mut self) -> Option<Result<Delivery, SinkError>> {
        let delivery = self.deliveries.next().await?;
        Some(delivery.map_err(failed("taking a decision")))
    }

    /// Asks the broker for no further message.
    pub(super) async fn cancel(&self) -> Result<(), SinkError> {
        let cancelled = self.channel.basic_cancel(TAG.into(), BasicCancelOptions::default());
        within("cancelling the consumer", async {
            cancelled.await.map_err(failed("cancelling the consumer"))
        })
        .await
    }

    /// Closes the connection: the broker delivers unacknowledged messages again.
    pub(super) async fn close(self) {
        // An error means that the connection is closed already.
        let _ = timeout(BROKER_TIMEOUT, self.connection.close(REPLY_SUCCESS, "bye".into())).await;
    }

    /// Records the decision of a message, answers, and acknowledges the message.
    pub(super) async fn process(
        &self,
        delivery: Delivery,
        shutdown: &CancellationToken,
    ) -> Result<(), SinkError> {
        let reply_to = delivery.properties.reply_to().clone().filter(|to| !to.as_str().is_empty());
        let outcome = match self.read(&delivery) {
            Ok(decision) => match self.record(&decision, shutdown).await {
                Ok(Some(recorded)) => {
                    self.answer(&delivery, reply_to.as_ref(), &answer::recorded(&recorded)).await?;
                    if recorded.repeated { Outcome::Repeated } else { Outcome::Recorded }
                }
                Ok(None) => return self.give_back(&delivery).await,
                Err(refusal) => self.refuse(&delivery, reply_to.as_ref(), &refusal, false).await?,
            },
            Err(refusal) => {
                let is_unreadable = refusal.reason == message::MALFORMED;
                self.refuse(&delivery, reply_to.as_ref(), &refusal, is_unreadable).await?
            }
        };
        acknowledge(&delivery).await?;
        outcome.count();
        Ok(())
    }

    /// Reads and checks the message of a delivery. The key is that of the decision, else the
    /// identifier of the message.
    fn read(&self, delivery: &Delivery) -> Result<Decision, Refusal> {
        if delivery.data.len() > MAX_REQUEST_BYTES {
            let most = MAX_REQUEST_BYTES / 1024;
            return Err(message::unreadable(format!("the body is larger than {most} KiB")));
        }
        let mut read = message::read(&delivery.data)?;
        if read.idempotency_key.is_empty() {
            let id = delivery.properties.message_id().as_ref().map(ShortString::as_str);
            read.idempotency_key = id.unwrap_or_default().to_owned();
        }
        if read.idempotency_key.is_empty() {
            let missing = "give a key, or a message_id: a message may be delivered twice";
            return Err(message::wrong("decision.idempotency_key", missing));
        }
        let decided_by = stated_name(&delivery.properties)?;
        read.check(decided_by).map_err(Refusal::of_fields)
    }

    /// Records a decision. Waits while the database is away; returns `None` when the gateway stops
    /// meanwhile, or after a fault that another try may not mend.
    async fn record(
        &self,
        decision: &Decision,
        shutdown: &CancellationToken,
    ) -> Result<Option<Recorded>, Refusal> {
        loop {
            let failure = match self.decisions.record(&self.caller, decision).await {
                Ok(recorded) => return Ok(Some(recorded)),
                Err(failure) => failure,
            };
            if let Some(refusal) = failure.refusal(&decision.kind) {
                return Err(refusal);
            }
            let is_away = matches!(&failure, DecideError::Store(cause) if is_unavailable(cause));
            if !is_away {
                tracing::error!(error = %Chain(&failure), "decision of a message not recorded");
                return Ok(None);
            }
            tokio::select! {
                () = sleep(RETRY_WAIT) => {}
                () = shutdown.cancelled() => return Ok(None),
            }
        }
    }

    /// Tells the sender that the decision is refused. A message that is unreadable, or whose sender
    /// waits for no answer, becomes a dead letter with the reason.
    async fn refuse(
        &self,
        delivery: &Delivery,
        reply_to: Option<&ShortString>,
        refusal: &Refusal,
        is_unreadable: bool,
    ) -> Result<Outcome, SinkError> {
        tracing::info!(
            code = refusal.code.as_str(),
            reason = refusal.reason,
            answered = reply_to.is_some(),
            "decision of a message refused"
        );
        let is_told = self.answer(delivery, reply_to, &answer::refused(refusal)).await?;
        if is_told && !is_unreadable {
            return Ok(Outcome::Refused);
        }
        let queue = self.settings.prefix.name(DECISIONS);
        let mut headers = delivery.properties.headers().clone().unwrap_or_default();
        for (header, value) in refused_headers(&queue, refusal.reason, self.clock.now()) {
            headers.insert(header.into(), AMQPValue::LongString(value.into()));
        }
        let properties =
            delivery.properties.clone().with_headers(headers).with_delivery_mode(PERSISTENT);
        let exchange = self.settings.prefix.name(DEAD);
        match self.publish(&exchange, DECISIONS, &delivery.data, properties).await? {
            true => Ok(Outcome::Dead),
            false => Err(SinkError::NotTaken("a dead letter")),
        }
    }

    /// Publishes the answer to the queue that the sender names, and returns whether a queue took
    /// it.
    async fn answer(
        &self,
        delivery: &Delivery,
        reply_to: Option<&ShortString>,
        answer: &Value,
    ) -> Result<bool, SinkError> {
        let Some(reply_to) = reply_to else { return Ok(false) };
        let mut properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_content_encoding("utf-8".into())
            .with_type("decision.result".into())
            .with_delivery_mode(PERSISTENT)
            .with_app_id(TAG.into());
        if let Some(id) = delivery.properties.correlation_id() {
            properties = properties.with_correlation_id(id.clone());
        }
        let body = answer.to_string();
        let is_taken = self.publish("", reply_to.as_str(), body.as_bytes(), properties).await?;
        if !is_taken {
            counter!(UNANSWERED).increment(1);
            tracing::warn!("the queue for the answer to a decision does not exist");
        }
        Ok(is_taken)
    }

    /// Publishes a message and waits for its confirm. Returns `false` when no queue took it.
    async fn publish(
        &self,
        exchange: &str,
        key: &str,
        body: &[u8],
        properties: BasicProperties,
    ) -> Result<bool, SinkError> {
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let publishing = async {
            let sent =
                self.channel.basic_publish(short(exchange), short(key), options, body, properties);
            let confirm = sent.await.map_err(failed("publishing an answer"))?;
            confirm.await.map_err(failed("waiting for a confirm"))
        };
        match within("publishing an answer", publishing).await? {
            Confirmation::Ack(None) => Ok(true),
            Confirmation::Ack(Some(_)) => Ok(false),
            Confirmation::Nack(_) | Confirmation::NotRequested => {
                Err(SinkError::NotTaken("the answer to a decision"))
            }
        }
    }

    /// Gives a message back to the queue. After too many deliveries the broker makes it a dead
    /// letter.
    async fn give_back(&self, delivery: &Delivery) -> Result<(), SinkError> {
        sleep(RETRY_WAIT).await;
        Outcome::Returned.count();
        let options = BasicNackOptions { requeue: true, multiple: false };
        let returned = delivery.nack(options);
        within("giving a message back", async {
            returned.await.map(|_| ()).map_err(failed("giving a message back"))
        })
        .await
    }
}

/// Returns the name that the sender states; a name that is too long is refused.
fn stated_name(properties: &BasicProperties) -> Result<Option<FreeText>, Refusal> {
    let headers = properties.headers().as_ref();
    let text = match headers.and_then(|headers| headers.inner().get(STATED_NAME)) {
        None => return Ok(None),
        Some(AMQPValue::LongString(text)) => String::from_utf8(text.as_bytes().to_vec()).ok(),
        Some(AMQPValue::ShortString(text)) => Some(text.as_str().to_owned()),
        Some(_) => None,
    };
    match text {
        Some(text) if text.is_empty() => Ok(None),
        Some(text) if text.chars().count() <= MAX_FIELD_CHARS => Ok(Some(FreeText::new(&text))),
        _ => Err(message::wrong(STATED_NAME, "expected a text of at most 128 characters")),
    }
}

async fn acknowledge(delivery: &Delivery) -> Result<(), SinkError> {
    let acknowledged = delivery.ack(BasicAckOptions::default());
    within("acknowledging a message", async {
        acknowledged.await.map(|_| ()).map_err(failed("acknowledging a message"))
    })
    .await
}

fn failed(doing: &'static str) -> impl Fn(lapin::Error) -> SinkError {
    move |source| SinkError::Broker { doing, source }
}

/// Runs `work` for [`BROKER_TIMEOUT`] at most.
async fn within<T>(
    doing: &'static str,
    work: impl Future<Output = Result<T, SinkError>>,
) -> Result<T, SinkError> {
    timeout(BROKER_TIMEOUT, work).await.unwrap_or(Err(SinkError::Timeout(BROKER_TIMEOUT, doing)))
}
