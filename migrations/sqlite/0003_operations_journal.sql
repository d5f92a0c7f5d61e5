-- What people did by hand to messages and data: who, when, what, on what. Only ever appended.
-- Where the databases differ: `at` is microseconds since 1970 and `detail` JSON as text here.

-- One row a step: `asked` comes before anything is touched, `batch` before each batch with the identifiers of what it touches, `done` or
-- `failed` at the end. An operation whose last row is `asked` or `batch` was cut: what its last batch names may be done or not.
CREATE TABLE operations_journal (
    operation_id BLOB NOT NULL,
    step         INTEGER NOT NULL,   -- from 0
    at           INTEGER NOT NULL,
    actor        TEXT NOT NULL,      -- who, as they said or as the system knows them
    action       TEXT NOT NULL,      -- `dlq.replay`, `dlq.drop` …
    stage        TEXT NOT NULL CHECK (stage IN ('asked', 'batch', 'done', 'failed')),
    subject      TEXT NOT NULL,      -- what was worked on, a queue for example
    detail       TEXT NOT NULL,      -- filter, identifiers, counts; never a person
    PRIMARY KEY (operation_id, step)
) STRICT;
CREATE INDEX operations_journal_newest ON operations_journal (at, operation_id, step);
