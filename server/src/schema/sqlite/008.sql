-- Version 8: the ledger grows. Accounts of the bank, of suspense, of clerks' drawers; transfers that are pending until a later one posts
-- or voids them; transfers that belong to no purchase (docs/specs/books.md 3, 12).

-- What an account is, and what happened: a later version adds rows.
CREATE TABLE account_kind (
    kind TEXT NOT NULL PRIMARY KEY CHECK (length(kind) BETWEEN 1 AND 32)
) STRICT;
INSERT INTO account_kind (kind) VALUES ('bank-cash'), ('bank-clearing'), ('drawer'), ('prepaid'), ('refund-due'), ('suspense'),
    ('delivered'), ('refunded'), ('carried'), ('loss'), ('difference'), ('fee'), ('company-payable');
CREATE TABLE transfer_code (
    code TEXT NOT NULL PRIMARY KEY CHECK (length(code) BETWEEN 1 AND 32)
) STRICT;
INSERT INTO transfer_code (code) VALUES ('sale'), ('correction'), ('cancelled'), ('delivery'), ('refund-due'), ('refund'), ('carry-out'),
    ('carry-in'), ('loss'), ('debit'), ('debit-reversal'), ('bank-difference'), ('drawer-close'), ('drawer-difference'), ('adjust');

CREATE TABLE account_8 (
    id       INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL REFERENCES account_kind (kind),
    customer TEXT REFERENCES customer (customer),
    -- Whose drawer it is.
    clerk    TEXT CHECK (length(clerk) BETWEEN 1 AND 64 AND instr(clerk, '|') = 0),
    CHECK ((kind IN ('prepaid', 'refund-due')) = (customer IS NOT NULL)),
    CHECK ((kind = 'drawer') = (clerk IS NOT NULL))
) STRICT;
INSERT INTO account_8 (id, kind, customer) SELECT id, kind, customer FROM account;
DROP TABLE account;
ALTER TABLE account_8 RENAME TO account;
CREATE UNIQUE INDEX account_of_customer ON account (customer, kind) WHERE customer IS NOT NULL;
CREATE UNIQUE INDEX account_of_clerk    ON account (clerk)          WHERE clerk IS NOT NULL;
CREATE UNIQUE INDEX account_of_house    ON account (kind)           WHERE customer IS NULL AND clerk IS NULL;
INSERT INTO account (kind) VALUES ('bank-clearing'), ('suspense'), ('difference'), ('fee'), ('company-payable');

CREATE TABLE transfer_8 (
    id       INTEGER PRIMARY KEY,
    -- Which server booked it, and its number there: 1, 2, 3 and so on without a gap.
    server   TEXT NOT NULL CHECK (length(server) BETWEEN 1 AND 32),
    number   INTEGER NOT NULL CHECK (number > 0),
    code     TEXT NOT NULL REFERENCES transfer_code (code),
    debit    INTEGER NOT NULL REFERENCES account (id),
    credit   INTEGER NOT NULL REFERENCES account (id),
    amount   INTEGER NOT NULL CHECK (amount > 0),
    at       TEXT NOT NULL CHECK (length(at) = 14),
    -- The purchase it belongs to, if it does to one.
    life     INTEGER,
    count    INTEGER,
    order_id BLOB REFERENCES purchase_order (id),
    -- What else it is about: the reference of a payment, a finding.
    subject  TEXT CHECK (length(subject) BETWEEN 1 AND 64 AND instr(subject, '|') = 0),
    -- post and void say what became of a pending one.
    state    TEXT NOT NULL DEFAULT 'posted' CHECK (state IN ('posted', 'pending', 'post', 'void')),
    resolves INTEGER REFERENCES transfer (id),
    hash     BLOB NOT NULL CHECK (length(hash) = 32),
    -- What it adds to the balances of its two accounts.
    moved    INTEGER GENERATED ALWAYS AS (CASE WHEN state IN ('posted', 'post') THEN amount ELSE 0 END) STORED,
    UNIQUE (server, number),
    CHECK (debit <> credit),
    CHECK ((life IS NULL) = (count IS NULL)),
    CHECK (order_id IS NULL OR life IS NOT NULL),
    CHECK ((state IN ('post', 'void')) = (resolves IS NOT NULL)),
    FOREIGN KEY (life, count) REFERENCES purchase (life, count)
) STRICT;
INSERT INTO transfer_8 (id, server, number, code, debit, credit, amount, at, life, count, order_id, hash)
    SELECT id, server, number, code, debit, credit, amount, at, life, count, order_id, hash FROM transfer;
DROP TABLE transfer;
ALTER TABLE transfer_8 RENAME TO transfer;
CREATE INDEX transfers_by_time     ON transfer (at);
CREATE INDEX transfers_of_purchase ON transfer (life, count);
CREATE INDEX transfers_from        ON transfer (debit, moved);
CREATE INDEX transfers_to          ON transfer (credit, moved);
CREATE INDEX transfers_of_subject  ON transfer (subject) WHERE subject IS NOT NULL;
CREATE INDEX transfers_pending     ON transfer (id)      WHERE state = 'pending';
-- A sale can be cancelled while nothing may have been sealed, and made again; these happen to a purchase once.
CREATE UNIQUE INDEX transfer_once ON transfer (life, count, code)
    WHERE code IN ('delivery', 'refund-due', 'refund', 'carry-out', 'carry-in', 'loss');
CREATE UNIQUE INDEX transfer_resolved_once ON transfer (resolves) WHERE resolves IS NOT NULL;

CREATE TRIGGER account_stays BEFORE DELETE ON account
BEGIN SELECT RAISE(ABORT, 'an account is never deleted'); END;
CREATE TRIGGER account_is_final BEFORE UPDATE ON account
BEGIN SELECT RAISE(ABORT, 'an account is never changed'); END;
CREATE TRIGGER transfer_stays BEFORE DELETE ON transfer
BEGIN SELECT RAISE(ABORT, 'a transfer is never deleted'); END;
CREATE TRIGGER transfer_is_final BEFORE UPDATE ON transfer
BEGIN SELECT RAISE(ABORT, 'a transfer is never changed'); END;
CREATE TRIGGER transfer_resolves_its_own BEFORE INSERT ON transfer WHEN NEW.resolves IS NOT NULL AND NOT EXISTS
    (SELECT 1 FROM transfer p WHERE p.id = NEW.resolves AND p.state = 'pending' AND p.debit = NEW.debit AND p.credit = NEW.credit
     AND p.amount = NEW.amount)
BEGIN SELECT RAISE(ABORT, 'a transfer posts or voids a pending one of the same accounts and amount'); END;
