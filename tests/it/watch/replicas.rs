//! Two replicas over one PostgreSQL: each stream continues on the other replica, and both write.

use super::recording::{limits, record};
use super::server::Server;
use super::{mutants, predicates};
use crate::support::databases::{TestDatabase, on_postgres};
use crate::support::is_long;
use noemie_gateway::store::Database;

/// Events of the short and of the long form.
const SHORT: u64 = 1_000;
const LONG: u64 = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_continues_on_another_replica() {
    on_postgres(|db: TestDatabase| async move {
        let nowhere = std::path::Path::new("no-data-directory");
        let other = Database::open(Some(&db.url), nowhere, 4).await.expect("opens a second time");
        let servers =
            [Server::start(&db.database, limits()).await, Server::start(&other, limits()).await];
        let stores = servers.iter().map(|server| server.store.clone()).collect();
        let channels = servers.iter().map(|server| server.channel.clone()).collect();
        let events = if is_long() { LONG } else { SHORT };
        let history = record(&db, stores, channels, events).await;
        predicates::hold(&history);
        mutants::are_rejected(&history);
    })
    .await;
}
