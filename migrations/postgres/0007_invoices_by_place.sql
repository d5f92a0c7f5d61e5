-- no-transaction
-- An invoice is looked up by its PS, its number and its identity, in this order. Same number, same name and same meaning as the SQLite file.
-- Each step is a transaction of its own, as in 0005. A step that was done before a cut is passed over.

-- An identity is random: in an index that begins with it, each new claim of a long history takes a page of its own, which is read, changed and logged whole.
-- The identity holds PS and number, so that these before it change nothing of what is unique, and the invoices of one PS lie together.
BEGIN;
CREATE UNIQUE INDEX IF NOT EXISTS claims_live_invoice ON claims (ps, invoice_number, identity) WHERE live;
COMMIT;
BEGIN;
CREATE INDEX IF NOT EXISTS claims_rejected_invoice ON claims (ps, invoice_number, identity, received_at, id) WHERE NOT live;
COMMIT;

-- `claims_live_identity` and `claims_rejected_identity` stay for replicas of the version before, which cannot write a claim without the first one. They go
-- when the last of these replicas is gone: `noemie-gateway migrate --finish`.

-- AMC numbers with a convention, so that a lookup learns by one keyed read whether an AMC is known. Rows are only added: no convention is ever deleted.
BEGIN;
CREATE TABLE IF NOT EXISTS convention_amcs (
    amc             TEXT PRIMARY KEY            -- 10 digits
);
INSERT INTO convention_amcs (amc) SELECT DISTINCT amc FROM conventions ON CONFLICT DO NOTHING;
COMMIT;
-- An index that leads with the AMC invites the planner to read all conventions of an AMC; lookups enter by number.
BEGIN;
DROP INDEX IF EXISTS conventions_amc;
COMMIT;
