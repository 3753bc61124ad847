-- Version 1 of an office's store (docs/specs/store.md).
-- Serials are 16 hexadecimal digits, numbers decimal digits; times are 'YYYY-MM-DD hh:mm:ss', UTC+8, so that they
-- sort as text.

CREATE TABLE schema_version (
    version INTEGER NOT NULL PRIMARY KEY
) STRICT;

-- What the office knows of itself: 'clock' is the latest time at which it wrote anything.
CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

------------------------------------------------------------------ stock

-- Every chip and meter the office ever had in its hands. A chip keeps its row for ever, whatever becomes of it.
-- stage: 1 blank, 2 begun, 3 refused, 4 issued, 5 dispatched, 6 fitted, 7 retired, 8 scrapped.
CREATE TABLE item (
    id         INTEGER PRIMARY KEY,
    kind       INTEGER NOT NULL,              -- kind byte of the card; 64: a meter
    serial     TEXT UNIQUE,                   -- of a chip
    number     TEXT,                          -- claimed (stage 2) or held (4 and later)
    stage      INTEGER NOT NULL CHECK (stage BETWEEN 1 AND 8),
    place      TEXT NOT NULL,
    box        TEXT NOT NULL DEFAULT '',
    region     TEXT,
    suite      INTEGER,
    key_state  INTEGER,
    own_master INTEGER NOT NULL DEFAULT 0,    -- 1: the chip holds its own master key
    tries      INTEGER,                       -- of its master key, when a run was last refused
    since      TEXT NOT NULL,                 -- time of the last change
    checks     TEXT                           -- check values of an issued card, as JSON
) STRICT;
-- A number of a kind stands on one chip.
CREATE UNIQUE INDEX item_by_number ON item (kind, number) WHERE number IS NOT NULL;

-- What happened to them, in the order in which it happened. Never changed, never deleted.
CREATE TABLE event (
    id     INTEGER PRIMARY KEY,
    item   INTEGER NOT NULL REFERENCES item (id),
    at     TEXT NOT NULL,
    what   TEXT NOT NULL,
    number TEXT,
    detail TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX event_of_item ON event (item, id);
CREATE TRIGGER event_stays_as_it_is BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'what happened is never changed'); END;
CREATE TRIGGER event_stays BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'what happened is never deleted'); END;

------------------------------------------------------------------ batches

CREATE TABLE batch (
    id        INTEGER PRIMARY KEY,
    kind      INTEGER NOT NULL,
    region    TEXT NOT NULL,
    file      TEXT NOT NULL,
    sha256    TEXT NOT NULL UNIQUE,           -- of the request file
    asked     INTEGER NOT NULL,
    begun_at  TEXT NOT NULL,
    ended_at  TEXT
) STRICT;

-- The lines of the request files. state: 0 open, 1 done, 2 failed.
CREATE TABLE request (
    batch   INTEGER NOT NULL REFERENCES batch (id),
    line    INTEGER NOT NULL,
    number  TEXT NOT NULL,
    serial  TEXT,                             -- the chip it must be
    more    TEXT NOT NULL DEFAULT '',         -- what else the line says, as JSON
    state   INTEGER NOT NULL DEFAULT 0,
    item    INTEGER REFERENCES item (id),     -- the chip it became
    at      TEXT,
    millis  INTEGER,                          -- time the card took
    why     TEXT,
    PRIMARY KEY (batch, line)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX request_by_number ON request (number, batch);
CREATE UNIQUE INDEX request_by_serial ON request (serial, batch) WHERE serial IS NOT NULL;

-- Chips that a batch could not use: outcome 1 refused (never begun), 2 scrapped (begun).
CREATE TABLE spoiled (
    id      INTEGER PRIMARY KEY,
    batch   INTEGER NOT NULL REFERENCES batch (id),
    line    INTEGER NOT NULL,
    serial  TEXT NOT NULL,
    outcome INTEGER NOT NULL,
    at      TEXT NOT NULL,
    why     TEXT NOT NULL
) STRICT;
CREATE INDEX spoiled_of_batch ON spoiled (batch, line);

------------------------------------------------------------------ the pack

-- Virtual cards of a batch and the papers that go with them, until they are taken out.
CREATE TABLE pack (
    item  INTEGER PRIMARY KEY REFERENCES item (id),
    image BLOB,                               -- NULL: a card of plastic; only its paper is here
    paper TEXT                                -- the pairing file of an ESAM
) STRICT;
