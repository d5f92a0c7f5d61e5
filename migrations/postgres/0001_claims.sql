-- Exchanges, claims, outbox, returns. Same number, same name and same meaning as the SQLite file of this number.
-- No person stands here in clear: NIR, names and births exist only inside `claims.vault` and `returns.sealed`, encrypted.
-- Amounts are centimes. Ranks are 1-based.

-- One deposited file. The row is first written with its three keys only (`verdict` null): it takes the place of the deposit, so that a second
-- transaction with the same file waits for the first one. A row without verdict is never committed.
CREATE TABLE exchanges (
    id              UUID PRIMARY KEY,
    sender          TEXT NOT NULL,
    digest          TEXT NOT NULL,
    idempotency_key TEXT NOT NULL DEFAULT '',
    channel         TEXT NOT NULL DEFAULT 'cli' CHECK (channel IN ('drop', 'grpc', 'cli')),
    file_name       TEXT NOT NULL DEFAULT '',
    size            BIGINT NOT NULL DEFAULT 0,
    norm            TEXT NOT NULL DEFAULT '',
    packaging       TEXT NOT NULL DEFAULT '',
    verdict         TEXT CHECK (verdict IN ('accepted', 'partial', 'refused')),
    logical_files   BIGINT NOT NULL DEFAULT 0,
    lots            BIGINT NOT NULL DEFAULT 0,
    invoices        BIGINT NOT NULL DEFAULT 0,
    lines           BIGINT NOT NULL DEFAULT 0,
    accepted        BIGINT NOT NULL DEFAULT 0,
    quarantined     BIGINT NOT NULL DEFAULT 0,
    duplicates      BIGINT NOT NULL DEFAULT 0,
    unmatched       BIGINT NOT NULL DEFAULT 0,
    total           BIGINT NOT NULL DEFAULT 0,
    amo             BIGINT NOT NULL DEFAULT 0,
    amc             BIGINT NOT NULL DEFAULT 0,
    anomalies       BIGINT NOT NULL DEFAULT 0,
    received_at     TIMESTAMPTZ,
    archive_name    TEXT NOT NULL DEFAULT ''
);
-- Invariant 7: the same bytes, or the same key, from the same sender are one deposit.
CREATE UNIQUE INDEX exchanges_digest ON exchanges (sender, digest);
CREATE UNIQUE INDEX exchanges_key ON exchanges (sender, idempotency_key) WHERE idempotency_key <> '';
CREATE INDEX exchanges_newest ON exchanges (received_at, id);
CREATE INDEX exchanges_by_sender ON exchanges (sender, received_at, id);

-- One 000..999. Only exchanges that were not refused write here, so that a corrected file can be sent again (control C5).
CREATE TABLE logical_files (
    exchange_id UUID NOT NULL REFERENCES exchanges (id),
    ordinal     BIGINT NOT NULL,
    issuer      TEXT NOT NULL,
    recipient   TEXT NOT NULL,
    message     TEXT NOT NULL,
    created     TEXT NOT NULL,
    file_id     TEXT NOT NULL,
    norm        TEXT NOT NULL,
    PRIMARY KEY (exchange_id, ordinal),
    UNIQUE (issuer, recipient, message, created, file_id)
);

-- Invariant 1: what was read went somewhere. The database refuses books that do not balance, whatever the program says.
CREATE TABLE ledgers (
    exchange_id  UUID PRIMARY KEY REFERENCES exchanges (id),
    read_records BIGINT NOT NULL,
    accepted     BIGINT NOT NULL,
    quarantined  BIGINT NOT NULL,
    duplicates   BIGINT NOT NULL,
    unmatched    BIGINT NOT NULL,
    envelope     BIGINT NOT NULL,
    CONSTRAINT ledger_balances CHECK (read_records = accepted + quarantined + duplicates + unmatched + envelope)
);
-- Empty as long as the check stands: the metric reads it without reading the history.
CREATE INDEX ledgers_unbalanced ON ledgers (exchange_id)
    WHERE read_records <> accepted + quarantined + duplicates + unmatched + envelope;

-- What an accepted invoice became. Its status is not here: it follows from the two rows of claim_parts.
CREATE TABLE claims (
    id                 UUID PRIMARY KEY,
    exchange_id        UUID NOT NULL REFERENCES exchanges (id),
    flow               TEXT NOT NULL CHECK (flow IN ('dre', 'b2')),
    sender             TEXT NOT NULL,
    logical_file       BIGINT NOT NULL,
    lot                TEXT NOT NULL,
    lot_date           DATE,
    ordinal            BIGINT NOT NULL,
    first_record       BIGINT NOT NULL,
    record_count       BIGINT NOT NULL,
    identity           TEXT NOT NULL,
    person             TEXT NOT NULL,
    vault              BYTEA NOT NULL,
    ps                 TEXT NOT NULL,
    norm_code          TEXT NOT NULL,
    invoice_number     TEXT NOT NULL,
    invoice_complement TEXT NOT NULL,
    invoice_date       DATE,
    amc_number         TEXT NOT NULL,
    amo_organism       TEXT NOT NULL,
    total              BIGINT NOT NULL,
    received_at        TIMESTAMPTZ NOT NULL,
    corrects           UUID,
    -- False once the AMC part is rejected (the AMO part when nothing is asked of the AMC): the invoice may then be sent again.
    -- Written by the store beside each change of a part, because an index cannot look into another table.
    live               BOOLEAN NOT NULL
);
-- One live claim per invoice, whoever writes first, also between two transactions at once.
CREATE UNIQUE INDEX claims_live_identity ON claims (identity) WHERE live;
-- The latest claim of an invoice, rejected ones included.
CREATE INDEX claims_identity ON claims (identity, received_at, id);
-- Listings, newest first, one index per filter (read backwards).
CREATE INDEX claims_newest ON claims (received_at, id);
CREATE INDEX claims_by_sender ON claims (sender, received_at, id);
CREATE INDEX claims_by_ps ON claims (ps, received_at, id);
CREATE INDEX claims_by_invoice ON claims (invoice_number, ps, received_at, id);
CREATE INDEX claims_by_exchange ON claims (exchange_id, received_at, id);

-- The two outcomes of a claim. No foreign key here nor on lines, events and anomalies: one method writes them together with their claim, never
-- alone, and a check per row would be paid on every line of every file.
CREATE TABLE claim_parts (
    claim_id           UUID NOT NULL,
    kind               TEXT NOT NULL CHECK (kind IN ('amo', 'amc')),
    state              TEXT NOT NULL CHECK (state IN ('received', 'accepted', 'rejected', 'rejected_after_acceptance', 'deferred', 'paid',
                                                      'recovered', 'not_requested')),
    asked              BIGINT NOT NULL,
    paid               BIGINT NOT NULL,
    transfer_reference TEXT,
    transfer_date      DATE,
    -- JSON list of {code, label}.
    reasons            TEXT NOT NULL,
    updated_at         TIMESTAMPTZ NOT NULL,
    -- When the promise ends; the AMC part only.
    due_at             TIMESTAMPTZ,
    -- What told this reject to its sender: a return file of ours, or the exchange by which the caisse did.
    told_in            UUID,
    PRIMARY KEY (claim_id, kind)
);
-- Overdue claims without reading those that are over.
CREATE INDEX claim_parts_due ON claim_parts (due_at)
    WHERE kind = 'amc' AND state IN ('received', 'accepted', 'deferred');
-- Rejects to tell, oldest first.
CREATE INDEX claim_parts_untold ON claim_parts (updated_at, claim_id)
    WHERE kind = 'amc' AND state IN ('rejected', 'rejected_after_acceptance') AND told_in IS NULL;

CREATE TABLE claim_lines (
    claim_id    UUID NOT NULL,
    rank        BIGINT NOT NULL,
    record_type TEXT NOT NULL,
    act_code    TEXT NOT NULL,
    care_date   DATE,
    quantity    BIGINT NOT NULL,
    coefficient BIGINT NOT NULL,
    unit_price  BIGINT NOT NULL,
    base        BIGINT NOT NULL,
    rate        BIGINT NOT NULL,
    billed      BIGINT NOT NULL,
    amo         BIGINT NOT NULL,
    amc         BIGINT NOT NULL,
    qualifier   TEXT NOT NULL,
    PRIMARY KEY (claim_id, rank)
);

-- Invariant 3: the fact and its event are one transaction. `outbox_id` must not be cached per session (CACHE 1, the default): the order of the
-- events of one claim rests on it, see `store/postgres/outbox.rs`.
CREATE TABLE outbox (
    outbox_id    BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    event_id     UUID NOT NULL UNIQUE,
    claim_id     UUID NOT NULL,
    sequence     BIGINT NOT NULL,
    name         TEXT NOT NULL,
    routing_key  TEXT NOT NULL,
    -- JSON as text, byte for byte what consumers get: jsonb would write it anew.
    payload      TEXT NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    published_at TIMESTAMPTZ,
    -- Rank in the published stream, without holes: the resume token of a subscriber.
    position     BIGINT UNIQUE,
    attempts     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (claim_id, sequence),
    CHECK ((position IS NULL) = (published_at IS NULL))
);
CREATE INDEX outbox_unpublished ON outbox (outbox_id) WHERE position IS NULL;

-- Invoices put aside. They wait when nothing replaced them and they are no duplicate.
CREATE TABLE quarantine (
    exchange_id    UUID NOT NULL REFERENCES exchanges (id),
    ordinal        BIGINT NOT NULL,
    ps             TEXT NOT NULL,
    invoice_number TEXT NOT NULL,
    lot            TEXT NOT NULL,
    -- JSON list of codes.
    codes          TEXT NOT NULL,
    first_record   BIGINT NOT NULL,
    record_count   BIGINT NOT NULL,
    byte_offset    BIGINT NOT NULL,
    duplicate_of   UUID,
    resolved_by    UUID,
    at             TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (exchange_id, ordinal)
);
CREATE INDEX quarantine_waiting ON quarantine (ps, invoice_number) WHERE resolved_by IS NULL AND duplicate_of IS NULL;

CREATE TABLE anomalies (
    exchange_id    UUID NOT NULL,
    ordinal        BIGINT NOT NULL,
    code           TEXT NOT NULL,
    control        TEXT NOT NULL,
    severity       TEXT NOT NULL,
    record         BIGINT NOT NULL,
    record_type    TEXT NOT NULL,
    -- `column` and `offset` are words of SQL.
    column_number  BIGINT NOT NULL,
    byte_offset    BIGINT NOT NULL,
    length         BIGINT NOT NULL,
    field          TEXT NOT NULL,
    -- Masked before it comes here.
    value          TEXT NOT NULL,
    message        TEXT NOT NULL,
    invoice_number TEXT NOT NULL,
    PRIMARY KEY (exchange_id, ordinal)
);

-- Returns of the caisse that match no claim yet.
CREATE TABLE unmatched_returns (
    exchange_id    UUID NOT NULL REFERENCES exchanges (id),
    ordinal        BIGINT NOT NULL,
    identity       TEXT NOT NULL,
    ps             TEXT NOT NULL,
    invoice_number TEXT NOT NULL,
    summary        TEXT NOT NULL,
    PRIMARY KEY (exchange_id, ordinal)
);
CREATE INDEX unmatched_returns_identity ON unmatched_returns (identity);

-- Files made for partners; the body is encrypted.
CREATE TABLE returns (
    id           UUID PRIMARY KEY,
    kind         TEXT NOT NULL CHECK (kind IN ('arl', 'noemie580')),
    recipient    TEXT NOT NULL,
    exchange_id  UUID REFERENCES exchanges (id),
    file_name    TEXT NOT NULL,
    digest       TEXT NOT NULL,
    sealed       BYTEA NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    delivered_at TIMESTAMPTZ
);
-- An exchange has one ARL.
CREATE UNIQUE INDEX returns_arl ON returns (exchange_id) WHERE kind = 'arl';
CREATE INDEX returns_newest ON returns (created_at, id);
CREATE INDEX returns_by_recipient ON returns (recipient, created_at, id);
CREATE INDEX returns_undelivered ON returns (created_at, id) WHERE delivered_at IS NULL;

-- Decisions of workers, one per idempotency key.
CREATE TABLE decisions (
    idempotency_key TEXT PRIMARY KEY,
    request_digest  TEXT NOT NULL,
    event_id        UUID NOT NULL,
    claim_id        UUID NOT NULL,
    at              TIMESTAMPTZ NOT NULL
);

-- Who read what person's data, when, what for. Only ever appended.
CREATE TABLE access_journal (
    id       BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    claim_id UUID NOT NULL,
    caller   TEXT NOT NULL,
    purpose  TEXT NOT NULL,
    at       TIMESTAMPTZ NOT NULL
);
CREATE INDEX access_journal_claim ON access_journal (claim_id, at);
