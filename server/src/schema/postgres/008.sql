-- Version 8: the ledger grows. Accounts of the bank, of suspense, of clerks' drawers; transfers that are pending until a later one posts
-- or voids them; transfers that belong to no purchase (docs/specs/books.md 3, 12).

-- What an account is, and what happened: a later version adds rows.
CREATE TABLE account_kind (
    kind TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(kind) BETWEEN 1 AND 32)
);
INSERT INTO account_kind (kind) VALUES ('bank-cash'), ('bank-clearing'), ('drawer'), ('prepaid'), ('refund-due'), ('suspense'),
    ('delivered'), ('refunded'), ('carried'), ('loss'), ('difference'), ('fee'), ('company-payable');
CREATE TABLE transfer_code (
    code TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(code) BETWEEN 1 AND 32)
);
INSERT INTO transfer_code (code) VALUES ('sale'), ('correction'), ('cancelled'), ('delivery'), ('refund-due'), ('refund'), ('carry-out'),
    ('carry-in'), ('loss'), ('debit'), ('debit-reversal'), ('bank-difference'), ('drawer-close'), ('drawer-difference'), ('adjust');

ALTER TABLE account
    DROP CONSTRAINT account_kind_check,
    DROP CONSTRAINT account_check,
    -- Whose drawer it is.
    ADD COLUMN clerk TEXT COLLATE "C" CHECK (length(clerk) BETWEEN 1 AND 64 AND strpos(clerk, '|') = 0),
    ADD FOREIGN KEY (kind) REFERENCES account_kind (kind),
    ADD CHECK ((kind IN ('prepaid', 'refund-due')) = (customer IS NOT NULL)),
    ADD CHECK ((kind = 'drawer') = (clerk IS NOT NULL));
DROP INDEX account_of_house;
CREATE UNIQUE INDEX account_of_clerk ON account (clerk) WHERE clerk IS NOT NULL;
CREATE UNIQUE INDEX account_of_house ON account (kind)  WHERE customer IS NULL AND clerk IS NULL;
INSERT INTO account (kind) VALUES ('bank-clearing'), ('suspense'), ('difference'), ('fee'), ('company-payable');

ALTER TABLE transfer
    DROP CONSTRAINT transfer_code_check,
    ALTER COLUMN life DROP NOT NULL,
    ALTER COLUMN count DROP NOT NULL,
    -- What else it is about: the reference of a payment, a finding.
    ADD COLUMN subject  TEXT COLLATE "C" CHECK (length(subject) BETWEEN 1 AND 64 AND strpos(subject, '|') = 0),
    -- post and void say what became of a pending one.
    ADD COLUMN state    TEXT COLLATE "C" NOT NULL DEFAULT 'posted' CHECK (state IN ('posted', 'pending', 'post', 'void')),
    ADD COLUMN resolves BIGINT REFERENCES transfer (id),
    ADD FOREIGN KEY (code) REFERENCES transfer_code (code),
    ADD CHECK ((life IS NULL) = (count IS NULL)),
    ADD CHECK (order_id IS NULL OR life IS NOT NULL),
    ADD CHECK ((state IN ('post', 'void')) = (resolves IS NOT NULL));
-- What it adds to the balances of its two accounts.
ALTER TABLE transfer ADD COLUMN moved BIGINT
    GENERATED ALWAYS AS (CASE WHEN state IN ('posted', 'post') THEN amount ELSE 0 END) STORED;
DROP INDEX transfers_from;
DROP INDEX transfers_to;
DROP INDEX transfer_once;
CREATE INDEX transfers_from       ON transfer (debit, moved);
CREATE INDEX transfers_to         ON transfer (credit, moved);
CREATE INDEX transfers_of_subject ON transfer (subject) WHERE subject IS NOT NULL;
CREATE INDEX transfers_pending    ON transfer (id)      WHERE state = 'pending';
-- A sale can be cancelled while nothing may have been sealed, and made again; these happen to a purchase once.
CREATE UNIQUE INDEX transfer_once ON transfer (life, count, code)
    WHERE code IN ('delivery', 'refund-due', 'refund', 'carry-out', 'carry-in', 'loss');
CREATE UNIQUE INDEX transfer_resolved_once ON transfer (resolves) WHERE resolves IS NOT NULL;

CREATE FUNCTION resolves_its_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM transfer p WHERE p.id = NEW.resolves AND p.state = 'pending' AND p.debit = NEW.debit
                   AND p.credit = NEW.credit AND p.amount = NEW.amount) THEN
        RAISE EXCEPTION 'a transfer posts or voids a pending one of the same accounts and amount';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER transfer_resolves_its_own BEFORE INSERT ON transfer FOR EACH ROW WHEN (NEW.resolves IS NOT NULL)
    EXECUTE FUNCTION resolves_its_own();
