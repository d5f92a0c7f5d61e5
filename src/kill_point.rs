//! Kill points: named points of the code where a test ends the process, between two lasting
//! effects. The tests prove at each of them that no file is lost and no claim is stored twice.
//!
//! `NOEMIE_KILL_AT=relay.confirmed` ends the process when it first reaches that point,
//! `relay.confirmed:3` when it reaches it for the third time. The process ends by SIGABRT, which
//! like SIGKILL runs no destructor and flushes no buffer, and which a test can tell from another
//! crash. Builds without debug assertions (releases) have no kill points: [`reach`] is empty there.

/// Environment variable that names the kill point.
pub const VARIABLE: &str = "NOEMIE_KILL_AT";

/// Every kill point with the state of the work at that point, in the order that a file passes them.
pub const POINTS: &[(&str, &str)] = &[
    ("drop.found", "a complete file was found in the drop directory, none of its bytes is read"),
    ("grpc.chunk", "some bytes of an upload are received"),
    ("archive.created", "the file has its name in the archive and its header"),
    ("archive.chunk", "a chunk is sealed and written"),
    ("archive.whole", "every chunk is on disk, under the temporary name"),
    ("archive.renamed", "the file has its final name in the archive"),
    ("ingest.examined", "the first pass is over, no row is written"),
    ("ingest.placed", "the row of the exchange is written"),
    ("load.opened", "a staged deposit is committed, none of its invoices is written"),
    ("load.batch", "a batch of invoices is read, none of it is written"),
    ("load.claims", "the claims of a batch are written, their events are not"),
    ("load.written", "a batch is written"),
    ("load.committed", "a batch of a staged deposit is committed, its receipt is not"),
    (
        "abandon.marked",
        "the withdrawal of a staged deposit is committed, none of its rows is deleted",
    ),
    ("abandon.step", "some invoices of a withdrawn deposit are deleted, or its exchange is"),
    ("returns.matched", "a batch of returns changed its claims"),
    ("ingest.loaded", "every invoice is written, the ledger is not"),
    ("ingest.closed", "ledger, exchange and ARL are written, not committed"),
    ("ingest.committed", "the receipt is committed, and not yet sent"),
    ("grpc.answer", "the answer of a deposit is about to leave"),
    ("drop.accepted", "the file has its receipt and is still in the drop directory"),
    ("drop.removed", "the file is removed from the drop directory"),
    ("deliver.begun", "a return file is about to be written"),
    ("deliver.aside", "a return file is written under a hidden name"),
    (
        "deliver.placed",
        "a return file has its name in the directory of its recipient, its delivery is not marked",
    ),
    ("deliver.marked", "the delivery is marked"),
    ("relay.begun", "a batch of events is about to be published"),
    ("relay.sent", "a batch is sent to the broker, no confirm is read"),
    ("relay.confirmed", "a batch is confirmed, not marked as published"),
    ("relay.marked", "a batch is marked as published"),
    ("decide.written", "a decision, its event and its key are written, not committed"),
    ("decide.committed", "a decision is committed, its worker has no answer"),
    ("rejects.written", "a 580 file is written, not committed"),
    ("rejects.committed", "a 580 file is committed"),
];

/// Ends the process when [`VARIABLE`] names this kill point and this visit.
#[cfg(debug_assertions)]
pub fn reach(point: &'static str) {
    use std::sync::OnceLock;
    static ORDER: OnceLock<Option<Order>> = OnceLock::new();
    debug_assert!(POINTS.iter().any(|(name, _)| *name == point), "{point} is not in the table");
    if ORDER
        .get_or_init(|| Order::read(&std::env::var(VARIABLE).ok()?))
        .as_ref()
        .is_some_and(|order| order.is_due(point))
    {
        std::process::abort();
    }
}

/// Does nothing: a release has no kill points.
#[cfg(not(debug_assertions))]
pub const fn reach(_point: &'static str) {}

/// The kill point where the process ends, and the number of visits until then.
#[cfg(debug_assertions)]
struct Order {
    point: String,
    visits_left: std::sync::atomic::AtomicU32,
}

#[cfg(debug_assertions)]
impl Order {
    /// Reads `point` or `point:n`. Returns `None` for an unknown point or a visit that is not a
    /// positive number.
    fn read(text: &str) -> Option<Self> {
        let (point, visits) = text.split_once(':').unwrap_or((text, "1"));
        let visits: u32 = visits.parse().ok().filter(|n| *n > 0)?;
        POINTS
            .iter()
            .any(|(name, _)| *name == point)
            .then(|| Self { point: point.to_owned(), visits_left: visits.into() })
    }

    fn is_due(&self, point: &str) -> bool {
        self.point == point
            && self.visits_left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_begin_with_their_room() {
        for (at, (name, said)) in POINTS.iter().enumerate() {
            assert!(POINTS[..at].iter().all(|(earlier, _)| earlier != name), "{name} twice");
            assert!(
                name.split_once('.').is_some_and(|(room, _)| !room.is_empty()) && !said.is_empty(),
                "{name}"
            );
        }
    }

    #[test]
    #[cfg(debug_assertions)]
    fn the_nth_visit_is_the_last() {
        let order = Order::read("relay.marked:2").expect("a kill point");
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
