-- Version 21: short messages that carried orders to phones (docs/specs/smpp.md 6). Whose phone it was, the order's SIM says.

CREATE TABLE order_letter (
    order_id BYTEA NOT NULL REFERENCES purchase_order (id),
    -- 1, and 2 of an order that goes in two messages.
    part     BIGINT NOT NULL CHECK (part IN (1, 2)),
    at       TEXT COLLATE "C" NOT NULL CHECK (length(at) = 14),
    -- What the message centre answered: 0, and what it calls the message; another status where it never takes it.
    status   BIGINT NOT NULL CHECK (status BETWEEN 0 AND 4294967295),
    name     TEXT COLLATE "C" CHECK (length(name) <= 64),
    -- What became of it by the centre's word.
    fate     TEXT COLLATE "C" CHECK (length(fate) <= 16),
    told     TEXT COLLATE "C" CHECK (length(told) = 14),
    PRIMARY KEY (order_id, part),
    CHECK ((fate IS NULL) = (told IS NULL))
);
CREATE INDEX order_letters_by_name ON order_letter (name) WHERE name IS NOT NULL;

CREATE TRIGGER order_letter_stays BEFORE DELETE ON order_letter FOR EACH ROW
    EXECUTE FUNCTION refuse('a message that was sent is never deleted');
CREATE TRIGGER order_letter_facts_stay BEFORE UPDATE OF order_id, part, at, status, name ON order_letter FOR EACH ROW
    EXECUTE FUNCTION refuse('what a message was never changes');
CREATE TRIGGER order_letter_keeps_all BEFORE TRUNCATE ON order_letter
    EXECUTE FUNCTION refuse('a message that was sent is never deleted');
