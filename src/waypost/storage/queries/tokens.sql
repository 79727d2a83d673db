-- name: get
SELECT number, secret_sha256, scopes, instance_id, name, created_at FROM tokens WHERE number = ?;

-- name: all
SELECT number, secret_sha256, scopes, instance_id, name, created_at FROM tokens ORDER BY number;

-- name: delete
DELETE FROM tokens WHERE number = ?;

-- name: delete_admins
DELETE FROM tokens WHERE instance_id IS NULL;
