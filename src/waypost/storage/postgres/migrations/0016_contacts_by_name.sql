-- The order of a list by name.
CREATE INDEX contacts_by_name ON contacts (instance_id, (coalesce(nullif(name, ''), pushname)), asked) WHERE asked = jid;
