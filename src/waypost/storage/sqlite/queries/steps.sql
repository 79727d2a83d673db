-- name: of_requests
SELECT
    uuid, number, name, state, attempt, secret, device_jid, generation, message_id, chat, timestamp, data,
    error_code, message_status, recipients
FROM steps
WHERE uuid IN (SELECT value FROM json_each(:uuids))
ORDER BY uuid, number;
