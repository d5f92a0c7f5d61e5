//! Compares the rows of a database with a witness line.

use crate::domain::WitnessLine;
use crate::domain::civil_time::paris_date;
use crate::domain::witness::journals_digest;
use crate::store::{ChainedJournal, Installation, JournalLink, Store, StoreError};
use std::fmt;

/// How a database differs from a witness line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The line is of another installation.
    OtherInstallation {
        /// Installation of the line, and of the database.
        ids: [String; 2],
    },
    /// The line reaches further than the database.
    Ahead {
        /// Day of the line in Paris.
        day: String,
        /// In words, each end that the database does not reach.
        ends: Vec<String>,
    },
    /// The database has other rows at the ranks of the line.
    Contradicts {
        /// Day of the line in Paris.
        day: String,
        /// The difference in words.
        what: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherInstallation { ids: [line, database] } => write!(
                f,
                "the archive has witness lines of installation {line}, and this database is of \
                 installation {database}: name the archive of this database"
            ),
            Self::Ahead { day, ends } => write!(
                f,
                "the database is older than the archive: the last witness line, of {day}, has {}",
                ends.join("; ")
            ),
            Self::Contradicts { day, what } => write!(
                f,
                "the database is not the one of the archive's last witness line, of {day}: {what}"
            ),
        }
    }
}

/// Returns how a database with this mark differs from a line; `None` when it reaches the line, or
/// has begun a later incarnation.
pub(super) async fn difference(
    store: &dyn Store,
    mark: &Installation,
    line: &WitnessLine,
) -> Result<Option<Difference>, StoreError> {
    if line.installation != mark.id {
        let ids = [line.installation.to_string(), mark.id.to_string()];
        return Ok(Some(Difference::OtherInstallation { ids }));
    }
    if line.incarnation < mark.incarnation {
        return Ok(None);
    }
    let day = paris_date(line.at).to_string();
    let ends = ends_not_reached(store, mark, line).await?;
    if !ends.is_empty() {
        return Ok(Some(Difference::Ahead { day, ends }));
    }
    let what = match has_receipt(store, line).await? {
        false => format!("receipt {} has another link in its chain", line.receipts),
        true if journals_at(store, line).await? != line.journals_digest => {
            "the journals have other rows at the same numbers".to_owned()
        }
        true => return Ok(None),
    };
    Ok(Some(Difference::Contradicts { day, what }))
}

/// Returns in words the ends of a line that the database does not reach.
async fn ends_not_reached(
    store: &dyn Store,
    mark: &Installation,
    line: &WitnessLine,
) -> Result<Vec<String>, StoreError> {
    let mut ends = Vec::new();
    let mut compare = |what: &str, of_line: i128, of_database: i128| {
        if of_line > of_database {
            ends.push(format!("{what} {of_line}, the database {of_database}"));
        }
    };
    compare("incarnation", line.incarnation.into(), mark.incarnation.into());
    let tip = store.chain_tip().await?;
    compare("last receipt", line.receipts.into(), tip.sequence.into());
    compare("last published event", line.position.into(), store.last_position().await?.into());
    let reached = store.journal_ends().await?;
    for (chain, number) in &line.journals {
        let end = reached.iter().find(|end| end.chain == *chain).map_or(0, |end| end.number);
        compare(&format!("last row of journal {chain}"), (*number).into(), end.into());
    }
    Ok(ends)
}

/// Returns whether the database has the last receipt of the line, with the same link.
async fn has_receipt(store: &dyn Store, line: &WitnessLine) -> Result<bool, StoreError> {
    if line.receipts == 0 {
        return Ok(true);
    }
    let found = store.chain_links(line.receipts, 1).await?.pop();
    Ok(found.is_some_and(|at| at.sequence == line.receipts && at.link == line.receipt_link))
}

/// Returns the digest over the rows of the journals at the numbers of the line.
async fn journals_at(store: &dyn Store, line: &WitnessLine) -> Result<String, StoreError> {
    let mut links = Vec::new();
    for (chain, number) in &line.journals {
        let name = chain.split('/').next().unwrap_or_default();
        let journal = ChainedJournal::ALL.into_iter().find(|journal| journal.as_str() == name);
        // A later version added this journal: this version cannot read its rows, and compares none.
        let Some(journal) = journal else { return Ok(line.journals_digest.clone()) };
        let before = JournalLink { chain: chain.clone(), number: number - 1, link: String::new() };
        let row = store.journal_rows(journal, &before, 1).await?.pop();
        let found = row.filter(|row| row.place.chain == *chain && row.place.number == *number);
        links.push((chain.as_str(), *number, found.map_or_else(String::new, |row| row.place.link)));
    }
    Ok(journals_digest(links.iter().map(|(chain, number, link)| (*chain, *number, link.as_str()))))
}
