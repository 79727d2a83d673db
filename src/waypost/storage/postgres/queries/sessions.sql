-- {schema} and the like are names, which can't be parameters; see session_tables.py.

-- name: home
SELECT quote_ident(current_schema());

-- name: held
SELECT 1 FROM leases
WHERE instance_id = :instance_id AND epoch = :epoch AND expires_at > clock_timestamp()
FOR SHARE;

-- name: exists
SELECT to_regclass(:device_table) IS NOT NULL;

-- name: pairings
SELECT nspname FROM pg_namespace WHERE starts_with(nspname, :prefix);

-- name: deserted
-- Sessions of instances that are gone, by the fence that names this database's own leases, and what was paired
-- for them, which has no fence yet.
SELECT n.nspname FROM pg_namespace AS n
WHERE
    pg_get_userbyid(n.nspowner) = current_user
    AND (
        starts_with(n.nspname, 'session_')
        AND EXISTS (
            SELECT 1 FROM pg_proc AS p
            WHERE
                p.pronamespace = n.oid
                AND p.proname = 'waypost_fence'
                AND strpos(p.prosrc, quote_ident(current_schema()) || '.leases') > 0
        )
        OR starts_with(n.nspname, 'pairing_') AND to_regclass(quote_ident(n.nspname) || '.whatsmeow_version') IS NOT NULL
    )
    AND NOT EXISTS (SELECT 1 FROM instances AS i WHERE i.id = split_part(n.nspname, '_', 2))
LIMIT :limit;

-- name: make
CREATE SCHEMA {schema};

-- name: make_version
-- The library looks for its tables in all schemas at once (go.mau.fi/util, dbutil): one that finds those of
-- another instance does not make this table, and then misses it.
CREATE TABLE {schema}.whatsmeow_version (version integer, compat integer);

-- name: drop
DROP SCHEMA IF EXISTS {schema} CASCADE;

-- name: rename
ALTER SCHEMA {schema} RENAME TO {new};

-- name: make_generation
CREATE TABLE IF NOT EXISTS {schema}.waypost_generation (id text NOT NULL);

-- name: make_probe
CREATE TABLE IF NOT EXISTS {schema}.waypost_probe (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    secret bytea NOT NULL,
    began bigint
);

-- name: make_order
-- What the library writes for a send, in order: the secret, then the ratchets of who can read it, then (no row)
-- the frame. A sequence never goes back, not even when what counted it is undone.
CREATE SEQUENCE IF NOT EXISTS {schema}.waypost_order;

-- name: has_began
SELECT 1 FROM pg_attribute
WHERE attrelid = CAST(:probe AS regclass) AND attname = 'began';

-- name: make_began
ALTER TABLE {schema}.waypost_probe ADD COLUMN began bigint;

-- name: make_probe_index
CREATE INDEX IF NOT EXISTS waypost_probe_secret ON {schema}.waypost_probe (secret);

-- name: make_ratchet_notes
CREATE OR REPLACE FUNCTION {schema}.waypost_ratchet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM nextval({order});
    RETURN NULL;
END
$$;

-- name: make_began_notes
CREATE OR REPLACE FUNCTION {schema}.waypost_began() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE {schema}.waypost_probe SET began = nextval({order}) WHERE secret = NEW.key;
    RETURN NULL;
END
$$;

-- name: unnoted
SELECT c.relname FROM pg_class AS c
WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind = 'r'
    AND c.relname = ANY(:tables)
    AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = :trigger);

-- name: note_ratchet
CREATE TRIGGER waypost_ratchet BEFORE INSERT OR UPDATE ON {schema}.{table}
FOR EACH STATEMENT EXECUTE FUNCTION {schema}.waypost_ratchet();

-- name: note_began
CREATE TRIGGER waypost_began AFTER INSERT ON {schema}.{table}
FOR EACH ROW EXECUTE FUNCTION {schema}.waypost_began();

-- name: make_key_index
CREATE INDEX IF NOT EXISTS waypost_secret_key ON {schema}.whatsmeow_message_secrets (key);

-- name: make_fence
-- Not the transaction's time: it may have begun long before. The epoch comes with the connection.
CREATE OR REPLACE FUNCTION {schema}.waypost_fence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM {home}.leases
    WHERE instance_id = {instance_id}
        AND epoch = CAST(NULLIF(current_setting('waypost.epoch', true), '') AS bigint)
        AND expires_at > clock_timestamp();
    IF NOT FOUND THEN
        RAISE EXCEPTION USING MESSAGE = {fenced}, ERRCODE = 'WP001';
    END IF;
    RETURN NULL;
END
$$;

-- name: unfenced
SELECT c.relname FROM pg_class AS c
WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind = 'r'
    AND c.relname = ANY(:tables)
    AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = 'waypost_fence');

-- name: fence
CREATE TRIGGER waypost_fence BEFORE INSERT OR UPDATE OR DELETE ON {schema}.{table}
FOR EACH STATEMENT EXECUTE FUNCTION {schema}.waypost_fence();

-- name: device
SELECT jid, lid, push_name FROM {schema}.whatsmeow_device;

-- name: generation
SELECT id FROM {schema}.waypost_generation;

-- name: put_generation
INSERT INTO {schema}.waypost_generation VALUES (:generation);

-- name: probe
INSERT INTO {schema}.waypost_probe (secret) VALUES (:secret) RETURNING number;

-- name: forget_probes
DELETE FROM {schema}.waypost_probe WHERE number < :number;

-- name: secret
-- `encrypted`: whether any ratchet was written since; true where that was not noted, or is not done.
SELECT
    message_id,
    (
        (SELECT last_value FROM {schema}.waypost_order)
        IS DISTINCT FROM (SELECT min(began) FROM {schema}.waypost_probe WHERE secret = :secret)
        OR right(chat_jid, 11) = '@newsletter'
    ) AS encrypted
FROM {schema}.whatsmeow_message_secrets WHERE key = :secret;
