//! Standard output and standard error of the commands.

use crate::domain::masking::{holds_identity, masked};
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Standard output of one command.
///
/// When the reader closes the pipe (`list claims | head`), later writes are dropped and the command
/// keeps the exit status that it would have had. Any other fault of standard
/// output (a full disk behind a redirection) is an error.
pub(super) struct Output {
    stdout: io::Stdout,
    is_closed: bool,
}

impl Output {
    /// Returns the standard output of the process.
    pub(super) fn standard() -> Self {
        Self { stdout: io::stdout(), is_closed: false }
    }

    /// Writes a value as one JSON object on a line.
    pub(super) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let line = serde_json::to_string(value)?;
        writeln!(self, "{line}")
    }

    fn absorb_closed_pipe<T>(&mut self, written: io::Result<T>, whole: T) -> io::Result<T> {
        match written {
            Err(failure) if failure.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(whole)
            }
            other => other,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed {
            return Ok(bytes.len());
        }
        let written = self.stdout.write(bytes);
        self.absorb_closed_pipe(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        let flushed = self.stdout.flush();
        self.absorb_closed_pipe(flushed, ())
    }
}

/// Returns a path as it is printed: control characters escaped, and a NIR in a name masked.
pub(super) fn shown(path: &Path) -> String {
    let mut shown = String::new();
    for c in masked(&path.display().to_string()).chars() {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// Writes an error to standard error, after the name of the program; see [`notice`].
pub(super) fn error(message: impl Display) {
    notice(format_args!("noemie-gateway: {message}"));
}

/// Writes a line to standard error, with NIR and bank accounts masked: an error may repeat an
/// argument or a path, and schedulers keep what their commands write. A failure to write is
/// ignored, because it could not be reported.
pub(super) fn notice(message: impl Display) {
    let _ = writeln!(io::stderr(), "{}", masked(&message.to_string()));
}

/// Writes the answer of the argument parser: help to standard output, a refusal to standard error.
/// A refusal repeats the argument, so that one that holds a NIR or a bank account is masked.
pub(super) fn usage(answer: &clap::Error) {
    let text = answer.render().to_string();
    if answer.use_stderr() && holds_identity(&text) {
        notice(text.trim_end());
    } else {
        let _ = answer.print();
    }
}
