-- Version 11: people who log in to the console (docs/specs/console.md).

-- The second secret of an operator: what his telephone makes codes from [RFC 6238].
CREATE TABLE totp (
    operator TEXT NOT NULL PRIMARY KEY CHECK (length(operator) BETWEEN 1 AND 128),
    secret   BLOB NOT NULL CHECK (length(secret) = 20),
    made     TEXT NOT NULL CHECK (length(made) = 14),
    -- The step of the last code that was taken: none before it is taken any more.
    last     INTEGER NOT NULL CHECK (last >= 0)
) STRICT;

-- A browser somebody is logged in with: a hash of what its cookie holds.
CREATE TABLE web_session (
    hash     BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    operator TEXT NOT NULL,
    -- Of the password he logged in with: another password ends the session.
    mark     TEXT NOT NULL,
    address  TEXT NOT NULL,
    made     TEXT NOT NULL CHECK (length(made) = 14),
    seen     TEXT NOT NULL CHECK (length(seen) = 14),
    ends     TEXT NOT NULL CHECK (length(ends) = 14)
) STRICT;
CREATE INDEX web_sessions_by_end ON web_session (ends);

-- Logins that failed since the last good one, by name and by address.
CREATE TABLE failed_login (
    whose  TEXT NOT NULL PRIMARY KEY CHECK (length(whose) <= 160),
    failed INTEGER NOT NULL CHECK (failed > 0),
    last   TEXT NOT NULL CHECK (length(last) = 14)
) STRICT;

-- An act that one person asked for and another decides.
CREATE TABLE approval (
    id         INTEGER PRIMARY KEY,
    -- The id of the request that asked for it: asked twice it is one.
    request    TEXT NOT NULL UNIQUE CHECK (length(request) BETWEEN 1 AND 64),
    -- The act by its name, and what is asked of it, as JSON.
    act        TEXT NOT NULL,
    asked      TEXT NOT NULL,
    customer   TEXT,
    reason     TEXT NOT NULL,
    asked_by   TEXT NOT NULL,
    asked_at   TEXT NOT NULL CHECK (length(asked_at) = 14),
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'refused', 'withdrawn')),
    decided_by TEXT,
    decided_at TEXT CHECK (length(decided_at) = 14),
    -- Why it was refused.
    why        TEXT,
    -- What came of it, once that is final: a status and what was said.
    status     INTEGER CHECK (status BETWEEN 200 AND 599),
    said       TEXT,
    CHECK ((state = 'waiting') = (decided_by IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    -- Nobody approves what he asked for himself.
    CHECK (state <> 'approved' OR decided_by <> asked_by),
    CHECK ((status IS NULL) = (said IS NULL))
) STRICT;
CREATE INDEX approvals_open ON approval (id) WHERE status IS NULL AND state IN ('waiting', 'approved');

-- A person asks like a program does, but has no key: its hash is of nothing.
ALTER TABLE principal ADD COLUMN operator TEXT;
CREATE UNIQUE INDEX principal_of_operator ON principal (operator) WHERE operator IS NOT NULL;

CREATE TRIGGER principal_operator_stays BEFORE UPDATE OF operator ON principal
BEGIN SELECT RAISE(ABORT, 'what a principal is never changes'); END;
CREATE TRIGGER approval_stays BEFORE DELETE ON approval
BEGIN SELECT RAISE(ABORT, 'what was asked for is never deleted'); END;
CREATE TRIGGER approval_facts_stay BEFORE UPDATE OF id, request, act, asked, customer, reason, asked_by, asked_at ON approval
BEGIN SELECT RAISE(ABORT, 'what was asked for never changes'); END;
CREATE TRIGGER approval_is_decided_once BEFORE UPDATE OF state, decided_by, decided_at, why ON approval
WHEN OLD.state <> 'waiting'
BEGIN SELECT RAISE(ABORT, 'it is decided once'); END;
CREATE TRIGGER approval_ends_once BEFORE UPDATE OF status, said ON approval WHEN OLD.status IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'what came of it never changes'); END;
