-- name: put_name
INSERT INTO webhook_names (webhook_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING;

-- name: forget_names
DELETE FROM webhook_names WHERE webhook_id = ?;

-- name: add
INSERT INTO webhooks (
    id, instance_id, url, secret, signing_secret, old_signing_secret, old_until, headers, user_id, enabled, reason,
    failing_since, created_at
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: count
SELECT count(*) FROM webhooks WHERE instance_id = ?;

-- name: of_instance
SELECT
    id, instance_id, url, secret, signing_secret, old_signing_secret, old_until, headers, user_id, enabled, reason,
    failing_since, created_at
FROM webhooks WHERE instance_id = ?
ORDER BY created_at, id;

-- name: get
SELECT
    id, instance_id, url, secret, signing_secret, old_signing_secret, old_until, headers, user_id, enabled, reason,
    failing_since, created_at
FROM webhooks WHERE instance_id = ? AND id = ?;

-- name: enabled
SELECT
    id, instance_id, url, secret, signing_secret, old_signing_secret, old_until, headers, user_id, enabled, reason,
    failing_since, created_at
FROM webhooks WHERE enabled
ORDER BY created_at, id;

-- name: names
SELECT name FROM webhook_names WHERE webhook_id = ? ORDER BY name;

-- name: names_of_enabled
SELECT n.webhook_id, n.name FROM webhook_names AS n
INNER JOIN webhooks AS w ON n.webhook_id = w.id
WHERE w.enabled
ORDER BY n.name;

-- name: touch
UPDATE webhooks SET reason = reason WHERE instance_id = ? AND id = ?;

-- name: change
UPDATE webhooks SET
    url = :url,
    secret = :secret,
    signing_secret = :signing_secret,
    old_signing_secret = :old_signing_secret,
    old_until = :old_until,
    headers = :headers,
    user_id = :user_id,
    enabled = :enabled,
    reason = :reason,
    failing_since = :failing_since
WHERE id = :id AND instance_id = :instance_id;

-- name: disable
UPDATE webhooks SET enabled = FALSE, reason = 'disabled' WHERE instance_id = ? AND id = ?;

-- name: empty
DELETE FROM deliveries WHERE seq IN (SELECT seq FROM deliveries WHERE webhook_id = :webhook_id LIMIT :limit);

-- name: delete
DELETE FROM webhooks WHERE instance_id = ? AND id = ?;
