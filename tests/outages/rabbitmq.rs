//! RabbitMQ goes away under load: stopped, killed, out of memory, silent, a queue deleted. Deposits
//! do not wait for it.

use super::broker::Broker;
use super::gateway::eventually;
use super::load::{Doors, Load};
use super::proof;
use super::proxy::Proxy;
use super::servers::{self, Rabbit};
use super::support::databases::on_postgres;
use super::{Outage, elsewhere, heard, settles};
use noemie_gateway::relay::topology::{UNROUTABLE, WORK};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

#[derive(Debug, Clone, Copy)]
enum OfRabbit {
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
    for what in [
        OfRabbit::ApplicationStopped,
        OfRabbit::NodeKilled,
        OfRabbit::OutOfMemory,
        OfRabbit::Silent,
    ] {
        let server = Arc::clone(&server);
        on_postgres(move |db| async move { outage_of_rabbit(what, &server, &db.url).await }).await;
    }
    on_postgres(move |db| async move { queue_deleted(&server, &db.url).await }).await;
}

async fn outage_of_rabbit(what: OfRabbit, server: &Arc<Mutex<Rabbit>>, url: &str) {
    let port = server.lock().unwrap().port();
    let straight = server.lock().unwrap().url();
    let (proxy, prefix) = (Proxy::start(port).await, format!("{what:?}."));
    let amqp = if matches!(what, OfRabbit::Silent) {
        servers::url_at(proxy.port)
    } else {
        straight.clone()
    };
    let settings =
        [("NOEMIE_DATABASE_URL", url), ("NOEMIE_AMQP_URL", &amqp), ("NOEMIE_AMQP_PREFIX", &prefix)];
    let outage = Outage::begin(&format!("RabbitMQ: {what:?}"), &settings, url).await;
    match what {
        OfRabbit::ApplicationStopped => {
            elsewhere(server, |s| s.control(&["stop_app"])).await;
            outage.goes_on("while it is stopped").await;
            elsewhere(server, |s| s.control(&["start_app"])).await;
        }
        OfRabbit::NodeKilled => {
            elsewhere(server, Rabbit::kill).await;
            outage.goes_on("while it is dead").await;
            elsewhere(server, Rabbit::up).await;
        }
        OfRabbit::OutOfMemory => {
            elsewhere(server, |s| s.control(&["set_vm_memory_high_watermark", "0.0001"])).await;
            outage.goes_on("while it takes nothing").await;
            elsewhere(server, |s| s.control(&["set_vm_memory_high_watermark", "0.4"])).await;
        }
        OfRabbit::Silent => {
            proxy.silence();
            outage.goes_on("while it is silent").await;
            proxy.heal();
        }
    }
    let refusals = outage.end().await;
    assert!(refusals.is_empty(), "deposits do not wait for the broker: {refusals:?}");
    proof::check_facts(url, &heard(&Broker::at(straight, prefix).await, WORK).await).await;
}

/// Somebody deletes the workers' queue, which they had emptied: the gateway declares it again, and
/// what it published meanwhile waits with the unroutable.
async fn queue_deleted(server: &Arc<Mutex<Rabbit>>, url: &str) {
    let (amqp, prefix) = (server.lock().unwrap().url(), "deleted.".to_owned());
    let settings =
        [("NOEMIE_DATABASE_URL", url), ("NOEMIE_AMQP_URL", &amqp), ("NOEMIE_AMQP_PREFIX", &prefix)];
    let Outage { gateway, directory, load, .. } =
        Outage::begin("RabbitMQ: queue deleted", &settings, url).await;
    let (mut deposits, _) = load.stop().await;
    settles(url, directory.path(), &deposits).await;
    let broker = Broker::at(amqp.clone(), prefix.clone()).await;
    let mut facts = heard(&broker, WORK).await;
    broker.delete_queue(WORK).await;
    let outage = Outage {
        load: Load::start(directory.path(), Doors::new(vec![gateway.channel.clone()]), 2),
        gateway,
        directory,
        url: url.to_owned(),
    };
    outage.goes_on("while it is gone").await;
    eventually("the queue is declared again", || async { broker.exists(WORK).await.then_some(()) })
        .await;
    outage.goes_on("after").await;
    let (more, refusals) = outage.load.stop().await;
    deposits.extend(more);
    settles(url, outage.directory.path(), &deposits).await;
    assert!(refusals.is_empty(), "deposits do not wait for the broker: {refusals:?}");
    let unroutable = heard(&broker, UNROUTABLE).await;
    println!("  {} events waited with the unroutable", unroutable.len());
    assert!(!unroutable.is_empty(), "no event left while the queue was gone");
    facts.extend(unroutable);
    facts.extend(heard(&broker, WORK).await);
    proof::check(&outage.gateway, url, outage.directory.path(), &deposits, &BTreeSet::new()).await;
    proof::check_facts(url, &facts).await;
}
