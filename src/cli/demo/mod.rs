//! `demo`: the whole job, in a temporary embedded gateway, with invented files.
//!
//! Clock and identifiers are those of [`FixedClock`], so that every run says the same; `README.md`
//! carries the transcript and a test compares. Everything else is what production runs: the same
//! database, archive, parsers, outbox and return files.

mod files;
mod suggestions;

use super::{Output, ingest, lookup};
use crate::app::App;
use crate::clock::{FixedClock, SharedClock};
use crate::config::Config;
use crate::conventionnement::LookupQuery;
use crate::domain::{Caller, Channel, Claim, PartKind, PartState, Reason, Reference, Scope};
use crate::ingest::Receipt;
use crate::relay::{LocalLog, Relay, RelayStatus, StepOutcome};
use crate::service::decisions::{Decision, DecisionKind};
use crate::store::ClaimFilter;
use anyhow::Result;
use clap::Args;
use files::Files;
use noemie_parsers::noemie::{self, Packaging};
use std::fs::File;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use time::macros::{date, datetime};

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Where the gateway of the demonstration lives; a directory beside the temporary files of the
    /// machine when not given. Kept afterwards.
    #[arg(long)]
    dir: Option<PathBuf>,
}

pub(super) async fn run(args: &DemoArgs, out: &mut Output) -> Result<ExitCode> {
    let dir = args.dir.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("noemie-gateway-demo-{}", std::process::id()))
    });
    let start = super::test_start(true)?.unwrap_or(datetime!(2026-02-02 09:00 UTC));
    let clock: SharedClock = Arc::new(FixedClock::new(start));
    let config =
        Config { data_dir: dir.clone(), database_url: None, amqp_url: None, ..Config::default() };
    let files = Files::write(dir.join("files"))?;
    let demo = Demo { app: App::open(config, clock).await?, files };
    demo.play(out).await?;
    suggestions::print(out, &dir)?;
    Ok(ExitCode::SUCCESS)
}

struct Demo {
    app: App,
    files: Files,
}

impl Demo {
    async fn play(&self, out: &mut Output) -> Result<()> {
        writeln!(out, "1. Un concentrateur dépose des fichiers DRE\n")?;
        let Files { pharmacy, nurses, cut, .. } = &self.files;
        for path in [pharmacy, nurses, cut, pharmacy] {
            self.deposit(out, path, "oct-exemple").await?;
        }
        writeln!(out, "2. Les factures acceptées sont devenues des demandes\n")?;
        self.claims(out).await?;
        writeln!(
            out,
            "3. Les événements sont partis vers les gestionnaires (sans broker : journal lu par SubscribeClaimEvents)\n"
        )?;
        self.events(out).await?;
        writeln!(out, "4. La caisse répond par un retour NOEMIE (RSP) à la pharmacie\n")?;
        let rsp = self.files.write_return(pharmacy)?;
        self.deposit(out, &rsp, "cpam-exemple").await?;
        writeln!(out, "5. Les gestionnaires décident : accord, paiement, rejet\n")?;
        self.decisions(out).await?;
        self.events(out).await?;
        writeln!(out, "6. Où en sont les demandes ?\n")?;
        self.claims(out).await?;
        self.app.write_returns().await?;
        writeln!(out, "7. Ce professionnel est-il conventionné ?\n")?;
        self.lookups(out).await
    }

    async fn deposit(&self, out: &mut Output, path: &Path, sender: &str) -> Result<()> {
        let receipt = ingest::deposit(&self.app, path, sender, Channel::Cli).await?;
        let e = &receipt.exchange;
        let again =
            if receipt.repeated { ", déjà déposé : le premier accusé est rendu" } else { "" };
        writeln!(
            out,
            "   {} de {sender} : {} [{}]{again}",
            e.file_name,
            e.verdict.libelle(),
            e.verdict.as_str()
        )?;
        if !receipt.repeated {
            print_arl(out, &receipt)?;
        }
        writeln!(out)?;
        Ok(())
    }

    async fn claims(&self, out: &mut Output) -> Result<()> {
        for claim in self.all().await? {
            writeln!(
                out,
                "   PS {} facture {} : {} [{}]",
                claim.ps,
                claim.invoice_number,
                claim.status().libelle(),
                claim.status().as_str()
            )?;
            writeln!(
                out,
                "     total {} € ; AMO {} € {} ; AMC {} € {}",
                claim.total,
                claim.amo.asked,
                claim.amo.state.as_str(),
                claim.amc.asked,
                claim.amc.state.as_str()
            )?;
            for reason in &claim.amc.reasons {
                writeln!(out, "     motif {} : {}", reason.code, reason.label)?;
            }
        }
        writeln!(out)?;
        Ok(())
    }

    /// Oldest first.
    async fn all(&self) -> Result<Vec<Claim>> {
        let mut claims = self.app.store.claims(&ClaimFilter::default(), None, 100).await?.items;
        claims.reverse();
        Ok(claims)
    }

    /// Publishes what waits, and shows it.
    async fn events(&self, out: &mut Output) -> Result<()> {
        let waiting = self.app.store.unpublished_events(100, &[]).await?;
        let mut relay = Relay::new(
            self.app.store.clone(),
            Box::new(LocalLog),
            Arc::clone(&self.app.clock),
            RelayStatus::default(),
        );
        while let StepOutcome::Published(_) = relay.step().await {}
        relay.close().await;
        for event in waiting {
            let e = &event.event;
            writeln!(
                out,
                "   {} facture {} part {} (fait n° {})",
                e.routing_key(),
                e.invoice_number,
                e.part.as_str(),
                e.sequence
            )?;
        }
        writeln!(out)?;
        Ok(())
    }

    async fn decisions(&self, out: &mut Output) -> Result<()> {
        let claims: Vec<Claim> =
            self.all().await?.into_iter().filter(|c| c.amc.state == PartState::Received).collect();
        let [first, second, third, ..] = claims.as_slice() else {
            anyhow::bail!("the demonstration has too few claims")
        };
        self.decide(out, first, DecisionKind::Accept).await?;
        let transfer = DecisionKind::Pay {
            reference: Reference::try_from("VIR EXEMPLE 0001")?,
            date: date!(2026 - 02 - 04),
            amount: first.amc.asked,
        };
        self.decide(out, first, transfer).await?;
        let reason =
            Reason { code: "122".into(), label: "Garantie non active à la date des soins".into() };
        self.decide(out, second, DecisionKind::Reject { reasons: vec![reason] }).await?;
        self.decide(out, third, DecisionKind::Accept).await?;
        writeln!(out)?;
        Ok(())
    }

    async fn decide(&self, out: &mut Output, claim: &Claim, kind: DecisionKind) -> Result<()> {
        let decision = Decision {
            claim_id: claim.id,
            part: PartKind::Amc,
            kind,
            idempotency_key: None,
            decided_by: "demo".into(),
        };
        let outcome = self.app.service().decisions.record(&Caller::local(), &decision).await?;
        writeln!(
            out,
            "   facture {} : part AMC {}",
            claim.invoice_number,
            outcome.view.claim.map_or("", |claim| claim.amc.state.libelle())
        )?;
        Ok(())
    }

    async fn lookups(&self, out: &mut Output) -> Result<()> {
        let register = File::open(&self.files.register)?;
        self.app.conventionnement.import_finess(register, "finess.csv", false).await?;
        let conventions = File::open(&self.files.conventions)?;
        self.app.conventionnement.import_conventions(conventions, "conventions.csv").await?;
        for (identifier, domain) in [("992952606", "PHAR"), ("996266771", "AUXM")] {
            writeln!(out, "   {identifier}, AMC 0099900011, domaine {domain}, le 02/02/2026 :")?;
            let query = LookupQuery {
                identifier: identifier.to_owned(),
                amc: "0099900011".to_owned(),
                domain: domain.to_owned(),
                on: date!(2026 - 02 - 02),
            };
            for line in lookup::lines(
                &self.app.conventionnement.lookup(&Scope::everything(), &query).await?,
            ) {
                writeln!(out, "     {line}")?;
            }
        }
        writeln!(out)?;
        Ok(())
    }
}

/// What the ARL says, read back from its own bytes.
fn print_arl(out: &mut Output, receipt: &Receipt) -> Result<()> {
    writeln!(out, "     ARL {}", receipt.arl.file_name)?;
    let mut reader = noemie::Flux::new(Cursor::new(&receipt.arl_body), Packaging::Lignes);
    while let Some(piece) = reader.prochain()? {
        let noemie::Morceau::Entite(entity) = piece else { continue };
        let text = |zone: &noemie_parsers::layout::Zone| {
            noemie_parsers::picture::texte(zone.of(&entity.octets))
        };
        match &entity.code {
            b"295" => writeln!(out, "       {}", text(&noemie::e295::layout::COMMENTAIRE))?,
            b"100" => {
                writeln!(out, "       facture {}", text(&noemie::e100::layout::NUMERO_FACTURE))?
            }
            b"290" => writeln!(
                out,
                "         {} {}",
                text(&noemie::e290::layout::CODIFICATION),
                text(&noemie::e290::layout::LIBELLE)
            )?,
            _ => {}
        }
    }
    Ok(())
}
