//! Acts that the service refuses to a caller by his role or by his scope. Each refusal names the
//! caller and comes before anything is read or written.

use crate::ingest_support::{Gateway, dre, options};
use noemie_gateway::domain::{Caller, ExchangeId, Extent, Role, Scope, Sender};
use noemie_gateway::relay::AmqpSettings;
use noemie_gateway::service::dead_letters::{
    Act, DEFAULT_RUN_TIME, DeadLetters, DeadLettersError, DeadQueue, Limits,
};
use noemie_gateway::service::imports::ImportsError;
use noemie_gateway::service::local_files::LocalFileError;
use noemie_gateway::service::operations::OperationError;
use std::io;
use uuid::Uuid;

const ROLES: [Role; 6] =
    [Role::Concentrator, Role::Caisse, Role::Worker, Role::Desk, Role::Operator, Role::Auditor];

fn caller(role: Role) -> Caller {
    Caller { name: format!("{role:?}"), role, ..Caller::local() }
}

/// The name in a refusal of an operation; `None` for any other outcome.
fn refused<T>(outcome: Result<T, OperationError>) -> Option<String> {
    match outcome {
        Err(OperationError::NotOperator { name }) => Some(name),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_are_for_the_operator() {
    let gateway = Gateway::open().await;
    let operations = gateway.app.operations();
    let nothing = ExchangeId(Uuid::nil());
    for role in ROLES {
        let caller = caller(role);
        let expected = (role != Role::Operator).then(|| caller.name.clone());
        let abandoned = operations.abandon(&caller, nothing, &"essai".into(), None).await;
        let outcomes = [
            refused(operations.staged_deposits(&caller).await),
            refused(operations.staged_deposit(&caller, nothing).await),
            refused(abandoned),
            refused(operations.outbox(&caller).await),
            refused(operations.journal(&caller, 1).await),
            refused(gateway.app.verifier().verify(&caller, None).await),
        ];
        assert_eq!(outcomes, std::array::from_fn(|_| expected.clone()), "{role:?}");
    }
    assert_eq!(gateway.number("SELECT count(*) FROM operations_journal").await, 0);
}

/// The address of the broker leads nowhere: a refusal comes before the connection.
#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_for_the_operator() {
    let gateway = Gateway::open().await;
    let prefix = String::new().try_into().expect("no prefix");
    let letters = DeadLetters::new(AmqpSettings::new("amqp://127.0.0.1:1/%2f".into(), prefix));
    let queue = DeadQueue::ALL[0];
    let limits =
        Limits { queue, filter: Default::default(), max: None, look: 1, time: DEFAULT_RUN_TIME };
    let operations = gateway.app.operations();
    let name = |failure| match failure {
        DeadLettersError::Operation(OperationError::NotOperator { name }) => Some(name),
        _ => None,
    };
    for role in ROLES {
        let caller = caller(role);
        let expected = (role != Role::Operator).then(|| caller.name.clone());
        let outcomes = [
            letters.look(&caller, queue, 1).await.err().and_then(name),
            letters.dry_run(&caller, Act::Drop, &limits).await.err().and_then(name),
            letters
                .execute(&caller, Act::Drop, &limits, &operations, None)
                .await
                .err()
                .and_then(name),
        ];
        assert_eq!(outcomes, std::array::from_fn(|_| expected.clone()), "{role:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_imported_by_the_desk_and_the_operator() {
    let gateway = Gateway::open().await;
    let imports = gateway.app.imports();
    let name = |failure| match failure {
        ImportsError::NotPermitted { name } => Some(name),
        ImportsError::Import(_) => None,
    };
    for role in ROLES {
        let caller = caller(role);
        let expected = (!matches!(role, Role::Desk | Role::Operator)).then(|| caller.name.clone());
        let finess = imports.finess(&caller, io::empty(), &"a.csv".into(), false).await;
        let conventions = imports.conventions(&caller, io::empty(), &"a.csv".into()).await;
        let outcomes = [finess.err().and_then(name), conventions.err().and_then(name)];
        assert_eq!(outcomes, [expected.clone(), expected], "{role:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn local_files_are_deposited_by_an_operator_for_the_senders_of_the_scope() {
    let gateway = Gateway::open().await;
    let path = gateway.app.config.data_dir.join("one.b2");
    std::fs::write(&path, dre(&options(1))).expect("the file is written");
    let (mine, other): (Sender, Sender) =
        ("oct1".parse().expect("a sender"), "oct2".parse().expect("a sender"));
    let files = gateway.app.local_files();
    let scope = Scope { senders: Extent::Only([mine.to_string()].into()), ..Scope::everything() };
    for role in ROLES {
        let caller = Caller { scope: scope.clone(), ..caller(role) };
        for sender in [&mine, &other] {
            let expected = role == Role::Operator && *sender == mine;
            match files.deposit(&caller, &path, sender).await {
                Ok(_) => assert!(expected, "{role:?} {sender}"),
                Err(LocalFileError::NotPermitted { name }) => {
                    assert!(!expected && name == caller.name, "{role:?} {sender}");
                }
                Err(failure) => panic!("{role:?} {sender}: {failure:?}"),
            }
        }
    }
    assert_eq!(gateway.number("SELECT count(*) FROM exchanges").await, 1);
}
