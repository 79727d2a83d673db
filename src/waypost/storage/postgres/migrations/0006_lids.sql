-- One account's LID and number, both as JIDs.
CREATE TABLE lids (
    instance_id text NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    lid text NOT NULL,
    number text NOT NULL,
    PRIMARY KEY (instance_id, lid)
);

CREATE UNIQUE INDEX lids_by_number ON lids (instance_id, number);

INSERT INTO lids
SELECT instance_id, lid, jid FROM contacts
WHERE lid IS NOT NULL
ORDER BY checked_at DESC
ON CONFLICT DO NOTHING;

ALTER TABLE contacts DROP COLUMN lid;

ALTER TABLE contacts ADD COLUMN name text NOT NULL DEFAULT '';

ALTER TABLE contacts ADD COLUMN pushname text NOT NULL DEFAULT '';
