//! Kills at random moments, again and again over the same data, also while the gateway starts. The
//! moments are drawn from a seed.

use super::broker::Broker;
use super::gateway::{Gateway, PATIENCE};
use super::half_done::{Inspector, KillCounts, Unfinished};
use super::moment::{Chance, Moment, Signs};
use super::proof::{self, Fact};
use super::story::Story;
use super::support::is_long;
use super::wait::within;
use super::{Setup, check};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;

/// Random kills on each setup with `NOEMIE_TEST_LONG=1`, unless `NOEMIE_TEST_KILLS` is set.
const LONG_KILLS: u64 = 160;
/// Random kills on each setup otherwise.
const SHORT_KILLS: u64 = 24;
/// Gateways killed in parallel, each with its share of the kills.
const SERIES: u64 = 8;
/// Invoices of a file of one batch.
const SMALL_INVOICES: u64 = 12;
/// Invoices of the largest file of each story of a series: one batch, or two.
const STORY_INVOICES: [u64; 4] = [SMALL_INVOICES, 600, SMALL_INVOICES, SMALL_INVOICES];
/// Invoices of the first story of the first series in a long run: four batches.
const FOUR_BATCH_INVOICES: u64 = 2_000;
/// One kill in so many falls at a random time after the start of the story. So do all kills of
/// stories with several batches, because a batch changes no file that the test could watch.
const ONE_IN_TIMED: u64 = 4;
/// Such a kill falls within about the time of a story beside the others of a run on two cores:
/// milliseconds of every story, and per invoice. A shorter time lets every kill fall into the first
/// pass over a large file, before a batch is written.
const STORY_MS: u64 = 1_500;
const INVOICE_MS: u64 = 6;
/// One kill in so many is followed by a kill during the next start, within so many milliseconds.
const ONE_IN_START: u64 = 4;
const START_MS: u64 = 80;
/// Kinds of unfinished work that some kills of each long run leave, on any machine.
const EXPECTED: [Unfinished; 5] = [
    Unfinished::Archived,
    Unfinished::Staged,
    Unfinished::Unpublished,
    Unfinished::Undelivered,
    Unfinished::Unanswered,
];

/// The kills of all series of a run.
pub type Total = Arc<Mutex<KillCounts>>;

/// Panics when most kills of a long run found the gateway idle, or when no kill left one of the
/// [`EXPECTED`] kinds of unfinished work. A short run has too few kills for such a judgement.
pub fn check_coverage(total: &Total) {
    let total = total.lock().expect("no panic");
    println!("{total}");
    if total.kills < LONG_KILLS {
        assert!(total.in_work > 0, "every kill found the gateway idle: {total}");
        return;
    }
    assert!(total.in_work * 2 > total.kills, "most kills found the gateway idle: {total}");
    let missed: Vec<_> = EXPECTED.iter().filter(|kind| !total.each.contains_key(kind)).collect();
    assert!(missed.is_empty(), "no kill left this unfinished: {missed:?}: {total}");
}

/// Returns the number of random kills on each setup.
fn kills() -> u64 {
    variable("NOEMIE_TEST_KILLS").unwrap_or(if is_long() { LONG_KILLS } else { SHORT_KILLS })
}

/// Returns the names of the series of a run.
pub fn series() -> Vec<String> {
    (0..SERIES).map(|series| series.to_string()).collect()
}

/// Returns the number in an environment variable.
fn variable(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

/// Kills one gateway as often as its share demands, and checks everything.
pub async fn kill_in_series(series: &str, dir: &Path, setup: &Setup<'_>, total: &Total) {
    let number: u64 = series.parse().expect("a number");
    let chance = Chance(variable("NOEMIE_TEST_SEED").unwrap_or(0) * 1_000 + number);
    let gateway = Gateway::start(dir, &setup.settings).await;
    let listener = match setup.broker {
        Some(broker) => Some(Listener::start(broker).await),
        None => None,
    };
    let mut series = Series {
        dir,
        url: &setup.url,
        chance,
        kills_left: kills().div_ceil(SERIES),
        gateway,
        inspector: Inspector::default(),
        counts: KillCounts::default(),
    };
    let (mut deposits, mut rejected) = (Vec::new(), BTreeSet::new());
    while series.kills_left > 0 {
        let size = match series.counts.stories {
            0 if number == 0 && is_long() => FOUR_BATCH_INVOICES,
            n => STORY_INVOICES[usize::try_from(n).expect("few") % STORY_INVOICES.len()],
        };
        let mut story = Story::new(&setup.url, series.counts.stories, size);
        series = series.kill_during(&mut story, size).await;
        deposits.extend(story.deposits());
        rejected.append(&mut story.rejected);
    }
    check(&series.gateway, dir, setup, &deposits, &rejected).await;
    if let Some(listener) = listener {
        listener.check_all(&setup.url).await;
    }
    proof::check_verify(&series.gateway);
    println!("series {number}: {}", series.counts);
    total.lock().expect("no panic").add(&series.counts);
}

/// A gateway that is killed repeatedly.
struct Series<'a> {
    dir: &'a Path,
    url: &'a str,
    chance: Chance,
    kills_left: u64,
    gateway: Gateway,
    inspector: Inspector,
    counts: KillCounts,
}

impl Series<'_> {
    /// Runs a story to its end, and kills the gateway meanwhile.
    async fn kill_during(mut self, story: &mut Story, size: u64) -> Self {
        self.counts.stories += 1;
        let one_in = if size > SMALL_INVOICES { 1 } else { ONE_IN_TIMED };
        let story_ms = STORY_MS + INVOICE_MS * size;
        loop {
            let moment = if self.kills_left > 0 {
                Moment::draw(&mut self.chance, one_in, story_ms)
            } else {
                Moment::Never
            };
            let signs = Signs::of(self.dir, story);
            let killed = async {
                moment.comes(signs).await;
                // The kill comes while the story waits for an answer, not after its connection closed.
                self.gateway.kill();
            };
            tokio::select! {
                ended = story.run(&self.gateway) => {
                    ended.expect("the gateway runs");
                    return self;
                }
                () = killed => {}
            }
            self.count_kill(story.waits).await;
            if self.kills_left > 0 && self.chance.once_in(ONE_IN_START) {
                self.gateway.start_and_kill(self.chance.millis(START_MS)).await;
                self.counts.starting += 1;
                self.count_kill(false).await;
            }
            self.gateway = self.gateway.kill_and_restart().await;
        }
    }

    async fn count_kill(&mut self, unanswered: bool) {
        self.kills_left -= 1;
        self.counts.count(&self.inspector.inspect(self.url, self.dir, unanswered).await);
    }
}

/// A worker that consumes the workers' queue from the first kill to the last.
struct Listener {
    facts: Arc<Mutex<Vec<Fact>>>,
    task: JoinHandle<()>,
}

impl Listener {
    async fn start(broker: &Broker) -> Self {
        let (consumed, mut worker) = (Arc::new(Mutex::new(Vec::new())), broker.consume().await);
        let facts = Arc::clone(&consumed);
        let task = tokio::spawn(async move {
            loop {
                let fact = Fact::from(&worker.next_unlimited().await);
                facts.lock().expect("no panic").push(fact);
            }
        });
        Self { facts: consumed, task }
    }

    /// Asserts that every committed event was consumed, those of a claim in order.
    async fn check_all(self, url: &str) {
        let committed =
            proof::number(url, "SELECT count(*) FROM events").await.expect("the database answers");
        let consumed = || self.facts.lock().expect("no panic").clone();
        // The check below names the missing events.
        let _ = within(PATIENCE, || async {
            let events = consumed();
            let events: BTreeSet<_> = events.iter().map(|fact| &fact.event).collect();
            (events.len() as i64 >= committed).then_some(())
        })
        .await;
        proof::check_facts(url, &consumed()).await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}
