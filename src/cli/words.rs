//! Counted nouns in what the commands print.

pub(super) use noemie_xray::words::french;

/// Returns a count with its English noun: only 1 is singular.
pub(super) fn english(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_singular_in_french_and_plural_in_english() {
        for (count, in_french, in_english) in
            [(0, "0 lot", "0 files"), (1, "1 lot", "1 file"), (2, "2 lots", "2 files")]
        {
            assert_eq!(french(count, "lot", "lots"), in_french);
            assert_eq!(english(count, "file", "files"), in_english);
        }
    }
}
