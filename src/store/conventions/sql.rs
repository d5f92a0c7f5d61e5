//! The statements that both databases share. Statements that differ are in `sqlite.rs` and
//! `postgres.rs`.

/// Columns of an establishment version, in the order of its struct.
macro_rules! establishment_columns {
    () => {
        "finess_et, finess_ej, name, long_name, category_code, category_label, department, \
         post_line, siret, codemft, opened_on, updated_on, valid_from, valid_to, last_seen"
    };
}

/// Columns of a convention `c`, in the order of its struct.
pub(super) const CONVENTION_COLUMNS: &str = "c.identifier, c.amc, c.convention_type, c.domain, \
    c.starts_on, c.ends_on, c.state, c.motive, c.concentrator, c.rpps, c.finess_et";

/// Condition that the names of an establishment differ between the staged row `s` and the version
/// in force `e`.
macro_rules! renamed {
    () => {
        "(s.name <> e.name OR s.long_name <> e.long_name)"
    };
}
/// Condition that the legal entity differs between `s` and `e`.
macro_rules! ej_changed {
    () => {
        "(s.finess_ej <> e.finess_ej)"
    };
}
/// Condition that another value differs between `s` and `e`. The update date is not compared.
macro_rules! otherwise_changed {
    () => {
        "(s.category_code <> e.category_code OR s.category_label <> e.category_label \
         OR s.department <> e.department OR s.post_line <> e.post_line \
         OR s.siret <> e.siret OR s.codemft <> e.codemft \
         OR s.opened_on IS DISTINCT FROM e.opened_on)"
    };
}

/// Condition that the staged convention `s` and the stored convention `c` of the same key differ.
macro_rules! convention_differs {
    () => {
        "(s.ends_on IS DISTINCT FROM c.ends_on OR s.state <> c.state OR s.motive <> c.motive \
         OR s.concentrator <> c.concentrator \
         OR s.rpps <> c.rpps OR s.finess_et <> c.finess_et)"
    };
}
/// Condition that `c` is the current convention with the key of `s`.
macro_rules! same_convention {
    () => {
        "c.recorded_to IS NULL AND c.identifier = s.identifier AND c.amc = s.amc \
         AND c.convention_type = s.convention_type \
         AND c.domain = s.domain AND c.starts_on = s.starts_on"
    };
}

pub(super) const REGISTER: &str = "SELECT digest, source_name, as_of, imported_at, row_count \
    FROM finess_snapshots ORDER BY chain_no DESC LIMIT 1";

pub(super) const SNAPSHOT_BY_DIGEST: &str = "SELECT digest, source_name, as_of, imported_at, \
    row_count FROM finess_snapshots WHERE digest = $1";

pub(super) const ESTABLISHMENT_VERSIONS: &str = concat!(
    "SELECT ",
    establishment_columns!(),
    " FROM finess_establishments WHERE finess_et = $1 ORDER BY valid_from, id"
);

pub(super) const ANY_ESTABLISHMENT_OF: &str = concat!(
    "SELECT ",
    establishment_columns!(),
    " FROM finess_establishments WHERE finess_ej = $1 ORDER BY CASE WHEN valid_to IS NULL THEN 0 \
     ELSE 1 END, valid_from DESC, finess_et LIMIT 1"
);

pub(super) const STAGE_FINESS: &str = "INSERT INTO finess_staging (import_id, line, staged_at, \
    readable, finess_et, finess_ej, name, long_name, category_code, category_label, department, \
    post_line, siret, codemft, opened_on, updated_on) ";

pub(super) const STAGE_CONVENTIONS: &str = "INSERT INTO convention_staging (import_id, line, \
    staged_at, identifier, amc, convention_type, domain, starts_on, ends_on, state, motive, \
    concentrator, rpps, finess_et) ";

pub(super) const KEEP_FIRST: &str = " ON CONFLICT DO NOTHING RETURNING line";

/// Counts the establishments in force, those that the extract lacks, and the readable rows of the
/// extract.
pub(super) const COUNT_LOSS: &str = "SELECT (SELECT COUNT(*) FROM finess_establishments \
    WHERE valid_to IS NULL) AS in_force, (SELECT COUNT(*) FROM finess_establishments e \
    WHERE e.valid_to IS NULL \
    AND NOT EXISTS (SELECT 1 FROM finess_staging s WHERE s.import_id = $1 \
    AND s.finess_et = e.finess_et)) AS lost, (SELECT COUNT(*) FROM finess_staging s \
    WHERE s.import_id = $1 AND s.readable) AS readable";

pub(super) const COUNT_CHANGES: &str = concat!(
    "SELECT COALESCE(SUM(CASE WHEN e.id IS NULL AND s.readable THEN 1 ELSE 0 END), 0) AS opened, \
     COALESCE(SUM(CASE WHEN e.id IS NOT NULL AND s.readable AND ",
    renamed!(),
    " THEN 1 ELSE 0 END), 0) AS renamed, COALESCE(SUM(CASE WHEN e.id IS NOT NULL \
     AND s.readable AND ",
    ej_changed!(),
    " THEN 1 ELSE 0 END), 0) AS ej_changed, COALESCE(SUM(CASE WHEN e.id IS NOT NULL AND s.readable \
     AND NOT ",
    renamed!(),
    " AND NOT ",
    ej_changed!(),
    " AND ",
    otherwise_changed!(),
    " THEN 1 ELSE 0 END), 0) AS otherwise_changed, COALESCE(SUM(CASE WHEN e.id IS NOT NULL \
     AND s.readable AND NOT ",
    renamed!(),
    " AND NOT ",
    ej_changed!(),
    " AND NOT ",
    otherwise_changed!(),
    " THEN 1 ELSE 0 END), 0) AS unchanged, COALESCE(SUM(CASE WHEN e.id IS NOT NULL \
     AND NOT s.readable THEN 1 ELSE 0 END), 0) AS held \
     FROM finess_staging s LEFT JOIN finess_establishments e ON e.finess_et = s.finess_et \
     AND e.valid_to IS NULL WHERE s.import_id = $1"
);

/// Parameters: $1 import, $2 date of the extract, $3 date of the extract before.
pub(super) const CLOSE_ABSENT: &str = "UPDATE finess_establishments AS e SET valid_to = $2, \
    last_seen = $3, close_reason = 'absent' \
    WHERE e.valid_to IS NULL AND NOT EXISTS (SELECT 1 FROM finess_staging s WHERE s.import_id = $1 \
    AND s.finess_et = e.finess_et)";

/// Parameters as for [`CLOSE_ABSENT`].
pub(super) const CLOSE_CHANGED: &str = concat!(
    "UPDATE finess_establishments AS e SET valid_to = $2, last_seen = $3, close_reason = 'modifie' \
     WHERE e.valid_to IS NULL \
     AND EXISTS (SELECT 1 FROM finess_staging s WHERE s.import_id = $1 \
     AND s.finess_et = e.finess_et AND s.readable AND (",
    renamed!(),
    " OR ",
    ej_changed!(),
    " OR ",
    otherwise_changed!(),
    "))"
);

/// Parameters: $1 import, $2 date of the extract.
pub(super) const OPEN_VERSIONS: &str = "INSERT INTO finess_establishments (finess_et, finess_ej, \
    name, long_name, category_code, category_label, department, post_line, siret, codemft, \
    opened_on, updated_on, valid_from, first_version) \
    SELECT s.finess_et, s.finess_ej, s.name, s.long_name, s.category_code, s.category_label, \
    s.department, s.post_line, s.siret, s.codemft, s.opened_on, s.updated_on, $2, \
    NOT EXISTS (SELECT 1 FROM finess_establishments p WHERE p.finess_et = s.finess_et) \
    FROM finess_staging s WHERE s.import_id = $1 AND s.readable \
    AND NOT EXISTS (SELECT 1 FROM finess_establishments e WHERE e.finess_et = s.finess_et \
    AND e.valid_to IS NULL)";

pub(super) const REFRESH_UPDATE_DATES: &str = "UPDATE finess_establishments AS e \
    SET updated_on = s.updated_on FROM finess_staging s \
    WHERE s.import_id = $1 AND s.readable AND s.finess_et = e.finess_et AND e.valid_to IS NULL \
    AND s.updated_on IS DISTINCT FROM e.updated_on";

pub(super) const INSERT_SNAPSHOT: &str = "INSERT INTO finess_snapshots (digest, source_name, \
    encoding, as_of, imported_at, row_count, problem_count, opened, closed, renamed, ej_changed, \
    otherwise_changed, unchanged, content, chain, chain_no, link) VALUES ($1, $2, $3, $4, $5, $6, \
    $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";

pub(super) const COUNT_CONVENTION_CHANGES: &str = concat!(
    "SELECT COALESCE(SUM(CASE WHEN c.id IS NULL THEN 1 ELSE 0 END), 0) AS added, COALESCE(SUM(CASE \
     WHEN c.id IS NOT NULL AND ",
    convention_differs!(),
    " THEN 1 ELSE 0 END), 0) AS changed, COALESCE(SUM(CASE WHEN c.id IS NOT NULL AND NOT ",
    convention_differs!(),
    " THEN 1 ELSE 0 END), 0) AS unchanged FROM convention_staging s LEFT JOIN conventions c ON ",
    same_convention!(),
    " WHERE s.import_id = $1"
);

/// Parameters: $1 import, $2 now.
pub(super) const CLOSE_CONVENTIONS: &str = concat!(
    "UPDATE conventions AS c SET recorded_to = $2 WHERE c.recorded_to IS NULL \
     AND EXISTS (SELECT 1 FROM convention_staging s WHERE s.import_id = $1 AND ",
    same_convention!(),
    " AND ",
    convention_differs!(),
    ")"
);

/// Parameters: $1 import, $2 now, $3 digest of the file.
pub(super) const OPEN_CONVENTIONS: &str = concat!(
    "INSERT INTO conventions (identifier, amc, convention_type, domain, starts_on, ends_on, state, \
     motive, concentrator, rpps, finess_et, recorded_from, source_digest) \
     SELECT s.identifier, s.amc, s.convention_type, s.domain, s.starts_on, s.ends_on, s.state, \
     s.motive, s.concentrator, s.rpps, s.finess_et, $2, $3 FROM convention_staging s \
     WHERE s.import_id = $1 \
     AND NOT EXISTS (SELECT 1 FROM conventions c WHERE ",
    same_convention!(),
    ")"
);

/// Inserts the AMC numbers of the import $1, so that whether an AMC is known is one read by key.
pub(super) const INSERT_CONVENTION_AMCS: &str = "INSERT INTO convention_amcs (amc) \
     SELECT DISTINCT amc FROM convention_staging WHERE import_id = $1 ON CONFLICT DO NOTHING";

pub(super) const INSERT_CONVENTION_IMPORT: &str = "INSERT INTO convention_imports (digest, \
    source_name, encoding, imported_at, row_count, added, changed, unchanged, content, chain, \
    chain_no, link) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// Parameters: $1 import, $2 seconds since 1970.
pub(super) const DISCARD_FINESS: &str =
    "DELETE FROM finess_staging WHERE import_id = $1 OR staged_at < $2";
pub(super) const DISCARD_CONVENTIONS: &str =
    "DELETE FROM convention_staging WHERE import_id = $1 OR staged_at < $2";
pub(super) const EMPTY_FINESS: &str = "DELETE FROM finess_staging WHERE import_id = $1";
pub(super) const EMPTY_CONVENTIONS: &str = "DELETE FROM convention_staging WHERE import_id = $1";
