//! Summary of the findings of a file: grouped by code, in the order of their cost.

use noemie_parsers::anomaly::{Code, Severity};
use noemie_parsers::outcome::Finding;
use std::cmp::Reverse;

/// Most findings of one code that a page or a text lists one by one; the rest is counted. All
/// findings of a code have the same remedy.
pub const LISTED_PER_CODE: usize = 50;

/// Findings of a file by code: those that cost the whole file, those that cost an invoice, then
/// the warnings; within a cost, in the order of the file.
#[derive(Debug)]
pub struct Summary<'a> {
    /// The groups.
    pub groups: Vec<Group<'a>>,
}

/// The findings of one code and one cost.
#[derive(Debug)]
pub struct Group<'a> {
    /// Stable code.
    pub code: &'a str,
    /// Cost of each finding.
    pub severity: Severity,
    /// The findings, in the order of the file.
    pub findings: Vec<&'a Finding>,
}

impl<'a> Summary<'a> {
    /// Groups the findings of a report.
    #[must_use]
    pub fn of(findings: &'a [Finding]) -> Self {
        let mut groups: Vec<Group<'a>> = Vec::new();
        for finding in findings {
            let same = |g: &Group<'_>| finding.code == *g.code && g.severity == finding.severity;
            match groups.iter_mut().find(|group| same(group)) {
                Some(group) => group.findings.push(finding),
                None => groups.push(Group {
                    code: finding.code.as_str(),
                    severity: finding.severity,
                    findings: vec![finding],
                }),
            }
        }
        groups.sort_by_key(|group| Reverse(group.severity));
        Self { groups }
    }
}

impl<'a> Group<'a> {
    /// Returns the code of the parsers; `None` for a code of the gateway or of a later version.
    #[must_use]
    pub fn known(&self) -> Option<Code> {
        self.code.parse().ok()
    }

    /// Returns the French title, empty when the code is not known here.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.known().map_or("", Code::titre)
    }

    /// Returns the findings to list, at most [`LISTED_PER_CODE`].
    pub fn listed(&self) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().take(LISTED_PER_CODE).copied()
    }

    /// Returns the findings past the limit.
    pub(crate) fn unlisted(&self) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().skip(LISTED_PER_CODE).copied()
    }

    /// Returns the number of findings that are not listed.
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.findings.len().saturating_sub(LISTED_PER_CODE)
    }

    /// Returns the message when all findings of the group have the same one.
    #[must_use]
    pub fn common_message(&self) -> Option<&'a str> {
        let (first, rest) = self.findings.split_first()?;
        rest.iter().all(|f| f.message == first.message).then_some(first.message.as_str())
    }
}

/// Returns what an anomaly costs, in French.
#[must_use]
pub(crate) const fn cost(severity: Severity) -> &'static str {
    match severity {
        Severity::File => "refuse le fichier",
        Severity::Invoice => "facture mise de côté",
        Severity::Warning => "avertissement",
        Severity::Unknown => "coût inconnu",
    }
}
