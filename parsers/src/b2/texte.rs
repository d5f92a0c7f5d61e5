//! Zones as text.

/// Trimmed text of a zone that carries no person; bytes outside ASCII show as `?`.
pub(crate) fn text(zone: &[u8]) -> String {
    let zone = zone.trim_ascii();
    if let Some(texte) =
        std::str::from_utf8(zone).ok().filter(|_| zone.iter().all(|b| matches!(b, b' '..=b'~')))
    {
        return texte.to_owned();
    }
    zone.iter()
        .map(|b| if b.is_ascii() && !b.is_ascii_control() { char::from(*b) } else { '?' })
        .collect()
}
