-- Who is behind an address, as the server answered (`checked_at` 0: it was not asked), and what they are called: `name` in the account's address book, `pushname` by themselves. Where `asked` is `jid` the row is a person, else another spelling.
CREATE TABLE contacts (
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    asked TEXT NOT NULL,
    jid TEXT NOT NULL,
    checked_at REAL NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    pushname TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (instance_id, asked)
) STRICT, WITHOUT ROWID;

-- The order of a list by name.
CREATE INDEX contacts_by_name ON contacts (instance_id, (coalesce(nullif(name, ''), pushname)), asked) WHERE asked = jid;
