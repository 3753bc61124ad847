-- Version 10: meters that change, ageing, drawers, closings, applications and codes, limits (docs/specs/books.md 14 to 18).

------------------------------------------------------------------ meters and who has them

-- Every meter anybody ever had. A life is a meter's, whoever has it.
CREATE TABLE meter (
    meter TEXT NOT NULL PRIMARY KEY CHECK (length(meter) = 12 AND meter NOT GLOB '*[^0-9]*')
) STRICT, WITHOUT ROWID;
INSERT INTO meter (meter) SELECT meter FROM customer;

-- Who has which meter, from when to when. NULL in since: from his registration, before the books kept its time.
CREATE TABLE holding (
    id       INTEGER PRIMARY KEY,
    customer TEXT NOT NULL REFERENCES customer (customer),
    meter    TEXT NOT NULL REFERENCES meter (meter),
    since    TEXT CHECK (length(since) = 14),
    until    TEXT CHECK (length(until) = 14)
) STRICT;
CREATE UNIQUE INDEX holding_of_customer ON holding (customer) WHERE until IS NULL;
CREATE UNIQUE INDEX holding_of_meter    ON holding (meter)    WHERE until IS NULL;
CREATE INDEX holdings_of_customer ON holding (customer, id);
INSERT INTO holding (customer, meter) SELECT customer, meter FROM customer;

-- A life belonged to the meter of a customer; now it belongs to a meter.
CREATE TABLE life_10 (
    id          INTEGER PRIMARY KEY,
    meter       TEXT NOT NULL REFERENCES meter (meter),
    serial      BLOB CHECK (length(serial) = 8),
    key_state   TEXT NOT NULL,
    key_version INTEGER NOT NULL,
    UNIQUE (serial, key_state, key_version)
) STRICT;
INSERT INTO life_10 (id, meter, serial, key_state, key_version) SELECT id, meter, serial, key_state, key_version FROM life;
DROP TABLE life;
ALTER TABLE life_10 RENAME TO life;
CREATE INDEX life_of_meter ON life (meter, id);
CREATE UNIQUE INDEX life_of_older_make ON life (meter) WHERE serial IS NULL;
CREATE TRIGGER life_stays BEFORE DELETE ON life
BEGIN SELECT RAISE(ABORT, 'a life is never deleted'); END;
CREATE TRIGGER life_is_final BEFORE UPDATE ON life
BEGIN SELECT RAISE(ABORT, 'a life is never changed'); END;

-- A customer's meter was changed: what stood in the old one's purse, and what was paid and not credited, went to the new one.
CREATE TABLE meter_change (
    id          INTEGER PRIMARY KEY,
    customer    TEXT NOT NULL REFERENCES customer (customer),
    old_meter   TEXT NOT NULL REFERENCES meter (meter),
    new_meter   TEXT NOT NULL REFERENCES meter (meter),
    -- NULL: nothing was ever sold for the old one.
    old_life    INTEGER REFERENCES life (id),
    new_life    INTEGER NOT NULL REFERENCES life (id),
    basis       TEXT NOT NULL CHECK (basis IN ('read', 'workshop', 'burnt')),
    -- What stood in the old purse, read or estimated; the count that was read.
    balance     INTEGER NOT NULL CHECK (balance BETWEEN 0 AND 4294967295),
    old_count   INTEGER CHECK (old_count BETWEEN 0 AND 4294967295),
    -- The order that ended with the old meter, and what was paid for its purchase.
    ended       BLOB REFERENCES purchase_order (id),
    outstanding INTEGER NOT NULL CHECK (outstanding >= 0),
    -- What went to the new meter, and the order that takes it there; NULL: nothing.
    carried     INTEGER NOT NULL CHECK (carried >= 0),
    order_id    BLOB UNIQUE REFERENCES purchase_order (id),
    -- Drawn for this change, whether an order was made under it or not.
    drawn       BLOB NOT NULL UNIQUE CHECK (length(drawn) = 8),
    at          TEXT NOT NULL CHECK (length(at) = 14),
    made_by     TEXT NOT NULL,
    second      TEXT,
    note        TEXT NOT NULL,
    -- What the workshop read, or two people found in the end: what should have gone to the new meter.
    final       INTEGER CHECK (final >= 0),
    final_order BLOB UNIQUE REFERENCES purchase_order (id),
    final_drawn BLOB UNIQUE CHECK (length(final_drawn) = 8),
    final_at    TEXT CHECK (length(final_at) = 14),
    final_by    TEXT,
    final_second TEXT,
    final_note  TEXT,
    CHECK (basis = 'read' OR (second IS NOT NULL AND second <> made_by)),
    CHECK ((carried = 0) = (order_id IS NULL)),
    CHECK ((final IS NULL) = (final_at IS NULL)),
    CHECK (final IS NULL OR (basis <> 'read' AND final_by IS NOT NULL AND final_second IS NOT NULL AND final_second <> final_by
           AND final_note IS NOT NULL))
) STRICT;
CREATE INDEX changes_of_customer ON meter_change (customer, id);
CREATE INDEX changes_provisional ON meter_change (id) WHERE basis <> 'read' AND final IS NULL;

-- What was carried in its purse from a meter to another one.
INSERT INTO transfer_code (code) VALUES ('meter-out'), ('meter-used'), ('meter-in'), ('meter-more'), ('meter-less'),
    ('drawer-open'), ('drawer-out');
CREATE INDEX transfers_between_meters ON transfer (code, life, count)
    WHERE code IN ('meter-in', 'meter-more', 'meter-out', 'meter-used', 'meter-less');

------------------------------------------------------------------ where business is done

-- Where an order was made.
CREATE TABLE order_origin (
    order_id BLOB NOT NULL PRIMARY KEY REFERENCES purchase_order (id),
    office   TEXT NOT NULL CHECK (length(office) <= 64),
    channel  TEXT NOT NULL CHECK (length(channel) BETWEEN 1 AND 16)
) STRICT, WITHOUT ROWID;

-- An order's record was handed out once more.
CREATE TABLE reprint (
    order_id BLOB NOT NULL REFERENCES purchase_order (id),
    copy     INTEGER NOT NULL CHECK (copy > 0),
    at       TEXT NOT NULL CHECK (length(at) = 14),
    made_by  TEXT NOT NULL,
    PRIMARY KEY (order_id, copy)
) STRICT, WITHOUT ROWID;

-- The day a transfer counts for, which is its own or, when that was closed, the day that was open; and where it was made.
CREATE TABLE booking (
    transfer INTEGER NOT NULL PRIMARY KEY,
    day      TEXT NOT NULL CHECK (length(day) = 8),
    office   TEXT NOT NULL CHECK (length(office) <= 64),
    channel  TEXT NOT NULL CHECK (length(channel) BETWEEN 1 AND 16)
) STRICT;
CREATE INDEX bookings_by_day ON booking (day);
INSERT INTO booking (transfer, day, office, channel) SELECT id, substr(at, 1, 8), '', 'unknown' FROM transfer WHERE moved > 0;

-- The same in sums, written with the transfers. What they say can be recomputed from the ledger.
CREATE TABLE rollup (
    day     TEXT NOT NULL CHECK (length(day) = 8),
    server  TEXT NOT NULL,
    office  TEXT NOT NULL,
    channel TEXT NOT NULL,
    code    TEXT NOT NULL REFERENCES transfer_code (code),
    number  INTEGER NOT NULL CHECK (number > 0),
    fen     INTEGER NOT NULL CHECK (fen > 0),
    PRIMARY KEY (day, server, office, channel, code)
) STRICT, WITHOUT ROWID;
INSERT INTO rollup (day, server, office, channel, code, number, fen)
    SELECT b.day, t.server, b.office, b.channel, t.code, count(*), sum(t.moved)
    FROM booking b JOIN transfer t ON t.id = b.transfer
    GROUP BY b.day, t.server, b.office, b.channel, t.code;

-- A clerk's drawer from its opening to its closing.
CREATE TABLE shift (
    id       INTEGER PRIMARY KEY,
    clerk    TEXT NOT NULL CHECK (length(clerk) BETWEEN 1 AND 64),
    office   TEXT NOT NULL CHECK (length(office) <= 64),
    opened   TEXT NOT NULL CHECK (length(opened) = 14),
    opening  INTEGER NOT NULL CHECK (opening >= 0),
    closed   TEXT CHECK (length(closed) = 14),
    -- What the books say was in it, and what was counted.
    expected INTEGER,
    counted  INTEGER CHECK (counted >= 0),
    note     TEXT,
    CHECK ((closed IS NULL) = (expected IS NULL)),
    CHECK ((closed IS NULL) = (counted IS NULL))
) STRICT;
CREATE UNIQUE INDEX shift_open ON shift (clerk) WHERE closed IS NULL;

-- A day that is closed, with the figures of its end. No later transfer counts for it.
CREATE TABLE day_close (
    day         TEXT NOT NULL PRIMARY KEY CHECK (length(day) = 8),
    closed      TEXT NOT NULL CHECK (length(closed) = 14),
    made_by     TEXT NOT NULL,
    -- Where each server's chain stood, SERVER:NUMBER:HASH a line, and the hash over these lines.
    heads       TEXT NOT NULL,
    digest      BLOB NOT NULL CHECK (length(digest) = 32),
    -- What was booked up to its end.
    transfers   INTEGER NOT NULL,
    sold        INTEGER NOT NULL,
    settled     INTEGER NOT NULL,
    outstanding INTEGER NOT NULL,
    transferred INTEGER NOT NULL,
    refund_due  INTEGER NOT NULL,
    refunded    INTEGER NOT NULL,
    loss        INTEGER NOT NULL,
    other       INTEGER NOT NULL,
    CHECK (sold + loss = settled + outstanding + transferred + refund_due + refunded + other)
) STRICT;

------------------------------------------------------------------ contracts

-- What is asked for at a counter, as it was written down.
CREATE TABLE application (
    id       INTEGER PRIMARY KEY,
    customer TEXT NOT NULL REFERENCES customer (customer),
    at       TEXT NOT NULL CHECK (length(at) = 14),
    office   TEXT NOT NULL CHECK (length(office) <= 64),
    clerk    TEXT NOT NULL,
    form     INTEGER NOT NULL CHECK (form > 0),
    -- SHA-256 of the signed paper, scanned; of the agreement as it was printed.
    scan     BLOB CHECK (length(scan) = 32),
    agreement BLOB NOT NULL CHECK (length(agreement) = 32)
) STRICT;
CREATE INDEX applications_of_customer ON application (customer, id);

-- By what else a customer's contract is found, and where his money comes from: a token of his bank's, never a number.
CREATE TABLE contract (
    customer TEXT NOT NULL PRIMARY KEY REFERENCES customer (customer),
    bill     TEXT UNIQUE CHECK (length(bill) BETWEEN 1 AND 32),
    bank     TEXT CHECK (length(bank) BETWEEN 1 AND 64)
) STRICT, WITHOUT ROWID;

-- Who he is, enciphered; apart from everything else, so that it can be taken out.
CREATE TABLE person (
    customer TEXT NOT NULL PRIMARY KEY REFERENCES customer (customer),
    sealed   BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- An authorisation code: what a phone proves that it knows it. The code itself is nowhere.
CREATE TABLE slip (
    number   BLOB NOT NULL PRIMARY KEY CHECK (length(number) = 4),
    customer TEXT NOT NULL REFERENCES customer (customer),
    msisdn   TEXT NOT NULL,
    psk      BLOB CHECK (length(psk) = 32),
    made     TEXT NOT NULL CHECK (length(made) = 14),
    expires  TEXT NOT NULL CHECK (length(expires) = 14),
    made_by  TEXT NOT NULL,
    reason   TEXT NOT NULL,
    tries    INTEGER NOT NULL CHECK (tries BETWEEN 0 AND 5),
    -- How it ended: used, replaced by a new one, tried too often, expired.
    ended    TEXT CHECK (length(ended) = 14),
    why      TEXT CHECK (why IN ('used', 'replaced', 'tries', 'expired', 'erased')),
    CHECK ((ended IS NULL) = (why IS NULL)),
    CHECK ((ended IS NULL) = (psk IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX slip_of_customer ON slip (customer) WHERE ended IS NULL;

-- What may be sold at most: an order, to a customer in a day, in an office in a day.
CREATE TABLE sale_limit (
    scope   TEXT NOT NULL CHECK (scope IN ('order', 'customer-day', 'office-day')),
    office  TEXT NOT NULL CHECK (length(office) <= 64),
    fen     INTEGER NOT NULL CHECK (fen > 0),
    set_at  TEXT NOT NULL CHECK (length(set_at) = 14),
    set_by  TEXT NOT NULL,
    second  TEXT NOT NULL CHECK (second <> set_by),
    PRIMARY KEY (scope, office)
) STRICT, WITHOUT ROWID;

------------------------------------------------------------------ what is final

CREATE TRIGGER meter_stays BEFORE DELETE ON meter
BEGIN SELECT RAISE(ABORT, 'a meter is never deleted'); END;
CREATE TRIGGER holding_stays BEFORE DELETE ON holding
BEGIN SELECT RAISE(ABORT, 'who had a meter is never deleted'); END;
CREATE TRIGGER holding_facts_stay BEFORE UPDATE OF id, customer, meter, since ON holding
BEGIN SELECT RAISE(ABORT, 'who had a meter is never changed'); END;
CREATE TRIGGER holding_ends_once BEFORE UPDATE ON holding WHEN OLD.until IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a holding ends once'); END;
CREATE TRIGGER change_stays BEFORE DELETE ON meter_change
BEGIN SELECT RAISE(ABORT, 'a change of a meter is never deleted'); END;
CREATE TRIGGER change_facts_stay BEFORE UPDATE OF id, customer, old_meter, new_meter, old_life, new_life, basis, balance,
    old_count, ended, outstanding, carried, order_id, drawn, at, made_by, second, note
    ON meter_change
BEGIN SELECT RAISE(ABORT, 'what a change of a meter says is never changed'); END;
CREATE TRIGGER change_is_final_once BEFORE UPDATE ON meter_change WHEN OLD.final IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a change of a meter is corrected once'); END;
CREATE TRIGGER origin_stays BEFORE DELETE ON order_origin
BEGIN SELECT RAISE(ABORT, 'where an order was made is never deleted'); END;
CREATE TRIGGER origin_is_final BEFORE UPDATE ON order_origin
BEGIN SELECT RAISE(ABORT, 'where an order was made is never changed'); END;
CREATE TRIGGER reprint_stays BEFORE DELETE ON reprint
BEGIN SELECT RAISE(ABORT, 'a copy is never deleted'); END;
CREATE TRIGGER reprint_is_final BEFORE UPDATE ON reprint
BEGIN SELECT RAISE(ABORT, 'a copy is never changed'); END;
CREATE TRIGGER booking_stays BEFORE DELETE ON booking
BEGIN SELECT RAISE(ABORT, 'the day of a transfer is never deleted'); END;
CREATE TRIGGER booking_is_final BEFORE UPDATE ON booking
BEGIN SELECT RAISE(ABORT, 'the day of a transfer is never changed'); END;
CREATE TRIGGER booking_into_open_day BEFORE INSERT ON booking WHEN EXISTS (SELECT 1 FROM day_close WHERE day >= NEW.day)
BEGIN SELECT RAISE(ABORT, 'a day that is closed takes no transfer'); END;
CREATE TRIGGER rollup_stays BEFORE DELETE ON rollup
BEGIN SELECT RAISE(ABORT, 'sums are never deleted'); END;
CREATE TRIGGER rollup_of_open_day BEFORE INSERT ON rollup WHEN EXISTS (SELECT 1 FROM day_close WHERE day >= NEW.day)
BEGIN SELECT RAISE(ABORT, 'the figures of a closed day are frozen'); END;
CREATE TRIGGER rollup_is_frozen BEFORE UPDATE ON rollup WHEN EXISTS (SELECT 1 FROM day_close WHERE day >= OLD.day)
BEGIN SELECT RAISE(ABORT, 'the figures of a closed day are frozen'); END;
CREATE TRIGGER shift_stays BEFORE DELETE ON shift
BEGIN SELECT RAISE(ABORT, 'a shift is never deleted'); END;
CREATE TRIGGER shift_facts_stay BEFORE UPDATE OF id, clerk, office, opened, opening ON shift
BEGIN SELECT RAISE(ABORT, 'what a shift says is never changed'); END;
CREATE TRIGGER shift_closes_once BEFORE UPDATE ON shift WHEN OLD.closed IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a shift closes once'); END;
CREATE TRIGGER close_stays BEFORE DELETE ON day_close
BEGIN SELECT RAISE(ABORT, 'a closing is never deleted'); END;
CREATE TRIGGER close_is_final BEFORE UPDATE ON day_close
BEGIN SELECT RAISE(ABORT, 'a closing is never changed'); END;
CREATE TRIGGER application_stays BEFORE DELETE ON application
BEGIN SELECT RAISE(ABORT, 'an application is never deleted'); END;
CREATE TRIGGER application_is_final BEFORE UPDATE ON application
BEGIN SELECT RAISE(ABORT, 'an application is never changed'); END;
CREATE TRIGGER slip_stays BEFORE DELETE ON slip
BEGIN SELECT RAISE(ABORT, 'a slip is never deleted'); END;
CREATE TRIGGER slip_facts_stay BEFORE UPDATE OF number, customer, msisdn, made, expires, made_by, reason ON slip
BEGIN SELECT RAISE(ABORT, 'what a slip says is never changed'); END;
CREATE TRIGGER slip_ends_once BEFORE UPDATE ON slip WHEN OLD.ended IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a slip ends once'); END;
