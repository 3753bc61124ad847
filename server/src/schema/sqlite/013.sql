-- Version 13: a security module is asked for several orders one after the other before its answers are known (docs/specs/books.md 6).

-- Its place among what the module was asked and has not answered: what was sealed of it are always the first ones.
ALTER TABLE ask ADD COLUMN turn INTEGER NOT NULL DEFAULT 0 CHECK (turn >= 0);
