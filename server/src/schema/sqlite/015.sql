-- Version 15: what stands in suspense is ended (docs/specs/bank.md 7); sales by telephone (docs/specs/books.md 18).

-- What two people took out of suspense, as it stood, and where it went.
CREATE TABLE suspense_end (
    id       INTEGER PRIMARY KEY,
    -- It stood there for a payment, or for a difference that was booked.
    order_id BLOB REFERENCES payment (order_id),
    finding  INTEGER REFERENCES finding (id),
    way      TEXT NOT NULL CHECK (way IN ('refund', 'bank', 'income', 'difference')),
    fen      INTEGER NOT NULL CHECK (fen <> 0),
    at       TEXT NOT NULL CHECK (length(at) = 14),
    made_by  TEXT NOT NULL,
    second   TEXT NOT NULL CHECK (second <> made_by),
    note     TEXT NOT NULL,
    CHECK ((order_id IS NULL) <> (finding IS NULL)),
    CHECK ((fen < 0) = (way = 'difference'))
) STRICT;
CREATE INDEX ends_of_payment ON suspense_end (order_id) WHERE order_id IS NOT NULL;
INSERT INTO transfer_code (code) VALUES ('suspense-refund'), ('suspense-end');

CREATE TRIGGER suspense_end_stays BEFORE DELETE ON suspense_end
BEGIN SELECT RAISE(ABORT, 'what left suspense is never deleted'); END;
CREATE TRIGGER suspense_end_is_final BEFORE UPDATE ON suspense_end
BEGIN SELECT RAISE(ABORT, 'what left suspense is never changed'); END;

-- When a SIM took the place of another one. NULL: from his registration, or before the books kept its time.
ALTER TABLE sim ADD COLUMN since TEXT CHECK (length(since) = 14);
CREATE TRIGGER sim_since_stays BEFORE UPDATE OF since ON sim
BEGIN SELECT RAISE(ABORT, 'since when a SIM is a customer''s never changes'); END;

-- Customers buy through it by telephone.
ALTER TABLE principal ADD COLUMN by_phone INTEGER NOT NULL DEFAULT 0 CHECK (by_phone IN (0, 1));
CREATE TRIGGER principal_way_stays BEFORE UPDATE OF by_phone ON principal
BEGIN SELECT RAISE(ABORT, 'through what customers buy never changes'); END;

-- What was known of a customer was taken out; his number, his orders and the ledger stay (docs/specs/books.md 22).
CREATE TABLE erasure (
    customer TEXT NOT NULL PRIMARY KEY REFERENCES customer (customer),
    at       TEXT NOT NULL CHECK (length(at) = 14),
    made_by  TEXT NOT NULL,
    second   TEXT NOT NULL CHECK (second <> made_by),
    note     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER erasure_stays BEFORE DELETE ON erasure
BEGIN SELECT RAISE(ABORT, 'that a customer was taken out is never deleted'); END;
CREATE TRIGGER erasure_is_final BEFORE UPDATE ON erasure
BEGIN SELECT RAISE(ABORT, 'that a customer was taken out is never changed'); END;

-- What is his in rows that are final gives way to its mark, and to nothing else.
DROP TRIGGER slip_facts_stay;
CREATE TRIGGER slip_facts_stay BEFORE UPDATE OF number, customer, made, expires, made_by, reason ON slip
BEGIN SELECT RAISE(ABORT, 'what a slip says is never changed'); END;
CREATE TRIGGER slip_phone_stays BEFORE UPDATE OF msisdn ON slip WHEN NEW.msisdn <> '+861000000000000'
BEGIN SELECT RAISE(ABORT, 'what a slip says is never changed'); END;
DROP TRIGGER slip_ends_once;
CREATE TRIGGER slip_ends_once BEFORE UPDATE OF psk, tries, ended, why ON slip WHEN OLD.ended IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a slip ends once'); END;
DROP TRIGGER payment_facts_stay;
CREATE TRIGGER payment_facts_stay BEFORE UPDATE OF order_id, life, count, amount, asked, transfer ON payment
BEGIN SELECT RAISE(ABORT, 'what a payment is never changes'); END;
CREATE TRIGGER payment_account_stays BEFORE UPDATE OF account ON payment WHEN NEW.account <> 'erased'
BEGIN SELECT RAISE(ABORT, 'what a payment is never changes'); END;
DROP TRIGGER answer_is_final;
CREATE TRIGGER answer_is_final BEFORE UPDATE ON request
WHEN OLD.status IS NOT NULL AND NOT (NEW.answer = '{"erased":true}' AND NEW.status IS OLD.status)
BEGIN SELECT RAISE(ABORT, 'an answer never changes'); END;
