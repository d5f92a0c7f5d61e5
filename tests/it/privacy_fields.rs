//! Every text field of every method of the API, every argument of the commands and every free zone
//! of the files gets a NIR and a bank account in turn, and every sink is read for them
//! (invariant 4).
//!
//! The fields are walked by the descriptors of the package: a field that is added to a proto is
//! covered by that. A new method fails the test until `bases.rs` gives a request for it.

mod bases;
mod calls;
mod commands;
mod fields;
mod files;
mod plants;
mod sinks;

use crate::on_both;
use crate::support;

use calls::{Answer, call};
use fields::{build, plant, text_paths};
use noemie_gateway::grpc::proto::DESCRIPTORS;
use plants::{Plant, plants};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use sinks::Sinks;
use std::sync::Arc;
use support::broker::{Broker, on_broker};
use support::databases::TestDatabase;
use support::gateway::{Gateway, eventually};
use tonic_types::StatusExt as _;

const PACKAGE: &str = "noemie.gateway.v1";
/// Name that the calls state, unless it is the planted one.
const CALLER: &str = "worker-1";

/// The methods of the package.
fn methods() -> Vec<MethodDescriptor> {
    let pool = DescriptorPool::decode(DESCRIPTORS).expect("the descriptors decode");
    let services: Vec<_> = pool.services().filter(|s| s.package_name() == PACKAGE).collect();
    services.iter().flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

fn name(method: &MethodDescriptor) -> String {
    format!("{}.{}", method.parent_service().name(), method.name())
}

async fn nothing_that_is_typed_names_a_person(db: TestDatabase) {
    if db.is_postgres() {
        on_broker(|broker| run(db, Some(broker))).await;
    } else {
        run(db, None).await;
    }
}

on_both! { nothing_that_is_typed_names_a_person }

async fn run(db: TestDatabase, broker: Option<Arc<Broker>>) {
    let directory = tempfile::tempdir().expect("a directory");
    let (prefix, url) = broker.as_ref().map(|b| (b.prefix(), b.url())).unzip();
    let mut settings = vec![("NOEMIE_DATABASE_URL", db.url.as_str()), ("NOEMIE_LOG", "trace")];
    settings.extend(prefix.as_deref().map(|prefix| ("NOEMIE_AMQP_PREFIX", prefix)));
    settings.push(url.as_deref().map_or(("NOEMIE_SINK", "local"), |url| ("NOEMIE_AMQP_URL", url)));
    let gateway = Gateway::start(directory.path(), &settings).await;
    let mut sinks = Sinks::default();
    let world = bases::World::new(&gateway).await;

    for method in methods() {
        every_base_is_valid(&gateway, &world, &method).await;
        plant_every_field(&gateway, &world, &method, &mut sinks).await;
    }
    files::deposit(&gateway, &mut sinks).await;
    commands::run(&gateway, &mut sinks);
    drop_files(&gateway).await;

    eventually("the outbox is empty", || async {
        gateway.metric("noemie_outbox_pending").await.filter(|n| *n == 0.0).map(|_| ())
    })
    .await;
    if let Some(broker) = &broker {
        for message in broker.drain(noemie_gateway::relay::topology::WORK).await {
            sinks.add("message", message.raw);
        }
    }
    sinks.add("metrics", gateway.admin_get("/metrics").await);
    sinks.add("health", gateway.admin_get("/healthz").await);
    gateway.terminate();
    assert!(gateway.ended().await.success());
    sinks.add_directory(directory.path(), &directory.path().join("data/in"));
    sinks.add_database(&db).await;
    sinks.assert_clean();
    assert!(sinks.hold("*************"), "the masked texts were stored");
}

/// Sends the requests of a method as they are: a plant in a request that is refused anyway would
/// prove nothing.
async fn every_base_is_valid(gateway: &Gateway, world: &bases::World, method: &MethodDescriptor) {
    let bases = bases::of(&name(method));
    assert!(!bases.is_empty(), "{}: bases.rs has no request for it", name(method));
    for base in bases {
        let messages = build(method, base(world), world);
        let answer = call(&gateway.channel, method, &messages, CALLER).await;
        assert!(matches!(answer, Answer::Message(_)), "{}: {answer:?}", name(method));
    }
}

async fn plant_every_field(
    gateway: &Gateway,
    world: &bases::World,
    method: &MethodDescriptor,
    sinks: &mut Sinks,
) {
    let bases = bases::of(&name(method));
    let built: Vec<Vec<DynamicMessage>> =
        bases.iter().map(|base| build(method, base(world), world)).collect();
    for path in text_paths(&method.input()) {
        // The requests that have the message of the field; all of them when none has it.
        let has = |n: &usize| built[*n].iter().any(|message| path.is_in(message));
        let having: Vec<usize> = (0..bases.len()).filter(has).collect();
        let chosen = if having.is_empty() { (0..bases.len()).collect() } else { having };
        for base in chosen.into_iter().map(|n| bases[n]) {
            for secret in plants() {
                let mut messages = build(method, base(world), world);
                let at = messages.iter().position(|m| path.is_in(m)).unwrap_or(0);
                plant(&mut messages[at], &path, &secret.text);
                let answer = call(&gateway.channel, method, &messages, CALLER).await;
                let place = format!("{} {path} ({})", name(method), secret.what);
                check_refusal(&answer, path.leaf(), &place);
                sinks.add_answer(place, &answer);
            }
        }
    }
    plant_the_stated_name(gateway, world, method, sinks).await;
}

/// The name of the caller is metadata, which no descriptor names.
async fn plant_the_stated_name(
    gateway: &Gateway,
    world: &bases::World,
    method: &MethodDescriptor,
    sinks: &mut Sinks,
) {
    for Plant { what, text } in plants() {
        let Some(base) = bases::of(&name(method)).into_iter().next() else { return };
        let messages = build(method, base(world), world);
        let answer = call(&gateway.channel, method, &messages, &text).await;
        let place = format!("{} x-noemie-caller ({what})", name(method));
        check_refusal(&answer, "x-noemie-caller", &place);
        sinks.add_answer(place, &answer);
    }
}

/// Asserts that a refusal names the field and has a stable code; an accepted text was masked, which
/// the sinks show.
fn check_refusal(answer: &Answer, leaf: &str, place: &str) {
    match answer {
        Answer::Refused(status) => {
            let details = status.get_error_details();
            let violations =
                details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
            let named = violations.iter().find(|v| {
                let last = v.field.rsplit('.').next().unwrap_or_default();
                last.split('[').next() == Some(leaf)
            });
            let named = named.unwrap_or_else(|| panic!("{place}: {status:?}"));
            assert_eq!(status.code(), tonic::Code::InvalidArgument, "{place}");
            if named.description.contains("NIR") {
                let reason = details.error_info().map(|info| info.reason.as_str());
                assert_eq!(reason, Some("identity_refused"), "{place}");
            }
        }
        Answer::Message(json) if json.contains("\"error\"") => {
            assert!(json.contains(leaf), "{place}: {json}");
        }
        Answer::Message(_) | Answer::Silence => {}
    }
}

/// Files, a file of no sender and the folder of a sender whose names are plants.
async fn drop_files(gateway: &Gateway) {
    let taken = gateway.exchanges().await.len();
    for (n, secret) in plants().into_iter().enumerate() {
        let file = bases::file();
        gateway.drop_file(bases::SENDER, &format!("{}.b2", secret.text), &file);
        gateway.drop_file(&secret.text, &format!("{n}.b2"), &file);
        std::fs::write(gateway.dir.join("data/in").join(format!("{}.b2", secret.text)), &file)
            .expect("the file is written");
    }
    eventually("the dropped files are taken", || async {
        (gateway.exchanges().await.len() >= taken + plants().len()).then_some(())
    })
    .await;
    eventually("the skipped entries are logged", || {
        let skipped = gateway.log().matches("entry of the drop directory skipped").count();
        std::future::ready((skipped >= 2 * plants().len()).then_some(()))
    })
    .await;
}
