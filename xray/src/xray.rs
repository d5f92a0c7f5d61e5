//! X-ray of a file: its records as they stand, their zones named and decoded, its anomalies
//! pointing at their bytes.
//!
//! ```text
//! validate (anomalies) ─► choice of records ─► locate (offset, table) ─► Sheet ─► text, html
//! ```
//!
//! The anomalies are those of `validate`, so that both always agree. Memory stays flat: positions
//! of the chosen records, and one sheet. Persons are hidden in the sheet itself, so that a drawing
//! cannot show them, unless [`Options::show_persons`] is set.

use crate::Report;
use crate::choice::{Choice, Wanted};
use crate::examine;
use crate::locate::{self, Entry, Located};
use crate::sheet::{self, Sheet};
use noemie_parsers::detect::Norme;
use noemie_parsers::outcome::Finding;
use std::io::{self, Read, Seek, SeekFrom};

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
    /// Report of `validate` on the file.
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
            locate::find(&mut source, norme, &report, &mut wanted, &mut located)?;
        }
        let entries = located.into_entries();
        Ok(Self {
            source,
            norme: detection.norme,
            show_persons: options.show_persons,
            wanted,
            entries,
            report,
        })
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

    /// Returns the sheet of a record, `index` below [`Xray::len`].
    pub fn sheet(&mut self, index: usize) -> io::Result<Sheet> {
        let entry = &self.entries[index];
        let raw = locate::raw(&mut self.source, self.norme, entry)?;
        Ok(sheet::build(entry, raw, self.wanted.findings(entry.record), self.show_persons))
    }
}
