-- name: put
INSERT INTO steps (
    uuid, number, instance_id, name, state, attempt, secret, device_jid, generation, message_id, chat, timestamp,
    data, error_code, message_status, recipients
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (uuid, number) DO UPDATE SET
    state = excluded.state,
    attempt = excluded.attempt,
    secret = excluded.secret,
    device_jid = excluded.device_jid,
    generation = excluded.generation,
    message_id = excluded.message_id,
    chat = excluded.chat,
    timestamp = excluded.timestamp,
    data = excluded.data,
    error_code = excluded.error_code,
    message_status = excluded.message_status,
    recipients = excluded.recipients;

-- name: of_request
SELECT
    uuid, number, name, state, attempt, secret, device_jid, generation, message_id, chat, timestamp, data,
    error_code, message_status, recipients
FROM steps
WHERE uuid = :uuid
ORDER BY number;

-- name: of_message
SELECT uuid, number, chat, state, message_status, recipients
FROM steps
WHERE instance_id = :instance_id AND message_id = :message_id;

-- name: set_status
UPDATE steps SET message_status = :status WHERE uuid = :uuid AND number = :number;

-- name: begin_anew
UPDATE steps
SET
    state = 'pending',
    message_id = NULL,
    timestamp = NULL,
    data = NULL,
    error_code = NULL,
    message_status = NULL,
    recipients = NULL
WHERE uuid = :uuid;
