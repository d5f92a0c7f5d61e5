//! Replicas: several gateways on one database and one directory, killed in turn.

use super::broker::on_broker;
use super::gateway::{Gateway, eventually};
use super::load::{Gateways, Load};
use super::proof::{self, number};
use super::servers::postgres_with;
use super::support::databases::on_postgres_at;
use super::support::is_long;
use super::{EXCHANGES, PROGRESS, drain, wait_until_idle};
use noemie_gateway::relay::topology::WORK;
use std::collections::BTreeSet;

/// Number of gateways.
const REPLICAS: usize = 3;
/// Number of kills in a long run; a short run kills each gateway once.
const LONG_ROUNDS: usize = 6;
/// Free connections that a PostgreSQL needs for the gateways and the test.
const CONNECTIONS: i64 = 60;

/// Each round kills one gateway and starts it again. No file is lost and no claim is stored twice.
#[tokio::test(flavor = "multi_thread")]
async fn are_killed_in_turn() {
    let server = postgres_with(CONNECTIONS).await;
    let rounds = if is_long() { LONG_ROUNDS } else { REPLICAS };
    on_broker(move |broker| async move {
        on_postgres_at(&server, move |db| async move {
            let (directory, prefix, amqp) =
                (tempfile::tempdir().unwrap(), broker.prefix(), broker.url());
            let settings = [
                ("NOEMIE_DATABASE_URL", db.url.as_str()),
                ("NOEMIE_DATABASE_CONNECTIONS", "5"),
                ("NOEMIE_AMQP_URL", &amqp),
                ("NOEMIE_AMQP_PREFIX", &prefix),
            ];
            let mut gateways = Vec::new();
            for _ in 0..REPLICAS {
                gateways.push(Gateway::start(directory.path(), &settings).await);
            }
            let channels = Gateways::new(gateways.iter().map(|g| g.channel.clone()).collect());
            let load = Load::start(directory.path(), channels.clone(), 1);
            for round in 0..rounds {
                let before = number(&db.url, EXCHANGES).await.unwrap();
                eventually("exchanges are completed", || async {
                    number(&db.url, EXCHANGES).await.ok().filter(|now| *now >= before + PROGRESS)
                })
                .await;
                let at = round % REPLICAS;
                gateways[at].kill();
                gateways[at] = Gateway::start(directory.path(), &settings).await;
                channels.replace(at, gateways[at].channel.clone());
            }
            let (deposits, refusals) = load.stop().await;
            wait_until_idle(&db.url, directory.path(), &deposits).await;
            println!(
                "{REPLICAS} replicas, {rounds} kills, {} files; refusals: {refusals:?}",
                deposits.len()
            );
            proof::check(&gateways[0], &db.url, directory.path(), &deposits, &BTreeSet::new())
                .await;
            proof::check_facts(&db.url, &proof::stream(&gateways[0], &db.url).await).await;
            proof::check_facts(&db.url, &drain(&broker, WORK).await).await;
        })
        .await;
    })
    .await;
}
