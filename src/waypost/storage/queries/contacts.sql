-- name: put
INSERT INTO contacts (instance_id, asked, jid, lid, checked_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (instance_id, asked)
DO UPDATE SET jid = excluded.jid, lid = excluded.lid, checked_at = excluded.checked_at;

-- name: get
SELECT asked, jid, lid, checked_at FROM contacts WHERE instance_id = ? AND asked = ?;
