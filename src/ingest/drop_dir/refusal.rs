//! Refusals of dropped files: the file stays, and its sender finds the reason in `out/<sender>/`.

use super::cause::Cause;
use super::dropped_file::DroppedFile;
use crate::domain::FileName;
use crate::domain::civil_time::{at_paris_hour, paris_date};
use time::{Date, OffsetDateTime};

/// Files and bytes that a sender may drop in a day of Paris; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Files of a day.
    pub files: u64,
    /// Bytes of a day.
    pub bytes: u64,
}

/// Reason for which a dropped file is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The file is larger than the limit.
    TooLarge { limit: u64 },
    /// The sender has dropped as many files as a day may have.
    FilesOfDay { limit: u64, day: Date },
    /// The file would bring more bytes than a day may have.
    BytesOfDay { limit: u64, day: Date },
}

impl Quota {
    /// Returns whether no quota is set.
    pub(super) const fn is_none(self) -> bool {
        self.files == 0 && self.bytes == 0
    }

    /// Returns the refusal of a file of this size, if the sender has dropped so many files and
    /// bytes on this day.
    pub(super) fn refusal(self, day: Date, size: u64, used: (u64, u64)) -> Option<Refusal> {
        let (files, bytes) = used;
        if self.files > 0 && files >= self.files {
            Some(Refusal::FilesOfDay { limit: self.files, day })
        } else if self.bytes > 0 && bytes.saturating_add(size) > self.bytes {
            Some(Refusal::BytesOfDay { limit: self.bytes, day })
        } else {
            None
        }
    }
}

impl Refusal {
    /// Returns the cause, as the metric names it.
    pub(super) const fn cause(self) -> Cause {
        match self {
            Self::TooLarge { .. } => Cause::TooLarge,
            Self::FilesOfDay { .. } => Cause::FilesOfDay,
            Self::BytesOfDay { .. } => Cause::BytesOfDay,
        }
    }

    /// Returns the code that the sender reads.
    const fn code(self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "FICHIER_TROP_GROS",
            Self::FilesOfDay { .. } => "QUOTA_FICHIERS_JOUR",
            Self::BytesOfDay { .. } => "QUOTA_OCTETS_JOUR",
        }
    }

    /// Returns the name of the notice for the sender: one for each file that is too large, one for
    /// each quota of a day.
    pub(super) fn notice_name(self, file: &DroppedFile) -> String {
        let of = match self {
            Self::TooLarge { .. } => FileName::from(file.path.as_path()).as_part(),
            Self::FilesOfDay { day, .. } | Self::BytesOfDay { day, .. } => day.to_string(),
        };
        format!("REFUS_{}_{of}.txt", self.code())
    }

    /// Returns the notice for the sender, the same bytes for the same refusal.
    pub(super) fn notice(self, file: &DroppedFile) -> String {
        let why = match self {
            Self::TooLarge { limit } => format!(
                "Le fichier dépasse la taille maximale de {limit} octets. Il reste dans le \
                 répertoire de dépôt : le retirer, le découper et déposer les parties."
            ),
            Self::FilesOfDay { limit, day } => format!(
                "Le quota de {limit} fichiers du {day} est atteint. Les fichiers suivants restent \
                 dans le répertoire de dépôt et seront pris en charge le lendemain, à partir de \
                 0 h (heure de Paris)."
            ),
            Self::BytesOfDay { limit, day } => format!(
                "Le fichier dépasserait le quota de {limit} octets du {day}. Il reste, avec les \
                 suivants, dans le répertoire de dépôt et sera pris en charge le lendemain, à \
                 partir de 0 h (heure de Paris), s'il tient dans le quota d'un jour."
            ),
        };
        let name = FileName::from(file.path.as_path());
        format!("code : {}\nfichier : {name}\nmessage : {why}\n", self.code())
    }
}

/// Returns the day of Paris at this instant, and the instant at which it began.
pub(super) fn day_of(now: OffsetDateTime) -> (Date, OffsetDateTime) {
    let day = paris_date(now);
    (day, at_paris_hour(day, 0).unwrap_or_else(|| day.midnight().assume_utc()))
}
