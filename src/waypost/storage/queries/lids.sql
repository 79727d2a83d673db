-- name: release
-- A number that has changed hands has another LID.
DELETE FROM lids WHERE instance_id = :instance_id AND number = :number AND lid <> :lid;

-- name: put
INSERT INTO lids (instance_id, lid, number) VALUES (:instance_id, :lid, :number)
ON CONFLICT (instance_id, lid) DO UPDATE SET number = excluded.number;

-- name: hand_over
-- What somebody was called while only the LID was known.
INSERT INTO contacts (instance_id, asked, jid, checked_at, name, pushname)
SELECT instance_id, :number, :number, 0, name, pushname FROM contacts
WHERE instance_id = :instance_id AND asked = :lid
ON CONFLICT (instance_id, asked) DO UPDATE SET
    name = CASE WHEN contacts.name = '' THEN excluded.name ELSE contacts.name END,
    pushname = CASE WHEN contacts.pushname = '' THEN excluded.pushname ELSE contacts.pushname END;

-- name: drop_contact
DELETE FROM contacts WHERE instance_id = :instance_id AND asked = :lid;

-- name: merge_chat
-- What was said while only the LID was known.
INSERT INTO chats (instance_id, chat, latest)
SELECT instance_id, CAST(:number AS text), latest FROM chats WHERE instance_id = :instance_id AND chat = :lid
ON CONFLICT (instance_id, chat) DO UPDATE SET latest = excluded.latest WHERE excluded.latest > chats.latest;

-- name: drop_chat
DELETE FROM chats WHERE instance_id = :instance_id AND chat = :lid;

-- name: number
SELECT number FROM lids WHERE instance_id = :instance_id AND lid = :lid;

-- name: lid
SELECT lid FROM lids WHERE instance_id = :instance_id AND number = :number;
