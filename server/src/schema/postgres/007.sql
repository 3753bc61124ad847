-- Version 7: programs that ask the bank over the network, and what each asked (docs/specs/api.md).

-- Who may ask, by a key of which only a hash is kept.
CREATE TABLE principal (
    id      TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(id) = 8),
    -- SHA-256 of the key's 32 secret bytes.
    hash    BYTEA NOT NULL UNIQUE CHECK (length(hash) = 32),
    role    TEXT COLLATE "C" NOT NULL CHECK (role IN ('clerk', 'supervisor', 'auditor', 'bank', 'company')),
    office  TEXT NOT NULL CHECK (length(office) <= 64),
    made    TEXT COLLATE "C" NOT NULL CHECK (length(made) = 14),
    -- The last moment it is good; NULL: no end was set.
    expires TEXT COLLATE "C" CHECK (length(expires) = 14),
    -- When it was ended.
    ended   TEXT COLLATE "C" CHECK (length(ended) = 14)
);

-- What was asked under an id, and the answer, which stays the same for ever.
CREATE TABLE request (
    principal TEXT COLLATE "C" NOT NULL REFERENCES principal (id),
    id        TEXT COLLATE "C" NOT NULL CHECK (length(id) BETWEEN 1 AND 64),
    -- SHA-256 of what was asked.
    body      BYTEA NOT NULL CHECK (length(body) = 32),
    -- The id that an order has which is made for it.
    order_id  BYTEA NOT NULL UNIQUE CHECK (length(order_id) = 8),
    at        TEXT COLLATE "C" NOT NULL CHECK (length(at) = 14),
    -- NULL while it is under way.
    status    BIGINT CHECK (status BETWEEN 200 AND 599),
    answer    TEXT,
    PRIMARY KEY (principal, id),
    CHECK ((status IS NULL) = (answer IS NULL))
);

CREATE TRIGGER principal_stays BEFORE DELETE ON principal
    FOR EACH ROW EXECUTE FUNCTION refuse('a principal is never deleted');
CREATE TRIGGER principal_facts_stay BEFORE UPDATE OF id, hash, role, office, made, expires ON principal
    FOR EACH ROW EXECUTE FUNCTION refuse('what a principal is never changes');
CREATE TRIGGER principal_ends_once BEFORE UPDATE ON principal FOR EACH ROW WHEN (OLD.ended IS NOT NULL)
    EXECUTE FUNCTION refuse('a principal ends once');
CREATE TRIGGER request_facts_stay BEFORE UPDATE OF principal, id, body, order_id, at ON request
    FOR EACH ROW EXECUTE FUNCTION refuse('what was asked never changes');
CREATE TRIGGER answer_is_final BEFORE UPDATE ON request FOR EACH ROW WHEN (OLD.status IS NOT NULL)
    EXECUTE FUNCTION refuse('an answer never changes');
CREATE TRIGGER answer_stays BEFORE DELETE ON request FOR EACH ROW WHEN (OLD.status IS NOT NULL)
    EXECUTE FUNCTION refuse('an answered request is never deleted');
CREATE TRIGGER principal_keeps_all BEFORE TRUNCATE ON principal EXECUTE FUNCTION refuse('a principal is never deleted');
CREATE TRIGGER request_keeps_all BEFORE TRUNCATE ON request
    EXECUTE FUNCTION refuse('an answered request is never deleted');
