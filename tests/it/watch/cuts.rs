//! Readers with different filters, cut at random moments and resumed by their tokens, while events
//! are written and old ones are deleted.

use super::history::{End, History};
use super::recording::{limits, record};
use super::server::Server;
use super::{mutants, predicates};
use crate::on_both;
use crate::support::databases::TestDatabase;
use crate::support::is_long;

on_both!(readers_cut_at_random_miss_no_event_and_get_none_twice);

/// Events of the short and of the long form.
const SHORT: u64 = 2_000;
const LONG: u64 = 50_000;

async fn readers_cut_at_random_miss_no_event_and_get_none_twice(db: TestDatabase) {
    let server = Server::start(&db.database, limits()).await;
    let stores = vec![db.store.clone(), db.store.clone()];
    let events = if is_long() { LONG } else { SHORT };
    let history = record(&db, stores, vec![server.channel.clone()], events).await;
    assert!(history.committed.len() as u64 >= events);
    assert!(count(&history, |end| *end == End::Cut) > 50, "the streams were cut");
    predicates::hold(&history);
    let expired = count(&history, |end| matches!(end, End::Failed { .. }));
    assert!(expired >= 2, "the tokens of the two readers that paused are purged");
    mutants::are_rejected(&history);
}

fn count(history: &History, is_it: impl Fn(&End) -> bool) -> usize {
    history.lives().flat_map(|(_, life)| life).filter(|stream| is_it(&stream.end)).count()
}
