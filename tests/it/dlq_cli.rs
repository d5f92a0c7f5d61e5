//! `dlq` on the program itself, as somebody on duty types it.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use crate::support;

use lapin::BasicProperties;
use lapin::options::{
    BasicPublishOptions, BasicRejectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use noemie_gateway::relay::topology::{DEAD, WORK};
use relay::{Broker, broker_url, eventually, on_broker};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::Duration;
use support::databases::on_sqlite;
use support::gateway;
use support::relay;
use support::samples::deposit_many;

const LIMIT: Duration = Duration::from_secs(60);

struct Answer {
    status: i32,
    out: String,
    err: String,
}

impl Answer {
    fn json(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            .collect()
    }
}

async fn dlq(dir: &Path, arguments: &'static [&'static str]) -> Answer {
    let dir = dir.to_owned();
    let whole: Vec<&str> = ["dlq"].iter().chain(arguments).copied().collect();
    let output =
        tokio::task::spawn_blocking(move || gateway::run(&dir, &whole, LIMIT)).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Answer {
        status: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_every_command_on_dead_letters_says_so() {
    let dir = tempfile::tempdir().unwrap();
    migrate(dir.path());
    for arguments in
        [&["list"][..], &["show"], &["replay", "--all"], &["drop", "--reason", "rejected", "--yes"]]
    {
        let answer = dlq(dir.path(), arguments).await;
        assert_eq!((answer.status, answer.out.as_str()), (64, ""), "{arguments:?}");
        assert!(answer.err.contains("no broker is configured"), "{}", answer.err);
    }
}

/// Creates the installation whose journal the commands write.
fn migrate(dir: &Path) {
    let migrated = gateway::run(dir, &["migrate"], LIMIT);
    assert!(migrated.status.success(), "{migrated:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_seen_sent_back_and_thrown_away_on_the_record() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let dir = tempfile::tempdir().unwrap();
            let settings = format!(
                "database_url = \"sqlite:data/gateway.db\"\namqp_url = {:?}\namqp_prefix = {:?}\n",
                broker_url(),
                broker.prefix.to_string()
            );
            fs::write(dir.path().join("noemie-gateway.toml"), settings).unwrap();
            let dir = dir.path();
            migrate(dir);
            let before = dlq(dir, &["list"]).await;
            assert!(
                before.status == 70 && before.err.contains("is not on the broker"),
                "{}",
                before.err
            );

            let relay = broker.relay(&db.store).await;
            deposit_many(&db.store, "d", 3).await;
            for delivery in broker.consume(WORK, 3).await {
                delivery.reject(BasicRejectOptions { requeue: false }).await.unwrap();
            }
            relay.stop().await;
            arrive(&broker, DEAD, 3).await;
            let list = dlq(dir, &["list", "--format", "json"]).await.json();
            assert_eq!(
                (list.len(), &list[0]["messages"], &list[0]["queue"]),
                (1, &Value::from(3), &Value::from("dead"))
            );
            assert_eq!(list[0]["origin"], broker.prefix.name(WORK));
            let (group, example) =
                (list[0]["group"].as_str().unwrap(), list[0]["example"].as_str().unwrap());
            let text = dlq(dir, &["list"]).await.out;
            assert!(
                text.contains(group) && text.contains(example) && text.contains("reason rejected"),
                "{text}"
            );
            let shown =
                dlq(dir, &["show", "--reason", "rejected", "--format", "json"]).await.json();
            assert!(
                shown.len() == 3
                    && shown
                        .iter()
                        .all(|letter| letter["body"]["fact"] == "received"
                            && letter["group"] == group)
            );

            assert_eq!(dlq(dir, &["replay"]).await.status, 64, "everything is asked for by --all");
            assert_eq!(
                dlq(dir, &["drop", "--yes"]).await.status,
                64,
                "a queue is not emptied at once"
            );
            let rehearsed =
                dlq(dir, &["replay", "--all", "--dry-run", "--format", "json"]).await.json();
            assert_eq!(
                (&rehearsed[0]["dry_run"], &rehearsed[0]["chosen"], &rehearsed[0]["done"]),
                (&true.into(), &3.into(), &0.into())
            );
            let timid = dlq(dir, &["drop", "--reason", "rejected"]).await;
            assert!(
                timid.status == 0
                    && timid.err.contains("--yes")
                    && timid.out.contains("nothing was touched"),
                "{}",
                timid.out
            );
            arrive(&broker, DEAD, 3).await;

            let replayed = dlq(dir, &["replay", "--all", "--max", "2", "--by", "marie"]).await;
            assert!(
                replayed.status == 0 && replayed.out.contains("2 of 2 replayed"),
                "{} {}",
                replayed.out,
                replayed.err
            );
            assert!(replayed.out.contains("1 stay for another run"), "{}", replayed.out);
            assert_eq!(broker.depth(WORK).await, 2);
            let dropped = dlq(
                dir,
                &[
                    "drop",
                    "--routing-key",
                    "claim.dre.#",
                    "--yes",
                    "--by",
                    "marie",
                    "--format",
                    "json",
                ],
            )
            .await;
            assert_eq!((dropped.status, &dropped.json()[0]["done"]), (0, &1.into()));
            arrive(&broker, DEAD, 0).await;
            let journal = dlq(dir, &["journal", "--format", "json"]).await.json();
            let stages: Vec<(&str, &str)> = journal
                .iter()
                .map(|s| (s["action"].as_str().unwrap(), s["stage"].as_str().unwrap()))
                .collect();
            let whole = |action| [(action, "done"), (action, "batch"), (action, "asked")];
            assert_eq!(stages, [whole("dlq.drop"), whole("dlq.replay")].concat());
            assert!(
                journal.iter().all(|step| step["actor"].as_str().unwrap().starts_with("marie ("))
            );
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_whose_queue_is_gone_are_told_by_the_name_of_the_queue() {
    on_broker(|broker| async move {
        let dir = tempfile::tempdir().unwrap();
        let settings = format!(
            "database_url = \"sqlite:data/gateway.db\"\namqp_url = {:?}\namqp_prefix = {:?}\n",
            broker_url(),
            broker.prefix.to_string()
        );
        fs::write(dir.path().join("noemie-gateway.toml"), settings).unwrap();
        let declaring = &broker;
        on_sqlite(|db| async move { declaring.relay(&db.store).await.stop().await }).await;
        let own = broker.prefix.name("own");
        let mut arguments = FieldTable::default();
        arguments.insert(
            "x-dead-letter-exchange".into(),
            AMQPValue::LongString(broker.prefix.name(DEAD).into()),
        );
        broker
            .channel
            .queue_declare(own.as_str().into(), QueueDeclareOptions::default(), arguments)
            .await
            .unwrap();
        let (key, properties) = (own.as_str().into(), BasicProperties::default());
        broker
            .channel
            .basic_publish("".into(), key, BasicPublishOptions::default(), b"{}", properties)
            .await
            .unwrap()
            .await
            .unwrap();
        broker.consume_one(&own).await.reject(BasicRejectOptions { requeue: false }).await.unwrap();
        arrive(&broker, DEAD, 1).await;
        broker
            .channel
            .queue_delete(own.as_str().into(), QueueDeleteOptions::default())
            .await
            .unwrap();
        migrate(dir.path());
        let replayed = dlq(dir.path(), &["replay", "--all", "--by", "marie"]).await;
        assert_eq!(replayed.status, 1, "{} {}", replayed.out, replayed.err);
        assert!(
            replayed.out.contains("0 of 1 replayed")
                && replayed.out.contains(&format!("1 stay: the queue {own} ")),
            "{}",
            replayed.out
        );
        let journal = dlq(dir.path(), &["journal", "--format", "json"]).await.json();
        assert_eq!(
            (&journal[0]["stage"], &journal[0]["detail"]["without_queue"][&own]),
            (&"done".into(), &1.into())
        );
        arrive(&broker, DEAD, 1).await;
    })
    .await;
}

async fn arrive(broker: &Broker, queue: &str, count: u32) {
    eventually("messages arrive", || async { broker.depth(queue).await == count }).await;
}
