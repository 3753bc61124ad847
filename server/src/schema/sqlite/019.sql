-- Version 19: purchases of a meter that is online, message by message (docs/specs/online.md 8).

CREATE TABLE online_purchase (
    sid      BLOB NOT NULL PRIMARY KEY CHECK (length(sid) = 8),
    customer TEXT NOT NULL REFERENCES customer (customer),
    meter    TEXT NOT NULL CHECK (length(meter) = 12),
    -- The order that it brings: one of its own id, made when the meter has asked, or one that was outstanding.
    order_id BLOB NOT NULL CHECK (length(order_id) = 8),
    amount   INTEGER NOT NULL CHECK (amount >= 0),
    -- The bank's token of the account that is debited; NULL: in cash, or nothing more is to be paid.
    account  TEXT CHECK (length(account) BETWEEN 1 AND 64),
    -- The module that began it, and alone can go on.
    psam     TEXT NOT NULL CHECK (length(psam) = 12),
    begun    TEXT NOT NULL CHECK (length(begun) = 14),
    state    TEXT NOT NULL CHECK (state IN ('begun', 'asked', 'sealed', 'settled', 'refused')),
    -- S0; SHA-256 of the S1 that was taken; S2; the field's number of the meter's refusal.
    hello    BLOB CHECK (length(hello) = 40),
    request  BLOB CHECK (length(request) = 32),
    sealed   BLOB CHECK (length(sealed) BETWEEN 17 AND 255),
    refusal  INTEGER CHECK (refusal BETWEEN 0 AND 255),
    CHECK ((state = 'refused') = (refusal IS NOT NULL)),
    CHECK (state <> 'begun' OR request IS NULL),
    CHECK (state IN ('begun', 'asked') OR sealed IS NOT NULL)
) STRICT;
CREATE INDEX online_purchases_of_customer ON online_purchase (customer);
CREATE INDEX online_purchases_of_module ON online_purchase (psam, begun);

CREATE TRIGGER online_purchase_stays BEFORE DELETE ON online_purchase
BEGIN SELECT RAISE(ABORT, 'an online purchase is never deleted'); END;
CREATE TRIGGER online_purchase_facts_stay BEFORE UPDATE OF sid, customer, meter, order_id, amount, psam, begun ON online_purchase
BEGIN SELECT RAISE(ABORT, 'what an online purchase is never changes'); END;
CREATE TRIGGER online_purchase_request_stays BEFORE UPDATE OF request ON online_purchase
WHEN OLD.request IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an online purchase has one request'); END;
CREATE TRIGGER online_purchase_ends BEFORE UPDATE OF state ON online_purchase
WHEN OLD.state = 'settled' AND NEW.state <> 'settled'
BEGIN SELECT RAISE(ABORT, 'a settled online purchase does not go back'); END;
