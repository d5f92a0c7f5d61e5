//! A small world with a row in each table: deposits of each kind, decisions, readings of persons,
//! an operation, a register and conventions.

use super::*;
use noemie_gateway::conventionnement::Conventionnement;
use noemie_gateway::domain::{Caller, Claim, HoldDecision, PartKind, PartState, Reason, Scope};
use noemie_gateway::outgoing::rejects;
use noemie_gateway::service::claims::{Claims, PersonRequest};
use noemie_gateway::service::decisions::{Decision, DecisionKind, Decisions};
use noemie_gateway::service::held_attempts::{DecideHeld, HeldAttempts};
use noemie_gateway::service::matches::{MatchChange, MatchRequest, Matches, UnmatchedQuery};
use noemie_gateway::store::{Author, ClaimFilter, Journal, Stage};
use support::samples;

/// A gateway whose every table has rows, but for the tables of imports under way.
pub struct World {
    pub db: TestDatabase,
    pub sources: Sources,
    dir: TempDir,
}

impl World {
    pub async fn new(db: TestDatabase) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sources = sources_in(&dir, &db);
        let world = Self { db, sources, dir };
        samples::mark(&world.db.store, &world.sources.vault, &[1]).await;
        world.deposit_files().await;
        world.decide().await;
        world.match_by_hand().await;
        world.publish_some().await;
        world.import_tables().await;
        world.keep_journals().await;
        samples::stage(&world.db.store, world.sources.clock.now()).await;
        world
    }

    pub async fn verify(&self) -> Result<Verification, noemie_gateway::store::StoreError> {
        verify(&self.sources, None).await
    }

    /// Verifies without reading the raw files: what it finds, [`verify`](Self::verify) finds too.
    pub async fn verify_without_files(
        &self,
    ) -> Result<Verification, noemie_gateway::store::StoreError> {
        let later = self.sources.clock.now() + Duration::days(1);
        verify(&self.sources, Some(later)).await
    }

    pub fn archive_dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    async fn deposit_files(&self) {
        let limits = Limits { batch: 3, ..Limits::default() };
        let Sources { store, vault, archive, clock } = &self.sources;
        let ingest = Ingest::new(
            Arc::clone(store),
            Arc::clone(vault),
            Arc::clone(archive),
            Arc::clone(clock),
            limits,
        );
        let dre = made(&few(1, 8));
        let staged = deposit(&ingest, &dre).await;
        assert_eq!(staged.accepted, 8);
        let mut rsp = Vec::new();
        let outcomes =
            RspOptions { rejected: 30, deferred: 20, movements: true, ..RspOptions::default() };
        generate::rsp(&dre[..], Forme::Crlf, &outcomes, &mut rsp).unwrap();
        assert!(deposit(&ingest, &rsp).await.accepted > 0);
        // The same invoices again: the rejected ones are corrected, the others are duplicates.
        let again = deposit(&ingest, &samples::under_another_name(&dre)).await;
        assert!(again.accepted > 0 && again.duplicates > 0, "{again:?}");
        let faulty = Options { damage: Some(Damage::NirKey), ..few(2, 3) };
        let quarantined = deposit(&ingest, &made(&faulty)).await;
        assert!(quarantined.quarantined > 0, "{quarantined:?}");
        let corrected = Options { sender: "99900000000029".to_owned(), ..few(2, 3) };
        deposit(&ingest, &made(&corrected)).await;
        let copies = Options { sender: "99900000000037".to_owned(), ..few(2, 3) };
        deposit_of("oct-2", &ingest, &made(&copies)).await;
        self.decide_about_copies().await;
        deposit(&ingest, &dre[..1000]).await;
        let mut unknown = Vec::new();
        let date = noemie_parsers::types::Date::new(2026, 2, 9).expect("a date");
        let of_others = RspOptions { seed: 7, date, ..outcomes };
        generate::rsp(&made(&few(7, 2))[..], Forme::Crlf, &of_others, &mut unknown).unwrap();
        let unmatched = deposit(&ingest, &unknown).await;
        assert!(unmatched.unmatched > 0, "{unmatched:?}");
    }

    /// Of the copies of another sender, one is released, one is dismissed, and one is held.
    async fn decide_about_copies(&self) {
        let Sources { store, clock, .. } = &self.sources;
        let desk = HeldAttempts::new(Arc::clone(store), Arc::clone(clock));
        let copies = desk.list(&Caller::local(), None, 100).await.unwrap().items;
        assert_eq!(copies.len(), 3);
        let decided = [HoldDecision::Released, HoldDecision::Dismissed];
        for (held, decision) in copies.iter().zip(decided) {
            let claim_id = held.copy.claim.as_ref().unwrap().id;
            let (why, by) = ("changement d'émetteur".into(), "Marie".into());
            let asked = DecideHeld { claim_id, decision, why: &why, stated_author: Some(&by) };
            desk.decide(&Caller::local(), asked).await.unwrap();
        }
    }

    /// Matches of a person: one taken back, one in force.
    async fn match_by_hand(&self) {
        let Sources { store, vault, clock, .. } = &self.sources;
        let tables = Conventionnement::new(self.db.database.conventions(), Arc::clone(clock));
        let matches =
            Matches::new(Arc::clone(store), Arc::clone(vault), Arc::clone(clock), Arc::new(tables));
        let all = UnmatchedQuery::default();
        let page = matches.list(&Caller::local(), &all, None, 10).await.unwrap();
        let everything = ClaimFilter::default();
        let claims = store.claims(&Scope::everything(), &everything, None, 100).await.unwrap();
        let is_paid = |claim: &Claim| claim.amc.state == PartState::Paid;
        let claim = claims.items.into_iter().find(is_paid).expect("a claim");
        let answers = [&page.items[0], &page.items[0], &page.items[1]];
        let changes =
            [MatchChange::Match(claim.id), MatchChange::Undo, MatchChange::Match(claim.id)];
        for (view, change) in answers.into_iter().zip(changes) {
            let request = MatchRequest {
                answer: view.kept.place(),
                change,
                why: "vérifié".into(),
                decided_by: Some("Marie".into()),
                expected_version: None,
            };
            matches.record(&Caller::local(), &request).await.unwrap();
        }
    }

    /// Decisions of each shape: accepted, told again under another key, rejected, paid.
    async fn decide(&self) {
        let Sources { store, vault, clock, .. } = &self.sources;
        let decisions = Decisions::new(Arc::clone(store), Arc::clone(clock));
        let mut waiting = self.waiting().await.into_iter();
        let mut next = || waiting.next().expect("claims wait for their AMC");
        let (accepted, rejected, paid) = (next(), next(), next());
        let reason = Reason::of_invoice("122".into(), "Bénéficiaire inconnu".into());
        let pay = DecisionKind::Pay {
            reference: "VIR-42".try_into().unwrap(),
            date: time::macros::date!(2026 - 02 - 12),
            amount: paid.amc.asked,
        };
        for (claim, kind, key) in [
            (&accepted, DecisionKind::Accept, "k1"),
            (&accepted, DecisionKind::Accept, "k2"),
            (&rejected, DecisionKind::Reject { reasons: vec![reason] }, "k3"),
            (&paid, pay, "k4"),
        ] {
            let decision = Decision {
                claim_id: claim.id,
                part: PartKind::Amc,
                kind,
                expected_version: None,
                idempotency_key: Some(key.try_into().unwrap()),
                decided_by: Some("Marie".into()),
            };
            decisions.record(&Caller::local(), &decision).await.unwrap();
        }
        assert_eq!(rejects::step(store, vault, clock).await.unwrap(), 1);
    }

    pub async fn waiting(&self) -> Vec<Claim> {
        let all = ClaimFilter::default();
        let claims = self.db.store.claims(&Scope::everything(), &all, None, 100).await.unwrap();
        let waits = |claim: &Claim| claim.amc.state == PartState::Received;
        claims.items.into_iter().filter(waits).collect()
    }

    /// Publishes some events; the others wait.
    async fn publish_some(&self) {
        let events = self.db.store.unpublished_events(5, &[]).await.unwrap();
        let numbers: Vec<i64> = events.iter().map(|event| event.event_no).collect();
        self.db.store.mark_published(&numbers, self.sources.clock.now()).await.unwrap();
        // Of two that the broker lost, one is published again and the other one waits.
        samples::resend(&self.db.store, &numbers[..1]).await;
        self.db.store.mark_published(&numbers[..1], self.sources.clock.now()).await.unwrap();
        samples::resend(&self.db.store, &numbers[1..2]).await;
    }

    async fn import_tables(&self) {
        let clock = Arc::clone(&self.sources.clock);
        let tables = Conventionnement::new(self.db.database.conventions(), clock);
        let open = |name: &str| {
            let path = format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"));
            std::fs::File::open(path).unwrap()
        };
        let register = open("finess/ok_20240101.csv");
        tables.import_finess(register, &"ok.csv".into(), false).await.unwrap();
        tables.import_conventions(open("conventions/ok.csv"), &"ok.csv".into()).await.unwrap();
    }

    /// A reading of a person, and an operation.
    async fn keep_journals(&self) {
        let Sources { store, vault, clock, .. } = &self.sources;
        let claims = Claims::new(Arc::clone(store), Arc::clone(vault), Arc::clone(clock));
        let claim = self.waiting().await.pop().expect("a claim");
        for purpose in ["liquidation", "réclamation"] {
            let request =
                PersonRequest { stated_name: Some(&"Marie".into()), purpose: &purpose.into() };
            claims.full(&Caller::local(), claim.id, request).await.unwrap().expect("a claim");
        }
        let (store, clock) = (Arc::clone(store) as _, Arc::clone(clock));
        let author = Author { store, clock, name: "Marie".into() };
        let mut journal = Journal::open(&author, "dlq.replay", "claims.dead".to_owned());
        for stage in [Stage::Asked, Stage::Done] {
            journal.write(stage, serde_json::json!({ "messages": 2 })).await.unwrap();
        }
    }
}

fn few(seed: u64, invoices: u64) -> Options {
    Options { invoices, ..options(seed) }
}
