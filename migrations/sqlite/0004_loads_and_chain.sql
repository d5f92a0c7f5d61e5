-- Large deposits are written in several transactions, and receipts are chained. Same number, same name and same meaning as the PostgreSQL file.

-- A row of exchanges without verdict may now be committed: its invoices are being written, batch by batch. Nothing of it is shown or published
-- before it has its verdict. There are as many such rows as large deposits under way.
CREATE INDEX exchanges_loading ON exchanges (received_at, id) WHERE verdict IS NULL;

-- The deposit that the event waits for. Null, or a deposit with a verdict: it may go.
ALTER TABLE outbox ADD COLUMN load_id BLOB;

-- Receipts in the order of their commits. A link is a keyed digest over the link before and the receipt: whoever removes or alters a receipt
-- without the vault's key breaks the chain.
CREATE TABLE receipt_chain (
    sequence    INTEGER PRIMARY KEY,
    exchange_id BLOB NOT NULL UNIQUE REFERENCES exchanges (id),
    link        TEXT NOT NULL
);
-- One row: the end of the chain, so that the removal of the last receipts shows as well.
CREATE TABLE receipt_chain_tip (
    one      INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    sequence INTEGER NOT NULL,
    link     TEXT NOT NULL
);
INSERT INTO receipt_chain_tip (sequence, link) VALUES (0, '');
