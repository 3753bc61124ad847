-- Version 2: an order names the chip it is for.
-- Rows of version 1 have none: their orders are of the older make.

ALTER TABLE customer ADD COLUMN esam BLOB CHECK (length(esam) = 8);
ALTER TABLE purchase_order ADD COLUMN serial BLOB CHECK (length(serial) = 8);
CREATE TRIGGER order_serial_stays BEFORE UPDATE OF serial ON purchase_order
BEGIN SELECT RAISE(ABORT, 'what an order says is never changed'); END;
