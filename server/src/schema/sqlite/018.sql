-- Version 18: signed orders and receipts (docs/specs/signatures.md, docs/specs/books.md 7).

-- The second record of an order that one message does not hold.
ALTER TABLE purchase_order ADD COLUMN part BLOB CHECK (length(part) = 176);
-- Which orders a chip takes: 0 symmetric, 1 both, 2 signed. What a list says that knows of none: symmetric.
ALTER TABLE esam ADD COLUMN mode INTEGER NOT NULL DEFAULT 0 CHECK (mode BETWEEN 0 AND 2);
-- The chip's certificate, and that of the city issuer that signed it; checked when they were taken in.
ALTER TABLE esam ADD COLUMN certificate BLOB CHECK (length(certificate) = 168);
ALTER TABLE esam ADD COLUMN issuer BLOB CHECK (length(issuer) = 168);
