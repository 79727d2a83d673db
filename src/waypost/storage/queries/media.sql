-- name: make_key
INSERT INTO outbox_identity (id, secret_key, epoch) VALUES (1, :secret_key, 0)
ON CONFLICT (id) DO NOTHING;

-- name: key
SELECT secret_key FROM outbox_identity;

-- name: want
INSERT INTO media (
    instance_id, message_id, sender, state, created_at, next_attempt_at, mimetype, filename, size, error
)
VALUES (
    :instance_id, :message_id, :sender, :state, :at, :at, :mimetype, CAST(:filename AS text),
    CAST(:size AS bigint), CAST(:error AS text)
)
ON CONFLICT (instance_id, message_id, sender) DO NOTHING;

-- name: hold
-- The file of a message that has not left yet, by its request's uuid.
INSERT INTO media (instance_id, message_id, sender, state, created_at, next_attempt_at, mimetype, size, blob_id)
SELECT id, CAST(:uuid AS text), '', 'there', :at, :at, '', :size, CAST(:blob_id AS text)
FROM instances WHERE id = :instance_id
ON CONFLICT (instance_id, message_id, sender) DO NOTHING;

-- name: belongs
UPDATE media SET message_id = :message_id, sender = :sender, created_at = :at, mimetype = :mimetype, filename = :filename
WHERE instance_id = :instance_id AND message_id = :uuid AND sender = '';

-- name: waiting
-- From one instance to the next by the index, however many files each has.
WITH RECURSIVE waiting (instance_id) AS (
    SELECT min(instance_id) FROM media WHERE state = 'wanted'
    UNION ALL
    SELECT (SELECT min(m.instance_id) FROM media AS m WHERE m.state = 'wanted' AND m.instance_id > waiting.instance_id)
    FROM waiting WHERE waiting.instance_id IS NOT NULL
)
SELECT instance_id FROM waiting WHERE instance_id IS NOT NULL;

-- name: due
SELECT instance_id, message_id, sender, state, mimetype, filename, size, blob_id, error, attempts,
    next_attempt_at
FROM media WHERE instance_id = :instance_id AND state = 'wanted' AND next_attempt_at <= :now
ORDER BY next_attempt_at LIMIT :limit;

-- name: next_due
SELECT min(next_attempt_at) FROM media WHERE state = 'wanted';

-- name: put_off
UPDATE media SET next_attempt_at = :at, attempts = :attempts
WHERE instance_id = :instance_id AND message_id = :message_id AND sender = :sender AND state = 'wanted';

-- name: there
UPDATE media SET state = 'there', blob_id = :blob_id, size = :size
WHERE instance_id = :instance_id AND message_id = :message_id AND sender = :sender AND state <> 'there';

-- name: failed
UPDATE media SET state = 'failed', error = :error
WHERE instance_id = :instance_id AND message_id = :message_id AND sender = :sender AND state = 'wanted';

-- name: find
SELECT instance_id, message_id, sender, state, mimetype, filename, size, blob_id, error, attempts,
    next_attempt_at
FROM media WHERE instance_id = :instance_id AND message_id = :message_id AND sender = :sender;

-- name: of_blob
SELECT instance_id, message_id, sender, state, mimetype, filename, size, blob_id, error, attempts,
    next_attempt_at
FROM media WHERE blob_id = :blob_id AND instance_id = :instance_id;

-- name: forget_older
DELETE FROM media
WHERE (instance_id, message_id, sender) IN (
    SELECT instance_id, message_id, sender FROM media WHERE created_at < :than LIMIT :limit
)
RETURNING blob_id;
