-- Version 1 of the payment server's store.
-- Money is integer fen; times are 14 digits YYYYMMDDhhmmss, UTC+8, so that they sort as text;
-- meter and customer numbers are 12 digits.

CREATE TABLE schema_version (
    version INTEGER NOT NULL PRIMARY KEY
) STRICT;

------------------------------------------------------------------ registration

CREATE TABLE customer (
    customer       TEXT NOT NULL PRIMARY KEY CHECK (length(customer) = 12 AND customer NOT GLOB '*[^0-9]*'),
    meter          TEXT NOT NULL UNIQUE      CHECK (length(meter) = 12 AND meter NOT GLOB '*[^0-9]*'),
    imei           TEXT NOT NULL,
    name           TEXT,
    first_purchase INTEGER CHECK (first_purchase BETWEEN 1 AND 99999999)
) STRICT, WITHOUT ROWID;

-- Every SIM a customer ever had. A replaced one stays: a late receipt may still come on it.
CREATE TABLE sim (
    id       INTEGER PRIMARY KEY,
    customer TEXT NOT NULL REFERENCES customer (customer),
    msisdn   TEXT NOT NULL,
    imsi     TEXT NOT NULL,
    iccid    TEXT NOT NULL,
    current  INTEGER NOT NULL CHECK (current IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX sim_of_customer ON sim (customer) WHERE current = 1;
CREATE UNIQUE INDEX sim_by_imsi     ON sim (imsi)     WHERE current = 1;
CREATE UNIQUE INDEX sim_by_iccid    ON sim (iccid)    WHERE current = 1;
CREATE INDEX sim_history_imsi  ON sim (imsi, id);
CREATE INDEX sim_history_iccid ON sim (iccid, id);

------------------------------------------------------------------ orders

CREATE TABLE purchase_order (
    seq         INTEGER PRIMARY KEY,
    id          BLOB NOT NULL UNIQUE CHECK (length(id) = 8),
    customer    TEXT NOT NULL REFERENCES customer (customer),
    meter       TEXT NOT NULL REFERENCES customer (meter),
    kind        INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
    count       INTEGER NOT NULL CHECK (count BETWEEN 1 AND 4294967295),
    amount      INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 99999999),
    issued      TEXT NOT NULL CHECK (length(issued) = 14),
    valid_until TEXT NOT NULL CHECK (length(valid_until) = 14),
    binding     BLOB NOT NULL CHECK (length(binding) = 8),
    iccid       TEXT NOT NULL,
    replaces    BLOB REFERENCES purchase_order (id),
    state       TEXT NOT NULL CHECK (state IN ('prepared', 'sealed', 'superseded', 'settled', 'void')),
    -- Times the PSAM was asked to seal it and did not refuse for certain.
    asked       INTEGER NOT NULL DEFAULT 0 CHECK (asked >= 0),
    record      BLOB CHECK (length(record) = 176),
    CHECK (state <> 'sealed' OR record IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX one_outstanding_order ON purchase_order (meter) WHERE state IN ('prepared', 'sealed');
CREATE UNIQUE INDEX one_settled_order     ON purchase_order (meter, count) WHERE state = 'settled';
CREATE INDEX orders_of_purchase ON purchase_order (meter, count);
CREATE INDEX orders_of_customer ON purchase_order (customer, seq);
CREATE INDEX orders_open        ON purchase_order (state) WHERE state IN ('prepared', 'sealed', 'superseded');

CREATE TRIGGER order_stays BEFORE DELETE ON purchase_order
BEGIN SELECT RAISE(ABORT, 'an order is never deleted'); END;
CREATE TRIGGER order_facts_stay
BEFORE UPDATE OF seq, id, customer, meter, kind, count, amount, issued, valid_until, binding, iccid, replaces
ON purchase_order
BEGIN SELECT RAISE(ABORT, 'what an order says is never changed'); END;
CREATE TRIGGER order_end_is_final BEFORE UPDATE OF state ON purchase_order
WHEN OLD.state IN ('settled', 'void')
BEGIN SELECT RAISE(ABORT, 'a settled or void order does not change its state'); END;

CREATE TABLE settlement (
    order_id BLOB NOT NULL PRIMARY KEY REFERENCES purchase_order (id),
    packet   BLOB NOT NULL UNIQUE,
    receipt  BLOB NOT NULL,
    balance  INTEGER NOT NULL CHECK (balance BETWEEN 0 AND 4294967295),
    register INTEGER NOT NULL CHECK (register BETWEEN 0 AND 4294967295),
    at_meter TEXT NOT NULL CHECK (length(at_meter) = 14),
    settled  TEXT NOT NULL CHECK (length(settled) = 14)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER settlement_stays BEFORE DELETE ON settlement
BEGIN SELECT RAISE(ABORT, 'a settlement is never deleted'); END;
CREATE TRIGGER settlement_is_final BEFORE UPDATE ON settlement
BEGIN SELECT RAISE(ABORT, 'a settlement is never changed'); END;

------------------------------------------------------------------ ledger

CREATE TABLE account (
    id       INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL CHECK (kind IN ('bank-cash', 'prepaid', 'delivered')),
    customer TEXT REFERENCES customer (customer),
    CHECK ((kind = 'prepaid') = (customer IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX account_of_customer ON account (customer) WHERE customer IS NOT NULL;
CREATE UNIQUE INDEX account_of_house    ON account (kind)     WHERE customer IS NULL;
INSERT INTO account (kind) VALUES ('bank-cash'), ('delivered');
CREATE TRIGGER account_stays BEFORE DELETE ON account
BEGIN SELECT RAISE(ABORT, 'an account is never deleted'); END;
CREATE TRIGGER account_is_final BEFORE UPDATE ON account
BEGIN SELECT RAISE(ABORT, 'an account is never changed'); END;

-- SQLite has no deferred CHECK, but it has deferred foreign keys: `fault` points into a table that holds
-- the one value 0, so a transaction that leaves an entry out of balance, or with fewer than two
-- lines, cannot be committed.
CREATE TABLE zero (
    value INTEGER NOT NULL PRIMARY KEY CHECK (value = 0)
) STRICT;
INSERT INTO zero VALUES (0);

CREATE TABLE journal_entry (
    id        INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL CHECK (kind IN ('sale', 'delivery')),
    at        TEXT NOT NULL CHECK (length(at) = 14),
    meter     TEXT NOT NULL REFERENCES customer (meter),
    count     INTEGER NOT NULL,
    order_id  BLOB NOT NULL REFERENCES purchase_order (id),
    imbalance INTEGER NOT NULL DEFAULT 0,
    lines     INTEGER NOT NULL DEFAULT 0,
    fault     INTEGER GENERATED ALWAYS AS (CASE WHEN imbalance = 0 AND lines >= 2 THEN 0 ELSE 1 END) STORED
              REFERENCES zero (value) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (kind, meter, count)
) STRICT;
CREATE INDEX entry_by_time ON journal_entry (at);

CREATE TABLE posting (
    entry   INTEGER NOT NULL REFERENCES journal_entry (id),
    line    INTEGER NOT NULL,
    account INTEGER NOT NULL REFERENCES account (id),
    -- Debit positive, credit negative.
    amount  INTEGER NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (entry, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX posting_by_account ON posting (account, entry, line, amount);

CREATE TRIGGER posting_into_open_entry BEFORE INSERT ON posting
WHEN (SELECT fault FROM journal_entry WHERE id = NEW.entry) = 0
BEGIN SELECT RAISE(ABORT, 'a balanced entry takes no more postings'); END;
CREATE TRIGGER posting_counts AFTER INSERT ON posting
BEGIN UPDATE journal_entry SET imbalance = imbalance + NEW.amount, lines = lines + 1 WHERE id = NEW.entry; END;
CREATE TRIGGER posting_stays BEFORE DELETE ON posting
BEGIN SELECT RAISE(ABORT, 'a posting is never deleted'); END;
CREATE TRIGGER posting_is_final BEFORE UPDATE ON posting
BEGIN SELECT RAISE(ABORT, 'a posting is never changed'); END;

CREATE TRIGGER entry_stays BEFORE DELETE ON journal_entry
BEGIN SELECT RAISE(ABORT, 'a journal entry is never deleted'); END;
CREATE TRIGGER entry_facts_stay BEFORE UPDATE OF id, kind, at, meter, count, order_id ON journal_entry
BEGIN SELECT RAISE(ABORT, 'what a journal entry says is never changed'); END;
-- The two sums are kept by posting_counts alone: nobody can write another value into them.
CREATE TRIGGER entry_starts_empty BEFORE INSERT ON journal_entry
WHEN NEW.imbalance <> 0 OR NEW.lines <> 0
BEGIN SELECT RAISE(ABORT, 'a journal entry starts without postings'); END;
CREATE TRIGGER entry_sums_are_true AFTER UPDATE OF imbalance, lines ON journal_entry
WHEN NEW.imbalance <> (SELECT coalesce(sum(amount), 0) FROM posting WHERE entry = NEW.id)
  OR NEW.lines <> (SELECT count(*) FROM posting WHERE entry = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the sums of a journal entry follow from its postings'); END;
CREATE TRIGGER zero_stays BEFORE DELETE ON zero
BEGIN SELECT RAISE(ABORT, 'zero is never deleted'); END;
CREATE TRIGGER zero_is_final BEFORE UPDATE ON zero
BEGIN SELECT RAISE(ABORT, 'zero is never changed'); END;
