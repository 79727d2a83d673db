-- name: put
-- Nothing where the event was told before, or its instance is gone. The lock, which all who write share, is taken before the number is.
WITH writing AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(1702258030, 1) AS locked)
INSERT INTO events (id, instance_id, name, key, chat, at, stored_at, payload, request_id, traceparent)
SELECT
    CAST(:id AS text), instances.id, CAST(:name AS text), CAST(:key AS text), CAST(:chat AS text),
    CAST(:at AS double precision), CAST(:now AS double precision), CAST(:payload AS bytea),
    CAST(:request_id AS text), CAST(:traceparent AS text)
FROM writing CROSS JOIN instances
WHERE instances.id = :instance_id
ON CONFLICT (instance_id, key) DO NOTHING;

-- name: numbered
SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM events_seq_seq;

-- name: writing
-- The transactions that may have numbered an event and have not ended.
SELECT virtualtransaction FROM pg_locks
WHERE
    locktype = 'advisory' AND classid = 1702258030 AND objid = 1 AND objsubid = 2
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
