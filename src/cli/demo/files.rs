//! Invented files of the demonstration, the same on every run.

use crate::generate::{self, Damage, Options, Profile, RspOptions};
use anyhow::{Context, Result};
use noemie_parsers::physical::enregistrements::Forme;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Invoices of each deposit: few enough to be read on a terminal.
const INVOICES: u64 = 3;

/// Conventions of the pharmacy and of the nurse that the DRE files name.
const CONVENTIONS: &str = "identifiant;numero_amc;type_convention;domaine;date_debut;\
    date_fin;etat;motif;concentrateur;rpps;finess_et\n\
    992952606;0099900011;;PHAR;2025-01-01;;active;;OCT-EXEMPLE;;990000119\n\
    996266771;0099900011;;AUXM;2025-01-01;;suspendue;RIB à vérifier;OCT-EXEMPLE;;\n";

/// Register of one establishment.
const REGISTER: &str = "finess;etalab;1;2026-02-01\n\
    structureet;990000119;990000911;PHARMACIE EXEMPLE;;;;1;R;DES ESSAIS;;;001;99;EXEMPLE;99001 \
    VILLE EXEMPLE;;;620;Pharmacie d'Officine;3201;;;;01;;;;2001-02-03;1900-01-01;2026-01-01;\n";

/// Files of the demonstration.
#[derive(Clone)]
pub(super) struct Files {
    /// DRE without a fault.
    pub(super) pharmacy: PathBuf,
    /// DRE with one faulty invoice.
    pub(super) nurses: PathBuf,
    /// DRE whose end is missing.
    pub(super) cut: PathBuf,
    /// Extract of the FINESS register.
    pub(super) register: PathBuf,
    /// Table of conventions.
    pub(super) conventions: PathBuf,
    directory: PathBuf,
}

impl Files {
    /// Writes the files into a directory, which is created.
    pub(super) fn write(directory: PathBuf) -> Result<Self> {
        fs::create_dir_all(&directory)
            .with_context(|| format!("creating {}", directory.display()))?;
        let files = Self {
            pharmacy: directory.join("pharmacie.b2"),
            nurses: directory.join("auxiliaire.b2"),
            cut: directory.join("transport.b2"),
            register: directory.join("finess.csv"),
            conventions: directory.join("conventions.csv"),
            directory,
        };
        write_dre(&files.pharmacy, Profile::Pharmacie, 1, None)?;
        write_dre(&files.nurses, Profile::Auxiliaire, 2, Some(Damage::NirKey))?;
        write_dre(&files.cut, Profile::Transport, 3, Some(Damage::Missing999))?;
        fs::write(&files.register, REGISTER).context("writing the register")?;
        fs::write(&files.conventions, CONVENTIONS).context("writing the conventions")?;
        Ok(files)
    }

    /// Writes the return of a caisse that pays every AMO part of a DRE and leaves the AMC parts to
    /// the insurer.
    pub(super) fn write_return(&self, dre: &Path) -> Result<PathBuf> {
        let path = self.directory.join("rsp.noemie");
        let options = RspOptions {
            rejected: 0,
            deferred: 0,
            amc_rejected: 0,
            amc_left: 100,
            ..RspOptions::default()
        };
        generate::rsp(File::open(dre)?, Forme::Crlf, &options, File::create(&path)?)?;
        Ok(path)
    }
}

fn write_dre(path: &Path, profile: Profile, seed: u64, damage: Option<Damage>) -> Result<()> {
    let options = Options { profile, invoices: INVOICES, seed, damage, ..Options::default() };
    let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
    generate::dre(&options, file)?;
    Ok(())
}
