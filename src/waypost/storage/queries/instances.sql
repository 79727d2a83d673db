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

-- name: delete
DELETE FROM instances WHERE id = :id;
