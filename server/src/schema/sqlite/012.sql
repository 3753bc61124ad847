-- Version 12: offices that are apart, certificates of programs, and the power company (docs/specs/api.md 2, 6).

-- The office that registered a customer; '': the head office, and whoever came before there were offices.
ALTER TABLE customer ADD COLUMN office TEXT NOT NULL DEFAULT '' CHECK (length(office) <= 64);

-- What a principal shows: a key, or the certificate of its TLS connection. Of either the hash is SHA-256.
ALTER TABLE principal ADD COLUMN proof TEXT NOT NULL DEFAULT 'key' CHECK (proof IN ('key', 'certificate'));
CREATE TRIGGER principal_proof_stays BEFORE UPDATE OF proof ON principal
BEGIN SELECT RAISE(ABORT, 'what a principal is never changes'); END;

------------------------------------------------------------------ what the power company says

-- Each message once, in the order of their coming.
CREATE TABLE company_message (
    number INTEGER PRIMARY KEY,
    source TEXT NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
    id     TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 64),
    kind   TEXT NOT NULL CHECK (kind IN ('contract', 'tariff', 'block')),
    -- SHA-256 of what it says.
    body   BLOB NOT NULL CHECK (length(body) = 32),
    at     TEXT NOT NULL CHECK (length(at) = 14),
    UNIQUE (source, id)
) STRICT;

-- What contracts are, message by message: the last one holds.
CREATE TABLE company_contract (
    message  INTEGER NOT NULL PRIMARY KEY REFERENCES company_message (number),
    contract TEXT NOT NULL CHECK (length(contract) BETWEEN 1 AND 32),
    meter    TEXT NOT NULL CHECK (length(meter) = 12),
    customer TEXT CHECK (length(customer) = 12),
    tariff   TEXT CHECK (length(tariff) BETWEEN 1 AND 32),
    begins   TEXT NOT NULL CHECK (length(begins) = 14),
    -- NULL: it goes on.
    ends     TEXT CHECK (length(ends) = 14)
) STRICT, WITHOUT ROWID;
CREATE INDEX contracts_by_number ON company_contract (contract, message);
CREATE INDEX contracts_by_meter  ON company_contract (meter, message);

-- What energy costs, as two people took it in.
CREATE TABLE company_tariff (
    message INTEGER NOT NULL PRIMARY KEY REFERENCES company_message (number),
    tariff  TEXT NOT NULL CHECK (length(tariff) BETWEEN 1 AND 32),
    -- Ten-thousandths of a yuan for a kilowatt-hour.
    price   INTEGER NOT NULL CHECK (price BETWEEN 1 AND 4294967295),
    begins  TEXT NOT NULL CHECK (length(begins) = 14),
    first   TEXT NOT NULL,
    second  TEXT NOT NULL,
    CHECK (first <> second)
) STRICT, WITHOUT ROWID;
CREATE INDEX tariffs_by_name ON company_tariff (tariff, begins, message);

-- To whom nothing is sold, message by message: the last one about a customer or a meter holds.
CREATE TABLE company_block (
    message  INTEGER NOT NULL PRIMARY KEY REFERENCES company_message (number),
    customer TEXT CHECK (length(customer) = 12),
    meter    TEXT CHECK (length(meter) = 12),
    blocked  INTEGER NOT NULL CHECK (blocked IN (0, 1)),
    reason   TEXT NOT NULL CHECK (length(reason) <= 200),
    CHECK ((customer IS NULL) <> (meter IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX blocks_of_customer ON company_block (customer, message);
CREATE INDEX blocks_of_meter    ON company_block (meter, message);

------------------------------------------------------------------ what it is told

-- Written by the rows themselves, in their own transaction: nothing is sold or settled that it is not told of.
CREATE TABLE company_event (
    -- 1, 2, 3 and so on without a gap.
    number   INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL CHECK (kind IN
             ('sale', 'correction', 'cancelled', 'refund', 'settlement', 'reading', 'chip-change', 'meter-change')),
    at       TEXT NOT NULL CHECK (length(at) = 14),
    -- The office of the customer as it was then.
    office   TEXT NOT NULL,
    -- No reference: what took a transfer out by hand is named by the chain of the ledger, and not hidden behind this row.
    transfer INTEGER,
    -- Of a settlement, a reading.
    life     INTEGER,
    count    INTEGER,
    -- Of another chip in a meter: which. Of another meter of a customer: whose, and the one before.
    meter    TEXT,
    serial   TEXT,
    customer TEXT,
    former   TEXT
) STRICT;

CREATE TRIGGER sale_is_told AFTER INSERT ON transfer
WHEN NEW.code IN ('sale', 'correction', 'cancelled', 'refund')
BEGIN
    INSERT INTO company_event (number, kind, at, office, transfer)
    SELECT (SELECT coalesce(max(number), 0) + 1 FROM company_event), NEW.code, NEW.at,
        coalesce((SELECT c.office FROM purchase p JOIN customer c ON c.customer = p.customer
                  WHERE p.life = NEW.life AND p.count = NEW.count), ''), NEW.id;
END;
CREATE TRIGGER settlement_is_told AFTER INSERT ON settlement
BEGIN
    INSERT INTO company_event (number, kind, at, office, life, count)
    SELECT (SELECT coalesce(max(number), 0) + 1 FROM company_event), 'settlement', NEW.settled,
        coalesce((SELECT c.office FROM purchase p JOIN customer c ON c.customer = p.customer
                  WHERE p.life = NEW.life AND p.count = NEW.count), ''), NEW.life, NEW.count;
    INSERT INTO company_event (number, kind, at, office, life, count)
    SELECT number + 1, 'reading', at, office, life, count FROM company_event ORDER BY number DESC LIMIT 1;
END;
CREATE TRIGGER new_chip_is_told AFTER INSERT ON esam
WHEN NEW.current = 1 AND EXISTS (SELECT 1 FROM esam WHERE meter = NEW.meter AND serial <> NEW.serial)
BEGIN
    INSERT INTO company_event (number, kind, at, office, meter, serial)
    SELECT (SELECT coalesce(max(number), 0) + 1 FROM company_event), 'chip-change', NEW.listed,
        coalesce((SELECT office FROM customer WHERE meter = NEW.meter), ''), NEW.meter, hex(NEW.serial);
END;
CREATE TRIGGER chip_is_told AFTER UPDATE OF current ON esam WHEN NEW.current = 1 AND OLD.current = 0
BEGIN
    INSERT INTO company_event (number, kind, at, office, meter, serial)
    SELECT (SELECT coalesce(max(number), 0) + 1 FROM company_event), 'chip-change', NEW.listed,
        coalesce((SELECT office FROM customer WHERE meter = NEW.meter), ''), NEW.meter, hex(NEW.serial);
END;
CREATE TRIGGER meter_is_told AFTER UPDATE OF meter ON customer WHEN NEW.meter <> OLD.meter
BEGIN
    INSERT INTO company_event (number, kind, at, office, meter, customer, former)
    SELECT (SELECT coalesce(max(number), 0) + 1 FROM company_event), 'meter-change',
        strftime('%Y%m%d%H%M%S', 'now', '+8 hours'), NEW.office, NEW.meter, NEW.customer, OLD.meter;
END;

------------------------------------------------------------------ what is final

CREATE TRIGGER event_has_no_hole BEFORE INSERT ON company_event
WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM company_event)
BEGIN SELECT RAISE(ABORT, 'events have numbers without a gap'); END;
CREATE TRIGGER event_stays BEFORE DELETE ON company_event
BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;
CREATE TRIGGER event_is_final BEFORE UPDATE ON company_event
BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
CREATE TRIGGER message_stays BEFORE DELETE ON company_message
BEGIN SELECT RAISE(ABORT, 'what the company said is never deleted'); END;
CREATE TRIGGER message_is_final BEFORE UPDATE ON company_message
BEGIN SELECT RAISE(ABORT, 'what the company said is never changed'); END;
CREATE TRIGGER contract_stays BEFORE DELETE ON company_contract
BEGIN SELECT RAISE(ABORT, 'what the company said is never deleted'); END;
CREATE TRIGGER contract_is_final BEFORE UPDATE ON company_contract
BEGIN SELECT RAISE(ABORT, 'what the company said is never changed'); END;
CREATE TRIGGER tariff_stays BEFORE DELETE ON company_tariff
BEGIN SELECT RAISE(ABORT, 'what the company said is never deleted'); END;
CREATE TRIGGER tariff_is_final BEFORE UPDATE ON company_tariff
BEGIN SELECT RAISE(ABORT, 'what the company said is never changed'); END;
CREATE TRIGGER block_stays BEFORE DELETE ON company_block
BEGIN SELECT RAISE(ABORT, 'what the company said is never deleted'); END;
CREATE TRIGGER block_is_final BEFORE UPDATE ON company_block
BEGIN SELECT RAISE(ABORT, 'what the company said is never changed'); END;
