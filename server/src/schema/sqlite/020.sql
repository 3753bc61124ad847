-- Version 20: phones that are known, for sessions with them (docs/specs/client.md).

CREATE TABLE phone (
    -- The server's name for it: no secret.
    name       BLOB NOT NULL PRIMARY KEY CHECK (length(name) = 8),
    customer   TEXT NOT NULL REFERENCES customer (customer),
    -- Under whose id its requests are kept.
    principal  TEXT NOT NULL UNIQUE REFERENCES principal (id),
    mode       TEXT NOT NULL CHECK (mode IN ('noise', 'paper')),
    -- Its static key; the key its sessions begin with. Both go at once when the phone is forgotten.
    public_key BLOB UNIQUE CHECK (length(public_key) = 32),
    psk        BLOB CHECK (length(psk) = 32),
    -- What it says of itself: whether an IMSI, and marks of IMEI and user name; NULL: it does not say it.
    imsi       INTEGER NOT NULL CHECK (imsi IN (0, 1)),
    imei       BLOB CHECK (length(imei) = 4),
    user_mark  BLOB NOT NULL CHECK (length(user_mark) = 4),
    -- Argon2id of the user's password, and the tries it has left.
    salt       BLOB CHECK (length(salt) = 16),
    password   BLOB CHECK (length(password) = 32),
    tries      INTEGER NOT NULL CHECK (tries BETWEEN 0 AND 5),
    -- The time in the first message of its last session.
    last       BLOB NOT NULL CHECK (length(last) = 12),
    made       TEXT NOT NULL CHECK (length(made) = 14),
    seen       TEXT CHECK (length(seen) = 14),
    sessions   INTEGER NOT NULL DEFAULT 0 CHECK (sessions >= 0),
    frozen     TEXT CHECK (length(frozen) = 14),
    ended      TEXT CHECK (length(ended) = 14),
    why        TEXT CHECK (why IN ('forgotten', 'left', 'sim', 'erased')),
    CHECK ((ended IS NULL) = (why IS NULL)),
    CHECK ((ended IS NULL) = (psk IS NOT NULL)),
    CHECK ((ended IS NULL) = (password IS NOT NULL)),
    CHECK ((ended IS NULL) = (salt IS NOT NULL)),
    CHECK (public_key IS NULL OR (mode = 'noise' AND ended IS NULL))
) STRICT;
CREATE INDEX phones_of_customer ON phone (customer);

CREATE TRIGGER phone_stays BEFORE DELETE ON phone
BEGIN SELECT RAISE(ABORT, 'a phone is never deleted, only its keys are'); END;
CREATE TRIGGER phone_facts_stay BEFORE UPDATE OF name, customer, principal, mode, made ON phone
BEGIN SELECT RAISE(ABORT, 'what a phone is never changes'); END;
CREATE TRIGGER phone_ends_once BEFORE UPDATE ON phone WHEN OLD.ended IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a phone ends once'); END;
CREATE TRIGGER phone_goes_on BEFORE UPDATE OF last ON phone WHEN NEW.last < OLD.last
BEGIN SELECT RAISE(ABORT, 'the times of a phone rise'); END;
