//! Commands to try on what the demonstration left.

use crate::cli::Output;
use anyhow::Result;
use std::io::Write as _;
use std::path::Path;

/// Characters that need no quotes in a shell.
const PLAIN: &str = "/._-+=:,@%";

/// Prints the files left in the directory, and commands that work as printed in the user's current
/// directory: they begin with the name by which this process was started, because `cargo run` does
/// not put the program on the PATH.
pub(super) fn print(out: &mut Output, dir: &Path) -> Result<()> {
    let program = std::env::args().next().unwrap_or_else(|| "noemie-gateway".to_owned());
    let (program, data) = (shell_word(&program), shell_word(&dir.display().to_string()));
    writeln!(out, "8. Ce qui reste, dans {}\n", dir.display())?;
    for line in [
        "gateway.db    demandes, événements, registres (personnes chiffrées)",
        "archive/      fichiers reçus, chiffrés ; vault.key les ouvre",
        "out/          accusés (ARL) et rejets (NOEMIE 580), un répertoire par destinataire",
        "files/        les fichiers inventés de cette démonstration",
    ] {
        writeln!(out, "   {line}")?;
    }
    writeln!(out, "\n   À essayer ensuite :")?;
    writeln!(out, "     {program} validate {data}/files/*.b2")?;
    for command in [
        "list claims",
        "status --ps 992952606 --invoice 652038857",
        "lookup 992952606 --amc 0099900011 --on 2026-02-02",
        "serve",
    ] {
        writeln!(out, "     {program} --data-dir {data} {command}")?;
    }
    Ok(())
}

/// Returns a text as one word of a POSIX shell.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || PLAIN.contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_blanks_and_quotes_are_quoted() {
        for (text, word) in [
            ("/tmp/demo-1", "/tmp/demo-1"),
            ("mes essais", "'mes essais'"),
            ("l'essai", "'l'\\''essai'"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }
}
