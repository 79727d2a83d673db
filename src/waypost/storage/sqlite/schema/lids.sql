-- One account's LID and number, both as JIDs.
CREATE TABLE lids (
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    lid TEXT NOT NULL,
    number TEXT NOT NULL,
    PRIMARY KEY (instance_id, lid)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX lids_by_number ON lids (instance_id, number);
