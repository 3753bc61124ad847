-- Version 21: short messages that carried orders to phones (docs/specs/smpp.md 6). Whose phone it was, the order's SIM says.

CREATE TABLE order_letter (
    order_id BLOB NOT NULL REFERENCES purchase_order (id),
    -- 1, and 2 of an order that goes in two messages.
    part     INTEGER NOT NULL CHECK (part IN (1, 2)),
    at       TEXT NOT NULL CHECK (length(at) = 14),
    -- What the message centre answered: 0, and what it calls the message; another status where it never takes it.
    status   INTEGER NOT NULL CHECK (status BETWEEN 0 AND 4294967295),
    name     TEXT CHECK (length(name) <= 64),
    -- What became of it by the centre's word.
    fate     TEXT CHECK (length(fate) <= 16),
    told     TEXT CHECK (length(told) = 14),
    PRIMARY KEY (order_id, part),
    CHECK ((fate IS NULL) = (told IS NULL))
) STRICT;
CREATE INDEX order_letters_by_name ON order_letter (name) WHERE name IS NOT NULL;

CREATE TRIGGER order_letter_stays BEFORE DELETE ON order_letter
BEGIN SELECT RAISE(ABORT, 'a message that was sent is never deleted'); END;
CREATE TRIGGER order_letter_facts_stay BEFORE UPDATE OF order_id, part, at, status, name ON order_letter
BEGIN SELECT RAISE(ABORT, 'what a message was never changes'); END;
