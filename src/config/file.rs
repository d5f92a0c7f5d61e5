//! The configuration file, in TOML.

use super::SettingsError;
use super::names::{all, is_setting, nearest};
use std::io::ErrorKind;
use std::path::Path;
use toml::de::DeTable;

/// Returns the text of a configuration file whose names are all settings; `None` when the file is
/// not there.
pub(super) fn read(path: &Path) -> Result<Option<String>, SettingsError> {
    match std::fs::read_to_string(path) {
        Ok(text) => checked(&text, path).map(|()| Some(text)),
        Err(failure) if failure.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SettingsError::Read { path: path.to_owned(), source }),
    }
}

/// Checks syntax and names. A refusal gives the place and the reason and repeats nothing of the
/// line, which may hold a password.
fn checked(text: &str, path: &Path) -> Result<(), SettingsError> {
    let table = DeTable::parse(text).map_err(|failure| {
        let offset = failure.span().map_or(0, |span| span.start);
        let (line, column) = position(text, offset);
        let reason = one_line(failure.message());
        SettingsError::Syntax { path: path.to_owned(), line, column, reason }
    })?;
    for name in table.get_ref().keys() {
        if !is_setting(name.get_ref()) {
            let (line, _) = position(text, name.span().start);
            return Err(SettingsError::Unknown {
                what: format!("{} (line {line} of {})", name.get_ref(), path.display()),
                nearest: nearest(name.get_ref(), all()),
            });
        }
    }
    Ok(())
}

/// Returns line and column of an offset, both from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn one_line(reason: &str) -> String {
    reason.lines().map(str::trim).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let checked = checked(text, Path::new("x.toml"));
        checked.expect_err(text).to_string()
    }

    #[test]
    fn a_syntax_error_gives_its_place_and_not_its_line() {
        for (text, place) in [
            ("log = \"info\"\nvault_key = s3cret\n", "line 2, column "),
            ("amqp_url = \"amqp://u:s3cret@h\n", "line 1, column "),
            ("amqp_url = 's3cret' s3cret\n", "line 1, column "),
            ("vault_key: s3cret\n", "line 1, column"),
            ("s3cret\n", "line 1, column"),
            ("vault_key = \"\\s3cret\"\n", "line 1, column"),
            ("vault_key = [s3cret\n", "line 1, column"),
            ("vault_key = \"s3cret\"\nvault_key = \"s3cret\"\n", "line 2, column "),
        ] {
            let refusal = refusal(text);
            assert!(!refusal.contains("s3cret"), "{refusal}");
            assert!(refusal.starts_with("x.toml: ") && refusal.contains(place), "{refusal}");
        }
    }

    #[test]
    fn a_name_that_is_no_setting_is_refused_with_its_line() {
        let refusal = refusal("log = \"info\"\nmax_upload = 3\n");
        assert_eq!(
            refusal,
            "max_upload (line 2 of x.toml) is not a setting: did you mean max_uploads? Correct the \
             name, or take it out"
        );
    }
}
