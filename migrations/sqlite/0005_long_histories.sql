-- What an ingest and a look at the outbox cost no longer grows with what is stored or held. Same number, same name and same meaning as the PostgreSQL
-- file.

-- The latest claim of an invoice is looked up among its live claim (`claims_live_identity`) and its rejected ones. An identity is random: each index
-- that leads with it costs a page of its own per new claim, and rejected claims are few.
CREATE INDEX claims_rejected_identity ON claims (identity, received_at, id) WHERE NOT live;
DROP INDEX claims_identity;

-- From here on only the events of a load carry it: those of a deposit in one transaction wait for nothing. So few deposits stand in the index below.
UPDATE outbox SET load_id = NULL
    WHERE position IS NULL AND load_id IS NOT NULL AND load_id NOT IN (SELECT id FROM exchanges WHERE verdict IS NULL);
-- What waits for publication, load by load, and what belongs to none: the events of a load under way are passed over in one step. The index behind
-- UNIQUE (position), which served before, has them in the order of the outbox only.
CREATE INDEX outbox_waiting ON outbox (load_id, outbox_id) WHERE published_at IS NULL;

-- When the verdict came: before, the events of a load could not leave, and were not late. Null for what versions before this one closed.
ALTER TABLE exchanges ADD COLUMN closed_at INTEGER;
