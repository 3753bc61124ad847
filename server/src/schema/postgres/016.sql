-- Version 16: the city whose keys a chip has, so that a PSAM of that city seals for it (docs/specs/books.md 7, 10).

-- NULL: from a delivery list that was taken in before; the next one of its city tells it.
ALTER TABLE esam ADD COLUMN city TEXT COLLATE "C" CHECK (city ~ '^[0-9]{8}$');
