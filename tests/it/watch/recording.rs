//! Records a history: writers, a publisher, a purge and readers at the same time.

use super::history::{Filter, History, Kind, Reader};
use super::reader::{self, Plan};
use super::writer::{AMC, Dice, PS, Stage};
use crate::support::databases::TestDatabase;
use crate::support::wait::within;
use noemie_gateway::limits::GrpcLimits;
use noemie_gateway::store::SharedStore;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

/// Limit for the first half of the events, on a machine that builds programs meanwhile.
const WRITING_LIMIT: Duration = Duration::from_secs(300);

/// Limits of the servers: heartbeats come often.
pub fn limits() -> GrpcLimits {
    GrpcLimits { heartbeat_interval: Duration::from_millis(50), ..GrpcLimits::default() }
}

/// Returns readers of every kind of filter and start. Those who want less are cut after fewer
/// messages; a snapshot that is cut starts again, so that some are not cut before its end.
fn plans(paused: &Arc<Notify>, events: u64) -> Vec<Plan> {
    use Filter::{Everything, Nothing};
    let plan = |kind, filter, start, most| Plan { kind, filter, start, most, pause: None };
    vec![
        plan(Kind::Events, Everything, "oldest", 700),
        plan(Kind::Events, Filter::Some(AMC[1].into()), "oldest", 90),
        plan(Kind::Events, Nothing, "oldest", 3),
        Plan { pause: Some(paused.clone()), ..plan(Kind::Events, Everything, "oldest", 60) },
        plan(Kind::Statuses, Everything, "snapshot", events),
        plan(Kind::Statuses, Filter::Some(PS[0].into()), "oldest", 200),
        plan(Kind::Statuses, Nothing, "snapshot", 3),
        Plan { pause: Some(paused.clone()), ..plan(Kind::Statuses, Everything, "oldest", 60) },
    ]
}

/// Writes so many events through each store, publishes them through the first one, and deletes a
/// quarter of them when half is published. Readers use the channels in turn.
pub async fn record(
    db: &TestDatabase,
    stores: Vec<SharedStore>,
    channels: Vec<Channel>,
    events: u64,
) -> History {
    let (stage, paused) = (Arc::new(Stage::default()), Arc::new(Notify::new()));
    let mut readers = JoinSet::new();
    let plans = plans(&paused, events);
    let waiting = plans.iter().filter(|plan| plan.pause.is_some()).count();
    for (plan, seed) in plans.into_iter().zip(1..) {
        let (stage, channels) = (stage.clone(), channels.clone());
        readers.spawn(async move { reader::read(channels, plan, &stage, Dice(seed)).await });
    }
    let stop = CancellationToken::new();
    let publisher = {
        let (stage, store, stop) = (stage.clone(), stores[0].clone(), stop.clone());
        tokio::spawn(async move { stage.publish(&store, Dice(99), stop).await })
    };
    let mut writers = JoinSet::new();
    let of_each = events / stores.len() as u64;
    for (store, number) in stores.into_iter().zip(1..) {
        let stage = stage.clone();
        writers.spawn(async move { stage.write(&store, &format!("w{number}"), of_each).await });
    }
    let half = i64::try_from(events / 2).expect("small");
    let is_half = || async { (stage.published() >= half).then_some(()) };
    within(WRITING_LIMIT, is_half).await.expect("half of the events are published in time");
    purge(db, &stage, half / 2).await;
    let late = of_claims(&stage);
    let (of_late, all) = (stage.clone(), channels.clone());
    readers.spawn(async move { reader::read(all, late, &of_late, Dice(77)).await });
    (0..waiting).for_each(|_| paused.notify_one());
    paused.notify_waiters();
    writers.join_all().await;
    stop.cancel();
    publisher.await.expect("publishes");
    let readers: Vec<Reader> = readers.join_all().await;
    let stage = Arc::into_inner(stage).expect("nobody else has it");
    History {
        committed: stage.published.into_inner().expect("no panic"),
        rolled_back: stage.rolled_back.into_inner().expect("no panic"),
        readers,
    }
}

/// Returns a watcher of the claims with the first events, a filter that needs their ids.
fn of_claims(stage: &Stage) -> Plan {
    let published = stage.published.lock().expect("no panic");
    let claims = published.iter().take(90).map(|event| event.claim.clone()).collect();
    let filter = Filter::Claims(claims);
    Plan { kind: Kind::Statuses, filter, start: "snapshot", most: 300, pause: None }
}

/// Deletes published events up to a position, as a retention of the stream would. The history of
/// claims stays.
async fn purge(db: &TestDatabase, stage: &Stage, position: i64) {
    stage.purging.store(position, Ordering::SeqCst);
    db.run(format!("DELETE FROM published_events WHERE position <= {position}")).await;
    stage.purged.store(position, Ordering::SeqCst);
}
