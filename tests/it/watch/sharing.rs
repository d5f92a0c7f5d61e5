//! Streams of one replica share their readings, whatever their lane.

use super::history::{Filter, Kind, Message};
use super::reader::{self, Plan};
use super::recording::limits;
use super::server::Server;
use crate::support::databases::{TestDatabase, on_sqlite};
use crate::support::samples::deposit_many;
use crate::support::wait::PATIENCE;
use futures::StreamExt as _;
use noemie_gateway::clock::{Clock as _, SystemClock};
use noemie_gateway::grpc::proto::WatchDreRequest;
use noemie_gateway::grpc::proto::dre_status_service_client::DreStatusServiceClient;
use noemie_gateway::store::SharedStore;
use tokio::time::timeout;

fn plan(filter: Filter) -> Plan {
    Plan { kind: Kind::Events, filter, start: "oldest", most: u64::MAX, pause: None }
}

async fn publish(store: &SharedStore) {
    let waiting = store.unpublished_events(1_000, &[]).await.expect("reads the outbox");
    let numbers: Vec<i64> = waiting.iter().map(|event| event.event_no).collect();
    store.mark_published(&numbers, SystemClock.now()).await.expect("publishes");
}

/// Returns the messages of a stream up to its first heartbeat, without it, and its position.
async fn catch_up(server: &Server, plan: Plan) -> (Vec<Message>, i64) {
    let mut stream = reader::open(server.channel.clone(), &plan, "").await.expect("subscribes");
    let mut messages = Vec::new();
    loop {
        let message = timeout(PATIENCE, stream.next()).await.expect("in time").expect("goes on");
        let (_, message) = message.expect("a message");
        if message.change().is_none() {
            return (messages, message.token);
        }
        messages.push(message);
    }
}

/// An event that was read for one stream is shown to the next one without another reading: its row
/// is gone meanwhile.
#[tokio::test]
async fn one_reading_serves_every_stream() {
    on_sqlite(|db: TestDatabase| async move {
        let server = Server::start(&db.database, limits()).await;
        deposit_many(&db.store, "a", 300).await;
        publish(&db.store).await;
        assert_eq!(catch_up(&server, plan(Filter::Everything)).await.0.len(), 300);
        db.run("DELETE FROM published_events WHERE position = 100".to_owned()).await;
        let (again, end) = catch_up(&server, plan(Filter::Everything)).await;
        assert_eq!((again.len(), end), (300, 300));
    })
    .await;
}

/// A watcher of the test lane moves on although every event is of the real lane.
#[tokio::test]
async fn events_of_the_other_lane_move_the_token() {
    on_sqlite(|db: TestDatabase| async move {
        let server = Server::start(&db.database, limits()).await;
        deposit_many(&db.store, "a", 300).await;
        publish(&db.store).await;
        let request = WatchDreRequest { test: true, ..WatchDreRequest::default() };
        let mut client = DreStatusServiceClient::new(server.channel.clone());
        let mut stream = client.watch_dre(request).await.expect("watches").into_inner();
        let first = timeout(PATIENCE, stream.next()).await.expect("in time").expect("goes on");
        let first = first.expect("a message");
        assert_eq!((first.dre, reader::position(&first.resume_token)), (None, 300));
    })
    .await;
}

/// Another program publishes on the same database, and nobody notifies this one.
#[tokio::test]
async fn a_lost_notification_costs_some_seconds() {
    on_sqlite(|db: TestDatabase| async move {
        let server = Server::start(&db.database, limits_of_days()).await;
        let mut stream = reader::open(server.channel.clone(), &plan(Filter::Everything), "")
            .await
            .expect("subscribes");
        let (_, caught_up) = stream.next().await.expect("goes on").expect("a message");
        assert_eq!(caught_up.token, 0);
        let other = db.replica().await;
        deposit_many(&other, "a", 1).await;
        publish(&other).await;
        let event = timeout(PATIENCE, stream.next()).await.expect("in time").expect("goes on");
        assert_eq!(event.expect("a message").1.token, 1);
    })
    .await;
}

/// Limits with heartbeats so rare that they cause no reading.
fn limits_of_days() -> noemie_gateway::limits::GrpcLimits {
    let day = std::time::Duration::from_secs(86_400);
    noemie_gateway::limits::GrpcLimits { heartbeat_interval: day, ..limits() }
}
