-- no-transaction
-- What an ingest and a look at the outbox cost no longer grows with what is stored or held. Same number, same name and same meaning as the SQLite
-- file.
-- Each step is a transaction of its own: replicas of the version before are writing, and one that holds a lock on the way to another would wait for
-- this migration while it waits for them. Reads wait for no index being built. A step that was done before a cut is passed over.

-- The latest claim of an invoice is looked up among its live claim (`claims_live_identity`) and its rejected ones. An identity is random: each index
-- that leads with it costs a page of its own per new claim, and rejected claims are few.
BEGIN;
CREATE INDEX IF NOT EXISTS claims_rejected_identity ON claims (identity, received_at, id) WHERE NOT live;
COMMIT;
BEGIN;
DROP INDEX IF EXISTS claims_identity;
COMMIT;

-- From here on only the events of a load carry it: those of a deposit in one transaction wait for nothing. So few deposits stand in the index below.
BEGIN;
UPDATE outbox SET load_id = NULL
    WHERE position IS NULL AND load_id IS NOT NULL AND load_id NOT IN (SELECT id FROM exchanges WHERE verdict IS NULL);
COMMIT;
-- What waits for publication, load by load, and what belongs to none: the events of a load under way are passed over in one step.
BEGIN;
CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (load_id, outbox_id) WHERE published_at IS NULL;
COMMIT;
BEGIN;
DROP INDEX IF EXISTS outbox_unpublished;
COMMIT;

-- When the verdict came: before, the events of a load could not leave, and were not late. Null for what versions before this one closed.
BEGIN;
ALTER TABLE exchanges ADD COLUMN IF NOT EXISTS closed_at TIMESTAMPTZ;
COMMIT;
