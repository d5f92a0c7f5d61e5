//! Replay and drop of dead letters.

use super::republisher::Republisher;
use super::unacked::{UnackedMessage, UnackedMessages};
use super::{DeadLetter, DeadLetterError, DeadQueue, Filter, Group, QueueName, group};
use crate::error_chain::Chain;
use crate::relay::AmqpSettings;
use crate::relay::sink::SinkError;
use crate::store::{Author, Journal, Stage};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};
use uuid::Uuid;

/// Events named by one row of the journal. After a crash, any event of the last row may have been
/// replayed or dropped, or not.
const MAX_EVENTS_PER_STEP: usize = 100;
/// Limit of the rate of a replay, in messages a second.
const MAX_MESSAGES_PER_SECOND: u32 = 10_000;
/// Default time limit of a run. RabbitMQ requeues a message that stays unacknowledged for half an
/// hour (`consumer_timeout`).
pub const DEFAULT_RUN_TIME: Duration = Duration::from_secs(20 * 60);

/// Act on the letters that match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Publish the letters to the queues where they died.
    Replay {
        /// Rate, in messages a second.
        rate: u32,
    },
    /// Delete the letters.
    Drop,
}

/// Letters that an act is about, and limits of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Queue of the letters.
    pub queue: DeadQueue,
    /// Conditions on the letters.
    pub filter: Filter,
    /// Limit of the letters replayed or dropped.
    pub max: Option<usize>,
    /// Limit of the messages consumed for the look.
    pub look: u16,
    /// Time limit of the run. Letters that cannot be replayed within it at the rate asked for are
    /// left for another run. When the broker is slower than the rate, the run ends after the limit
    /// and a quarter of it.
    pub time: Duration,
}

/// Result of a run.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Outcome {
    /// Operation in the journal; `None` when no message was changed.
    pub operation_id: Option<Uuid>,
    /// Messages ready in the queue at the start.
    pub waiting: u32,
    /// Messages consumed for the look.
    pub looked_at: usize,
    /// Messages that match the filter.
    pub matched: usize,
    /// Matching messages that do not say where they died, so that they cannot be replayed.
    pub without_origin: usize,
    /// Messages chosen for this run; other matching messages are left for the next run.
    pub chosen: usize,
    /// Messages replayed, confirmed and removed, or messages dropped.
    pub done: usize,
    /// Number of chosen messages left in the queue of dead letters, by the queue where they died:
    /// it was deleted, or the gateway may not bind it.
    pub without_queue: BTreeMap<QueueName, usize>,
    /// Groups of the chosen messages.
    pub groups: Vec<Group>,
    /// Error that ended the run early.
    pub stopped: Option<String>,
}

impl Act {
    /// Returns the code of the act in the journal.
    const fn action(self) -> &'static str {
        match self {
            Self::Replay { .. } => "dlq.replay",
            Self::Drop => "dlq.drop",
        }
    }

    /// Returns what the act would do, and changes nothing.
    pub async fn dry_run(
        self,
        settings: &AmqpSettings,
        limits: &Limits,
    ) -> Result<Outcome, DeadLetterError> {
        let mut unacked = UnackedMessages::consume(settings, limits.queue, limits.look).await?;
        let outcome = self.choose(&mut unacked, limits).await;
        unacked.release().await;
        Ok(outcome?)
    }

    /// Executes the act. A failure after the first change is returned in [`Outcome::stopped`], with
    /// the counts up to then.
    pub async fn execute(
        self,
        settings: &AmqpSettings,
        limits: &Limits,
        author: &Author,
    ) -> Result<Outcome, DeadLetterError> {
        let mut unacked = UnackedMessages::consume(settings, limits.queue, limits.look).await?;
        let outcome = self.execute_with_journal(settings, limits, author, &mut unacked).await;
        unacked.release().await;
        outcome
    }

    async fn execute_with_journal(
        self,
        settings: &AmqpSettings,
        limits: &Limits,
        author: &Author,
        unacked: &mut UnackedMessages,
    ) -> Result<Outcome, DeadLetterError> {
        let mut outcome = self.choose(unacked, limits).await?;
        if outcome.chosen == 0 {
            return Ok(outcome);
        }
        let mut journal =
            Journal::open(author, self.action(), settings.prefix.name(limits.queue.queue()));
        outcome.operation_id = Some(journal.operation_id());
        let asked = json!({
            "filter": limits.filter, "messages": outcome.chosen, "groups": outcome.groups,
        });
        journal.write(Stage::Asked, asked).await?;
        let run = Run { act: self, limits, author, unacked };
        let stopped = run.execute(settings, &mut journal, &mut outcome).await.err();
        outcome.stopped = stopped.map(|error| Chain(&error).to_string());
        let stage = if outcome.stopped.is_some() { Stage::Failed } else { Stage::Done };
        let ended = json!({
            "done": outcome.done, "without_queue": outcome.without_queue,
            "stopped": outcome.stopped,
        });
        let recorded = journal.write(stage, ended).await;
        tracing::warn!(
            operation_id = %journal.operation_id(), by = %author.name, action = self.action(),
            queue = limits.queue.queue(), chosen = outcome.chosen, done = outcome.done,
            "an operator replayed or dropped dead letters"
        );
        if let (Err(error), None) = (recorded, &outcome.stopped) {
            outcome.stopped = Some(Chain(&error).to_string());
        }
        Ok(outcome)
    }

    /// Keeps the messages that the act is about, sorted by rank of the event in its claim, and
    /// requeues the others.
    async fn choose(
        self,
        unacked: &mut UnackedMessages,
        limits: &Limits,
    ) -> Result<Outcome, SinkError> {
        let looked_at = unacked.messages.len();
        let matches = |message: &&UnackedMessage| limits.filter.matches(&message.letter);
        let matched = unacked.messages.iter().filter(matches).count();
        let possible = |letter: &DeadLetter| matches!(self, Self::Drop) || letter.can_be_replayed();
        unacked.keep(|letter| limits.filter.matches(letter) && possible(letter)).await?;
        let without_origin = matched - unacked.messages.len();
        unacked.messages.sort_by_key(|message| message.letter.sequence);
        let within_time = match self {
            Self::Replay { rate } => {
                usize::try_from(u128::from(rate) * limits.time.as_millis() / 1_000)
                    .unwrap_or(usize::MAX)
            }
            Self::Drop => usize::MAX,
        };
        unacked.keep_first(limits.max.unwrap_or(usize::MAX).min(within_time)).await?;
        let groups = group(unacked.messages.iter().map(|message| &message.letter));
        let (waiting, chosen) = (unacked.waiting, unacked.messages.len());
        Ok(Outcome {
            operation_id: None,
            waiting,
            looked_at,
            matched,
            without_origin,
            chosen,
            done: 0,
            without_queue: BTreeMap::new(),
            groups,
            stopped: None,
        })
    }
}

/// A run of an act over the chosen messages.
struct Run<'a> {
    act: Act,
    limits: &'a Limits,
    author: &'a Author,
    unacked: &'a UnackedMessages,
}

impl Run<'_> {
    /// Replays or drops the chosen messages, batch by batch, each batch named in the journal first.
    async fn execute(
        &self,
        settings: &AmqpSettings,
        journal: &mut Journal<'_>,
        outcome: &mut Outcome,
    ) -> Result<(), DeadLetterError> {
        let mut replay = match self.act {
            Act::Replay { rate } => Some(Replay::open(settings, self.unacked, rate).await?),
            Act::Drop => None,
        };
        for batch in self.unacked.messages.chunks(MAX_EVENTS_PER_STEP) {
            let (possible, impossible): (Vec<&UnackedMessage>, Vec<&UnackedMessage>) =
                batch.iter().partition(|message| {
                    replay.as_ref().is_none_or(|to| to.republisher.reaches(message))
                });
            impossible.into_iter().for_each(|message| outcome.count_without_queue(message));
            if possible.is_empty() {
                continue;
            }
            let events: Vec<_> = possible.iter().map(|message| message.letter.event_id).collect();
            journal.write(Stage::Batch, json!({"events": events})).await?;
            for message in possible {
                if let Some(replay) = &mut replay
                    && !self.replay(replay, message).await?
                {
                    outcome.count_without_queue(message);
                    continue;
                }
                self.unacked.remove(message).await?;
                outcome.done += 1;
            }
        }
        Ok(())
    }

    /// Replays one message at the pace of the run. Returns `false` when the queue where it died
    /// does not exist.
    async fn replay(
        &self,
        replay: &mut Replay<'_>,
        message: &UnackedMessage,
    ) -> Result<bool, DeadLetterError> {
        replay.pace.tick().await;
        if self.unacked.since.elapsed() > self.limits.time + self.limits.time / 4 {
            return Err(DeadLetterError::TimeIsUp);
        }
        Ok(replay.republisher.publish(message, self.author.clock.now()).await?)
    }
}

/// Publisher of a replay, and its pace.
struct Replay<'a> {
    republisher: Republisher<'a>,
    pace: Interval,
}

impl<'a> Replay<'a> {
    async fn open(
        settings: &'a AmqpSettings,
        unacked: &UnackedMessages,
        rate: u32,
    ) -> Result<Self, SinkError> {
        let republisher = Republisher::open(settings, unacked).await?;
        let mut pace = interval(Duration::from_secs(1) / rate.clamp(1, MAX_MESSAGES_PER_SECOND));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self { republisher, pace })
    }
}

impl Outcome {
    /// Counts a message that is left, because the queue where it died does not exist.
    fn count_without_queue(&mut self, message: &UnackedMessage) {
        let origin = message.letter.origin.clone().unwrap_or_else(|| "".into());
        *self.without_queue.entry(origin).or_default() += 1;
    }
}
