-- name: key
SELECT secret_key FROM outbox_identity;

-- name: replace
UPDATE otps SET status = 'replaced'
WHERE kind = 'code' AND status = 'pending' AND instance_id = :instance_id AND chat = :chat;

-- name: add
INSERT INTO otps (uuid, instance_id, kind, chat, hashed, status, created_at, expires_at, texts)
VALUES (:uuid, :instance_id, :kind, :chat, :hashed, :status, :created_at, :expires_at, :texts);

-- name: newest_code
SELECT
    uuid, instance_id, kind, chat, hashed, status, created_at, expires_at, attempts, settled_at, settled_by, texts
FROM otps WHERE kind = 'code' AND instance_id = :instance_id AND chat = :chat
ORDER BY created_at DESC LIMIT 1;

-- name: link
SELECT
    uuid, instance_id, kind, chat, hashed, status, created_at, expires_at, attempts, settled_at, settled_by, texts
FROM otps WHERE kind = 'link' AND instance_id = :instance_id AND hashed = :hashed;

-- name: count_attempt
UPDATE otps SET attempts = attempts + 1
WHERE uuid = :uuid AND status = 'pending' AND attempts < :most;

-- name: attempts
SELECT attempts FROM otps WHERE uuid = :uuid;

-- name: settle
UPDATE otps SET
    status = :status, settled_at = :at, settled_by = :by, settled_chat = :chat, callback = :callback, callback_at = :callback_at
WHERE uuid = :uuid AND status = 'pending';

-- name: due
SELECT uuid, callback, status, settled_chat, texts, settled_at, callback_tries, callback_at FROM otps
WHERE callback_at <= :now ORDER BY callback_at LIMIT :limit;

-- name: take
UPDATE otps SET callback_at = :until, callback_tries = callback_tries + 1
WHERE uuid = :uuid AND callback_at = :seen;

-- name: callback_at
UPDATE otps SET callback_at = :at WHERE uuid = :uuid;

-- name: delete_older
DELETE FROM otps
WHERE uuid IN (SELECT uuid FROM otps WHERE expires_at < :than AND callback_at IS NULL LIMIT :limit);
