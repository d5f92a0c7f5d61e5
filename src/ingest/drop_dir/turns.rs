//! Order of the waiting files: the senders take turns, one file each.

use super::dropped_file::DroppedFile;
use crate::domain::Sender;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

/// Files that wait, by sender, and the sender who had the last turn.
#[derive(Debug, Default)]
pub(super) struct Turns {
    waiting: BTreeMap<Sender, VecDeque<DroppedFile>>,
    last: Option<Sender>,
}

impl Turns {
    /// Replaces the waiting files by those of a new scan, each sender's oldest first.
    pub(super) fn refill(&mut self, files: impl IntoIterator<Item = DroppedFile>) {
        self.waiting.clear();
        for file in files {
            self.waiting.entry(file.sender.clone()).or_default().push_back(file);
        }
    }

    /// Takes the next file: of the sender after the one who had the last turn, and of no sender
    /// that is busy.
    pub(super) fn next(&mut self, is_busy: impl Fn(&Sender) -> bool) -> Option<DroppedFile> {
        let first = self.last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let later = self.waiting.range::<Sender, _>((first, Bound::Unbounded));
        let sender = later.chain(&self.waiting).find(|(sender, _)| !is_busy(sender))?.0.clone();
        let files = self.waiting.get_mut(&sender)?;
        let next = files.pop_front();
        if files.is_empty() {
            self.waiting.remove(&sender);
        }
        self.last = Some(sender);
        next
    }

    /// Takes a file out.
    pub(super) fn remove(&mut self, file: &DroppedFile) {
        if let Some(files) = self.waiting.get_mut(&file.sender) {
            files.retain(|waiting| waiting.path != file.path);
            if files.is_empty() {
                self.waiting.remove(&file.sender);
            }
        }
    }

    /// Passes a sender over until the next scan.
    pub(super) fn pass_over(&mut self, sender: &Sender) {
        self.waiting.remove(sender);
    }

    /// Takes every file out.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::dropped_file::Fingerprint;
    use super::*;
    use std::fs;

    fn files(names: &[&str]) -> Vec<DroppedFile> {
        let metadata = fs::metadata(".").expect("a directory");
        let file = |name: &&str| DroppedFile {
            sender: Sender::try_from(name.split('/').next().expect("a sender")).expect("a name"),
            path: name.into(),
            fingerprint: Fingerprint::new(&metadata),
        };
        names.iter().map(file).collect()
    }

    fn all(turns: &mut Turns, is_busy: impl Fn(&Sender) -> bool) -> Vec<String> {
        let next = || turns.next(&is_busy).map(|file| file.path.display().to_string());
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn senders_take_turns_whatever_each_of_them_drops() {
        let mut turns = Turns::default();
        turns.refill(files(&["a/1", "a/2", "a/3", "b/1", "c/1", "c/2"]));
        assert_eq!(all(&mut turns, |_| false), ["a/1", "b/1", "c/1", "a/2", "c/2", "a/3"]);
        turns.refill(files(&["a/1", "a/2", "b/1"]));
        assert_eq!(all(&mut turns, |_| false), ["b/1", "a/1", "a/2"], "a had the last turn");
    }

    #[test]
    fn a_busy_sender_is_passed_over_and_keeps_its_files() {
        let mut turns = Turns::default();
        turns.refill(files(&["a/1", "b/1", "b/2"]));
        assert_eq!(all(&mut turns, |sender| sender.as_str() == "a"), ["b/1", "b/2"]);
        assert_eq!(all(&mut turns, |_| false), ["a/1"]);
    }
}
