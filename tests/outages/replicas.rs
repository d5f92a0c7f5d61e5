//! Some gateways on one database and one directory, of which one is always going away.

use super::broker::on_broker;
use super::gateway::{Gateway, eventually};
use super::load::{Doors, Load};
use super::proof::{self, number};
use super::support::databases::on_postgres;
use super::{EXCHANGES, SOME, heard, settles};
use noemie_gateway::relay::topology::WORK;
use std::collections::BTreeSet;

/// Gateways on one database, and how many of them are killed, one after the other.
const REPLICAS: usize = 3;
const ROUNDS: usize = 6;

/// Three gateways on one database and one directory; each round one of them is killed and started
/// again.
#[tokio::test(flavor = "multi_thread")]
async fn are_killed_in_turn() {
    on_broker(|broker| {
        on_postgres(|db| async move {
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
            let doors = Doors::new(gateways.iter().map(|g| g.channel.clone()).collect());
            let load = Load::start(directory.path(), doors.clone(), 1);
            for round in 0..ROUNDS {
                let before = number(&db.url, EXCHANGES).await.unwrap();
                eventually("files go through", || async {
                    number(&db.url, EXCHANGES).await.ok().filter(|now| *now >= before + SOME)
                })
                .await;
                let at = round % REPLICAS;
                gateways[at].kill();
                gateways[at] = Gateway::start(directory.path(), &settings).await;
                doors.replace(at, gateways[at].channel.clone());
            }
            let (deposits, refusals) = load.stop().await;
            settles(&db.url, directory.path(), &deposits).await;
            println!(
                "{REPLICAS} replicas, {ROUNDS} kills, {} files; refused on the way: {refusals:?}",
                deposits.len()
            );
            proof::check(&gateways[0], &db.url, directory.path(), &deposits, &BTreeSet::new())
                .await;
            proof::check_facts(&db.url, &proof::stream(&gateways[0], &db.url).await).await;
            proof::check_facts(&db.url, &heard(&broker, WORK).await).await;
        })
    })
    .await;
}
