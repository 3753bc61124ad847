-- Version 20: phones that are known, for sessions with them (docs/specs/client.md).

CREATE TABLE phone (
    -- The server's name for it: no secret.
    name       BYTEA NOT NULL PRIMARY KEY CHECK (length(name) = 8),
    customer   TEXT COLLATE "C" NOT NULL REFERENCES customer (customer),
    -- Under whose id its requests are kept.
    principal  TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES principal (id),
    mode       TEXT COLLATE "C" NOT NULL CHECK (mode IN ('noise', 'paper')),
    -- Its static key; the key its sessions begin with. Both go at once when the phone is forgotten.
    public_key BYTEA UNIQUE CHECK (length(public_key) = 32),
    psk        BYTEA CHECK (length(psk) = 32),
    -- What it says of itself: whether an IMSI, and marks of IMEI and user name; NULL: it does not say it.
    imsi       BIGINT NOT NULL CHECK (imsi IN (0, 1)),
    imei       BYTEA CHECK (length(imei) = 4),
    user_mark  BYTEA NOT NULL CHECK (length(user_mark) = 4),
    -- Argon2id of the user's password, and the tries it has left.
    salt       BYTEA CHECK (length(salt) = 16),
    password   BYTEA CHECK (length(password) = 32),
    tries      BIGINT NOT NULL CHECK (tries BETWEEN 0 AND 5),
    -- The time in the first message of its last session.
    last       BYTEA NOT NULL CHECK (length(last) = 12),
    made       TEXT COLLATE "C" NOT NULL CHECK (length(made) = 14),
    seen       TEXT COLLATE "C" CHECK (length(seen) = 14),
    sessions   BIGINT NOT NULL DEFAULT 0 CHECK (sessions >= 0),
    frozen     TEXT COLLATE "C" CHECK (length(frozen) = 14),
    ended      TEXT COLLATE "C" CHECK (length(ended) = 14),
    why        TEXT COLLATE "C" CHECK (why IN ('forgotten', 'left', 'sim', 'erased')),
    CHECK ((ended IS NULL) = (why IS NULL)),
    CHECK ((ended IS NULL) = (psk IS NOT NULL)),
    CHECK ((ended IS NULL) = (password IS NOT NULL)),
    CHECK ((ended IS NULL) = (salt IS NOT NULL)),
    CHECK (public_key IS NULL OR (mode = 'noise' AND ended IS NULL))
);
CREATE INDEX phones_of_customer ON phone (customer);

CREATE TRIGGER phone_stays BEFORE DELETE ON phone FOR EACH ROW
    EXECUTE FUNCTION refuse('a phone is never deleted, only its keys are');
CREATE TRIGGER phone_facts_stay BEFORE UPDATE OF name, customer, principal, mode, made ON phone FOR EACH ROW
    EXECUTE FUNCTION refuse('what a phone is never changes');
CREATE TRIGGER phone_ends_once BEFORE UPDATE ON phone FOR EACH ROW
    WHEN (OLD.ended IS NOT NULL)
    EXECUTE FUNCTION refuse('a phone ends once');
CREATE TRIGGER phone_goes_on BEFORE UPDATE OF last ON phone FOR EACH ROW
    WHEN (NEW.last < OLD.last)
    EXECUTE FUNCTION refuse('the times of a phone rise');
CREATE TRIGGER phone_keeps_all BEFORE TRUNCATE ON phone
    EXECUTE FUNCTION refuse('a phone is never deleted, only its keys are');
