-- Version 3: the end of the bank's audit log as it was when an act was last noted; one row.
-- Log and books vouch for each other (docs/specs/audit.md 4).
CREATE TABLE log_end (
    one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    lines INTEGER NOT NULL CHECK (lines > 0),
    hash  TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT, WITHOUT ROWID;
