//! Replay and drop.

use super::held::{Held, Kept};
use super::letter::{REPLAY_TO, reborn};
use super::{DeadLetter, DeadLetterError, DeadQueue, Filter, Group, group};
use crate::error_chain::Chain;
use crate::relay::AmqpSettings;
use crate::relay::amqp::{broker_error, with_timeout};
use crate::relay::message::short;
use crate::relay::sink::{Outcome as Fate, SinkError};
use crate::relay::topology::{self, CLAIMS, REPLAY};
use crate::store::Stage;
use crate::store::{Author, Journal};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions};
use lapin::protocol::AMQPErrorKind;
use lapin::types::FieldTable;
use lapin::{Channel, Confirmation, ErrorKind};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

/// Events named by one row of the journal: what a crash may leave in doubt.
const BATCH: usize = 100;
/// Messages a second, at most.
const FASTEST: u32 = 10_000;
/// How long a run usually may take: the broker takes a message back that is held for longer than
/// half an hour (`consumer_timeout`).
pub const USUAL_TIME: Duration = Duration::from_secs(20 * 60);

/// What to do with the letters that match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Send them back, at most so many a second.
    Replay {
        /// Messages a second.
        rate: u32,
    },
    /// Throw them away.
    Drop,
}

/// Which letters, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The queue.
    pub queue: DeadQueue,
    /// Which of its letters.
    pub filter: Filter,
    /// How many of them at most.
    pub max: Option<usize>,
    /// How many of the queue are looked at, at most.
    pub look: u16,
    /// How long the run may take. What cannot be sent within it at the rate asked for is left for
    /// another run; a broker that is slower than the rate has a quarter of it more, and then the
    /// run ends where it is.
    pub time: Duration,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Outcome {
    /// The operation in the journal; none when nothing was touched.
    pub operation_id: Option<Uuid>,
    /// Messages ready in the queue at the start.
    pub waiting: u32,
    /// Those looked at.
    pub looked_at: usize,
    /// Those that match the filter.
    pub matched: usize,
    /// Those that match and that nobody can send back: they do not say where they died.
    pub without_origin: usize,
    /// Those meant for this run; the others that match are left for the next one.
    pub chosen: usize,
    /// Those done: confirmed by the broker and removed, or removed.
    pub done: usize,
    /// Those among the chosen that were left where they are, by the queue where they died: it is
    /// there no more, or takes nothing from us.
    pub without_queue: BTreeMap<String, usize>,
    /// What the chosen ones are.
    pub groups: Vec<Group>,
    /// Why it ended early.
    pub stopped: Option<String>,
}

impl Act {
    const fn action(self) -> &'static str {
        match self {
            Self::Replay { .. } => "dlq.replay",
            Self::Drop => "dlq.drop",
        }
    }

    /// Says what it would do, and touches nothing.
    pub async fn rehearse(
        self,
        settings: &AmqpSettings,
        limits: &Limits,
    ) -> Result<Outcome, DeadLetterError> {
        let mut held = Held::take(settings, limits.queue, limits.look).await?;
        let outcome = self.choose(&mut held, limits).await;
        held.let_go().await;
        Ok(outcome?)
    }

    /// Does it. A failure once something was done is told in the outcome, with what was done until
    /// then.
    pub async fn perform(
        self,
        settings: &AmqpSettings,
        limits: &Limits,
        author: &Author,
    ) -> Result<Outcome, DeadLetterError> {
        let mut held = Held::take(settings, limits.queue, limits.look).await?;
        let outcome = self.on_the_record(settings, limits, author, &mut held).await;
        held.let_go().await;
        outcome
    }

    async fn on_the_record(
        self,
        settings: &AmqpSettings,
        limits: &Limits,
        author: &Author,
        held: &mut Held,
    ) -> Result<Outcome, DeadLetterError> {
        let mut outcome = self.choose(held, limits).await?;
        if outcome.chosen == 0 {
            return Ok(outcome);
        }
        let mut journal =
            Journal::open(author, self.action(), settings.prefix.name(limits.queue.queue()));
        outcome.operation_id = Some(journal.operation_id());
        journal.write(Stage::Asked, json!({"filter": limits.filter, "messages": outcome.chosen, "groups": outcome.groups})).await?;
        let stopped =
            self.each(settings, limits, author, held, &mut journal, &mut outcome).await.err();
        outcome.stopped = stopped.map(|error| Chain(&error).to_string());
        let stage = if outcome.stopped.is_some() { Stage::Failed } else { Stage::Done };
        let recorded = journal.write(stage, json!({"done": outcome.done, "without_queue": outcome.without_queue, "stopped": outcome.stopped})).await;
        tracing::warn!(
            operation_id = %journal.operation_id(), by = %author.name, action = self.action(), queue = limits.queue.queue(), chosen = outcome.chosen,
            done = outcome.done, "dead letters worked on by hand"
        );
        if let (Err(error), None) = (recorded, &outcome.stopped) {
            outcome.stopped = Some(Chain(&error).to_string());
        }
        Ok(outcome)
    }

    /// Keeps what is meant, an older event of a claim before a younger one, and gives the rest
    /// back.
    async fn choose(self, held: &mut Held, limits: &Limits) -> Result<Outcome, SinkError> {
        let looked_at = held.letters.len();
        let matched =
            held.letters.iter().filter(|kept| limits.filter.matches(&kept.letter)).count();
        let possible = |letter: &DeadLetter| matches!(self, Self::Drop) || letter.can_be_replayed();
        held.keep(|letter| limits.filter.matches(letter) && possible(letter)).await?;
        let without_origin = matched - held.letters.len();
        held.letters.sort_by_key(|kept| kept.letter.sequence);
        let with_timeout = match self {
            Self::Replay { rate } => {
                usize::try_from(u128::from(rate) * limits.time.as_millis() / 1_000)
                    .unwrap_or(usize::MAX)
            }
            Self::Drop => usize::MAX,
        };
        held.keep_first(limits.max.unwrap_or(usize::MAX).min(with_timeout)).await?;
        let groups = group(held.letters.iter().map(|kept| &kept.letter));
        let (waiting, chosen) = (held.waiting, held.letters.len());
        let without_queue = BTreeMap::new();
        Ok(Outcome {
            operation_id: None,
            waiting,
            looked_at,
            matched,
            without_origin,
            chosen,
            done: 0,
            without_queue,
            groups,
            stopped: None,
        })
    }

    async fn each(
        self,
        settings: &AmqpSettings,
        limits: &Limits,
        author: &Author,
        held: &Held,
        journal: &mut Journal<'_>,
        outcome: &mut Outcome,
    ) -> Result<(), DeadLetterError> {
        let mut back = match self {
            Self::Replay { rate } => Some((
                Back::open(settings, held).await?,
                interval(Duration::from_secs(1) / rate.clamp(1, FASTEST)),
            )),
            Self::Drop => None,
        };
        if let Some((_, pace)) = &mut back {
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        for batch in held.letters.chunks(BATCH) {
            let (can, cannot): (Vec<&Kept>, Vec<&Kept>) = batch
                .iter()
                .partition(|kept| back.as_ref().is_none_or(|(back, _)| back.reaches(kept)));
            cannot.into_iter().for_each(|kept| outcome.leave(kept));
            if can.is_empty() {
                continue;
            }
            let events: Vec<_> = can.iter().map(|kept| kept.letter.event_id).collect();
            journal.write(Stage::Batch, json!({"events": events})).await?;
            for kept in can {
                if let Some((back, pace)) = &mut back {
                    pace.tick().await;
                    if held.since.elapsed() > limits.time + limits.time / 4 {
                        return Err(DeadLetterError::TimeIsUp);
                    }
                    if !back.send(kept, author.clock.now()).await? {
                        outcome.leave(kept);
                        continue;
                    }
                }
                held.remove(kept).await?;
                outcome.done += 1;
            }
        }
        Ok(())
    }
}

impl Outcome {
    /// Counts a letter that stays where it is, for its queue is not there.
    fn leave(&mut self, kept: &Kept) {
        *self.without_queue.entry(kept.letter.origin.clone().unwrap_or_default()).or_default() += 1;
    }
}

/// The way back: a channel in confirm mode, and the queues bound to the exchange of replays.
struct Back<'a> {
    settings: &'a AmqpSettings,
    channel: Channel,
    /// Queues where letters died that are there no more, or that the broker does not let us bind.
    gone: BTreeSet<String>,
}

impl<'a> Back<'a> {
    /// Opens the way, on a channel of its own: what the broker refuses here closes this channel,
    /// and not the one that holds the letters.
    async fn open(settings: &'a AmqpSettings, held: &Held) -> Result<Self, SinkError> {
        let channel =
            held.connection.create_channel().await.map_err(broker_error("opening a channel"))?;
        // Also mends the binding of the workers' queue, without which an unroutable event would
        // come straight back.
        topology::declare(&channel, &settings.prefix).await?;
        let origins: BTreeSet<&str> =
            held.letters.iter().filter_map(|kept| kept.letter.origin.as_deref()).collect();
        let mut back = Self { settings, channel, gone: BTreeSet::new() };
        for origin in origins {
            if !back.bind(origin).await? {
                back.gone.insert(origin.to_owned());
                // The refusal closed the channel.
                back.channel = held
                    .connection
                    .create_channel()
                    .await
                    .map_err(broker_error("opening a channel"))?;
            }
        }
        back.channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .map_err(broker_error("asking for confirms"))?;
        Ok(back)
    }

    /// Binds a queue to the exchange of replays. Answers whether it is there and lets itself be
    /// bound.
    async fn bind(&self, origin: &str) -> Result<bool, SinkError> {
        let exchange = self.settings.prefix.name(REPLAY);
        let mut wanted = FieldTable::default();
        wanted.insert("x-match".into(), topology::text("all"));
        wanted.insert(REPLAY_TO.into(), topology::text(origin));
        match self
            .channel
            .queue_bind(
                short(origin),
                short(&exchange),
                "".into(),
                QueueBindOptions::default(),
                wanted,
            )
            .await
        {
            Ok(()) => Ok(true),
            Err(error) if is_refusal(&error) => Ok(false),
            Err(error) => Err(broker_error("binding the queue where letters died")(error)),
        }
    }

    /// Whether the queue where a letter died takes it back.
    fn reaches(&self, kept: &Kept) -> bool {
        kept.letter.origin.as_ref().is_none_or(|origin| !self.gone.contains(origin))
    }

    /// Sends one message back and waits until the broker has it on disk. One at a time: the
    /// broker's pace is far above the one asked for, and a crash leaves one message in doubt.
    /// Answers `false` when its queue is there no more.
    async fn send(&mut self, kept: &Kept, now: time::OffsetDateTime) -> Result<bool, SinkError> {
        if !self.reaches(kept) {
            return Ok(false);
        }
        let to = kept.letter.origin.as_deref();
        let exchange = self.settings.prefix.name(if to.is_some() { REPLAY } else { CLAIMS });
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let properties = reborn(&kept.delivery.properties, &kept.letter, to, now);
        let publishing = async {
            let key = kept.delivery.routing_key.clone();
            let sent = self
                .channel
                .basic_publish(short(&exchange), key, options, &kept.delivery.data, properties)
                .await;
            sent.map_err(broker_error("sending a dead letter back"))?
                .await
                .map_err(broker_error("waiting for a confirm"))
        };
        let fate = match with_timeout(
            self.settings.confirm_timeout,
            "confirming a replayed message",
            publishing,
        )
        .await?
        {
            Confirmation::Ack(None) => return Ok(true),
            // Bound a moment ago, deleted since: nobody had the message.
            Confirmation::Ack(Some(_)) if to.is_some() => {
                self.gone.extend(kept.letter.origin.clone());
                return Ok(false);
            }
            Confirmation::Ack(Some(_)) => Fate::Unroutable,
            Confirmation::Nack(_) => Fate::Nacked,
            Confirmation::NotRequested => Fate::Unknown,
        };
        Err(SinkError::NotTaken(fate.as_str()))
    }
}

/// Whether the broker refused what was asked, and nothing else is wrong: the queue is not there
/// (404), is another connection's alone (405), or is not for us (403).
fn is_refusal(error: &lapin::Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(amqp) if matches!(amqp.kind(), AMQPErrorKind::Soft(_)))
}
