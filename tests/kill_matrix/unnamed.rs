//! The gateway dies at moments of no name, again and again over the same data, also while it
//! starts. The moments are drawn from a seed.

use super::broker::Broker;
use super::gateway::{Gateway, PATIENCE};
use super::half_done::{Half, Looks, Tally};
use super::moment::{Chance, Moment, Signs};
use super::proof::{self, Fact};
use super::story::Story;
use super::{Shape, count};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Kills in each shape, unless `NOEMIE_TEST_KILLS` says otherwise.
const KILLS: u64 = 160;
/// Gateways killed side by side, each with its own share of the kills.
const SERIES: u64 = 8;
/// Invoices of a file of one batch.
const SMALL: u64 = 12;
/// The largest file of each story of a series: one batch, or two.
const SIZES: [u64; 4] = [SMALL, 600, SMALL, SMALL];
/// The first story of the first series has four.
const MANY_BATCHES: u64 = 2_000;
/// One kill in so many waits for no sign of work; all do where several batches are written, of
/// which nothing is seen from outside.
const BLINDLY: u64 = 4;
/// Such a kill falls within about as long as a story takes that nobody disturbs, milliseconds: at
/// least, and more for each invoice.
const BLIND: (u64, u64) = (1_500, 2);
/// One kill in so many is followed by one within so many milliseconds of the next start: on the way
/// up, or just after.
const ON_THE_WAY_UP: (u64, u64) = (4, 80);
/// What some kills of each run leave half done, whatever the machine.
const OFTEN: [Half; 5] =
    [Half::Received, Half::Loaded, Half::Untold, Half::Undelivered, Half::Asked];
/// Between two looks at what the worker heard.
const LOOK: Duration = Duration::from_millis(50);

/// The kills of all series of a run.
pub type Total = Arc<Mutex<Tally>>;

/// Fails when most kills fell into pauses, or all of them beside some kind of work.
pub fn check_aim(total: &Total) {
    let total = total.lock().expect("no panic");
    println!("{total}");
    assert!(total.in_work * 2 > total.kills, "most kills fell into pauses: {total}");
    let missed: Vec<_> = OFTEN.iter().filter(|half| !total.each.contains_key(half)).collect();
    assert!(
        total.kills < KILLS || missed.is_empty(),
        "no kill left this half done: {missed:?}: {total}"
    );
}

/// The series of a run.
pub fn series() -> Vec<String> {
    (0..SERIES).map(|series| series.to_string()).collect()
}

/// What a variable of the environment says.
fn variable(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

/// One gateway, its share of the kills, and the proof.
pub async fn dies_anywhere(series: &str, dir: &Path, shape: &Shape<'_>, total: &Total) {
    let number: u64 = series.parse().expect("a number");
    let chance = Chance(variable("NOEMIE_TEST_SEED").unwrap_or(0) * 1_000 + number);
    let gateway = Gateway::start(dir, &shape.settings).await;
    let ear = match shape.broker {
        Some(broker) => Some(Ear::listen(broker).await),
        None => None,
    };
    let mut series = Series {
        dir,
        url: &shape.url,
        chance,
        kills_left: variable("NOEMIE_TEST_KILLS").unwrap_or(KILLS).div_ceil(SERIES),
        gateway,
        looks: Looks::default(),
        tally: Tally::default(),
    };
    let (mut deposits, mut rejected) = (Vec::new(), BTreeSet::new());
    while series.kills_left > 0 {
        let size = match series.tally.stories {
            0 if number == 0 => MANY_BATCHES,
            n => SIZES[usize::try_from(n).expect("few") % SIZES.len()],
        };
        let mut story = Story::new(&shape.url, series.tally.stories, size);
        series = series.dies_in(&mut story, size).await;
        deposits.extend(story.deposits());
        rejected.append(&mut story.rejected);
    }
    count(&series.gateway, dir, shape, &deposits, &rejected).await;
    if let Some(ear) = ear {
        ear.heard_everything(&shape.url).await;
    }
    proof::check_verify(&series.gateway);
    println!("series {number}: {}", series.tally);
    total.lock().expect("no panic").add(&series.tally);
}

/// A gateway that is killed again and again.
struct Series<'a> {
    dir: &'a Path,
    url: &'a str,
    chance: Chance,
    kills_left: u64,
    gateway: Gateway,
    looks: Looks,
    tally: Tally,
}

impl Series<'_> {
    /// Tells a story to its end, whatever is killed meanwhile.
    async fn dies_in(mut self, story: &mut Story, size: u64) -> Self {
        self.tally.stories += 1;
        let (blindly, blind) = (if size > SMALL { 1 } else { BLINDLY }, BLIND.0 + BLIND.1 * size);
        loop {
            let moment = if self.kills_left > 0 {
                Moment::draw(&mut self.chance, blindly, blind)
            } else {
                Moment::Never
            };
            let signs = Signs::of(self.dir, story);
            let killed = async {
                moment.comes(signs).await;
                // While the story waits for it, not after it has hung up.
                self.gateway.kill();
            };
            tokio::select! {
                told = story.tell(&self.gateway) => {
                    told.expect("the gateway lives");
                    return self;
                }
                () = killed => {}
            }
            self.died(story.asks).await;
            let (one_in, within) = ON_THE_WAY_UP;
            if self.kills_left > 0 && self.chance.once_in(one_in) {
                self.gateway.start_and_kill(self.chance.millis(within)).await;
                self.tally.starting += 1;
                self.died(false).await;
            }
            self.gateway = self.gateway.kill_and_restart().await;
        }
    }

    async fn died(&mut self, asked: bool) {
        self.kills_left -= 1;
        self.tally.count(&self.looks.look(self.url, self.dir, asked).await);
    }
}

/// A worker that is there from the first kill to the last, and takes each message off the queue.
struct Ear {
    heard: Arc<Mutex<Vec<Fact>>>,
    task: JoinHandle<()>,
}

impl Ear {
    async fn listen(broker: &Broker) -> Self {
        let (heard, mut worker) = (Arc::new(Mutex::new(Vec::new())), broker.consume().await);
        let facts = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            loop {
                let fact = Fact::from(&worker.next_ever().await);
                facts.lock().expect("no panic").push(fact);
            }
        });
        Self { heard, task }
    }

    /// Every fact that is committed, each claim's in order.
    async fn heard_everything(self, url: &str) {
        let committed =
            proof::number(url, "SELECT count(*) FROM outbox").await.expect("the database answers");
        let heard = || self.heard.lock().expect("no panic").clone();
        let all = async {
            while (heard().iter().map(|fact| &fact.event).collect::<BTreeSet<_>>().len() as i64)
                < committed
            {
                sleep(LOOK).await;
            }
        };
        // What does not come is told by the count.
        let _ = timeout(PATIENCE, all).await;
        proof::check_facts(url, &heard()).await;
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}
