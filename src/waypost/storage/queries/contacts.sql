-- name: put
INSERT INTO contacts (instance_id, asked, jid, checked_at) VALUES (?, ?, ?, ?)
ON CONFLICT (instance_id, asked) DO UPDATE SET jid = excluded.jid, checked_at = excluded.checked_at;

-- name: get
SELECT asked, jid, checked_at FROM contacts WHERE instance_id = ? AND asked = ?;

-- name: call
INSERT INTO contacts (instance_id, asked, jid, checked_at, name, pushname)
VALUES (:instance_id, :jid, :jid, 0, coalesce(CAST(:name AS text), ''), coalesce(CAST(:pushname AS text), ''))
ON CONFLICT (instance_id, asked) DO UPDATE SET
    name = CASE WHEN CAST(:name AS text) IS NULL THEN contacts.name ELSE excluded.name END,
    pushname = CASE WHEN CAST(:pushname AS text) IS NULL THEN contacts.pushname ELSE excluded.pushname END;

-- name: person
SELECT c.asked, l.lid, c.name, c.pushname
FROM contacts AS c
LEFT JOIN lids AS l ON l.instance_id = c.instance_id AND l.number = c.asked
WHERE c.instance_id = :instance_id AND c.asked = :jid;

-- name: by_id
SELECT c.asked, l.lid, c.name, c.pushname
FROM contacts AS c
LEFT JOIN lids AS l ON l.instance_id = c.instance_id AND l.number = c.asked
WHERE c.instance_id = :instance_id AND c.asked = c.jid
ORDER BY c.asked
LIMIT :limit OFFSET :offset;

-- name: by_id_desc
SELECT c.asked, l.lid, c.name, c.pushname
FROM contacts AS c
LEFT JOIN lids AS l ON l.instance_id = c.instance_id AND l.number = c.asked
WHERE c.instance_id = :instance_id AND c.asked = c.jid
ORDER BY c.asked DESC
LIMIT :limit OFFSET :offset;

-- name: by_name
SELECT c.asked, l.lid, c.name, c.pushname
FROM contacts AS c
LEFT JOIN lids AS l ON l.instance_id = c.instance_id AND l.number = c.asked
WHERE c.instance_id = :instance_id AND c.asked = c.jid
ORDER BY coalesce(nullif(c.name, ''), c.pushname), c.asked
LIMIT :limit OFFSET :offset;

-- name: by_name_desc
SELECT c.asked, l.lid, c.name, c.pushname
FROM contacts AS c
LEFT JOIN lids AS l ON l.instance_id = c.instance_id AND l.number = c.asked
WHERE c.instance_id = :instance_id AND c.asked = c.jid
ORDER BY coalesce(nullif(c.name, ''), c.pushname) DESC, c.asked DESC
LIMIT :limit OFFSET :offset;
