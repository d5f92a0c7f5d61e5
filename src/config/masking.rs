//! Masks the secrets of URLs for logs, errors and `config show`.
//!
//! A part of a URL is shown only when its shape is known and holds no password. Everything else is
//! hidden, so that a URL with a typing error shows too little and never a password.

use std::borrow::Cow;

/// Stands for a hidden part.
const HIDDEN: &str = "***";

/// Parameters of database and broker URLs whose values are no secrets.
const SHOWN_PARAMETERS: &[&str] = &[
    "application_name",
    "auth_mechanism",
    "cacertfile",
    "channel_max",
    "connection_timeout",
    "dbname",
    "frame_max",
    "heartbeat",
    "host",
    "hostaddr",
    "mode",
    "options",
    "port",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// Returns a URL without its passwords: those before `@`, those of parameters, and every part whose
/// shape is unknown.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) else {
        // A path may have any character, and a path is no secret.
        let is_path = url.starts_with("sqlite:") && !url.contains("://");
        return if is_path { url.to_owned() } else { HIDDEN.to_owned() };
    };
    let shown = shown_rest(rest).unwrap_or_else(|| HIDDEN.to_owned());
    format!("{scheme}://{shown}")
}

/// Returns the scheme of a URL, `None` when it has none that may be shown.
pub(super) fn scheme(url: &str) -> Option<&str> {
    url.split_once("://").map(|(scheme, _)| scheme).filter(|scheme| is_scheme(scheme))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// Returns what may be shown of the part after `://`; `None` when its shape is unknown.
fn shown_rest(rest: &str) -> Option<String> {
    if rest.contains('#') {
        return None;
    }
    let (credentials, tail) = match rest.rsplit_once('@') {
        // A password with a separator may end anywhere: nothing after it is sure to be a host.
        Some((credentials, _)) if credentials.contains(['/', '?']) => return None,
        Some((credentials, tail)) => (Some(credentials), tail),
        None => (None, rest),
    };
    let (address, query) = tail.split_once('?').map_or((tail, None), |(a, q)| (a, Some(q)));
    let (hosts, path) = address.split_once('/').map_or((address, None), |(h, p)| (h, Some(p)));
    if !hosts.split(',').all(is_host) || !path.unwrap_or_default().chars().all(is_plain) {
        return None;
    }
    let mut shown = String::new();
    if let Some(credentials) = credentials {
        let (user, password) = match credentials.split_once(':') {
            Some((user, _)) => (user, true),
            None => (credentials, false),
        };
        shown.push_str(if user.chars().all(is_plain) { user } else { HIDDEN });
        shown.push_str(if password { ":***@" } else { "@" });
    }
    shown.push_str(address);
    if let Some(query) = query {
        shown.push('?');
        shown.push_str(&query.split('&').map(shown_parameter).collect::<Vec<_>>().join("&"));
    }
    Some(shown)
}

/// Returns whether a text is `host` or `host:port`. `user:password` with the host missing is none.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse::<u16>().is_ok()),
        _ => (text, true),
    };
    let is_name = host.chars().all(is_plain);
    let is_v6 = host.starts_with('[') && host.ends_with(']') && !host.contains('@');
    port && (is_name || is_v6)
}

const fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~' | '%' | '/')
}

/// Returns a parameter with its value, or with its value hidden unless its name is known.
fn shown_parameter(parameter: &str) -> Cow<'_, str> {
    let Some((name, value)) = parameter.split_once('=') else { return HIDDEN.into() };
    let is_shown = SHOWN_PARAMETERS.contains(&name)
        && !value.contains(';')
        && !decoded(value).to_lowercase().contains("pass");
    if is_shown {
        return parameter.into();
    }
    // The name may be a part of a password with `&`.
    let is_name = decoded(name).chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    format!("{}={HIDDEN}", if is_name { name } else { HIDDEN }).into()
}

/// Returns a text with its `%XX` decoded, for a comparison.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let digits = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_urls_show_everything_but_the_password() {
        for (url, shown) in [
            ("amqp://guest:s3cret@host:5672/%2f", "amqp://guest:***@host:5672/%2f"),
            ("amqp://guest:s3@cret@host:5672/%2f", "amqp://guest:***@host:5672/%2f"),
            ("postgres://u:s3cret@[::1]:5432/d", "postgres://u:***@[::1]:5432/d"),
            ("postgres://u@a:1,b:2/d?sslmode=require", "postgres://u@a:1,b:2/d?sslmode=require"),
            (
                "postgres://h/d?options=-c%20lock_timeout%3D5s&user=u&password=s3cret",
                "postgres://h/d?options=-c%20lock_timeout%3D5s&user=u&password=***",
            ),
            ("postgres://h/d?p%61ssword=s3cret", "postgres://h/d?p%61ssword=***"),
            ("sqlite:/tmp/a@b.db", "sqlite:/tmp/a@b.db"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }

    #[test]
    fn malformed_urls_show_no_password_either() {
        for url in [
            "postgres://u:s3cret",
            "postgres://u:s3cret/h/d",
            "postgres://u:pa/s3cret@h/d",
            "postgres://u:pa?s3cret@h/d",
            "postgres://u:pa#s3cret@h/d",
            "postgres://u:pa s3cret@h/d",
            "postgres://u:%zzs3cret@h/d",
            "postgres://u@h/d?password=x@s3cret",
            "postgres://h/d?sslmode=require;password=s3cret",
            "postgres://h/d?user=password=s3cret",
            "postgres://h/d?x&s3cret",
            "postgres://h/d#password=s3cret",
            "postgres:u:s3cret@h/d",
            "postgresql//u:s3cret@h/d",
            "u:s3cret@h/d",
            "host=h user=u password=s3cret",
            "host=h password='s3cret://x'",
            "sqlite://u:s3cret@h/d",
            "s3cret",
        ] {
            let shown = without_password(url);
            assert!(!shown.contains("s3cret"), "{url} is shown as {shown}");
            assert!(scheme(url).is_none_or(|scheme| !scheme.contains("s3cret")), "{url}");
        }
    }
}
