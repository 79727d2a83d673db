-- name: of_requests
SELECT
    uuid, number, name, state, attempt, secret, device_jid, generation, message_id, chat, timestamp, data,
    error_code, message_status, recipients
FROM steps
WHERE uuid IN (SELECT value FROM jsonb_array_elements_text(CAST(:uuids AS jsonb)))
ORDER BY uuid, number;
