//! X-ray of a file: its records as they stand, their zones named and decoded, its anomalies
//! pointing at their bytes.
//!
//! ```text
//! validate (anomalies) ─► choice of records ─► context (what holds them)
//!   ─► locate (offset, table) ─► Sheet ─► text, html
//! ```
//!
//! The anomalies are those of `validate`, so that both always agree. Memory stays flat: positions
//! of the chosen records, and one sheet. Persons are hidden in the sheet itself, so that a drawing
//! cannot show them, unless [`Options::show_persons`] is set.

use crate::Report;
use crate::choice::{Choice, Role, Wanted};
use crate::context;
use crate::examine;
use crate::locate::{self, Entry, Located};
use crate::sheet::{self, Sheet};
use noemie_parsers::detect::Norme;
use noemie_parsers::outcome::Finding;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// Options of an X-ray.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Records to show.
    pub choice: Choice,
    /// Names, numbers and birth dates of persons in clear.
    pub show_persons: bool,
}

/// A file under X-ray.
#[derive(Debug)]
pub struct Xray<S> {
    source: S,
    norme: Option<Norme>,
    show_persons: bool,
    wanted: Wanted,
    entries: Vec<Entry>,
    /// Report of `validate` on the file; its findings hide what the sheets hide.
    pub report: Report,
}

impl<S: Read + Seek> Xray<S> {
    /// Validates a file and finds the chosen records in it.
    ///
    /// # Errors
    /// When the source fails.
    pub fn open(mut source: S, name: &str, options: &Options) -> io::Result<Self> {
        let report = examine::validate(&mut source, name)?;
        source.seek(SeekFrom::Start(0))?;
        let (detection, _) = examine::recognise(&mut source)?;
        let mut wanted = Wanted::new(&options.choice, &report.anomalies);
        let mut located = Located::default();
        if let Some(norme) = detection.norme {
            context::find(&mut source, norme, &mut wanted)?;
            locate::find(&mut source, norme, &report, &mut wanted, &mut located)?;
        }
        let mut xray = Self {
            source,
            norme: detection.norme,
            show_persons: options.show_persons,
            wanted,
            entries: located.into_entries(),
            report,
        };
        xray.mask_findings()?;
        Ok(xray)
    }

    /// Hides in the findings of the report what the sheets hide, so that a list of findings shows
    /// no more than the records do.
    fn mask_findings(&mut self) -> io::Result<()> {
        if self.show_persons {
            return Ok(());
        }
        let mut masked: BTreeMap<u64, VecDeque<Finding>> = BTreeMap::new();
        for index in 0..self.entries.len() {
            let record = self.entries[index].record;
            if self.wanted.findings(record).is_empty() {
                continue;
            }
            let raw = locate::raw(&mut self.source, self.norme, &self.entries[index])?;
            let hidden = sheet::hidden(&self.entries[index], &raw, self.wanted.findings(record));
            let mut findings = self.wanted.findings(record).to_vec();
            findings.iter_mut().for_each(|finding| sheet::mask_finding(finding, &hidden));
            masked.insert(record, findings.clone().into());
            self.wanted.set_findings(record, findings);
        }
        for finding in &mut self.report.anomalies {
            let same = finding.record.and_then(|record| masked.get_mut(&record));
            if let Some(hidden) = same.and_then(VecDeque::pop_front) {
                *finding = hidden;
            }
        }
        Ok(())
    }

    /// Returns whether a norm was recognised.
    pub const fn recognised(&self) -> bool {
        self.norme.is_some()
    }

    /// Returns the number of records to show.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether no record answers the choice.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Findings of the file itself, which no record shows.
    pub fn of_the_file(&self) -> impl Iterator<Item = &Finding> {
        self.report.anomalies.iter().filter(|f| f.record.is_none())
    }

    /// Returns the number of records with an anomaly that are left out, past
    /// [`FAULTY_MAX`](crate::FAULTY_MAX).
    pub const fn faulty_left_out(&self) -> u64 {
        self.wanted.left_out
    }

    /// Returns whether a record is among those to show.
    #[must_use]
    pub fn shows(&self, record: u64) -> bool {
        self.entries.binary_search_by_key(&record, |entry| entry.record).is_ok()
    }

    /// Returns whether persons are in clear.
    pub const fn shows_persons(&self) -> bool {
        self.show_persons
    }

    /// Returns the number of the record at an index.
    pub(crate) fn record(&self, index: usize) -> u64 {
        self.entries[index].record
    }

    /// Returns the indexes of the folded records that follow one another from an index.
    pub(crate) fn folded_run(&self, index: usize) -> Range<usize> {
        let first = self.entries[index].record;
        let is_next = |(rank, entry): &(u64, &Entry)| {
            entry.record == first + rank && self.wanted.role(entry.record) == Role::Folded
        };
        let run = (0..).zip(&self.entries[index..]).take_while(is_next).count();
        index..index + run
    }

    /// Returns the sheet of a record, `index` below [`Xray::len`].
    pub fn sheet(&mut self, index: usize) -> io::Result<Sheet> {
        let entry = &self.entries[index];
        let raw = locate::raw(&mut self.source, self.norme, entry)?;
        Ok(sheet::build(entry, raw, &self.wanted, self.show_persons))
    }
}
