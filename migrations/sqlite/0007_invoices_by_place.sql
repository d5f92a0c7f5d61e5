-- An invoice is looked up by its PS, its number and its identity, in this order. Same number, same name and same meaning as the PostgreSQL file.

-- An identity is random: in an index that begins with it, each new claim of a long history takes a page of its own, which is read, changed and logged whole.
-- The identity holds PS and number, so that these before it change nothing of what is unique, and the invoices of one PS lie together.
CREATE UNIQUE INDEX claims_live_invoice ON claims (ps, invoice_number, identity) WHERE live;
CREATE INDEX claims_rejected_invoice ON claims (ps, invoice_number, identity, received_at, id) WHERE NOT live;

-- One process owns the file: no replica of the version before is at work that needs them, as in PostgreSQL.
DROP INDEX claims_live_identity;
DROP INDEX claims_rejected_identity;

-- AMC numbers with a convention, so that a lookup learns by one keyed read whether an AMC is known. Rows are only added: no convention is ever deleted.
CREATE TABLE convention_amcs (
    amc             TEXT PRIMARY KEY            -- 10 digits
) STRICT, WITHOUT ROWID;
INSERT INTO convention_amcs (amc) SELECT DISTINCT amc FROM conventions;
-- An index that leads with the AMC invites the planner to read all conventions of an AMC; lookups enter by number.
DROP INDEX conventions_amc;
