-- Version 2: money follows MAC and count.
-- A count belongs to a life, which is one chip and the key version its count began at; a purchase is a life and a
-- count and may have any number of orders; what was paid for it is in the ledger, what was credited in its settlement.
-- Rows of version 1 name no chip: their lives have no serial number, and nothing more is sold for them.

DROP TRIGGER order_stays;
DROP TRIGGER order_facts_stay;
DROP TRIGGER order_end_is_final;
DROP TRIGGER settlement_stays;
DROP TRIGGER settlement_is_final;
DROP TRIGGER account_stays;
DROP TRIGGER account_is_final;
DROP TRIGGER posting_into_open_entry;
DROP TRIGGER posting_counts;
DROP TRIGGER posting_stays;
DROP TRIGGER posting_is_final;
DROP TRIGGER entry_stays;
DROP TRIGGER entry_facts_stay;
DROP TRIGGER entry_starts_empty;
DROP TRIGGER entry_sums_are_true;
DROP INDEX one_outstanding_order;
DROP INDEX one_settled_order;
DROP INDEX orders_of_purchase;
DROP INDEX orders_of_customer;
DROP INDEX orders_open;
DROP INDEX account_of_customer;
DROP INDEX account_of_house;
DROP INDEX entry_by_time;
DROP INDEX posting_by_account;
ALTER TABLE purchase_order RENAME TO purchase_order_1;
ALTER TABLE settlement     RENAME TO settlement_1;
ALTER TABLE account        RENAME TO account_1;
ALTER TABLE journal_entry  RENAME TO journal_entry_1;
ALTER TABLE posting        RENAME TO posting_1;

CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sim_history_msisdn ON sim (msisdn, id);

------------------------------------------------------------------ meters and their lives

-- What the city's delivery lists say of each chip; the newest list wins.
CREATE TABLE esam (
    serial      BLOB NOT NULL PRIMARY KEY CHECK (length(serial) = 8),
    meter       TEXT NOT NULL CHECK (length(meter) = 12 AND meter NOT GLOB '*[^0-9]*'),
    key_version INTEGER NOT NULL CHECK (key_version BETWEEN 1 AND 255),
    key_state   TEXT NOT NULL CHECK (key_state IN ('test', 'formal', 'retired')),
    ceiling     INTEGER CHECK (ceiling BETWEEN 0 AND 4294967295),
    -- The chip that is in the meter now.
    current     INTEGER NOT NULL CHECK (current IN (0, 1)),
    listed      TEXT NOT NULL CHECK (length(listed) = 14)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX esam_of_meter ON esam (meter) WHERE current = 1;

CREATE TABLE life (
    id          INTEGER PRIMARY KEY,
    meter       TEXT NOT NULL REFERENCES customer (meter),
    serial      BLOB CHECK (length(serial) = 8),
    key_state   TEXT NOT NULL,
    key_version INTEGER NOT NULL,
    UNIQUE (serial, key_state, key_version)
) STRICT;
CREATE INDEX life_of_meter ON life (meter, id);
CREATE UNIQUE INDEX life_of_older_make ON life (meter) WHERE serial IS NULL;
CREATE TRIGGER life_stays BEFORE DELETE ON life
BEGIN SELECT RAISE(ABORT, 'a life is never deleted'); END;
CREATE TRIGGER life_is_final BEFORE UPDATE ON life
BEGIN SELECT RAISE(ABORT, 'a life is never changed'); END;

------------------------------------------------------------------ orders

CREATE TABLE purchase (
    life     INTEGER NOT NULL REFERENCES life (id),
    count    INTEGER NOT NULL CHECK (count BETWEEN 1 AND 4294967295),
    customer TEXT NOT NULL REFERENCES customer (customer),
    PRIMARY KEY (life, count)
) STRICT, WITHOUT ROWID;
CREATE INDEX purchases_of_customer ON purchase (customer);
CREATE TRIGGER purchase_stays BEFORE DELETE ON purchase
BEGIN SELECT RAISE(ABORT, 'a purchase is never deleted'); END;
CREATE TRIGGER purchase_is_final BEFORE UPDATE ON purchase
BEGIN SELECT RAISE(ABORT, 'a purchase is never changed'); END;

CREATE TABLE purchase_order (
    seq         INTEGER PRIMARY KEY,
    id          BLOB NOT NULL UNIQUE CHECK (length(id) = 8),
    life        INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    reason      TEXT NOT NULL CHECK (reason IN ('sale', 'reissue', 'correction', 'reversal')),
    kind        INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
    -- Version of the keys it is sealed under.
    key_version INTEGER NOT NULL,
    amount      INTEGER NOT NULL CHECK (amount BETWEEN 0 AND 99999999),
    issued      TEXT NOT NULL CHECK (length(issued) = 14),
    valid_until TEXT NOT NULL CHECK (length(valid_until) = 14),
    binding     BLOB NOT NULL CHECK (length(binding) = 8),
    iccid       TEXT NOT NULL,
    replaces    BLOB REFERENCES purchase_order (id),
    state       TEXT NOT NULL CHECK (state IN ('prepared', 'sealed', 'superseded', 'settled', 'void')),
    record      BLOB CHECK (length(record) = 176),
    FOREIGN KEY (life, count) REFERENCES purchase (life, count),
    CHECK (state <> 'sealed' OR record IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX one_outstanding_order ON purchase_order (life) WHERE state IN ('prepared', 'sealed');
CREATE UNIQUE INDEX one_settled_order     ON purchase_order (life, count) WHERE state = 'settled';
CREATE INDEX orders_of_purchase ON purchase_order (life, count, seq);
CREATE INDEX orders_open        ON purchase_order (state) WHERE state IN ('prepared', 'sealed', 'superseded');

-- Security modules, and where their order chains stand by these books.
CREATE TABLE psam (
    number      TEXT NOT NULL PRIMARY KEY CHECK (length(number) = 12),
    -- Where the books' part of the chain begins.
    base_count  INTEGER NOT NULL,
    base_value  INTEGER NOT NULL,
    base_head   BLOB NOT NULL CHECK (length(base_head) = 32),
    count       INTEGER NOT NULL,
    value       INTEGER NOT NULL,
    head        BLOB NOT NULL CHECK (length(head) = 32),
    -- Rises when two people have cleared a chain that did not fit: the module is then taken as it is.
    epoch       INTEGER NOT NULL DEFAULT 1,
    adopt       INTEGER NOT NULL DEFAULT 0 CHECK (adopt IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Asked, and no certain answer yet.
CREATE TABLE ask (
    psam     TEXT NOT NULL,
    order_id BLOB NOT NULL REFERENCES purchase_order (id),
    PRIMARY KEY (order_id, psam)
) STRICT, WITHOUT ROWID;

-- What each module sealed, in its sequence. No row for older makes.
CREATE TABLE seal (
    psam     TEXT NOT NULL REFERENCES psam (number),
    epoch    INTEGER NOT NULL,
    sequence INTEGER NOT NULL CHECK (sequence > 0),
    order_id BLOB NOT NULL REFERENCES purchase_order (id),
    PRIMARY KEY (psam, epoch, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX seals_of_order ON seal (order_id);

CREATE TABLE settlement (
    life     INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    -- NULL: an order that is not ours, taken for settled by two people.
    order_id BLOB UNIQUE REFERENCES purchase_order (id),
    packet   BLOB NOT NULL UNIQUE,
    receipt  BLOB NOT NULL,
    credited INTEGER NOT NULL CHECK (credited BETWEEN 0 AND 4294967295),
    balance  INTEGER NOT NULL CHECK (balance BETWEEN 0 AND 4294967295),
    register INTEGER NOT NULL CHECK (register BETWEEN 0 AND 4294967295),
    at_meter TEXT NOT NULL CHECK (length(at_meter) = 14),
    settled  TEXT NOT NULL CHECK (length(settled) = 14),
    PRIMARY KEY (life, count),
    FOREIGN KEY (life, count) REFERENCES purchase (life, count)
) STRICT, WITHOUT ROWID;

-- What is not as it should be, until somebody clears it; a genuine receipt that settles nothing is kept in its row.
CREATE TABLE finding (
    id         INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL,
    meter      TEXT,
    psam       TEXT,
    order_id   BLOB CHECK (length(order_id) = 8),
    at         TEXT NOT NULL CHECK (length(at) = 14),
    detail     TEXT NOT NULL,
    -- While it is not cleared nothing is sold for its meter, or through its PSAM.
    freezes    INTEGER NOT NULL CHECK (freezes IN (0, 1)),
    packet     BLOB UNIQUE,
    receipt    BLOB,
    cleared    TEXT CHECK (length(cleared) = 14),
    cleared_by TEXT,
    second     TEXT,
    note       TEXT,
    CHECK ((cleared IS NULL) = (cleared_by IS NULL)),
    CHECK (cleared IS NULL OR freezes = 0 OR (second IS NOT NULL AND second <> cleared_by))
) STRICT;
CREATE INDEX findings_open ON finding (meter) WHERE cleared IS NULL;
CREATE TRIGGER finding_stays BEFORE DELETE ON finding
BEGIN SELECT RAISE(ABORT, 'a finding is never deleted'); END;
CREATE TRIGGER finding_facts_stay
BEFORE UPDATE OF id, kind, meter, psam, order_id, at, detail, freezes, packet, receipt ON finding
BEGIN SELECT RAISE(ABORT, 'what a finding says is never changed'); END;
CREATE TRIGGER finding_is_cleared_once BEFORE UPDATE ON finding WHEN OLD.cleared IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a finding is cleared once'); END;

------------------------------------------------------------------ ledger

CREATE TABLE account (
    id       INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL CHECK (kind IN
             ('bank-cash', 'prepaid', 'delivered', 'refund-due', 'refunded', 'carried', 'loss')),
    customer TEXT REFERENCES customer (customer),
    CHECK ((kind IN ('prepaid', 'refund-due')) = (customer IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX account_of_customer ON account (customer, kind) WHERE customer IS NOT NULL;
CREATE UNIQUE INDEX account_of_house    ON account (kind)           WHERE customer IS NULL;
INSERT INTO account (id, kind, customer) SELECT id, kind, customer FROM account_1;
INSERT INTO account (kind) VALUES ('refunded'), ('carried'), ('loss');

CREATE TABLE journal_entry (
    id        INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL CHECK (kind IN ('sale', 'correction', 'cancelled', 'delivery', 'refund-due', 'refund',
              'carry-out', 'carry-in', 'loss')),
    at        TEXT NOT NULL CHECK (length(at) = 14),
    life      INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    order_id  BLOB REFERENCES purchase_order (id),
    imbalance INTEGER NOT NULL DEFAULT 0,
    lines     INTEGER NOT NULL DEFAULT 0,
    fault     INTEGER GENERATED ALWAYS AS (CASE WHEN imbalance = 0 AND lines >= 2 THEN 0 ELSE 1 END) STORED
              REFERENCES zero (value) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (life, count) REFERENCES purchase (life, count)
) STRICT;
CREATE INDEX entry_by_time ON journal_entry (at);
CREATE INDEX entries_of_purchase ON journal_entry (life, count);
-- A sale can be cancelled while nothing may have been sealed, and made again; all else happens to a purchase once.
CREATE UNIQUE INDEX entry_once ON journal_entry (life, count, kind)
    WHERE kind NOT IN ('sale', 'correction', 'cancelled');

CREATE TABLE posting (
    entry   INTEGER NOT NULL REFERENCES journal_entry (id),
    line    INTEGER NOT NULL,
    account INTEGER NOT NULL REFERENCES account (id),
    -- Debit positive, credit negative.
    amount  INTEGER NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (entry, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX posting_by_account ON posting (account, entry, line, amount);

------------------------------------------------------------------ the rows of version 1

INSERT INTO life (meter, serial, key_state, key_version) SELECT DISTINCT meter, NULL, 'older make', 0 FROM purchase_order_1;
INSERT INTO purchase (life, count, customer)
    SELECT DISTINCT life.id, o.count, o.customer FROM purchase_order_1 o JOIN life ON life.meter = o.meter;
INSERT INTO purchase_order (seq, id, life, count, reason, kind, key_version, amount, issued, valid_until, binding, iccid,
                            replaces, state, record)
    SELECT o.seq, o.id, life.id, o.count, CASE WHEN o.replaces IS NULL THEN 'sale' ELSE 'reissue' END, o.kind, 0, o.amount,
           o.issued, o.valid_until, o.binding, o.iccid, o.replaces, o.state, o.record
    FROM purchase_order_1 o JOIN life ON life.meter = o.meter ORDER BY o.seq;
INSERT INTO ask (psam, order_id) SELECT '', id FROM purchase_order_1 WHERE asked > 0;
INSERT INTO settlement (life, count, order_id, packet, receipt, credited, balance, register, at_meter, settled)
    SELECT o.life, o.count, s.order_id, s.packet, s.receipt, o.amount, s.balance, s.register, s.at_meter, s.settled
    FROM settlement_1 s JOIN purchase_order o ON o.id = s.order_id;
INSERT INTO journal_entry (id, kind, at, life, count, order_id)
    SELECT e.id, e.kind, e.at, life.id, e.count, e.order_id FROM journal_entry_1 e JOIN life ON life.meter = e.meter;
INSERT INTO posting (entry, line, account, amount) SELECT entry, line, account, amount FROM posting_1;
UPDATE journal_entry SET
    imbalance = (SELECT coalesce(sum(amount), 0) FROM posting WHERE entry = journal_entry.id),
    lines = (SELECT count(*) FROM posting WHERE entry = journal_entry.id);
INSERT INTO setting (name, value) SELECT 'make', 'older' WHERE EXISTS (SELECT 1 FROM purchase_order_1);
DROP TABLE posting_1;
DROP TABLE journal_entry_1;
DROP TABLE account_1;
DROP TABLE settlement_1;
DROP TABLE purchase_order_1;

------------------------------------------------------------------ what is final

CREATE TRIGGER order_stays BEFORE DELETE ON purchase_order
BEGIN SELECT RAISE(ABORT, 'an order is never deleted'); END;
CREATE TRIGGER order_facts_stay
BEFORE UPDATE OF seq, id, life, count, reason, kind, key_version, amount, issued, valid_until, binding, iccid, replaces
ON purchase_order
BEGIN SELECT RAISE(ABORT, 'what an order says is never changed'); END;
CREATE TRIGGER order_end_is_final BEFORE UPDATE OF state ON purchase_order
WHEN OLD.state IN ('settled', 'void')
BEGIN SELECT RAISE(ABORT, 'a settled or void order does not change its state'); END;
CREATE TRIGGER settlement_stays BEFORE DELETE ON settlement
BEGIN SELECT RAISE(ABORT, 'a settlement is never deleted'); END;
CREATE TRIGGER settlement_is_final BEFORE UPDATE ON settlement
BEGIN SELECT RAISE(ABORT, 'a settlement is never changed'); END;
CREATE TRIGGER seal_stays BEFORE DELETE ON seal
BEGIN SELECT RAISE(ABORT, 'what was sealed is never deleted'); END;
CREATE TRIGGER seal_is_final BEFORE UPDATE ON seal
BEGIN SELECT RAISE(ABORT, 'what was sealed is never changed'); END;
CREATE TRIGGER account_stays BEFORE DELETE ON account
BEGIN SELECT RAISE(ABORT, 'an account is never deleted'); END;
CREATE TRIGGER account_is_final BEFORE UPDATE ON account
BEGIN SELECT RAISE(ABORT, 'an account is never changed'); END;
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
CREATE TRIGGER entry_facts_stay BEFORE UPDATE OF id, kind, at, life, count, order_id ON journal_entry
BEGIN SELECT RAISE(ABORT, 'what a journal entry says is never changed'); END;
-- The two sums are kept by posting_counts alone: nobody can write another value into them.
CREATE TRIGGER entry_starts_empty BEFORE INSERT ON journal_entry
WHEN NEW.imbalance <> 0 OR NEW.lines <> 0
BEGIN SELECT RAISE(ABORT, 'a journal entry starts without postings'); END;
CREATE TRIGGER entry_sums_are_true AFTER UPDATE OF imbalance, lines ON journal_entry
WHEN NEW.imbalance <> (SELECT coalesce(sum(amount), 0) FROM posting WHERE entry = NEW.id)
  OR NEW.lines <> (SELECT count(*) FROM posting WHERE entry = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the sums of a journal entry follow from its postings'); END;
