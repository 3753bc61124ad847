-- Version 6: the ledger is rows of transfers, each from one account to another, so it balances by its form; each row carries the
-- hash of the one before it, so a row that was taken out or changed is named (docs/specs/books.md 12).

CREATE TABLE transfer (
    id       INTEGER PRIMARY KEY,
    -- Which server booked it, and its number there: 1, 2, 3 and so on without a gap.
    server   TEXT NOT NULL CHECK (length(server) BETWEEN 1 AND 32),
    number   INTEGER NOT NULL CHECK (number > 0),
    code     TEXT NOT NULL CHECK (code IN ('sale', 'correction', 'cancelled', 'delivery', 'refund-due', 'refund',
             'carry-out', 'carry-in', 'loss')),
    debit    INTEGER NOT NULL REFERENCES account (id),
    credit   INTEGER NOT NULL REFERENCES account (id),
    amount   INTEGER NOT NULL CHECK (amount > 0),
    at       TEXT NOT NULL CHECK (length(at) = 14),
    life     INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    order_id BLOB REFERENCES purchase_order (id),
    hash     BLOB NOT NULL CHECK (length(hash) = 32),
    UNIQUE (server, number),
    CHECK (debit <> credit),
    FOREIGN KEY (life, count) REFERENCES purchase (life, count)
) STRICT;

INSERT INTO transfer (id, server, number, code, debit, credit, amount, at, life, count, order_id, hash)
    SELECT e.id, '1', row_number() OVER (ORDER BY e.id), e.kind, d.account, c.account, d.amount, e.at, e.life, e.count,
           e.order_id, zeroblob(32)
    FROM journal_entry e JOIN posting d ON d.entry = e.id AND d.amount > 0
                         JOIN posting c ON c.entry = e.id AND c.amount = -d.amount
    ORDER BY e.id;

-- Every entry was one movement between two accounts. One that was not has no row here, and then nothing is migrated.
CREATE TABLE moved (value INTEGER NOT NULL CHECK (value = 0)) STRICT;
INSERT INTO moved SELECT (SELECT count(*) FROM journal_entry) - (SELECT count(*) FROM transfer);
INSERT INTO moved SELECT (SELECT count(*) FROM posting) - 2 * (SELECT count(*) FROM transfer);
DROP TABLE moved;

DROP TRIGGER posting_into_open_entry;
DROP TRIGGER posting_counts;
DROP TRIGGER posting_stays;
DROP TRIGGER posting_is_final;
DROP TRIGGER entry_stays;
DROP TRIGGER entry_facts_stay;
DROP TRIGGER entry_starts_empty;
DROP TRIGGER entry_sums_are_true;
DROP TRIGGER zero_stays;
DROP TRIGGER zero_is_final;
DROP TABLE posting;
DROP TABLE journal_entry;
DROP TABLE zero;

CREATE INDEX transfers_by_time     ON transfer (at);
CREATE INDEX transfers_of_purchase ON transfer (life, count);
CREATE INDEX transfers_from        ON transfer (debit, amount);
CREATE INDEX transfers_to          ON transfer (credit, amount);
-- A sale can be cancelled while nothing may have been sealed, and made again; all else happens to a purchase once.
CREATE UNIQUE INDEX transfer_once ON transfer (life, count, code) WHERE code NOT IN ('sale', 'correction', 'cancelled');
