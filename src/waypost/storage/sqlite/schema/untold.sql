-- What is to be told of messages of ours, stored with what became of their sends and removed once it was told. `what` is JSON.
CREATE TABLE untold (
    seq INTEGER PRIMARY KEY,
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    at REAL NOT NULL,
    what BLOB NOT NULL
) STRICT;

CREATE INDEX untold_of_instance ON untold (instance_id);
