//! Outages of RabbitMQ under load: stopped, killed, out of memory, silent, a queue deleted. Deposits
//! do not wait for the broker.

use super::broker::Broker;
use super::gateway::eventually;
use super::load::{Gateways, Load};
use super::proof;
use super::proxy::Proxy;
use super::servers::{self, Rabbit};
use super::support::databases::on_postgres;
use super::support::is_long;
use super::{Outage, blocking, drain, wait_until_idle};
use noemie_gateway::relay::topology::{UNROUTABLE, WORK};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

#[derive(Debug, Clone, Copy)]
enum RabbitOutage {
    ApplicationStopped,
    NodeKilled,
    OutOfMemory,
    Silent,
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_away() {
    let Some(server) = tokio::task::spawn_blocking(Rabbit::start).await.unwrap() else {
        eprintln!("SKIPPED: outages of RabbitMQ need its server programs on this machine");
        return;
    };
    let server = Arc::new(Mutex::new(server));
    // A silent broker is noticed after the longest time limit.
    let silent = is_long().then_some(RabbitOutage::Silent);
    let outages =
        [RabbitOutage::ApplicationStopped, RabbitOutage::NodeKilled, RabbitOutage::OutOfMemory];
    for what in outages.into_iter().chain(silent) {
        let server = Arc::clone(&server);
        on_postgres(move |db| async move { outage_of_rabbit(what, &server, &db.url).await }).await;
    }
    on_postgres(move |db| async move { queue_deleted(&server, &db.url).await }).await;
}

async fn outage_of_rabbit(what: RabbitOutage, server: &Arc<Mutex<Rabbit>>, url: &str) {
    let port = server.lock().unwrap().port();
    let straight = server.lock().unwrap().url();
    let (proxy, prefix) = (Proxy::start(port).await, format!("{what:?}."));
    let amqp = if matches!(what, RabbitOutage::Silent) {
        servers::url_at(proxy.port)
    } else {
        straight.clone()
    };
    let settings =
        [("NOEMIE_DATABASE_URL", url), ("NOEMIE_AMQP_URL", &amqp), ("NOEMIE_AMQP_PREFIX", &prefix)];
    let outage = Outage::begin(&format!("RabbitMQ: {what:?}"), &settings, url).await;
    match what {
        RabbitOutage::ApplicationStopped => {
            blocking(server, |s| s.control(&["stop_app"])).await;
            outage.expect_progress("while it is stopped").await;
            blocking(server, |s| s.control(&["start_app"])).await;
        }
        RabbitOutage::NodeKilled => {
            blocking(server, Rabbit::kill).await;
            outage.expect_progress("while it is dead").await;
            blocking(server, Rabbit::up).await;
        }
        RabbitOutage::OutOfMemory => {
            blocking(server, |s| s.control(&["set_vm_memory_high_watermark", "0.0001"])).await;
            outage.expect_progress("while it takes nothing").await;
            blocking(server, |s| s.control(&["set_vm_memory_high_watermark", "0.4"])).await;
        }
        RabbitOutage::Silent => {
            proxy.silence();
            outage.expect_progress("while it is silent").await;
            proxy.heal();
        }
    }
    let refusals = outage.end().await;
    assert!(refusals.is_empty(), "deposits do not wait for the broker: {refusals:?}");
    proof::check_facts(url, &drain(&Broker::at(straight, prefix).await, WORK).await).await;
}

/// An operator deletes the workers' queue when it is empty. The gateway declares it again, and the
/// events published meanwhile are in the unroutable queue.
async fn queue_deleted(server: &Arc<Mutex<Rabbit>>, url: &str) {
    let (amqp, prefix) = (server.lock().unwrap().url(), "deleted.".to_owned());
    let settings =
        [("NOEMIE_DATABASE_URL", url), ("NOEMIE_AMQP_URL", &amqp), ("NOEMIE_AMQP_PREFIX", &prefix)];
    let Outage { gateway, directory, load, .. } =
        Outage::begin("RabbitMQ: queue deleted", &settings, url).await;
    let (mut deposits, _) = load.stop().await;
    wait_until_idle(url, directory.path(), &deposits).await;
    let broker = Broker::at(amqp.clone(), prefix.clone()).await;
    let mut facts = drain(&broker, WORK).await;
    broker.delete_queue(WORK).await;
    let outage = Outage {
        load: Load::start(directory.path(), Gateways::new(vec![gateway.channel.clone()]), 2),
        gateway,
        directory,
        url: url.to_owned(),
    };
    outage.expect_progress("while it is gone").await;
    eventually("the queue is declared again", || async { broker.exists(WORK).await.then_some(()) })
        .await;
    outage.expect_progress("after").await;
    let (more, refusals) = outage.load.stop().await;
    deposits.extend(more);
    wait_until_idle(url, outage.directory.path(), &deposits).await;
    assert!(refusals.is_empty(), "deposits do not wait for the broker: {refusals:?}");
    let unroutable = drain(&broker, UNROUTABLE).await;
    println!("  {} events in the unroutable queue", unroutable.len());
    assert!(!unroutable.is_empty(), "no event was published while the queue was gone");
    facts.extend(unroutable);
    facts.extend(drain(&broker, WORK).await);
    proof::check(&outage.gateway, url, outage.directory.path(), &deposits, &BTreeSet::new()).await;
    proof::check_facts(url, &facts).await;
}
