-- no-transaction
-- How far a large deposit is written, and whether what is written of it is taken back. Same number, same name and same meaning as the SQLite file.
-- Each step is a transaction of its own, as in 0005: replicas of the version before are writing. A step that was done before a cut is passed over.

-- Rank of the last invoice that a load wrote. A batch goes on from here or not at all, so that two loaders of one deposit never write the same part. A
-- replica of the version before does not move it: who takes up a load reads the ranks of its invoices as well.
BEGIN;
ALTER TABLE exchanges ADD COLUMN IF NOT EXISTS loaded BIGINT NOT NULL DEFAULT 0;
COMMIT;

-- Set while the invoices of a load are being removed: to be written anew, or because the load was given up.
BEGIN;
ALTER TABLE exchanges ADD COLUMN IF NOT EXISTS withdrawal TEXT CHECK (withdrawal IN ('restart', 'abandon'));
COMMIT;

-- The invoices refused as duplicates of a claim: when that claim is taken back, they are none any more.
BEGIN;
CREATE INDEX IF NOT EXISTS quarantine_duplicates ON quarantine (duplicate_of) WHERE duplicate_of IS NOT NULL;
COMMIT;
