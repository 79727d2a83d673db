-- name: name_is_taken
SELECT 1 FROM instances WHERE name = :name;

-- name: all
SELECT
    id, name, phone, network, created_at, caption_as_text, webhook_url, ended, jid, lid, push_name, overrides
FROM instances ORDER BY created_at, id;

-- name: get
SELECT
    id, name, phone, network, created_at, caption_as_text, webhook_url, ended, jid, lid, push_name, overrides
FROM instances WHERE id = ?;

-- name: set_account
UPDATE instances SET jid = :jid, lid = :lid, push_name = :push_name, ended = :ended WHERE id = :id;

-- name: set_caption
UPDATE instances SET caption_as_text = :caption_as_text WHERE id = :id;

-- name: set_overrides
UPDATE instances SET overrides = :overrides WHERE id = :id;

-- name: empty_events
-- With their deliveries, and the attempts of those.
DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE instance_id = :id LIMIT :limit);

-- name: empty_messages
DELETE FROM messages
WHERE (instance_id, message_id, sender) IN (
    SELECT instance_id, message_id, sender FROM messages WHERE instance_id = :id LIMIT :limit
);

-- name: empty_media
DELETE FROM media
WHERE (instance_id, message_id, sender) IN (
    SELECT instance_id, message_id, sender FROM media WHERE instance_id = :id LIMIT :limit
);

-- name: delete
DELETE FROM instances WHERE id = :id;
