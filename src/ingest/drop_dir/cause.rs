//! Causes for which an entry of the drop directory is left where it is.

use metrics::{counter, describe_counter};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// Counter of entries that are left where they are, with the label `cause`.
const SKIPPED: &str = "noemie_drop_entries_skipped_total";

/// Cause for which an entry of the drop directory is not deposited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// A file beside the directories of the senders.
    NoSender,
    /// A directory whose name is not one of a sender.
    SenderName,
    /// A directory that could not be read.
    Unreadable,
    /// A symbolic link, in place of a file or of the directory of a sender.
    Link,
    /// A file with a second name, which may lie outside the drop directory.
    HardLink,
    /// A directory, FIFO, device or socket.
    NotRegular,
    /// A file that could not be read in time.
    Stalled,
    /// A file larger than the limit.
    TooLarge,
    /// A file past the files that its sender may drop in a day.
    FilesOfDay,
    /// A file past the bytes that its sender may drop in a day.
    BytesOfDay,
}

impl Cause {
    const ALL: [Self; 10] = [
        Self::NoSender,
        Self::SenderName,
        Self::Unreadable,
        Self::Link,
        Self::HardLink,
        Self::NotRegular,
        Self::Stalled,
        Self::TooLarge,
        Self::FilesOfDay,
        Self::BytesOfDay,
    ];

    /// Returns the label of the metric and of the log.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::NoSender => "no_sender",
            Self::SenderName => "sender_name",
            Self::Unreadable => "unreadable",
            Self::Link => "link",
            Self::HardLink => "hard_link",
            Self::NotRegular => "not_regular",
            Self::Stalled => "stalled",
            Self::TooLarge => "too_large",
            Self::FilesOfDay => "files_of_day",
            Self::BytesOfDay => "bytes_of_day",
        }
    }

    /// Returns the cause for which an entry with this metadata is no file to deposit.
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        if metadata.is_symlink() {
            Some(Self::Link)
        } else if !metadata.is_file() {
            Some(Self::NotRegular)
        } else if metadata.nlink() > 1 {
            Some(Self::HardLink)
        } else {
            None
        }
    }

    /// Counts an entry.
    pub(super) fn count(self) {
        counter!(SKIPPED, "cause" => self.as_str()).increment(1);
    }
}

/// Registers the description of the metric and its series, once a recorder is installed.
pub fn describe_metrics() {
    describe_counter!(SKIPPED, "Entries of the drop directory left where they are, by cause");
    for cause in Cause::ALL {
        counter!(SKIPPED, "cause" => cause.as_str()).absolute(0);
    }
}
