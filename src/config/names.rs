//! Names of the settings, and the nearest one to a name that is none.

use super::Config;

/// Returns the names of the settings. The fields of the serialised structure are the names, so that
/// no second list is needed.
pub(super) fn all() -> impl Iterator<Item = String> {
    let fields = serde_json::to_value(Config::default()).expect("settings are text and numbers");
    let fields = fields.as_object().cloned().unwrap_or_default();
    fields.into_iter().map(|(name, _)| name)
}

/// Returns whether a name is a setting.
pub(super) fn is_setting(name: &str) -> bool {
    all().any(|setting| setting == name)
}

/// Returns the candidate that differs least from a name, if it differs by less than a third.
pub(super) fn nearest(name: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    let name = name.to_lowercase();
    candidates
        .map(|candidate| (distance(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 3.min(candidate.len() / 3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Returns how many letters have to be added, removed, replaced or swapped with their neighbour to
/// make one word of another.
fn distance(from: &str, to: &str) -> usize {
    let (from, to) = (from.as_bytes(), to.as_bytes());
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(a != b);
            let mut least = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_counts_the_letters_that_differ() {
        for (from, to, letters) in
            [("ampq", "amqp", 1), ("", "abc", 3), ("data_dir", "datadir", 1), ("in", "out", 3)]
        {
            assert_eq!(distance(from, to), letters, "{from} {to}");
        }
    }

    #[test]
    fn only_a_near_name_is_the_nearest() {
        let near = |name| nearest(name, all());
        assert_eq!(near("max_upload").as_deref(), Some("max_uploads"));
        assert_eq!(near("vault_key_fille").as_deref(), Some("vault_key_file"));
        assert_eq!(near("grpc_port"), None);
        assert_eq!(near("it"), None);
    }
}
