-- Version 14: what stands in suspense is ended (docs/specs/bank.md 7).

-- What two people took out of suspense, as it stood, and where it went.
CREATE TABLE suspense_end (
    id       INTEGER PRIMARY KEY,
    -- It stood there for a payment, or for a difference that was booked.
    order_id BLOB REFERENCES payment (order_id),
    finding  INTEGER REFERENCES finding (id),
    way      TEXT NOT NULL CHECK (way IN ('refund', 'bank', 'income', 'difference')),
    fen      INTEGER NOT NULL CHECK (fen <> 0),
    at       TEXT NOT NULL CHECK (length(at) = 14),
    made_by  TEXT NOT NULL,
    second   TEXT NOT NULL CHECK (second <> made_by),
    note     TEXT NOT NULL,
    CHECK ((order_id IS NULL) <> (finding IS NULL)),
    CHECK ((fen < 0) = (way = 'difference'))
) STRICT;
CREATE INDEX ends_of_payment ON suspense_end (order_id) WHERE order_id IS NOT NULL;
INSERT INTO transfer_code (code) VALUES ('suspense-refund'), ('suspense-end');

CREATE TRIGGER suspense_end_stays BEFORE DELETE ON suspense_end
BEGIN SELECT RAISE(ABORT, 'what left suspense is never deleted'); END;
CREATE TRIGGER suspense_end_is_final BEFORE UPDATE ON suspense_end
BEGIN SELECT RAISE(ABORT, 'what left suspense is never changed'); END;
