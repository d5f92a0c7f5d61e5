//! Files that a command is given: checked before anything is opened or created for them.

use super::Command;
use super::conventions::ConventionsCommand;
use super::finess::FinessCommand;
use super::output::{self, shown};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

impl Command {
    /// Returns the files that a command reads into the installation.
    fn inputs(&self) -> Vec<&Path> {
        match self {
            Self::Ingest(args) => args.files.iter().map(PathBuf::as_path).collect(),
            Self::Finess(FinessCommand::Import(args)) => vec![&args.file],
            Self::Conventions(ConventionsCommand::Import(args)) => vec![&args.file],
            _ => Vec::new(),
        }
    }

    /// Returns whether a command has files to read and can read none of them; names each on
    /// standard error. Such a command must not create an installation.
    pub(super) fn lacks_input(&self) -> bool {
        let inputs = self.inputs();
        let faults: Vec<_> = inputs
            .iter()
            .filter_map(|path| readable(path).err().map(|fault| (path, fault)))
            .collect();
        let is_lacking = !inputs.is_empty() && faults.len() == inputs.len();
        for (path, fault) in faults.iter().filter(|_| is_lacking) {
            output::error(format_args!("{}: {fault}", shown(path)));
        }
        is_lacking
    }
}

/// Checks that a path names something that can be read. A pipe or a device is not opened: its
/// writer would take the check for the reader.
pub(super) fn readable(path: &Path) -> io::Result<()> {
    let kind = path.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if kind.is_file() { File::open(path).map(|_| ()) } else { Ok(()) }
}
