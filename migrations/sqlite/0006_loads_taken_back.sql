-- How far a large deposit is written, and whether what is written of it is taken back. Same number, same name and same meaning as the PostgreSQL file.

-- Rank of the last invoice that a load wrote. A batch goes on from here or not at all, so that two loaders of one deposit never write the same part. A
-- replica of the version before does not move it: who takes up a load reads the ranks of its invoices as well.
ALTER TABLE exchanges ADD COLUMN loaded INTEGER NOT NULL DEFAULT 0;

-- Set while the invoices of a load are being removed: to be written anew, or because the load was given up.
ALTER TABLE exchanges ADD COLUMN withdrawal TEXT CHECK (withdrawal IN ('restart', 'abandon'));

-- The invoices refused as duplicates of a claim: when that claim is taken back, they are none any more.
CREATE INDEX quarantine_duplicates ON quarantine (duplicate_of) WHERE duplicate_of IS NOT NULL;
