//! Places where a test makes the gateway die, so that "never lost, never double" is tried at every
//! step between a byte and its event.
//!
//! `NOEMIE_KILL_AT=relay.confirmed` ends the process the first time it comes by that place,
//! `relay.confirmed:3` the third time; nothing else can be asked for. The process ends by SIGABRT,
//! which like SIGKILL runs no destructor, flushes nothing and answers nobody; a test tells it from
//! a crash elsewhere. Builds without debug assertions (releases) have no such places: [`reach`] is
//! empty there.

/// The variable that names the place.
pub const VARIABLE: &str = "NOEMIE_KILL_AT";

/// Every place, with what has just happened there, in the order of a file's life.
pub const PLACES: &[(&str, &str)] = &[
    ("drop.found", "a quiet file was found in the drop directory, nothing of it is read"),
    ("grpc.chunk", "some bytes of an upload are received"),
    ("archive.created", "the file has its name in the archive and its header"),
    ("archive.chunk", "a chunk is sealed and written"),
    ("archive.whole", "every chunk is on disk, under the name of the half-received"),
    ("archive.renamed", "the file is whole in the archive"),
    ("ingest.examined", "the first pass is over, nothing is in the database"),
    ("ingest.placed", "the exchange took its place"),
    ("load.opened", "a large deposit has its place for good, none of its invoices is written"),
    ("load.batch", "a batch of invoices comes, none of it is written"),
    ("load.claims", "the claims of a batch are written, their events are not"),
    ("load.written", "a batch is written"),
    ("load.committed", "a batch of a large deposit is committed, its receipt is not"),
    ("abandon.marked", "a load is marked to be given up, nothing of it is removed"),
    ("abandon.step", "some invoices of a load are removed, or its place is"),
    ("returns.matched", "a batch of returns changed its claims"),
    ("ingest.loaded", "every invoice is written, the books are not closed"),
    ("ingest.closed", "books, exchange and ARL are written, not committed"),
    ("ingest.committed", "the receipt is committed, nobody has it"),
    ("grpc.answer", "the answer of a deposit is about to leave"),
    ("drop.accepted", "the file has its receipt and is still in the drop directory"),
    ("drop.removed", "the file is removed from the drop directory"),
    ("deliver.begun", "a return file is about to be written"),
    ("deliver.aside", "a return file is written aside, under a hidden name"),
    (
        "deliver.placed",
        "a return file has its name in the directory of its recipient, its delivery is not marked",
    ),
    ("deliver.marked", "the delivery is marked"),
    ("relay.begun", "a wave of events is about to be published"),
    ("relay.sent", "a wave is with the broker, no confirm is read"),
    ("relay.confirmed", "a wave is confirmed, not marked"),
    ("relay.marked", "a wave is marked as published"),
    ("decide.written", "a decision, its event and its key are written, not committed"),
    ("decide.committed", "a decision is committed, its worker does not know"),
    ("rejects.written", "a 580 file is written, not committed"),
    ("rejects.committed", "a 580 file is committed"),
];

/// Ends the process when this is the place and the time that [`VARIABLE`] names.
#[cfg(debug_assertions)]
pub fn reach(place: &'static str) {
    use std::sync::OnceLock;
    static ORDER: OnceLock<Option<Order>> = OnceLock::new();
    debug_assert!(PLACES.iter().any(|(name, _)| *name == place), "{place} is not in the table");
    if ORDER
        .get_or_init(|| Order::read(&std::env::var(VARIABLE).ok()?))
        .as_ref()
        .is_some_and(|order| order.is_due(place))
    {
        std::process::abort();
    }
}

/// Nothing, in a release.
#[cfg(not(debug_assertions))]
pub const fn reach(_place: &'static str) {}

/// Where to die, and how many visits before.
#[cfg(debug_assertions)]
struct Order {
    place: String,
    visits_left: std::sync::atomic::AtomicU32,
}

#[cfg(debug_assertions)]
impl Order {
    /// Reads `place` or `place:n`; nothing when it is neither.
    fn read(text: &str) -> Option<Self> {
        let (place, visits) = text.split_once(':').unwrap_or((text, "1"));
        let visits: u32 = visits.parse().ok().filter(|n| *n > 0)?;
        PLACES
            .iter()
            .any(|(name, _)| *name == place)
            .then(|| Self { place: place.to_owned(), visits_left: visits.into() })
    }

    fn is_due(&self, place: &str) -> bool {
        self.place == place
            && self.visits_left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_say_their_room() {
        for (at, (name, said)) in PLACES.iter().enumerate() {
            assert!(PLACES[..at].iter().all(|(earlier, _)| earlier != name), "{name} twice");
            assert!(
                name.split_once('.').is_some_and(|(room, _)| !room.is_empty()) && !said.is_empty(),
                "{name}"
            );
        }
    }

    #[test]
    #[cfg(debug_assertions)]
    fn the_nth_visit_is_the_last() {
        let order = Order::read("relay.marked:2").expect("a place");
        assert_eq!(
            [
                order.is_due("relay.marked"),
                order.is_due("relay.sent"),
                order.is_due("relay.marked"),
                order.is_due("relay.marked")
            ],
            [false, false, true, false]
        );
        for wrong in ["nowhere", "relay.marked:0", "relay.marked:x", ""] {
            assert!(Order::read(wrong).is_none(), "{wrong}");
        }
    }
}
