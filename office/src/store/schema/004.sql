-- Version 4: the next open line of a batch is found without walking over those that are done: first the lines that take any chip.

CREATE INDEX request_open ON request (batch, serial, line) WHERE state = 0;
