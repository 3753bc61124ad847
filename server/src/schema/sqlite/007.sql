-- Version 7: programs that ask the bank over the network, and what each asked (docs/specs/api.md).

-- Who may ask, by a key of which only a hash is kept.
CREATE TABLE principal (
    id      TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 8),
    -- SHA-256 of the key's 32 secret bytes.
    hash    BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    role    TEXT NOT NULL CHECK (role IN ('clerk', 'supervisor', 'auditor', 'bank', 'company')),
    office  TEXT NOT NULL CHECK (length(office) <= 64),
    made    TEXT NOT NULL CHECK (length(made) = 14),
    -- The last moment it is good; NULL: no end was set.
    expires TEXT CHECK (length(expires) = 14),
    -- When it was ended.
    ended   TEXT CHECK (length(ended) = 14)
) STRICT;

-- What was asked under an id, and the answer, which stays the same for ever.
CREATE TABLE request (
    principal TEXT NOT NULL REFERENCES principal (id),
    id        TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 64),
    -- SHA-256 of what was asked.
    body      BLOB NOT NULL CHECK (length(body) = 32),
    -- The id that an order has which is made for it.
    order_id  BLOB NOT NULL UNIQUE CHECK (length(order_id) = 8),
    at        TEXT NOT NULL CHECK (length(at) = 14),
    -- NULL while it is under way.
    status    INTEGER CHECK (status BETWEEN 200 AND 599),
    answer    TEXT,
    PRIMARY KEY (principal, id),
    CHECK ((status IS NULL) = (answer IS NULL))
) STRICT;

CREATE TRIGGER principal_stays BEFORE DELETE ON principal
BEGIN SELECT RAISE(ABORT, 'a principal is never deleted'); END;
CREATE TRIGGER principal_facts_stay BEFORE UPDATE OF id, hash, role, office, made, expires ON principal
BEGIN SELECT RAISE(ABORT, 'what a principal is never changes'); END;
CREATE TRIGGER principal_ends_once BEFORE UPDATE ON principal WHEN OLD.ended IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a principal ends once'); END;
CREATE TRIGGER request_facts_stay BEFORE UPDATE OF principal, id, body, order_id, at ON request
BEGIN SELECT RAISE(ABORT, 'what was asked never changes'); END;
CREATE TRIGGER answer_is_final BEFORE UPDATE ON request WHEN OLD.status IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an answer never changes'); END;
CREATE TRIGGER answer_stays BEFORE DELETE ON request WHEN OLD.status IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an answered request is never deleted'); END;
