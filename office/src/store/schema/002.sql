-- Version 2: what a city tells the bank of an ESAM. Cards that were issued before have neither.

ALTER TABLE item ADD COLUMN key_version INTEGER CHECK (key_version BETWEEN 0 AND 255);
ALTER TABLE item ADD COLUMN ceiling INTEGER CHECK (ceiling BETWEEN 0 AND 4294967295);
