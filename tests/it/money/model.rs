//! A small model of the money of an invoice beside the gateway: whatever is told, in whatever order,
//! state, sum and flags of both parts are those of the model.
//!
//! The model is written from the rules (`docs/decisions/0023-money.md`) and shares no code with
//! `domain::money`: each transfer of a story has a label of its own, so that the movements of a label
//! are the most that any file tells of it.

use super::hand::{Gateway, Invoice, Return, Says, invoices};
use crate::ingest_support::{dre, options};
use crate::on_both;
use crate::support::databases::TestDatabase;
use noemie_gateway::domain::{Caller, PartKind, Reason};
use noemie_gateway::service::decisions::{Decision, DecisionKind};
use noemie_parsers::types::Montant;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use proptest_state_machine::ReferenceStateMachine;
use time::macros::date;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

/// Most facts of one story.
const FACTS: usize = 9;

/// An amount beside the amount asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Amount {
    All,
    Half,
    More,
    Zero,
}

impl Amount {
    fn of(self, asked: i64) -> i64 {
        match self {
            Self::All => asked,
            Self::Half => asked / 2,
            Self::More => asked + 250,
            Self::Zero => 0,
        }
    }
}

/// What a return tells about a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Paid(Amount),
    TakenBack(Amount),
    Rejected,
    Deferred,
}

/// What a worker records about the AMC part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Accept,
    Reject,
    Defer,
    /// A payment under a label of its own, or of the whole amount under the label of a return.
    Pay(Amount, Option<usize>),
    Recover,
}

/// One fact of a story; its rank gives it its label and its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fact {
    /// A file tells a part, once or twice.
    Return {
        part: PartKind,
        told: Told,
        times: usize,
    },
    /// Another file tells the same as an earlier one.
    Again {
        rank: usize,
    },
    Worker(Act),
}

/// The facts so far.
#[derive(Debug, Clone, Default)]
struct Story(Vec<Fact>);

struct Facts;

impl ReferenceStateMachine for Facts {
    type State = Story;
    type Transition = Fact;

    fn init_state() -> BoxedStrategy<Story> {
        Just(Story::default()).boxed()
    }

    fn transitions(story: &Story) -> BoxedStrategy<Fact> {
        let amount = prop_oneof![
            Just(Amount::All),
            Just(Amount::Half),
            Just(Amount::More),
            Just(Amount::Zero)
        ];
        let moved = prop_oneof![Just(Amount::All), Just(Amount::Half)];
        let told = prop_oneof![
            4 => amount.prop_map(Told::Paid),
            2 => moved.clone().prop_map(Told::TakenBack),
            2 => Just(Told::Rejected),
            2 => Just(Told::Deferred),
        ];
        let part = prop_oneof![Just(PartKind::Amo), Just(PartKind::Amc)];
        let returned = (part, told, 1..=2_usize).prop_map(|(part, told, times)| Fact::Return {
            part,
            told,
            times,
        });
        let known = story.0.len();
        let of_amc = story.0.iter().position(|fact| {
            let told = Told::Paid(Amount::All);
            matches!(fact, Fact::Return { part: PartKind::Amc, told: it, .. } if *it == told)
        });
        let act = prop_oneof![
            Just(Act::Accept),
            Just(Act::Reject),
            Just(Act::Defer),
            Just(Act::Recover),
            moved.prop_map(|amount| Act::Pay(amount, None)),
            Just(Act::Pay(Amount::All, of_amc)),
        ];
        if known == 0 {
            return prop_oneof![3 => returned, 2 => act.prop_map(Fact::Worker)].boxed();
        }
        let again = (0..known).prop_map(|rank| Fact::Again { rank });
        prop_oneof![6 => returned, 3 => act.prop_map(Fact::Worker), 1 => again].boxed()
    }

    fn apply(mut story: Story, fact: &Fact) -> Story {
        story.0.push(*fact);
        story
    }

    fn preconditions(story: &Story, fact: &Fact) -> bool {
        let is_return = |rank: usize| matches!(story.0.get(rank), Some(Fact::Return { .. }));
        match fact {
            Fact::Again { rank } | Fact::Worker(Act::Pay(_, Some(rank))) => is_return(*rank),
            _ => true,
        }
    }
}

impl Story {
    /// Describes both parts as the rules want them, as [`Gateway::described`] does.
    fn expected(&self, invoice: &Invoice) -> String {
        let amo = self.part(PartKind::Amo, invoice.amo);
        format!("{amo} | {}", self.part(PartKind::Amc, invoice.amc))
    }

    fn part(&self, part: PartKind, asked: i64) -> String {
        let movements = self.movements(part, asked);
        let sum: i64 = movements.iter().sum();
        let last = self.last_decision(part);
        let state = if sum > asked {
            "overpaid"
        } else if sum == asked {
            "paid"
        } else if sum > 0 {
            "partly_paid"
        } else if movements.is_empty() {
            last
        } else {
            "recovered"
        };
        let mut flags = Vec::new();
        let mut flag = |is_set: bool, name: &'static str| {
            if is_set {
                flags.push(name);
            }
        };
        flag(movements.iter().any(|m| *m > asked), "over_asked");
        flag(sum > asked && payments_left(&movements) > 1, "paid_twice");
        flag(sum > 0 && last.starts_with("rejected"), "paid_and_rejected");
        flag(sum < 0, "taken_back_too_much");
        flag(self.tells_zero(part), "paid_zero");
        format!("{state} {sum} {}", flags.join(",")).trim_end().to_owned()
    }

    /// Amounts of the movements: each label as often as a file tells it.
    fn movements(&self, part: PartKind, asked: i64) -> Vec<i64> {
        let of_fact = |fact: &Fact| match *fact {
            Fact::Return { part: of, told: Told::Paid(amount), times } if of == part => {
                vec![amount.of(asked); times]
            }
            Fact::Return { part: of, told: Told::TakenBack(amount), times } if of == part => {
                vec![-amount.of(asked); times]
            }
            Fact::Worker(Act::Pay(amount, None)) if part == PartKind::Amc => vec![amount.of(asked)],
            Fact::Worker(Act::Recover) if part == PartKind::Amc => vec![-(asked / 2)],
            _ => Vec::new(),
        };
        self.0.iter().flat_map(of_fact).filter(|amount| *amount != 0).collect()
    }

    fn tells_zero(&self, part: PartKind) -> bool {
        let zero = Told::Paid(Amount::Zero);
        self.0.iter().any(
            |f| matches!(f, Fact::Return { part: of, told, .. } if *of == part && *told == zero),
        )
    }

    /// State that the decisions give: those of returns by their days, which are those of the ranks,
    /// then those of workers, who decide today.
    fn last_decision(&self, part: PartKind) -> &'static str {
        let returns = self.0.iter().filter_map(|fact| match fact {
            Fact::Return { part: of, told: Told::Rejected, .. } if *of == part => Some("rejected"),
            Fact::Return { part: of, told: Told::Deferred, .. } if *of == part => Some("deferred"),
            _ => None,
        });
        let workers = self.0.iter().filter_map(|fact| match fact {
            Fact::Worker(_) if part == PartKind::Amo => None,
            Fact::Worker(Act::Accept) => Some("accepted"),
            Fact::Worker(Act::Reject) => Some("rejected"),
            Fact::Worker(Act::Defer) => Some("deferred"),
            _ => None,
        });
        let decisions: Vec<&'static str> = returns.chain(workers).collect();
        let last = decisions.last().copied().unwrap_or("received");
        let before = decisions.iter().rev().find(|decision| **decision != "rejected");
        if last == "rejected" && before == Some(&"accepted") {
            "rejected_after_acceptance"
        } else {
            last
        }
    }
}

/// Number of payments when each take-back is set against one of its amount.
fn payments_left(movements: &[i64]) -> usize {
    let mut left: Vec<i64> = movements.iter().copied().filter(|m| *m > 0).collect();
    for back in movements.iter().filter(|m| **m < 0) {
        if let Some(at) = left.iter().position(|paid| *paid == -back) {
            left.remove(at);
        }
    }
    left.len()
}

/// One thing to do with the gateway.
#[derive(Debug, Clone, Copy)]
enum Step {
    Deposit,
    Tell(usize),
}

/// A gateway that is told stories, each about an invoice of its own.
struct Listener {
    gateway: Gateway,
    next_story: u64,
    next_file: u32,
}

impl Listener {
    /// Tells a story in this order, and compares the invoice with the model.
    async fn hear(&mut self, story: &Story, steps: &[Step]) -> Result<(), String> {
        let (dre, invoice) = self.next_invoice();
        let invoice = &invoice;
        for step in steps {
            match *step {
                Step::Deposit => _ = self.gateway.deposit("oct-test", &dre).await,
                Step::Tell(rank) => self.tell(story, rank, invoice).await,
            }
        }
        let expected = story.expected(invoice);
        let found = self.gateway.described(&invoice.ps, &invoice.number).await;
        if found == expected {
            Ok(())
        } else {
            Err(format!("{steps:?} of {story:?}: found {found}, the rules want {expected}"))
        }
    }

    /// Returns a DRE that was not deposited, with an invoice of it that asks both insurers.
    fn next_invoice(&mut self) -> (Vec<u8>, Invoice) {
        loop {
            self.next_story += 1;
            let dre = dre(&options(self.next_story));
            let asks_both = |invoice: &Invoice| invoice.amc > 1 && invoice.amo > 1;
            if let Some(invoice) = invoices(&dre).into_iter().find(asks_both) {
                return (dre, invoice);
            }
        }
    }

    async fn tell(&mut self, story: &Story, rank: usize, invoice: &Invoice) {
        match story.0[rank] {
            Fact::Worker(act) => self.decide(rank, act, invoice).await,
            Fact::Again { rank } => self.send(story.0[rank], rank, invoice).await,
            fact @ Fact::Return { .. } => self.send(fact, rank, invoice).await,
        }
    }

    async fn send(&mut self, fact: Fact, rank: usize, invoice: &Invoice) {
        let Fact::Return { part, told, times } = fact else { return };
        self.next_file += 1;
        let asked = if part == PartKind::Amo { invoice.amo } else { invoice.amc };
        let (state, paid) = match told {
            Told::Paid(amount) => ('P', amount.of(asked)),
            Told::TakenBack(amount) => ('P', -amount.of(asked)),
            Told::Rejected => ('R', 0),
            Told::Deferred => ('D', 0),
        };
        let says = Says { part, state, asked, paid };
        let concerned = if part == PartKind::Amo { 'O' } else { 'C' };
        let told = Return {
            id: self.next_file,
            day: &format!("{:02}0326", rank + 1),
            label: &label(rank),
            told: vec![(invoice, vec![says]); times],
            reject: (state == 'R').then_some(("AAA250050R", concerned)),
        };
        self.gateway.send(&told).await;
    }

    async fn decide(&self, rank: usize, act: Act, invoice: &Invoice) {
        let attempts = self.gateway.attempts(&invoice.ps, &invoice.number).await;
        let claim_id = attempts[0].claim.as_ref().expect("a claim").id;
        let reasons = vec![Reason::of_invoice("122".into(), "Garantie".into())];
        let amount = |amount: i64| Montant::from_centimes(amount);
        let reference = |rank: usize| label(rank).as_str().try_into().expect("a reference");
        let kind = match act {
            Act::Accept => DecisionKind::Accept,
            Act::Reject => DecisionKind::Reject { reasons },
            Act::Defer => DecisionKind::Defer { reasons },
            Act::Pay(of, told) => DecisionKind::Pay {
                reference: reference(told.unwrap_or(rank)),
                date: date!(2026 - 03 - 20),
                amount: amount(of.of(invoice.amc)),
            },
            Act::Recover => DecisionKind::Recover {
                reference: reference(rank),
                amount: amount(invoice.amc / 2),
            },
        };
        let decision = Decision {
            claim_id,
            part: PartKind::Amc,
            kind,
            expected_version: None,
            idempotency_key: None,
            decided_by: None,
        };
        self.gateway.decisions.record(&Caller::local(), &decision).await.expect("recorded");
    }
}

/// Label of the transfer of a fact; no label contains another one.
fn label(rank: usize) -> String {
    format!("VIREMENT {rank:02}")
}

/// The order in which the story happened.
fn as_told(story: &Story) -> Vec<Step> {
    let told = (0..story.0.len()).map(Step::Tell);
    std::iter::once(Step::Deposit).chain(told).collect()
}

/// Another order of the same story, drawn from numbers. Workers decide after the deposit and in
/// their order, because each decides on what he sees.
fn reordered(story: &Story, draws: &[u64]) -> Vec<Step> {
    let mut keyed: Vec<(u64, Step)> = draws.iter().copied().zip(as_told(story)).collect();
    keyed.sort_by_key(|(draw, _)| *draw);
    let mut steps: Vec<Step> = keyed.into_iter().map(|(_, step)| step).collect();
    let is_worker =
        |step: &Step| matches!(step, Step::Tell(rank) if matches!(story.0[*rank], Fact::Worker(_)));
    let slots: Vec<usize> = (0..steps.len()).filter(|at| is_worker(&steps[*at])).collect();
    let mut workers: Vec<Step> = steps.iter().copied().filter(is_worker).collect();
    workers.sort_by_key(|step| if let Step::Tell(rank) = step { *rank } else { 0 });
    for (slot, worker) in slots.iter().zip(workers) {
        steps[*slot] = worker;
    }
    let deposit = steps.iter().position(|step| matches!(step, Step::Deposit)).unwrap_or(0);
    let first = slots.first().copied().filter(|first| *first < deposit).unwrap_or(deposit);
    steps.remove(deposit);
    steps.insert(first, Step::Deposit);
    steps
}

/// Tells a story in its own order and in others.
async fn every_order(
    listener: &mut Listener,
    story: &Story,
    draws: &[Vec<u64>],
) -> Result<(), String> {
    listener.hear(story, &as_told(story)).await?;
    for draw in draws {
        listener.hear(story, &reordered(story, draw)).await?;
    }
    Ok(())
}

/// Strategies of proptest stay on one thread.
async fn every_story_ends_as_the_rules_say_in_every_order(db: TestDatabase) {
    block_in_place(|| Handle::current().block_on(tell_stories(db)));
}

async fn tell_stories(db: TestDatabase) {
    let is_long = std::env::var_os("NOEMIE_TEST_LONG").is_some();
    let stories = if is_long { 200 } else { 25 };
    let mut runner = if is_long { TestRunner::default() } else { TestRunner::deterministic() };
    let drawn = prop::collection::vec(prop::collection::vec(any::<u64>(), FACTS + 1), 2);
    let strategy = (Facts::sequential_strategy(1..=FACTS), drawn);
    let mut listener = Listener { gateway: Gateway::open(&db), next_story: 1_000, next_file: 0 };
    for _ in 0..stories {
        let mut tree = strategy.new_tree(&mut runner).expect("a story");
        let mut failure = None;
        loop {
            let ((_, facts, _), draws) = tree.current();
            let heard = every_order(&mut listener, &Story(facts), &draws).await;
            let is_smaller = match heard {
                Ok(()) if failure.is_none() => break,
                Ok(()) => tree.complicate(),
                Err(found) => {
                    failure = Some(found);
                    tree.simplify()
                }
            };
            if !is_smaller {
                break;
            }
        }
        assert_eq!(failure, None);
    }
    listener.gateway.verify().await;
}

on_both! { every_story_ends_as_the_rules_say_in_every_order }
