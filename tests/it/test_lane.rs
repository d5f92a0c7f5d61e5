//! The test lane: files marked as tests or demonstrations get the same controls and answers, and
//! change nothing of the real lane.

mod apart;
mod property;

use crate::support::databases::TestDatabase;
use noemie_gateway::domain::{Caller, Lane};
use noemie_gateway::service::claims::{ClaimQuery, Claims};
use noemie_gateway::service::view::ClaimView;
use noemie_gateway::store::OutboxEvent;

/// Column of the mark in the type 6, and in the 000 of NOEMIE behind its length.
const IN_TYPE_6: usize = 54;
const IN_000: usize = 4 + 70;

/// Returns a file with another mark: each type 6 of a DRE in lines, or the first 000 of a return.
fn marked(file: &[u8], mark: u8) -> Vec<u8> {
    let mut file = file.to_vec();
    if file.starts_with(b"000") {
        let mut start = 0;
        while start < file.len() {
            let end =
                file[start..].iter().position(|b| *b == b'\n').map_or(file.len(), |n| start + n);
            if file[start] == b'6' {
                file[start + IN_TYPE_6] = mark;
            }
            start = end + 1;
        }
    } else {
        file[IN_000] = mark;
    }
    file
}

/// Returns the local caller in a lane.
fn caller(lane: Lane) -> Caller {
    Caller::local().in_lane(lane)
}

/// Returns the claims of a lane, newest first.
async fn listed(claims: &Claims, lane: Lane) -> Vec<ClaimView> {
    claims.list(&caller(lane), ClaimQuery::default(), None, 1_000).await.expect("lists").items
}

/// Returns the events that wait, in order.
async fn waiting(db: &TestDatabase) -> Vec<OutboxEvent> {
    db.store.unpublished_events(10_000, &[]).await.expect("reads")
}
