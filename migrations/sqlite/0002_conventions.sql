-- Register of establishments (FINESS) and conventions. The same tables in both databases; where they differ: dates and instants are
-- ISO 8601 texts here (SQLite has no date type), and truth values are 0 or 1.
-- Nothing here depends on the claims of migration 0001.

-- One row per extract of the register that was applied. The last one is what lookups call "the register".
CREATE TABLE finess_snapshots (
    id              INTEGER PRIMARY KEY,
    digest          TEXT NOT NULL UNIQUE,       -- BLAKE3 of the file, hex
    source_name     TEXT NOT NULL,
    encoding        TEXT NOT NULL,
    as_of           TEXT NOT NULL,            -- date of the extract, from its first line
    imported_at     TEXT NOT NULL,
    row_count       INTEGER NOT NULL,
    problem_count   INTEGER NOT NULL,
    opened          INTEGER NOT NULL,
    closed          INTEGER NOT NULL,
    renamed         INTEGER NOT NULL,
    ej_changed      INTEGER NOT NULL,
    otherwise_changed INTEGER NOT NULL,
    unchanged       INTEGER NOT NULL
) STRICT;

-- Dated history: a version holds from valid_from (included) to valid_to (excluded). Absent texts are empty.
CREATE TABLE finess_establishments (
    id              INTEGER PRIMARY KEY,
    finess_et       TEXT NOT NULL,
    finess_ej       TEXT NOT NULL,
    name            TEXT NOT NULL,
    long_name       TEXT NOT NULL,
    category_code   TEXT NOT NULL,
    category_label  TEXT NOT NULL,
    department      TEXT NOT NULL,
    post_line       TEXT NOT NULL,              -- post code and town
    siret           TEXT NOT NULL,
    codemft         TEXT NOT NULL,
    opened_on       TEXT,
    updated_on      TEXT,                     -- refreshed in place: a new value alone opens no version
    valid_from      TEXT NOT NULL,
    valid_to        TEXT,
    first_version   INTEGER NOT NULL,            -- also answers for the days before the first extract that shows it
    last_seen       TEXT,                     -- last extract that showed it; NULL while it is open
    close_reason    TEXT CHECK (close_reason IN ('absent', 'modifie'))
) STRICT;
CREATE UNIQUE INDEX finess_establishments_open ON finess_establishments (finess_et) WHERE valid_to IS NULL;
CREATE INDEX finess_establishments_et ON finess_establishments (finess_et, valid_from);
CREATE INDEX finess_establishments_ej ON finess_establishments (finess_ej);

-- Rows of an import that is still being read. Emptied at its end, and of what a killed import left behind.
CREATE TABLE finess_staging (
    import_id       TEXT NOT NULL,
    line            INTEGER NOT NULL,
    staged_at       INTEGER NOT NULL,            -- seconds since 1970
    readable        INTEGER NOT NULL,            -- false: seen, but its row is faulty; its earlier version stays as it is
    finess_et       TEXT NOT NULL,
    finess_ej       TEXT NOT NULL,
    name            TEXT NOT NULL,
    long_name       TEXT NOT NULL,
    category_code   TEXT NOT NULL,
    category_label  TEXT NOT NULL,
    department      TEXT NOT NULL,
    post_line       TEXT NOT NULL,
    siret           TEXT NOT NULL,
    codemft         TEXT NOT NULL,
    opened_on       TEXT,
    updated_on      TEXT,
    PRIMARY KEY (import_id, finess_et)
) STRICT;

CREATE TABLE convention_imports (
    id              INTEGER PRIMARY KEY,
    digest          TEXT NOT NULL,
    source_name     TEXT NOT NULL,
    encoding        TEXT NOT NULL,
    imported_at     TEXT NOT NULL,
    row_count       INTEGER NOT NULL,
    added           INTEGER NOT NULL,
    changed         INTEGER NOT NULL,
    unchanged       INTEGER NOT NULL
) STRICT;

-- Two times: starts_on to ends_on (both included) is the life of the convention, recorded_from to recorded_to is what we knew when.
CREATE TABLE conventions (
    id              INTEGER PRIMARY KEY,
    identifier      TEXT NOT NULL,              -- billing number or FINESS, 9 characters
    amc             TEXT NOT NULL,              -- 10 digits
    convention_type TEXT NOT NULL,              -- '' or 2 characters
    domain          TEXT NOT NULL,              -- '*' for all
    starts_on       TEXT NOT NULL,
    ends_on         TEXT,
    state           TEXT NOT NULL CHECK (state IN ('active', 'suspendue', 'resiliee', 'en_attente')),
    motive          TEXT NOT NULL,
    concentrator    TEXT NOT NULL,
    rpps            TEXT NOT NULL,
    finess_et       TEXT NOT NULL,
    recorded_from   TEXT NOT NULL,
    recorded_to     TEXT,
    source_digest   TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX conventions_current ON conventions (identifier, amc, convention_type, domain, starts_on) WHERE recorded_to IS NULL;
CREATE INDEX conventions_finess_et ON conventions (finess_et, amc) WHERE recorded_to IS NULL AND finess_et <> '';
CREATE INDEX conventions_rpps ON conventions (rpps, amc) WHERE recorded_to IS NULL AND rpps <> '';
CREATE INDEX conventions_amc ON conventions (amc) WHERE recorded_to IS NULL;
CREATE INDEX conventions_history ON conventions (identifier, amc);

CREATE TABLE convention_staging (
    import_id       TEXT NOT NULL,
    line            INTEGER NOT NULL,
    staged_at       INTEGER NOT NULL,
    identifier      TEXT NOT NULL,
    amc             TEXT NOT NULL,
    convention_type TEXT NOT NULL,
    domain          TEXT NOT NULL,
    starts_on       TEXT NOT NULL,
    ends_on         TEXT,
    state           TEXT NOT NULL,
    motive          TEXT NOT NULL,
    concentrator    TEXT NOT NULL,
    rpps            TEXT NOT NULL,
    finess_et       TEXT NOT NULL,
    PRIMARY KEY (import_id, identifier, amc, convention_type, domain, starts_on)
) STRICT;
