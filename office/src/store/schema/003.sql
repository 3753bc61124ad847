-- Version 3: the last day of a card, and the key version at which an ESAM came into the state it is in: its counts began
-- there. Cards that were issued before have neither.

ALTER TABLE item ADD COLUMN valid_to TEXT CHECK (length(valid_to) = 8);
ALTER TABLE item ADD COLUMN state_since INTEGER CHECK (state_since BETWEEN 0 AND 255);

-- A number of a kind stands on one chip that is not at its end (stages 7 and 8).
DROP INDEX item_by_number;
CREATE UNIQUE INDEX item_by_number ON item (kind, number, (CASE WHEN stage >= 7 THEN id ELSE 0 END))
    WHERE number IS NOT NULL;
