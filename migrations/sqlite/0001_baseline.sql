-- The schema of the first release. Later migrations only add: a replica of the version before may
-- be at work. The PostgreSQL file of this number has the same tables and the same meaning.
--
-- No person stands here in clear: NIR, names and births exist only inside `claims.vault` and
-- `returns.sealed`, encrypted. Amounts are centimes. Ranks are 1-based.
--
-- Codes (states, kinds, channels, verdicts …) are open lists: no CHECK names them, for SQLite could
-- only change one by rebuilding the table. The enums of `src/domain` are the lists; a code that a
-- program does not know reads as unknown.
--
-- Differences from PostgreSQL: instants are INTEGER microseconds since 1970 (text of varying
-- precision would not sort, and pages rest on that order), identifiers are 16-byte BLOBs (same
-- order as uuid), dates are ISO text, truth values are 0 or 1, and tables read by their whole key
-- are WITHOUT ROWID.

-- One deposited file. The row is first written with its three keys only (`verdict` null): it
-- reserves the deposit, so that a second transaction with the same file waits for the first. A
-- committed row without verdict is a staged deposit: its invoices are written batch by batch, and
-- no reading shows it before its verdict.
CREATE TABLE exchanges (
    id              BLOB NOT NULL PRIMARY KEY,
    sender          TEXT NOT NULL,
    digest          TEXT NOT NULL,
    idempotency_key TEXT NOT NULL DEFAULT '',
    channel         TEXT NOT NULL DEFAULT 'cli',
    file_name       TEXT NOT NULL DEFAULT '',
    size            INTEGER NOT NULL DEFAULT 0,
    norm            TEXT NOT NULL DEFAULT '',
    packaging       TEXT NOT NULL DEFAULT '',
    verdict         TEXT,
    logical_files   INTEGER NOT NULL DEFAULT 0,
    lots            INTEGER NOT NULL DEFAULT 0,
    invoices        INTEGER NOT NULL DEFAULT 0,
    lines           INTEGER NOT NULL DEFAULT 0,
    accepted        INTEGER NOT NULL DEFAULT 0,
    quarantined     INTEGER NOT NULL DEFAULT 0,
    duplicates      INTEGER NOT NULL DEFAULT 0,
    unmatched       INTEGER NOT NULL DEFAULT 0,
    total           INTEGER NOT NULL DEFAULT 0,
    amo             INTEGER NOT NULL DEFAULT 0,
    amc             INTEGER NOT NULL DEFAULT 0,
    anomalies       INTEGER NOT NULL DEFAULT 0,
    received_at     INTEGER,
    archive_name    TEXT NOT NULL DEFAULT '',
    -- Rank of the last invoice that a staged deposit wrote. A batch continues from here or fails,
    -- so that two writers of one deposit never write the same part.
    last_written_invoice INTEGER NOT NULL DEFAULT 0,
    -- `restart` or `abandon` while the invoices of a staged deposit are being deleted; null
    -- otherwise.
    withdrawal      TEXT,
    -- Instant of the verdict. The events of a staged deposit could not leave before.
    closed_at       INTEGER,
    -- Whether the deposit is of the test lane: its file is marked T or D. Set when the exchange is
    -- reserved, before anything else is written.
    is_test         BOOLEAN NOT NULL DEFAULT FALSE,
    -- Digest of the records without line ends, byte order mark and padding; empty for a refused
    -- file.
    records_digest  TEXT NOT NULL DEFAULT ''
);
-- Invariant 7: the same bytes, the same records, or the same key, from the same sender are one
-- deposit of a lane.
CREATE UNIQUE INDEX exchanges_digest ON exchanges (sender, digest, is_test);
CREATE UNIQUE INDEX exchanges_records ON exchanges (sender, records_digest, is_test)
    WHERE records_digest <> '';
CREATE UNIQUE INDEX exchanges_key ON exchanges (sender, idempotency_key, is_test)
    WHERE idempotency_key <> '';
CREATE INDEX exchanges_newest ON exchanges (received_at, id);
CREATE INDEX exchanges_by_sender ON exchanges (sender, received_at, id);
-- Listings of the test lane.
CREATE INDEX exchanges_test ON exchanges (received_at, id) WHERE is_test;
-- Staged deposits: as many rows as large deposits are under way.
CREATE INDEX exchanges_staged ON exchanges (received_at, id) WHERE verdict IS NULL;

-- One 000..999. Only exchanges that were not refused write here, so that a corrected file can be
-- sent again (control C5).
CREATE TABLE logical_files (
    exchange_id BLOB NOT NULL REFERENCES exchanges (id),
    ordinal     INTEGER NOT NULL,
    issuer      TEXT NOT NULL,
    recipient   TEXT NOT NULL,
    message     TEXT NOT NULL,
    created     TEXT NOT NULL,
    file_id     TEXT NOT NULL,
    norm        TEXT NOT NULL,
    -- Lane of the exchange: a test remittance does not make a real one known.
    is_test     BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (exchange_id, ordinal),
    UNIQUE (issuer, recipient, message, created, file_id, is_test)
) WITHOUT ROWID;

-- Invariant 1: every record read is counted in one column. The database refuses a ledger that does
-- not balance.
CREATE TABLE ledgers (
    exchange_id  BLOB NOT NULL PRIMARY KEY REFERENCES exchanges (id),
    read_records INTEGER NOT NULL,
    accepted     INTEGER NOT NULL,
    quarantined  INTEGER NOT NULL,
    duplicates   INTEGER NOT NULL,
    unmatched    INTEGER NOT NULL,
    envelope     INTEGER NOT NULL,
    CONSTRAINT ledger_balances
        CHECK (read_records = accepted + quarantined + duplicates + unmatched + envelope)
);
-- Empty as long as the check stands: the metric reads it without reading the history.
-- What an accepted invoice became. Its status is not here: it follows from the two rows of
-- claim_parts.
CREATE TABLE claims (
    id                 BLOB NOT NULL PRIMARY KEY,
    exchange_id        BLOB NOT NULL REFERENCES exchanges (id),
    -- Lane of the exchange. Identity and person of a test claim have tokens of their own, so that no
    -- key of a test claim equals one of a real claim.
    is_test            BOOLEAN NOT NULL DEFAULT FALSE,
    flow               TEXT NOT NULL,
    sender             TEXT NOT NULL,
    logical_file       INTEGER NOT NULL,
    lot                TEXT NOT NULL,
    lot_date           TEXT,
    ordinal            INTEGER NOT NULL,
    first_record       INTEGER NOT NULL,
    record_count       INTEGER NOT NULL,
    identity           TEXT NOT NULL,
    person             TEXT NOT NULL,
    -- Construction of the two tokens above (`TOKEN_VERSION` in `vault/token.rs`).
    token_version      INTEGER NOT NULL,
    vault              BLOB NOT NULL,
    -- Id of the master key that sealed `vault`, 8 hexadecimal digits: the rows of a key are found
    -- by it when that key is replaced.
    key_id             TEXT NOT NULL,
    ps                 TEXT NOT NULL,
    norm_code          TEXT NOT NULL,
    invoice_number     TEXT NOT NULL,
    invoice_complement TEXT NOT NULL,
    invoice_date       TEXT,
    amc_number         TEXT NOT NULL,
    amo_organism       TEXT NOT NULL,
    total              INTEGER NOT NULL,
    received_at        INTEGER NOT NULL,
    corrects           BLOB,
    -- Limit for the answer of the AMC as sent (2X 45-52, AAMMJJHH, Paris); empty without 2X. The
    -- limit that counts is `claim_parts.due_at`, computed from it.
    date_limite_reponse_amc TEXT NOT NULL,
    -- False when the invoice may be sent again: a part is rejected or its money was taken back, or
    -- another attempt corrects this one. Written by the store beside each change of a part, because
    -- an index cannot look into another table.
    live               BOOLEAN NOT NULL
);
-- One live claim per invoice, also between two transactions at once. An identity is random: an
-- index that begins with it would cost each new claim of a long history a page of its own. The
-- identity contains PS and number, so that these two columns before it change nothing of what is
-- unique, and the invoices of one PS lie together.
CREATE UNIQUE INDEX claims_live_invoice ON claims (ps, invoice_number, identity) WHERE live;
-- The rejected claims of an invoice, latest last.
CREATE INDEX claims_rejected_invoice ON claims (ps, invoice_number, identity, received_at, id)
    WHERE NOT live;
-- Listings, newest first, one index per filter (read backwards).
CREATE INDEX claims_newest ON claims (received_at, id);
-- Listings of the test lane.
CREATE INDEX claims_test ON claims (received_at, id, ps, sender, is_test) WHERE is_test;
CREATE INDEX claims_by_sender ON claims (sender, received_at, id);
-- Listings of one insurer, and of a caller who may see one insurer only.
CREATE INDEX claims_by_amc ON claims (amc_number, received_at, id, ps, sender);
CREATE INDEX claims_by_ps ON claims (ps, received_at, id);
CREATE INDEX claims_by_lot ON claims (lot, received_at, id, ps, sender);
-- Tokens of persons are random, so each new claim writes to another page of this index. Without
-- other columns PostgreSQL stores each token once, and the index of a long history stays small.
CREATE INDEX claims_by_person ON claims (person);
CREATE INDEX claims_by_invoice ON claims (invoice_number, ps, received_at, id);
-- The latest attempt that corrects another one.
CREATE INDEX claims_corrects ON claims (corrects, received_at, id) WHERE corrects IS NOT NULL;
CREATE INDEX claims_by_exchange ON claims (exchange_id, received_at, id);

-- The two parts of a claim. All but the amount asked follows from the outcomes of the invoice, and
-- stands here because listings filter by it; `verify` computes it again. No foreign key here nor on lines, events and anomalies: one method
-- writes them together with their claim, never alone, and a check per row would be paid on every
-- line of every file.
CREATE TABLE claim_parts (
    claim_id           BLOB NOT NULL,
    kind               TEXT NOT NULL,
    state              TEXT NOT NULL,
    asked              INTEGER NOT NULL,
    paid               INTEGER NOT NULL,
    -- Why the sum paid is not the amount asked; null when it is.
    gap                TEXT,
    -- JSON list of the codes of flags.
    flags              TEXT NOT NULL,
    -- Whether the answer or the money of the payer is awaited.
    is_awaited         BOOLEAN NOT NULL,
    transfer_reference TEXT,
    transfer_date      TEXT,
    -- JSON list of {code, label}.
    reasons            TEXT NOT NULL,
    updated_at         INTEGER NOT NULL,
    -- When the promise ends; the AMC part only, and null in the test lane, where no clock runs.
    due_at             INTEGER,
    -- How the last reject was reported to its sender: a return file of ours, or the exchange by
    -- which the caisse did. Null again when a worker rejects the part once more.
    reported_in        BLOB,
    -- Status of the claim, which follows from the states of both parts; the AMC part only. Listings
    -- filter by it, nothing decides by it.
    claim_status       TEXT,
    -- Repeated from the claim, so that one index answers a filter in the order of the pages.
    received_at        INTEGER NOT NULL,
    ps                 TEXT NOT NULL,
    sender             TEXT NOT NULL,
    PRIMARY KEY (claim_id, kind)
) WITHOUT ROWID;
-- Overdue claims without reading those that are over, the latest limit first. SQLite checks the
-- condition on the last two columns without reading the row.
CREATE INDEX claim_parts_due ON claim_parts (due_at, claim_id, ps, sender, kind, is_awaited)
    WHERE kind = 'amc' AND is_awaited;
-- Listings by what became of a part or claim, newest first. Each ends with the columns that a second
-- filter needs, so that rows left out are not read. A new claim is in the first two only: the
-- others cost the intake nothing. The condition of the first holds for every row: a statement that
-- does not repeat it is kept to the index that it is written for.
CREATE INDEX claim_parts_by_state ON claim_parts
    (kind, state, received_at, claim_id, ps, sender)
    WHERE sender >= '';
CREATE INDEX claim_parts_by_status ON claim_parts
    (claim_status, received_at, claim_id, ps, sender)
    WHERE claim_status IS NOT NULL;
CREATE INDEX claim_parts_flagged ON claim_parts (received_at, claim_id, kind, flags, ps, sender)
    WHERE flags <> '[]';
CREATE INDEX claim_parts_by_transfer ON claim_parts
    (transfer_reference, received_at, claim_id, kind, ps, sender)
    WHERE transfer_reference IS NOT NULL;
-- The latest payment first.
CREATE INDEX claim_parts_by_payment ON claim_parts (kind, transfer_date, claim_id, ps, sender)
    WHERE transfer_date IS NOT NULL;
-- Payments of one PS or sender, which may be few among the payments of a month.
CREATE INDEX claim_parts_payments_of_ps ON claim_parts (ps, transfer_date, claim_id, kind, sender)
    WHERE transfer_date IS NOT NULL;
CREATE INDEX claim_parts_payments_of_sender ON claim_parts
    (sender, transfer_date, claim_id, kind, ps)
    WHERE transfer_date IS NOT NULL;
-- Rejects to report, oldest first.
CREATE INDEX claim_parts_unreported ON claim_parts (updated_at, claim_id)
    WHERE kind = 'amc' AND state IN ('rejected', 'rejected_after_acceptance')
    AND reported_in IS NULL;

-- What one source told about one part of one invoice: a return, a notice or a worker. Rows are only
-- added; `claim_id` is filled when a return that came before its claim is matched.
CREATE TABLE outcomes (
    -- The exchange of a return or notice, the decision of a worker.
    told_in       BLOB NOT NULL,
    -- The attempt that the source names; null while the return matches no claim.
    claim_id      BLOB,
    source        TEXT NOT NULL,
    -- Day and id of the file in its own words, or the decision.
    told_by       TEXT NOT NULL,
    -- Rank of the invoice in its file, and of the part in the invoice; version of the claim for a
    -- worker.
    ordinal       INTEGER NOT NULL,
    part_rank     INTEGER NOT NULL,
    part          TEXT NOT NULL,
    kind          TEXT NOT NULL,
    day           TEXT NOT NULL,
    -- Centimes, negative when taken back.
    amount        INTEGER NOT NULL,
    asked         INTEGER,
    payer         TEXT NOT NULL,
    on_behalf_of  TEXT NOT NULL,
    -- Regime and number (5 digits) of the caisse that pays; empty where the source is no caisse.
    paying_caisse TEXT NOT NULL,
    -- How the AMC part is handled (102, column 37); empty in other sources.
    amc_handling  TEXT NOT NULL,
    -- Null without transfer.
    transfer_day  TEXT,
    -- As sent, where it is no plausible day.
    raw_day       TEXT NOT NULL,
    label         TEXT NOT NULL,
    lot           TEXT NOT NULL,
    -- JSON list of {code, label}.
    reasons       TEXT NOT NULL,
    -- Keyed digest over the other columns; a match, which sets `claim_id`, writes it again.
    key_check     TEXT NOT NULL,
    PRIMARY KEY (told_in, ordinal, part_rank)
) WITHOUT ROWID;
CREATE INDEX outcomes_by_claim ON outcomes (claim_id) WHERE claim_id IS NOT NULL;

-- Copies of invoices that another sender sent before. A copy has no event, and nobody pays it, until
-- the desk releases it.
CREATE TABLE held_attempts (
    claim_id      BLOB NOT NULL PRIMARY KEY,
    held_at       INTEGER NOT NULL,
    -- End of the business day by which the desk decides.
    decide_by     INTEGER NOT NULL,
    -- `released` or `dismissed`; null while the desk has not decided, as the columns after it.
    resolution    TEXT,
    resolved_at   INTEGER,
    caller_name   TEXT,
    caller_proof  TEXT,
    caller_role   TEXT,
    stated_author TEXT,
    why           TEXT,
    -- Keyed digest over the other columns.
    key_check     TEXT NOT NULL
) WITHOUT ROWID;
-- The list of the desk, most urgent first.
CREATE INDEX held_attempts_waiting ON held_attempts (decide_by, claim_id)
    WHERE resolution IS NULL;

-- What one group of a return file (the innermost of 040, 070 and 071) tells of a bank transfer. Rows
-- are only added; the receipt signs them. The returns under the group are the outcomes of the
-- exchange whose ordinals lie between the first and the last one.
CREATE TABLE told_transfers (
    told_in       BLOB NOT NULL REFERENCES exchanges (id),
    -- Rank of the group in the file, from 1.
    group_no      INTEGER NOT NULL,
    -- The transfer; follows from payee, payer, day and reference.
    transfer_id   BLOB NOT NULL,
    -- Day and id of the file in its own words, as `outcomes.told_by`.
    told_by       TEXT NOT NULL,
    -- Instant at which the exchange was received.
    told_at       INTEGER NOT NULL,
    -- PS number of the 040, or its zone as sent, masked.
    payee         TEXT NOT NULL,
    payer         TEXT NOT NULL,
    day           TEXT NOT NULL,
    -- Day as sent, where it is no plausible day.
    raw_day       TEXT NOT NULL,
    -- The two labels in one text; the reference is the label in capitals with single blanks.
    label         TEXT NOT NULL,
    reference     TEXT NOT NULL,
    -- Signed sum of the 990 that closes the group, centimes; null where it is missing, blank or 0.
    announced     INTEGER,
    -- Ranks of the first and last return under the group; null without return.
    first_invoice INTEGER,
    last_invoice  INTEGER,
    -- Number of returns under the group that were quarantined: their money is not kept.
    quarantined   INTEGER NOT NULL,
    -- Digest of the items under the group, 32 hexadecimal digits, whatever their order.
    items         TEXT NOT NULL,
    PRIMARY KEY (told_in, group_no)
) WITHOUT ROWID;
CREATE INDEX told_transfers_by_transfer ON told_transfers (transfer_id, told_by);

-- Recoveries (250) and flat payments (261, 262) of a return file. Rows are only added; the receipt
-- signs them. No person: of a 262 neither NIR nor birth stand here.
CREATE TABLE transfer_items (
    told_in   BLOB NOT NULL REFERENCES exchanges (id),
    -- Rank of the item in the file, from 1.
    item_no   INTEGER NOT NULL,
    -- The row of `told_transfers` that it stands under.
    group_no  INTEGER NOT NULL,
    -- Rank of the return that holds it; null outside invoices.
    ordinal   INTEGER,
    -- `recovery` or `flat_payment`.
    kind      TEXT NOT NULL,
    -- Centimes, negative when the payee loses it.
    amount    INTEGER NOT NULL,
    -- Nature of the debt, or code of the payment.
    code      TEXT NOT NULL,
    operation TEXT NOT NULL,
    reference TEXT NOT NULL,
    -- Day of the debt as sent.
    debt_day  TEXT NOT NULL,
    -- What remains due, centimes; null for a flat payment.
    balance   INTEGER,
    -- JSON list of the details of a flat payment.
    details   TEXT NOT NULL,
    PRIMARY KEY (told_in, item_no)
) WITHOUT ROWID;
CREATE INDEX transfer_items_by_group ON transfer_items (told_in, group_no);

-- Bank transfers, one row for each payee, payer, day and reference. All of it follows from the two
-- tables above and from `outcomes`, and stands here because listings filter by it; `verify` computes
-- it again.
CREATE TABLE transfers (
    id                BLOB NOT NULL PRIMARY KEY,
    payee             TEXT NOT NULL,
    payer             TEXT NOT NULL,
    day               TEXT NOT NULL,
    reference         TEXT NOT NULL,
    -- Amount announced, centimes; null when no file announces one.
    announced         INTEGER,
    -- Sums of the items by the file that counts, centimes; recoveries are negative where money is
    -- held back.
    invoices          INTEGER NOT NULL,
    recoveries        INTEGER NOT NULL,
    flat_payments     INTEGER NOT NULL,
    state             TEXT NOT NULL,
    -- JSON list of the codes of flags.
    flags             TEXT NOT NULL,
    -- The file that counts, as `told_transfers.told_by`.
    told_by           TEXT NOT NULL,
    first_told_at     INTEGER NOT NULL,
    -- Since when the items are not the amount announced; null in another state.
    unexplained_since INTEGER
);
-- Listings, newest first, one index per filter (read backwards).
CREATE INDEX transfers_newest ON transfers (first_told_at, id);
CREATE INDEX transfers_by_payee ON transfers (payee, first_told_at, id);
CREATE INDEX transfers_by_payer ON transfers (payer, first_told_at, id);
CREATE INDEX transfers_by_state ON transfers (state, first_told_at, id);
CREATE INDEX transfers_restated ON transfers (first_told_at, id)
    WHERE flags LIKE '%transfer_restated%';
-- The metric, and its oldest row.
CREATE INDEX transfers_unexplained ON transfers (unexplained_since)
    WHERE unexplained_since IS NOT NULL;

CREATE TABLE claim_lines (
    claim_id    BLOB NOT NULL,
    rank        INTEGER NOT NULL,
    record_type TEXT NOT NULL,
    act_code    TEXT NOT NULL,
    care_date   TEXT,
    quantity    INTEGER NOT NULL,
    coefficient INTEGER NOT NULL,
    unit_price  INTEGER NOT NULL,
    base        INTEGER NOT NULL,
    rate        INTEGER NOT NULL,
    billed      INTEGER NOT NULL,
    amo         INTEGER NOT NULL,
    amc         INTEGER NOT NULL,
    qualifier   TEXT NOT NULL,
    PRIMARY KEY (claim_id, rank)
) WITHOUT ROWID;

-- Events: one fact about one subject each. Rows are only appended and never changed; a withdrawal
-- deletes those of a staged deposit, which nobody has seen. Invariant 3: the change and its event
-- are one transaction. There is one writer at a time, so `event_no` follows the order of commits;
-- AUTOINCREMENT because a deleted row must not give its number again.
CREATE TABLE events (
    event_no     INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id     BLOB NOT NULL UNIQUE,
    -- The subject: `claim` and the id of the claim.
    subject_kind TEXT NOT NULL,
    subject_id   BLOB NOT NULL,
    sequence     INTEGER NOT NULL,      -- from 1, without holes, in the life of the subject
    kind         TEXT NOT NULL,         -- `received`, `paid` …
    -- The party that told the fact, its role, and how its name is known.
    actor_name   TEXT NOT NULL,
    actor_role   TEXT NOT NULL,
    actor_proof  TEXT NOT NULL,
    -- The exchange that told the fact; null for a decision.
    exchange_id  BLOB,
    routing_key  TEXT NOT NULL,
    -- JSON as text, byte for byte what consumers get: it is never written anew.
    payload      TEXT NOT NULL,
    occurred_at  INTEGER NOT NULL,
    -- Keyed digest over subject, sequence, identifier and text: nobody without the vault's key
    -- changes an event and the columns that follow from it.
    key_check    TEXT NOT NULL DEFAULT '',
    -- The kind stands second: without statistics a plan by one kind would read the whole history.
    UNIQUE (subject_id, subject_kind, sequence)
);

-- The queue: events that wait for publication. A row is inserted with its event and deleted when the
-- event is published, so that the table is as long as the relay is behind.
CREATE TABLE outbox (
    event_no       INTEGER PRIMARY KEY,
    -- The staged deposit whose verdict the event waits for. Null, or a deposit with a verdict: the
    -- event may leave.
    staged_deposit BLOB,
    attempts       INTEGER NOT NULL DEFAULT 0,
    -- Whether the event was published, and an operator asked to publish it again.
    is_resend      BOOLEAN NOT NULL DEFAULT FALSE
);
-- The events of no staged deposit first, then deposit by deposit: the events of a deposit under way
-- are passed over in one step. Nulls are first in every index.
CREATE INDEX outbox_waiting ON outbox (staged_deposit, event_no);

-- The published stream. `position` has no holes: it is the resume token of a subscriber.
CREATE TABLE published_events (
    position     INTEGER PRIMARY KEY,
    event_no     INTEGER NOT NULL UNIQUE,
    published_at INTEGER NOT NULL,
    -- The sink that confirmed the event last (`sinks`). No foreign key: `verify` compares.
    sink_no      INTEGER NOT NULL,
    -- How often an operator asked to publish the event again, and how often it was. The event waits
    -- in the queue while the two differ.
    resends_asked INTEGER NOT NULL DEFAULT 0,
    resends_done INTEGER NOT NULL DEFAULT 0
);

-- Quarantined invoices. An invoice waits here until a corrected one replaces it (`resolved_by`); a
-- duplicate names its original and waits for nothing.
CREATE TABLE quarantine (
    exchange_id    BLOB NOT NULL REFERENCES exchanges (id),
    ordinal        INTEGER NOT NULL,
    ps             TEXT NOT NULL,
    invoice_number TEXT NOT NULL,
    lot            TEXT NOT NULL,
    -- JSON list of codes.
    codes          TEXT NOT NULL,
    first_record   INTEGER NOT NULL,
    record_count   INTEGER NOT NULL,
    byte_offset    INTEGER NOT NULL,
    duplicate_of   BLOB,
    resolved_by    BLOB,
    at             INTEGER NOT NULL,
    PRIMARY KEY (exchange_id, ordinal)
) WITHOUT ROWID;
CREATE INDEX quarantine_waiting ON quarantine (ps, invoice_number)
    WHERE resolved_by IS NULL AND duplicate_of IS NULL;
-- The duplicates of a claim: when a withdrawal deletes that claim, they are duplicates no more.
CREATE INDEX quarantine_duplicates ON quarantine (duplicate_of) WHERE duplicate_of IS NOT NULL;

CREATE TABLE anomalies (
    exchange_id    BLOB NOT NULL,
    ordinal        INTEGER NOT NULL,
    code           TEXT NOT NULL,
    control        TEXT NOT NULL,
    severity       TEXT NOT NULL,
    record         INTEGER NOT NULL,
    record_type    TEXT NOT NULL,
    -- `column` and `offset` are words of SQL.
    column_number  INTEGER NOT NULL,
    byte_offset    INTEGER NOT NULL,
    length         INTEGER NOT NULL,
    field          TEXT NOT NULL,
    -- Masked before it comes here.
    value          TEXT NOT NULL,
    message        TEXT NOT NULL,
    invoice_number TEXT NOT NULL,
    PRIMARY KEY (exchange_id, ordinal)
) WITHOUT ROWID;

-- Answers of payers (returns, payment notices) that matched no claim when they came. Their outcomes
-- are kept whole, and are applied when the claim arrives or when a person names a claim.
CREATE TABLE unmatched_returns (
    exchange_id    BLOB NOT NULL REFERENCES exchanges (id),
    ordinal        INTEGER NOT NULL,
    identity       TEXT NOT NULL,
    -- Construction of the identity, as `claims.token_version`.
    token_version  INTEGER NOT NULL,
    ps             TEXT NOT NULL,
    invoice_number TEXT NOT NULL,
    -- Complement of the titre de recette, as sent.
    invoice_complement TEXT NOT NULL,
    -- Insurer for whom the AMC part is answered; empty when the answer names none.
    amc_number     TEXT NOT NULL,
    summary        TEXT NOT NULL,
    -- The identity under the other order of the digits of the birth date; empty when there is none.
    other_identity TEXT NOT NULL,
    -- The person that the answer names, encrypted as `claims.vault`, so that candidates are compared
    -- with it; empty when the answer names none. `key_id` as `claims.key_id`.
    vault          BLOB NOT NULL,
    key_id         TEXT NOT NULL,
    -- Whether the controls refuse the answer: it has no outcome, and no claim may match it.
    is_quarantined BOOLEAN NOT NULL,
    -- The claim that it was matched with later.
    claim_id       BLOB,
    -- Whether a person named that claim (`return_matches`); else it has the identity.
    is_by_hand     BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (exchange_id, ordinal)
) WITHOUT ROWID;
CREATE INDEX unmatched_returns_identity ON unmatched_returns (identity) WHERE claim_id IS NULL;
CREATE INDEX unmatched_returns_other ON unmatched_returns (other_identity)
    WHERE claim_id IS NULL AND other_identity <> '';
-- The work list: answers without claim, and those that a person matched.
CREATE INDEX unmatched_returns_open ON unmatched_returns (exchange_id, ordinal)
    WHERE (claim_id IS NULL OR is_by_hand) AND NOT is_quarantined;
CREATE INDEX unmatched_returns_open_ps ON unmatched_returns (ps, exchange_id, ordinal)
    WHERE (claim_id IS NULL OR is_by_hand) AND NOT is_quarantined;
-- Answers that a person matched, few among many.
CREATE INDEX unmatched_returns_by_hand ON unmatched_returns (exchange_id, ordinal)
    WHERE is_by_hand AND NOT is_quarantined;

-- Matches that persons made and took back: which claim an answer is about, by whom, when and why.
-- Rows are only appended; the last one of an answer is in force.
CREATE TABLE return_matches (
    match_id       BLOB NOT NULL PRIMARY KEY,
    -- The answer, as in `unmatched_returns`.
    exchange_id    BLOB NOT NULL,
    ordinal        INTEGER NOT NULL,
    -- Null when the match before is taken back.
    claim_id       BLOB,
    why            TEXT NOT NULL,
    -- The caller as it was proven, and the author that it states (not proven).
    caller_name    TEXT NOT NULL,
    caller_proof   TEXT NOT NULL,
    caller_role    TEXT NOT NULL,
    stated_author  TEXT,
    matched_at     INTEGER NOT NULL,
    -- Place in the chain of the journal (`journal_chains`), and the digest over the link before.
    chain          TEXT NOT NULL,
    chain_no       INTEGER NOT NULL,
    link           TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX return_matches_answer ON return_matches (exchange_id, ordinal, chain_no);
CREATE INDEX return_matches_chain ON return_matches (chain, chain_no);

-- Files made for partners; the body is encrypted.
CREATE TABLE returns (
    id           BLOB NOT NULL PRIMARY KEY,
    kind         TEXT NOT NULL,
    recipient    TEXT NOT NULL,
    -- Lane of the deposit, or of the claims whose rejects the file reports.
    is_test      BOOLEAN NOT NULL DEFAULT FALSE,
    exchange_id  BLOB REFERENCES exchanges (id),
    file_name    TEXT NOT NULL,
    digest       TEXT NOT NULL,
    sealed       BLOB NOT NULL,
    -- Id of the master key that sealed the body, as `claims.key_id`.
    key_id       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    delivered_at INTEGER,
    -- Number of rejects that the file reports: as many rows of reject_reports name it.
    reject_count INTEGER NOT NULL DEFAULT 0
);
-- An exchange has one ARL.
CREATE UNIQUE INDEX returns_arl ON returns (exchange_id) WHERE kind = 'arl';
CREATE INDEX returns_newest ON returns (created_at, id);
CREATE INDEX returns_by_recipient ON returns (recipient, created_at, id);
CREATE INDEX returns_undelivered ON returns (created_at, id) WHERE delivered_at IS NULL;

-- The rejects that a 580 reports. A part that is reopened or paid, and rejected again, is reported
-- again. Rows are only added.
CREATE TABLE reject_reports (
    return_id BLOB NOT NULL REFERENCES returns (id),
    claim_id  BLOB NOT NULL,
    -- Version of the claim that the file shows: the last `events.sequence` of the claim.
    version   INTEGER NOT NULL,
    PRIMARY KEY (return_id, claim_id)
) WITHOUT ROWID;
CREATE INDEX reject_reports_by_claim ON reject_reports (claim_id);

-- Decisions of workers, written in the transaction of the change. Each recorded decision has a row,
-- with or without idempotency key; a repetition without key has none.
CREATE TABLE decisions (
    decision_id     BLOB NOT NULL PRIMARY KEY,
    claim_id        BLOB NOT NULL,
    part            TEXT NOT NULL,
    -- `accept`, `reject`, `defer`, `reopen`, `pay` or `recover`.
    kind            TEXT NOT NULL,
    -- Null when the part already had the state and content: the decision changed nothing.
    event_id        BLOB,
    idempotency_key TEXT,
    request_digest  TEXT NOT NULL,
    -- The caller as it was proven, and the author that it states (not proven).
    caller_name     TEXT NOT NULL,
    caller_proof    TEXT NOT NULL,
    caller_role     TEXT NOT NULL,
    stated_author   TEXT,
    decided_at      INTEGER NOT NULL,
    -- Place in the chain of the journal (`journal_chains`), and the digest over the link before.
    chain           TEXT NOT NULL DEFAULT '',
    chain_no        INTEGER NOT NULL DEFAULT 0,
    link            TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
-- A key belongs to its caller: the keys of one party change no answer to another.
CREATE UNIQUE INDEX decisions_key ON decisions (caller_name, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX decisions_by_claim ON decisions (claim_id, decided_at);
CREATE INDEX decisions_chain ON decisions (chain, chain_no);

-- Each reading of a person's data: reader, instant, purpose. Rows are only appended.
CREATE TABLE access_journal (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    claim_id BLOB NOT NULL,
    caller   TEXT NOT NULL,
    purpose  TEXT NOT NULL,
    at       INTEGER NOT NULL,
    -- Place in the chain of the journal (`journal_chains`), and the digest over the link before.
    chain    TEXT NOT NULL DEFAULT '',
    chain_no INTEGER NOT NULL DEFAULT 0,
    link     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX access_journal_claim ON access_journal (claim_id, at);
CREATE INDEX access_journal_chain ON access_journal (chain, chain_no);

-- The end of each chain of a journal. Each row of a journal has a keyed digest over the row before
-- it in its chain, so that a row that is altered or removed shows. Journals about claims have
-- sixteen chains, so that their writers seldom wait for one another.
CREATE TABLE journal_chains (
    chain    TEXT NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL,
    link     TEXT NOT NULL
);

-- Receipts in the order of their commits. A link is a keyed digest over the link before and the
-- receipt: whoever removes or alters a receipt without the vault's key breaks the chain.
CREATE TABLE receipt_chain (
    sequence    INTEGER PRIMARY KEY,
    exchange_id BLOB NOT NULL UNIQUE REFERENCES exchanges (id),
    link        TEXT NOT NULL,
    -- Id of the master key that made the link, as `claims.key_id`.
    key_id      TEXT NOT NULL,
    -- How far the clock was behind the latest receipt before, milliseconds; signed by the link.
    behind_ms   INTEGER NOT NULL DEFAULT 0
);
-- One row: the end of the chain, so that the removal of the last receipts shows as well.
CREATE TABLE receipt_chain_tip (
    one      INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    sequence INTEGER NOT NULL,
    link     TEXT NOT NULL,
    -- Latest instant of a receipt, or the instant of a clock that an operator accepted since. A
    -- clock that is far behind gives no receipt.
    latest_at INTEGER NOT NULL DEFAULT 0
);
INSERT INTO receipt_chain_tip (sequence, link) VALUES (0, '');

-- One row a migration. The number of a program is that of its last migration. A program older than
-- the largest `oldest_program` does not run; a migration names at most the number before its own,
-- so that a replica one version back comes up again in the middle of a roll-out.
CREATE TABLE schema_versions (
    version        INTEGER PRIMARY KEY,
    oldest_program INTEGER NOT NULL
);
INSERT INTO schema_versions (version, oldest_program) VALUES (1, 1);

-- One row: the mark of the installation (invariant 12). Broker and archive carry the same id.
CREATE TABLE installation (
    one         INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    id          BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    -- Id of the master key, as `claims.key_id`.
    key_id      TEXT NOT NULL,
    -- Keyed digest over the row: it tells an altered row, and another key with the same id.
    key_check   TEXT NOT NULL,
    marked_at   INTEGER NOT NULL,
    marked_by   TEXT NOT NULL
);

-- Sinks of events; the one with the largest number is in force. Rows are only appended, by the
-- first marking and by `installation adopt`.
CREATE TABLE sinks (
    sink_no    INTEGER PRIMARY KEY,    -- from 1
    kind       TEXT NOT NULL,          -- `local` or `broker`
    vhost      TEXT NOT NULL,          -- empty for `local`, as the prefix
    prefix     TEXT NOT NULL,
    adopted_at INTEGER NOT NULL,
    adopted_by TEXT NOT NULL,
    -- First position of the published stream that this sink may have confirmed.
    first_position INTEGER NOT NULL,
    -- Keyed digest over the row.
    key_check  TEXT NOT NULL
);

-- Marks of the installation that were put on a broker or on the archive: one that lost its mark, or
-- never had it, is refused from then on. Rows are only appended.
CREATE TABLE placed_marks (
    place     TEXT NOT NULL,      -- `broker` or `archive`
    sink_no   INTEGER NOT NULL,   -- sink of the broker; 0 for the archive
    marked_at INTEGER NOT NULL,
    marked_by TEXT NOT NULL,
    -- Keyed digest over the row and the id of the installation.
    key_check TEXT NOT NULL,
    PRIMARY KEY (place, sink_no)
);

-- Operations by hand on messages and data: author, instant, action, subject. Rows are only appended.

-- One row a step: `asked` comes before anything is touched, `batch` before each batch with the
-- identifiers of what it touches, `done` or `failed` at the end. An operation whose last row is
-- `asked` or `batch` was cut: what its last batch names may be done or not.
CREATE TABLE operations_journal (
    operation_id BLOB NOT NULL,
    step         INTEGER NOT NULL,   -- from 0
    at           INTEGER NOT NULL,
    actor        TEXT NOT NULL,      -- who, as they said or as the system knows them
    action       TEXT NOT NULL,      -- `dlq.replay`, `dlq.drop` …
    stage        TEXT NOT NULL,
    subject      TEXT NOT NULL,      -- what was worked on, a queue for example
    detail       TEXT NOT NULL,      -- filter, identifiers, counts; never a person
    -- Place in the chain of the journal, as `decisions.chain`.
    chain        TEXT NOT NULL DEFAULT '',
    chain_no     INTEGER NOT NULL DEFAULT 0,
    link         TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (operation_id, step)
) STRICT;
CREATE INDEX operations_journal_newest ON operations_journal (at, operation_id, step);
CREATE INDEX operations_journal_chain ON operations_journal (chain, chain_no);

-- One row per extract of the register that was applied. The last one is what lookups call "the
-- register".
CREATE TABLE finess_snapshots (
    -- Place in the chain of the imports, as `decisions.chain`.
    chain_no        INTEGER PRIMARY KEY,
    chain           TEXT NOT NULL,
    link            TEXT NOT NULL,
    -- BLAKE3 (hex) of the establishments after this import; the link signs it.
    content         TEXT NOT NULL,
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

-- Dated history: a version holds from valid_from (included) to valid_to (excluded). Absent texts
-- are empty.
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
    close_reason    TEXT                         -- `absent` or `modifie`
) STRICT;
CREATE UNIQUE INDEX finess_establishments_open ON finess_establishments (finess_et)
    WHERE valid_to IS NULL;
CREATE INDEX finess_establishments_et ON finess_establishments (finess_et, valid_from);
CREATE INDEX finess_establishments_ej ON finess_establishments (finess_ej);

-- Rows of an import that is still being read. Emptied at its end, and of what a killed import left
-- behind.
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
    -- Place in the chain of the imports, as `decisions.chain`.
    chain_no        INTEGER PRIMARY KEY,
    chain           TEXT NOT NULL,
    link            TEXT NOT NULL,
    -- BLAKE3 (hex) of the conventions and their AMC numbers after this import; the link signs it.
    content         TEXT NOT NULL,
    digest          TEXT NOT NULL,
    source_name     TEXT NOT NULL,
    encoding        TEXT NOT NULL,
    imported_at     TEXT NOT NULL,
    row_count       INTEGER NOT NULL,
    added           INTEGER NOT NULL,
    changed         INTEGER NOT NULL,
    unchanged       INTEGER NOT NULL
) STRICT;

-- Two times: starts_on to ends_on (both included) is the life of the convention, recorded_from to
-- recorded_to is what we knew when.
CREATE TABLE conventions (
    id              INTEGER PRIMARY KEY,
    identifier      TEXT NOT NULL,              -- billing number or FINESS, 9 characters
    amc             TEXT NOT NULL,              -- 10 digits
    convention_type TEXT NOT NULL,              -- '' or 2 characters
    domain          TEXT NOT NULL,              -- '*' for all
    starts_on       TEXT NOT NULL,
    ends_on         TEXT,
    state           TEXT NOT NULL,
    motive          TEXT NOT NULL,
    concentrator    TEXT NOT NULL,
    rpps            TEXT NOT NULL,
    finess_et       TEXT NOT NULL,
    recorded_from   TEXT NOT NULL,
    recorded_to     TEXT,
    source_digest   TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX conventions_current ON conventions (identifier, amc, convention_type, domain, starts_on)
    WHERE recorded_to IS NULL;
CREATE INDEX conventions_finess_et ON conventions (finess_et, amc)
    WHERE recorded_to IS NULL AND finess_et <> '';
CREATE INDEX conventions_rpps ON conventions (rpps, amc) WHERE recorded_to IS NULL AND rpps <> '';
-- No index begins with the AMC: the planner would read all conventions of an AMC; lookups enter by
-- number.
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

-- AMC numbers with a convention, so that a lookup learns by one keyed read whether an AMC is known.
-- Rows are only added: no convention is ever deleted.
CREATE TABLE convention_amcs (
    amc             TEXT PRIMARY KEY            -- 10 digits
) STRICT, WITHOUT ROWID;
