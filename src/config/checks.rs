//! Checks of the settings together: values that cannot work, and settings that contradict each
//! other.

use super::masking::scheme;
use super::{Config, SettingsError, SinkKind};
use crate::domain::Sender;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf, absolute};

/// Links followed on the way to a directory, as many as Linux follows.
const MAX_LINKS: usize = 40;

impl Config {
    /// Refuses values with which no command can work.
    pub(super) fn checked(self) -> Result<Self, SettingsError> {
        // Under a limit of 0 no file or query would pass.
        let limits = [
            ("database_connections", u64::from(self.database_connections)),
            ("max_file_bytes", self.max_file_bytes),
            ("max_uploads", self.max_uploads as u64),
            ("max_connections", self.max_connections as u64),
            ("max_connections_per_peer", self.max_connections_per_peer as u64),
            ("max_calls_per_peer", self.max_calls_per_peer as u64),
            ("max_streams_per_peer", self.max_streams_per_peer as u64),
            ("max_uploads_per_peer", self.max_uploads_per_peer as u64),
        ];
        if let Some((name, _)) = limits.iter().find(|(_, limit)| *limit == 0) {
            return wrong(format!("{name} is 0: nothing would ever pass, give at least 1"));
        }
        if self.vault_key.is_some() && self.vault_key_file.is_some() {
            return wrong(
                "vault_key and vault_key_file are both set, and may be two keys: keep one of them"
                    .to_owned(),
            );
        }
        self.has_known_schemes()?;
        self.has_right_senders()?;
        Ok(self)
    }

    fn has_right_senders(&self) -> Result<(), SettingsError> {
        let is_name = |name: &&String| Sender::try_from(name.as_str()).is_ok();
        if self.real_senders().iter().all(|name| is_name(&name)) {
            return Ok(());
        }
        wrong(
            "real_senders holds a text that is no name of a sender: give names of 1 to 64 letters, \
             digits, '-', '_' or '.', separated by commas"
                .to_owned(),
        )
    }

    fn has_known_schemes(&self) -> Result<(), SettingsError> {
        let is_file = |url: &str| url.starts_with("sqlite:");
        let is_of = |url: &str, schemes: &[&str]| scheme(url).is_some_and(|s| schemes.contains(&s));
        let database = self
            .database_url
            .as_deref()
            .filter(|url| !is_file(url) && !is_of(url, &["postgres", "postgresql"]));
        let broker = self.amqp_url.as_deref().filter(|url| !is_of(url, &["amqp", "amqps"]));
        let refused = [
            ("database_url", database, "postgres://, postgresql:// or sqlite:"),
            ("amqp_url", broker, "amqp:// or amqps://"),
        ];
        for (name, url, accepted) in refused {
            if let Some(url) = url {
                let found = scheme(url).map_or("another text".to_owned(), |s| format!("{s}://"));
                return wrong(format!("{name} begins with {found}: give a URL with {accepted}"));
            }
        }
        Ok(())
    }

    /// Refuses settings that name a part of an installation only, or directories that overlap. A
    /// command that opens or creates an installation calls it first.
    pub fn check_installation(&self) -> Result<(), SettingsError> {
        self.check_sink()?;
        self.check_directories()
    }

    /// Refuses a database without its broker and a broker without its database: a forgotten or
    /// misspelt setting would publish to nobody, or into a new embedded database.
    fn check_sink(&self) -> Result<(), SettingsError> {
        let server = self.database_url.as_deref().filter(|url| !url.starts_with("sqlite:"));
        match (self.sink, &self.database_url, &self.amqp_url) {
            (Some(SinkKind::Local), _, Some(_)) => wrong(
                "amqp_url is set and sink is local: take one of them out".to_owned(),
            ),
            (Some(SinkKind::Broker), _, None) => {
                wrong("sink is broker and amqp_url is not set: give amqp_url".to_owned())
            }
            (None, _, None) if server.is_some() => wrong(
                "database_url names a PostgreSQL server and amqp_url is not set: give amqp_url, or \
                 sink = \"local\" if no event is to reach a broker"
                    .to_owned(),
            ),
            (_, None, Some(_)) => wrong(
                "amqp_url is set and database_url is not: give database_url, for the embedded \
                 database sqlite:PATH"
                    .to_owned(),
            ),
            _ => Ok(()),
        }
    }

    /// Refuses directories of which one is in the other: the gateway would take its own files for
    /// deposits, for ever.
    fn check_directories(&self) -> Result<(), SettingsError> {
        let directories = [
            ("drop_dir", self.drop_dir()),
            ("out_dir", self.out_dir()),
            ("the archive", self.archive_dir()),
        ];
        let directories = directories.map(|(name, path)| (name, resolved(&path), path));
        for (at, (name, place, path)) in directories.iter().enumerate() {
            for (other, other_place, other_path) in &directories[at + 1..] {
                if is_within(place, other_place) || is_within(other_place, place) {
                    return wrong(format!(
                        "{name} ({}) and {other} ({}) overlap: give directories of which none is \
                         in the other",
                        path.display(),
                        other_path.display(),
                    ));
                }
            }
        }
        Ok(())
    }
}

fn wrong<T>(what: String) -> Result<T, SettingsError> {
    Err(SettingsError::Wrong(what))
}

/// Returns whether a directory is another one, or lies in it, by name or by identity: a bind mount
/// gives one directory two names.
fn is_within(inner: &Path, outer: &Path) -> bool {
    let identity = |path: &Path| path.metadata().ok().map(|found| (found.dev(), found.ino()));
    let outer_identity = identity(outer);
    inner.starts_with(outer)
        || outer_identity.is_some() && inner.ancestors().any(|dir| identity(dir) == outer_identity)
}

/// Returns the absolute path that a path leads to, links and `..` followed, of which the last parts
/// may not exist yet.
fn resolved(path: &Path) -> PathBuf {
    let absolute = absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut links = 0;
    follow(&absolute, &mut links)
}

fn follow(path: &Path, links: &mut usize) -> PathBuf {
    let mut place = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                place.pop();
            }
            Component::CurDir => {}
            part => {
                let target = place.join(part).read_link().ok().filter(|_| *links < MAX_LINKS);
                match target {
                    Some(target) => {
                        *links += 1;
                        place = follow(&place.join(target), links);
                    }
                    None => place.push(part),
                }
            }
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn refusal(config: Config) -> Option<String> {
        let checked = config.checked().and_then(|config| config.check_installation());
        checked.err().map(|refusal| refusal.to_string())
    }

    fn with_urls(database: Option<&str>, broker: Option<&str>, sink: Option<SinkKind>) -> Config {
        let [database_url, amqp_url] = [database, broker].map(|url| url.map(str::to_owned));
        Config { database_url, amqp_url, sink, ..Config::default() }
    }

    #[test]
    fn a_database_needs_its_broker_and_a_broker_its_database() {
        let (server, broker) = (Some("postgres://h/d"), Some("amqp://h"));
        let file = Some("sqlite:/tmp/a.db");
        let (to_broker, local) = (Some(SinkKind::Broker), Some(SinkKind::Local));
        for (database, broker, sink) in [
            (None, None, None),
            (None, None, local),
            (file, None, None),
            (file, broker, None),
            (server, broker, None),
            (server, broker, to_broker),
            (server, None, local),
        ] {
            assert_eq!(refusal(with_urls(database, broker, sink)), None, "{database:?} {broker:?}");
        }
        for (database, broker, sink, named) in [
            (server, None, None, "amqp_url is not set"),
            (server, None, to_broker, "amqp_url is not set"),
            (None, broker, None, "database_url is not"),
            (None, broker, to_broker, "database_url is not"),
            (server, broker, local, "sink is local"),
        ] {
            let refusal = refusal(with_urls(database, broker, sink)).expect(named);
            assert!(refusal.contains(named), "{refusal}");
        }
    }

    #[test]
    fn other_schemes_are_refused_with_the_accepted_ones() {
        for (database, broker, told) in [
            (Some("mysql://u:s3cret@h/d"), None, "database_url begins with mysql://: "),
            (Some("s3cret:x"), None, "database_url begins with another text: "),
            (Some(""), None, "database_url begins with another text: "),
            (None, Some("http://u:s3cret@h"), "amqp_url begins with http://: "),
            (None, Some("postgres://u:s3cret@h"), "amqp_url begins with postgres://: "),
        ] {
            let refusal = refusal(with_urls(database, broker, None)).expect(told);
            assert!(refusal.starts_with(told) && refusal.contains("://"), "{refusal}");
            assert!(!refusal.contains("s3cret"), "{refusal}");
        }
    }

    #[test]
    fn two_keys_are_refused() {
        let config = Config {
            vault_key: Some("s3cret".to_owned()),
            vault_key_file: Some(PathBuf::from("key")),
            ..Config::default()
        };
        let refusal = refusal(config).expect("two keys");
        assert!(refusal.starts_with("vault_key and vault_key_file are both set"), "{refusal}");
    }

    #[test]
    fn directories_that_overlap_are_refused_whatever_their_names() {
        let root = tempfile::tempdir().expect("a directory");
        let at = |name: &str| root.path().join(name);
        fs::create_dir_all(at("real/out")).expect("a directory");
        symlink(at("real"), at("link")).expect("a link");
        symlink("real/out", at("relative")).expect("a link");
        symlink(at("later"), at("dangling")).expect("a link");
        symlink(at("loop"), at("loop")).expect("a link");
        let overlap = |drop: &str, out: &str| {
            let (drop_dir, out_dir) = (Some(at(drop)), Some(at(out)));
            refusal(Config { data_dir: at("data"), drop_dir, out_dir, ..Config::default() })
        };
        for (one, other) in [
            ("real/out", "real/out"),
            ("real", "real/out"),
            ("real/out/in", "real/out"),
            ("real/../real/out", "real/out"),
            ("link/out", "real/out"),
            ("relative", "link"),
            ("relative/../out", "link/out"),
            ("dangling/in", "later"),
            ("new/in", "new"),
            ("data/archive", "other"),
            (".", "other"),
        ] {
            for (drop, out) in [(one, other), (other, one)] {
                let refusal = overlap(drop, out).unwrap_or_else(|| panic!("{drop} and {out} pass"));
                assert!(refusal.contains("overlap"), "{refusal}");
            }
        }
        for (drop, out) in
            [("data/in", "data/out"), ("in", "in2"), ("link/in", "real/out"), ("loop", "out")]
        {
            assert_eq!(overlap(drop, out), None, "{drop} and {out}");
        }
    }
}
