//! Deposits in the name of senders, and the scope of the caller.

use crate::grpc_support::Gateway;
use futures::stream;
use noemie_gateway::domain::{Caller, Channel, Extent, Role, Scope};
use noemie_gateway::service::deposits::{Deposit, IngestError};
use std::io;

/// A concentrator that may deposit in the name of `oct-1` only.
fn concentrator() -> Caller {
    let senders = Extent::Only(["oct-1".to_owned()].into());
    let scope = Scope { senders, ..Scope::everything() };
    Caller { name: "oct-1".into(), role: Role::Concentrator, scope, ..Caller::local() }
}

fn deposit(sender: &str) -> Deposit {
    Deposit {
        sender: sender.parse().expect("a sender"),
        channel: Channel::Grpc,
        file_name: "f.b2".into(),
        idempotency_key: None,
    }
}

#[tokio::test]
async fn a_sender_outside_the_scope_is_refused_before_a_byte_is_read() {
    let gateway = Gateway::start().await;
    let deposits = &gateway.service.deposits;
    let mut unread = stream::poll_fn(|_| -> std::task::Poll<Option<io::Result<Vec<u8>>>> {
        panic!("a byte was read")
    });
    let refused = deposits.submit(&concentrator(), deposit("oct-2"), &mut unread).await;
    assert!(matches!(refused, Err(IngestError::SenderOutsideScope)), "{refused:?}");
    assert_eq!(gateway.number("SELECT count(*) FROM exchanges").await, 0);
    let mut bytes = stream::iter([io::Result::Ok(b"no file of a known norm".to_vec())]);
    let receipt = deposits.submit(&concentrator(), deposit("oct-1"), &mut bytes).await;
    assert_eq!(receipt.expect("a receipt").exchange.sender, "oct-1");
}
