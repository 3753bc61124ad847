-- Version 4: what the newest delivery list says of a chip beside its keys: the last moment of its validity, and the key version
-- at which it came into its state. NULL and 0: a list that did not say so.
ALTER TABLE esam ADD COLUMN valid_to TEXT CHECK (length(valid_to) = 14);
ALTER TABLE esam ADD COLUMN state_since INTEGER NOT NULL DEFAULT 0 CHECK (state_since BETWEEN 0 AND 255);
