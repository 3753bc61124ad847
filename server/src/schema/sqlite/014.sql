-- Version 14: a customer has any number of meters, and a meter changes hands (docs/specs/books.md 14, 20).

------------------------------------------------------------------ who has which meter stands in one place

DROP INDEX holding_of_customer;
-- What he pays for this meter when he gets it.
ALTER TABLE holding ADD COLUMN first_purchase INTEGER CHECK (first_purchase BETWEEN 1 AND 99999999);
UPDATE holding SET first_purchase = (SELECT c.first_purchase FROM customer c WHERE c.customer = holding.customer)
    WHERE until IS NULL;
DROP TRIGGER holding_facts_stay;
CREATE TRIGGER holding_facts_stay BEFORE UPDATE OF id, customer, meter, since, first_purchase ON holding
BEGIN SELECT RAISE(ABORT, 'who had a meter is never changed'); END;

-- The table stands under the same name afterwards: what others say of it stays as it is.
PRAGMA legacy_alter_table = ON;
DROP TRIGGER meter_is_told;
CREATE TABLE customer_14 (
    customer TEXT NOT NULL PRIMARY KEY CHECK (length(customer) = 12 AND customer NOT GLOB '*[^0-9]*'),
    imei     TEXT NOT NULL,
    name     TEXT,
    -- The office that registered him; '': the head office, and whoever came before there were offices.
    office   TEXT NOT NULL DEFAULT '' CHECK (length(office) <= 64)
) STRICT, WITHOUT ROWID;
INSERT INTO customer_14 (customer, imei, name, office) SELECT customer, imei, name, office FROM customer;
DROP TABLE customer;
ALTER TABLE customer_14 RENAME TO customer;
PRAGMA legacy_alter_table = OFF;

------------------------------------------------------------------ hands

CREATE TABLE hand_over (
    id       INTEGER PRIMARY KEY,
    meter    TEXT NOT NULL REFERENCES meter (meter),
    former   TEXT NOT NULL REFERENCES customer (customer),
    customer TEXT NOT NULL REFERENCES customer (customer),
    -- What the chip in it counts in; NULL: nothing was ever sold for that chip. Its account goes on under the number it has.
    life     INTEGER REFERENCES life (id),
    -- What stood in the purse when the meter last said so, and stays there; NULL: it never did.
    balance  INTEGER CHECK (balance BETWEEN 0 AND 4294967295),
    at       TEXT NOT NULL CHECK (length(at) = 14),
    made_by  TEXT NOT NULL,
    second   TEXT NOT NULL CHECK (second <> made_by),
    note     TEXT NOT NULL,
    CHECK (former <> customer)
) STRICT;
CREATE INDEX hand_overs_of_life ON hand_over (life, customer) WHERE life IS NOT NULL;
CREATE INDEX hand_overs_from    ON hand_over (former, id);
CREATE INDEX hand_overs_to      ON hand_over (customer, id);
CREATE TRIGGER hand_over_stays BEFORE DELETE ON hand_over
BEGIN SELECT RAISE(ABORT, 'a hand-over is never deleted'); END;
CREATE TRIGGER hand_over_is_final BEFORE UPDATE ON hand_over
BEGIN SELECT RAISE(ABORT, 'a hand-over is never changed'); END;

-- Whoever gave an order up before any module was asked for it, when the purchase is another customer's now.
ALTER TABLE purchase_order ADD COLUMN given_up_by TEXT REFERENCES customer (customer);
CREATE INDEX orders_given_up ON purchase_order (given_up_by) WHERE given_up_by IS NOT NULL;
CREATE TRIGGER order_stays_given_up BEFORE UPDATE OF given_up_by ON purchase_order
WHEN OLD.given_up_by IS NOT NULL OR NEW.state <> 'void'
BEGIN SELECT RAISE(ABORT, 'what an order says is never changed'); END;

-- A purchase goes to another customer with its meter only while nothing in it can ever be credited.
DROP TRIGGER purchase_is_final;
CREATE TRIGGER purchase_is_final BEFORE UPDATE ON purchase
WHEN NEW.life <> OLD.life OR NEW.count <> OLD.count
  OR EXISTS (SELECT 1 FROM settlement s WHERE s.life = OLD.life AND s.count = OLD.count)
  OR EXISTS (SELECT 1 FROM purchase_order o WHERE o.life = OLD.life AND o.count = OLD.count
             AND (o.state <> 'void' OR o.given_up_by IS NULL OR o.record IS NOT NULL
                  OR EXISTS (SELECT 1 FROM ask WHERE ask.order_id = o.id)
                  OR EXISTS (SELECT 1 FROM seal WHERE seal.order_id = o.id)))
BEGIN SELECT RAISE(ABORT, 'a purchase is never changed'); END;
CREATE TRIGGER purchase_is_of_a_holder BEFORE INSERT ON purchase WHEN NOT EXISTS
    (SELECT 1 FROM life l JOIN holding h ON h.meter = l.meter WHERE l.id = NEW.life AND h.customer = NEW.customer)
BEGIN SELECT RAISE(ABORT, 'a purchase is of a customer who has its meter, or had it'); END;

------------------------------------------------------------------ what the power company is told

-- Of a meter that went to another customer: whose it was. Such an event is a `meter-change` without a meter before it.
ALTER TABLE company_event ADD COLUMN former_customer TEXT;

CREATE TRIGGER meter_is_told AFTER INSERT ON meter_change
BEGIN
    INSERT INTO company_event (number, kind, at, office, meter, customer, former)
    SELECT (SELECT coalesce(max(number), 0) + 1 FROM company_event), 'meter-change', NEW.at,
        coalesce((SELECT office FROM customer WHERE customer = NEW.customer), ''), NEW.new_meter, NEW.customer, NEW.old_meter;
END;
CREATE TRIGGER hand_over_is_told AFTER INSERT ON hand_over
BEGIN
    INSERT INTO company_event (number, kind, at, office, meter, customer, former_customer)
    SELECT (SELECT coalesce(max(number), 0) + 1 FROM company_event), 'meter-change', NEW.at,
        coalesce((SELECT office FROM customer WHERE customer = NEW.customer), ''), NEW.meter, NEW.customer, NEW.former;
END;
DROP TRIGGER new_chip_is_told;
CREATE TRIGGER new_chip_is_told AFTER INSERT ON esam
WHEN NEW.current = 1 AND EXISTS (SELECT 1 FROM esam WHERE meter = NEW.meter AND serial <> NEW.serial)
BEGIN
    INSERT INTO company_event (number, kind, at, office, meter, serial)
    SELECT (SELECT coalesce(max(number), 0) + 1 FROM company_event), 'chip-change', NEW.listed,
        coalesce((SELECT c.office FROM holding h JOIN customer c ON c.customer = h.customer
                  WHERE h.meter = NEW.meter AND h.until IS NULL), ''), NEW.meter, hex(NEW.serial);
END;
DROP TRIGGER chip_is_told;
CREATE TRIGGER chip_is_told AFTER UPDATE OF current ON esam WHEN NEW.current = 1 AND OLD.current = 0
BEGIN
    INSERT INTO company_event (number, kind, at, office, meter, serial)
    SELECT (SELECT coalesce(max(number), 0) + 1 FROM company_event), 'chip-change', NEW.listed,
        coalesce((SELECT c.office FROM holding h JOIN customer c ON c.customer = h.customer
                  WHERE h.meter = NEW.meter AND h.until IS NULL), ''), NEW.meter, hex(NEW.serial);
END;
