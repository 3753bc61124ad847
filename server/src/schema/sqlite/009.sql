-- Version 9: payments through the customers' bank (docs/specs/bank.md).

CREATE TABLE payment (
    -- The order that it pays for first; its 16 hexadecimal digits are our reference at the bank.
    order_id     BLOB NOT NULL PRIMARY KEY REFERENCES purchase_order (id) CHECK (length(order_id) = 8),
    life         INTEGER NOT NULL,
    count        INTEGER NOT NULL,
    -- The bank's token of the account, never its number.
    account      TEXT NOT NULL CHECK (length(account) BETWEEN 1 AND 64),
    amount       INTEGER NOT NULL CHECK (amount > 0),
    asked        TEXT NOT NULL CHECK (length(asked) = 14),
    -- The pending transfer that waits for the bank's answer.
    transfer     INTEGER NOT NULL UNIQUE REFERENCES transfer (id),
    state        TEXT NOT NULL CHECK (state IN ('asked', 'unknown', 'paid', 'spent', 'refused', 'leaving', 'reversed')),
    changed      TEXT NOT NULL CHECK (length(changed) = 14),
    -- Answers that said nothing, and when the bank is asked again.
    tries        INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    next         TEXT CHECK (length(next) = 14),
    reason       TEXT CHECK (length(reason) <= 200),
    -- What the bank said it took: how much, its own number, the day it counts for.
    debited      INTEGER CHECK (debited > 0),
    debit_entry  TEXT CHECK (length(debit_entry) BETWEEN 1 AND 64),
    debit_day    TEXT CHECK (length(debit_day) = 8),
    -- What it said it gave back.
    returned     INTEGER CHECK (returned > 0),
    return_entry TEXT CHECK (length(return_entry) BETWEEN 1 AND 64),
    return_day   TEXT CHECK (length(return_day) = 8),
    -- Advices that were given: a debit that comes to light after the first was confirmed is given back by a second, and that is all.
    advice       INTEGER NOT NULL DEFAULT 0 CHECK (advice BETWEEN 0 AND 2),
    FOREIGN KEY (life, count) REFERENCES purchase (life, count),
    CHECK ((debited IS NULL) = (debit_entry IS NULL) AND (debited IS NULL) = (debit_day IS NULL)),
    CHECK ((returned IS NULL) = (return_entry IS NULL) AND (returned IS NULL) = (return_day IS NULL)),
    CHECK (state NOT IN ('paid', 'spent') OR debited = amount),
    CHECK ((next IS NOT NULL) = (state IN ('asked', 'unknown', 'leaving')))
) STRICT;
CREATE UNIQUE INDEX one_payment_of_purchase ON payment (life, count) WHERE state IN ('asked', 'unknown', 'paid', 'spent');
CREATE INDEX payments_due ON payment (next) WHERE next IS NOT NULL;
CREATE INDEX payments_by_debit_day ON payment (debit_day) WHERE debit_day IS NOT NULL;
CREATE INDEX payments_by_return_day ON payment (return_day) WHERE return_day IS NOT NULL;

-- What a payment went through.
CREATE TABLE payment_step (
    id       INTEGER PRIMARY KEY,
    order_id BLOB NOT NULL REFERENCES payment (order_id),
    at       TEXT NOT NULL CHECK (length(at) = 14),
    state    TEXT NOT NULL,
    what     TEXT NOT NULL CHECK (length(what) <= 400)
) STRICT;
CREATE INDEX steps_of_payment ON payment_step (order_id, id);

-- The bank's files, each taken once.
CREATE TABLE bank_file (
    id    INTEGER PRIMARY KEY,
    hash  BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    day   TEXT NOT NULL CHECK (length(day) = 8),
    at    TEXT NOT NULL CHECK (length(at) = 14)
) STRICT;
CREATE TABLE bank_entry (
    entry     TEXT NOT NULL PRIMARY KEY CHECK (length(entry) BETWEEN 1 AND 64),
    file      INTEGER NOT NULL REFERENCES bank_file (id),
    day       TEXT NOT NULL CHECK (length(day) = 8),
    reference TEXT NOT NULL CHECK (length(reference) BETWEEN 1 AND 64),
    kind      TEXT NOT NULL CHECK (kind IN ('debit', 'reversal')),
    amount    INTEGER NOT NULL CHECK (amount > 0),
    heap      TEXT NOT NULL CHECK (heap IN ('equal', 'decided', 'theirs-only', 'other-amount'))
) STRICT;
CREATE INDEX entries_of_reference ON bank_entry (reference, kind);

-- What a file and the books say otherwise, each a finding.
CREATE TABLE bank_difference (
    finding   INTEGER NOT NULL PRIMARY KEY REFERENCES finding (id),
    file      INTEGER NOT NULL REFERENCES bank_file (id),
    heap      TEXT NOT NULL CHECK (heap IN ('ours-only', 'theirs-only', 'other-amount')),
    kind      TEXT NOT NULL CHECK (kind IN ('debit', 'reversal')),
    reference TEXT NOT NULL CHECK (length(reference) BETWEEN 1 AND 64),
    entry     TEXT,
    -- What the bank has more than the books.
    fen       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX ours_only_once ON bank_difference (reference, kind) WHERE heap = 'ours-only';

CREATE TRIGGER payment_stays BEFORE DELETE ON payment
BEGIN SELECT RAISE(ABORT, 'a payment is never deleted'); END;
CREATE TRIGGER payment_facts_stay BEFORE UPDATE OF order_id, life, count, account, amount, asked, transfer ON payment
BEGIN SELECT RAISE(ABORT, 'what a payment is never changes'); END;
CREATE TRIGGER payment_answers_stay BEFORE UPDATE ON payment
WHEN (OLD.debited IS NOT NULL AND (NEW.debited IS NOT OLD.debited OR NEW.debit_entry IS NOT OLD.debit_entry
      OR NEW.debit_day IS NOT OLD.debit_day))
  OR (OLD.returned IS NOT NULL AND (NEW.returned IS NOT OLD.returned OR NEW.return_entry IS NOT OLD.return_entry
      OR NEW.return_day IS NOT OLD.return_day)) OR NEW.advice < OLD.advice
BEGIN SELECT RAISE(ABORT, 'what the bank said of a payment never changes'); END;
CREATE TRIGGER payment_goes_its_way BEFORE UPDATE OF state ON payment
WHEN NOT (OLD.state = NEW.state
    OR (OLD.state = 'asked' AND NEW.state <> 'spent' AND NEW.state <> 'reversed')
    OR (OLD.state = 'unknown' AND NEW.state IN ('paid', 'refused', 'leaving'))
    OR (OLD.state = 'paid' AND NEW.state IN ('spent', 'leaving'))
    OR (OLD.state = 'spent' AND NEW.state = 'leaving')
    OR (OLD.state = 'leaving' AND NEW.state = 'reversed')
    OR (OLD.state IN ('reversed', 'refused') AND NEW.state = 'leaving' AND OLD.debited IS NOT NULL AND OLD.returned IS NULL))
BEGIN SELECT RAISE(ABORT, 'a payment does not go back'); END;
CREATE TRIGGER step_stays BEFORE DELETE ON payment_step
BEGIN SELECT RAISE(ABORT, 'what a payment went through is never deleted'); END;
CREATE TRIGGER step_is_final BEFORE UPDATE ON payment_step
BEGIN SELECT RAISE(ABORT, 'what a payment went through is never changed'); END;
CREATE TRIGGER bank_file_stays BEFORE DELETE ON bank_file
BEGIN SELECT RAISE(ABORT, 'a file of the bank is never deleted'); END;
CREATE TRIGGER bank_file_is_final BEFORE UPDATE ON bank_file
BEGIN SELECT RAISE(ABORT, 'a file of the bank is never changed'); END;
CREATE TRIGGER bank_entry_stays BEFORE DELETE ON bank_entry
BEGIN SELECT RAISE(ABORT, 'an entry of the bank is never deleted'); END;
CREATE TRIGGER bank_entry_is_final BEFORE UPDATE ON bank_entry
BEGIN SELECT RAISE(ABORT, 'an entry of the bank is never changed'); END;
CREATE TRIGGER bank_difference_stays BEFORE DELETE ON bank_difference
BEGIN SELECT RAISE(ABORT, 'a difference is never deleted'); END;
CREATE TRIGGER bank_difference_is_final BEFORE UPDATE ON bank_difference
BEGIN SELECT RAISE(ABORT, 'a difference is never changed'); END;
