//! `demo`: deposits, lookups, decisions and returns of invented files, in a temporary embedded
//! gateway.
//!
//! Clock and identifiers come from [`FixedClock`], so that every run prints the same; a test
//! compares the transcript in `README.md`. Database, archive, parsers, outbox and return files are
//! those of production.

mod arl;
mod directory;
mod files;
mod suggestions;

use super::{BAD_USAGE, Output, lookup, output};
use crate::app::{App, local_caller};
use crate::clock::{FixedClock, SharedClock};
use crate::config::Config;
use crate::domain::{Caller, ClaimId, PartKind, PartState, Reason, Reference};
use crate::service::claims::ClaimQuery;
use crate::service::conventions::LookupQuery;
use crate::service::decisions::{Decision, DecisionKind};
use crate::service::view::{ClaimDetails, ClaimView};
use anyhow::Result;
use clap::Args;
use directory::directory;
use files::Files;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use time::macros::{date, datetime};

/// Claims read at once: more than the demonstration makes.
const MAX_CLAIMS: usize = 100;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Data directory of the demonstration, empty or new, kept afterwards; a new one among the
    /// temporary files when not given. `--data-dir` names it as well.
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl DemoArgs {
    /// Takes the global `--data-dir` for `--dir`. Returns `false` when both are given and differ.
    pub(super) fn take_data_dir(&mut self, data_dir: Option<&Path>) -> bool {
        let Some(data_dir) = data_dir else { return true };
        *self.dir.get_or_insert_with(|| data_dir.to_owned()) == *data_dir
    }
}

/// Plays the demonstration in a directory of its own. Exit status 64 when the directory holds
/// anything: invented exchanges would be mixed with what is there.
pub(super) async fn run(args: &DemoArgs, out: Output) -> Result<ExitCode> {
    let dir = match directory(args.dir.as_deref()) {
        Ok(dir) => dir,
        Err(refusal) => {
            output::error(format_args!("{:#}", anyhow::Error::new(refusal)));
            return Ok(ExitCode::from(BAD_USAGE));
        }
    };
    let start = super::test_start(true)?.unwrap_or(datetime!(2026-02-02 09:00 UTC));
    let clock: SharedClock = Arc::new(FixedClock::new(start));
    let config =
        Config { data_dir: dir.clone(), database_url: None, amqp_url: None, ..Config::default() };
    let files = Files::write(dir.join("files"))?;
    let app = App::open(config, clock).await?;
    let mut demo = Demo { app, caller: local_caller(), out, files };
    demo.play().await?;
    suggestions::print(&mut demo.out, &dir)?;
    Ok(ExitCode::SUCCESS)
}

struct Demo {
    app: App,
    caller: Caller,
    out: Output,
    files: Files,
}

impl Demo {
    async fn play(&mut self) -> Result<()> {
        writeln!(self.out, "1. Un concentrateur dépose des fichiers DRE\n")?;
        let Files { pharmacy, nurses, cut, .. } = self.files.clone();
        for path in [&pharmacy, &nurses, &cut, &pharmacy] {
            self.deposit(path, "oct-exemple").await?;
        }
        writeln!(self.out, "2. Les factures acceptées sont devenues des demandes\n")?;
        self.claims().await?;
        writeln!(
            self.out,
            "3. Les événements sont partis vers les gestionnaires (sans broker : journal lu par \
             SubscribeClaimEvents)\n"
        )?;
        self.events().await?;
        writeln!(self.out, "4. La caisse répond par un retour NOEMIE (RSP) à la pharmacie\n")?;
        let rsp = self.files.write_return(&pharmacy)?;
        self.deposit(&rsp, "cpam-exemple").await?;
        writeln!(self.out, "5. Les gestionnaires décident : accord, paiement, rejet\n")?;
        self.decisions().await?;
        self.events().await?;
        writeln!(self.out, "6. Où en sont les demandes ?\n")?;
        self.claims().await?;
        self.app.write_returns().await?;
        writeln!(self.out, "7. Ce professionnel est-il conventionné ?\n")?;
        self.lookups().await
    }

    async fn deposit(&mut self, path: &Path, sender: &str) -> Result<()> {
        let receipt = self.app.local_files().deposit(&self.caller, path, &sender.parse()?).await?;
        let e = &receipt.exchange;
        let again =
            if receipt.repeated { ", déjà déposé : le premier accusé est rendu" } else { "" };
        writeln!(
            self.out,
            "   {} de {sender} : {} [{}]{again}",
            e.file_name,
            e.verdict.libelle(),
            e.verdict.as_str()
        )?;
        if !receipt.repeated {
            arl::print(&mut self.out, &receipt)?;
        }
        writeln!(self.out)?;
        Ok(())
    }

    async fn claims(&mut self) -> Result<()> {
        for view in self.all().await? {
            let Some(claim) = &view.claim else { continue };
            let (ps, number) = (&view.ps, &view.invoice_number);
            writeln!(self.out, "   PS {ps} facture {number} : {} [{}]", view.label, view.state)?;
            writeln!(
                self.out,
                "     total {} € ; AMO {} € {} ; AMC {} € {}",
                claim.total,
                claim.amo.asked,
                claim.amo.state.as_str(),
                claim.amc.asked,
                claim.amc.state.as_str()
            )?;
            for reason in &claim.amc.reasons {
                writeln!(self.out, "     motif {} : {}", reason.code, reason.label)?;
            }
        }
        writeln!(self.out)?;
        Ok(())
    }

    /// Returns the view of every claim, oldest first.
    async fn all(&self) -> Result<Vec<ClaimView>> {
        let claims = self.app.service().claims;
        let page = claims.list(&self.caller, ClaimQuery::default(), None, MAX_CLAIMS).await?;
        Ok(page.items.into_iter().rev().collect())
    }

    /// Publishes the waiting events, and prints them.
    async fn events(&mut self) -> Result<()> {
        for e in self.app.publish_waiting().await? {
            writeln!(
                self.out,
                "   {} facture {} part {} (événement n° {})",
                e.routing_key(),
                e.invoice_number,
                e.part.as_str(),
                e.sequence
            )?;
        }
        writeln!(self.out)?;
        Ok(())
    }

    async fn decisions(&mut self) -> Result<()> {
        let details = self.all().await?.into_iter().filter_map(|view| view.claim);
        let waiting: Vec<ClaimDetails> =
            details.filter(|claim| claim.amc.state == PartState::Received).collect();
        let [first, second, third, ..] = waiting.as_slice() else {
            anyhow::bail!("the demonstration has too few claims")
        };
        self.decide(first.id, DecisionKind::Accept).await?;
        let transfer = DecisionKind::Pay {
            reference: Reference::try_from("VIR EXEMPLE 0001")?,
            date: date!(2026 - 02 - 04),
            amount: first.amc.asked,
        };
        self.decide(first.id, transfer).await?;
        let reason =
            Reason::of_invoice("122".into(), "Garantie non active à la date des soins".into());
        self.decide(second.id, DecisionKind::Reject { reasons: vec![reason] }).await?;
        self.decide(third.id, DecisionKind::Accept).await?;
        writeln!(self.out)?;
        Ok(())
    }

    async fn decide(&mut self, claim_id: ClaimId, kind: DecisionKind) -> Result<()> {
        let decision = Decision {
            claim_id,
            part: PartKind::Amc,
            kind,
            expected_version: None,
            idempotency_key: None,
            decided_by: Some("demo".into()),
        };
        let outcome = self.app.service().decisions.record(&self.caller, &decision).await?;
        let state = outcome.view.claim.map_or("", |claim| claim.amc.state.libelle());
        writeln!(self.out, "   facture {} : part AMC {state}", outcome.view.invoice_number)?;
        Ok(())
    }

    async fn lookups(&mut self) -> Result<()> {
        let imports = self.app.imports();
        let register = File::open(&self.files.register)?;
        imports.finess(&self.caller, register, &"finess.csv".into(), false).await?;
        let conventions = File::open(&self.files.conventions)?;
        imports.conventions(&self.caller, conventions, &"conventions.csv".into()).await?;
        for (identifier, domain) in [("992952606", "PHAR"), ("996266771", "AUXM")] {
            writeln!(
                self.out,
                "   {identifier}, AMC 0099900011, domaine {domain}, le 02/02/2026 :"
            )?;
            let query = LookupQuery {
                identifier: identifier.to_owned(),
                amc: "0099900011".to_owned(),
                domain: domain.to_owned(),
                on: date!(2026 - 02 - 02),
            };
            let answer = self.app.service().conventions.lookup(&self.caller, &query).await?;
            for line in lookup::lines(&answer) {
                writeln!(self.out, "     {line}")?;
            }
        }
        writeln!(self.out)?;
        Ok(())
    }
}
