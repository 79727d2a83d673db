"""The tables of a sandbox.

A party is a number with a primary device (device 0) that the sandbox itself plays: a phone whose companions
can be linked, or a contact. A device is a linked companion, played by somebody else's engine.
"""

from typing import Final

from waypost.sandbox.state import group_tables

VERSION: Final = 2

_DDL: Final = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;

CREATE TABLE party (
    number TEXT PRIMARY KEY,          -- digits, as registered
    alias TEXT UNIQUE,                -- the number people type, which the check corrects to `number`
    lid TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('phone', 'contact')),
    name TEXT NOT NULL,
    identity BLOB NOT NULL,           -- X25519 private key; the ADV account key as well
    registration_id INTEGER NOT NULL,
    signed_prekey BLOB NOT NULL,      -- private, its id is 1
    signed_prekey_signature BLOB NOT NULL,
    next_prekey INTEGER NOT NULL DEFAULT 1,
    next_device INTEGER NOT NULL DEFAULT 1,
    delivered_after REAL,             -- seconds; NULL = never
    read_after REAL,
    played_after REAL,
    created_at REAL NOT NULL
) STRICT;

CREATE TABLE party_prekey (number TEXT NOT NULL REFERENCES party ON DELETE CASCADE, id INTEGER NOT NULL,
    private BLOB NOT NULL, PRIMARY KEY (number, id)) STRICT, WITHOUT ROWID;

CREATE TABLE party_session (number TEXT NOT NULL REFERENCES party ON DELETE CASCADE, peer TEXT NOT NULL,
    record BLOB NOT NULL, PRIMARY KEY (number, peer)) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    number TEXT NOT NULL REFERENCES party ON DELETE CASCADE,
    device INTEGER NOT NULL,
    noise BLOB NOT NULL,              -- 32 bytes, public
    identity BLOB NOT NULL,           -- 32 bytes, public
    registration_id INTEGER NOT NULL,
    adv BLOB NOT NULL,                -- ADVSignedDeviceIdentity with both signatures
    key_index INTEGER NOT NULL,
    push_name TEXT NOT NULL DEFAULT '',
    signed_id INTEGER NOT NULL,
    signed_public BLOB NOT NULL,
    signed_signature BLOB NOT NULL,
    created_at REAL NOT NULL,
    unlinked_at REAL,
    PRIMARY KEY (number, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE prekey (number TEXT NOT NULL, device INTEGER NOT NULL, id INTEGER NOT NULL, public BLOB NOT NULL,
    PRIMARY KEY (number, device, id),
    FOREIGN KEY (number, device) REFERENCES device ON DELETE CASCADE) STRICT, WITHOUT ROWID;

-- Stanzas not yet confirmed by the device they are for; device 0 is the sandbox's own party.
CREATE TABLE queue (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT NOT NULL REFERENCES party ON DELETE CASCADE,
    device INTEGER NOT NULL,
    class TEXT NOT NULL,              -- message, receipt, notification
    id TEXT NOT NULL,
    type TEXT NOT NULL,               -- a read receipt must not replace the delivered one of the same id
    frame BLOB NOT NULL,
    at REAL NOT NULL
) STRICT;
CREATE INDEX queue_device ON queue (number, device, seq);
CREATE INDEX queue_id ON queue (number, device, id);

CREATE TABLE seen (number TEXT NOT NULL, device INTEGER NOT NULL, id TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (number, device, id)) STRICT, WITHOUT ROWID;

CREATE TABLE media (token TEXT PRIMARY KEY, kind TEXT NOT NULL, size INTEGER NOT NULL, at REAL NOT NULL)
STRICT;

CREATE TABLE inbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT NOT NULL REFERENCES party ON DELETE CASCADE,
    sender TEXT NOT NULL,             -- number of the sender
    sender_lid TEXT NOT NULL,         -- JID of the sending device
    chat TEXT NOT NULL DEFAULT '',    -- JID of the group it came to, else empty
    id TEXT NOT NULL,
    at REAL NOT NULL,
    raw BLOB NOT NULL,                -- the decrypted protobuf, without padding
    media TEXT NOT NULL,              -- none, pending, ok, missing, corrupt
    times INTEGER NOT NULL DEFAULT 1,
    UNIQUE (number, sender, id)
) STRICT;
CREATE INDEX inbox_number ON inbox (number, seq);

-- Receipts that a contact owes.
CREATE TABLE due (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    number TEXT NOT NULL REFERENCES party ON DELETE CASCADE,
    type TEXT NOT NULL,               -- delivered, read, played
    message_id TEXT NOT NULL,
    recipient TEXT NOT NULL,          -- JID of the sender of the message
    chat TEXT NOT NULL DEFAULT ''     -- JID of the group it came to, else empty
) STRICT;
CREATE INDEX due_at ON due (at);

-- What parties sent: the plaintext answers a retry receipt, the type is the highest receipt so far.
CREATE TABLE sent (
    number TEXT NOT NULL REFERENCES party ON DELETE CASCADE,
    id TEXT NOT NULL,
    recipient TEXT NOT NULL,
    plaintext BLOB NOT NULL,
    status TEXT NOT NULL DEFAULT 'sent',
    at REAL NOT NULL,
    PRIMARY KEY (number, id)
) STRICT, WITHOUT ROWID;

-- How often a party could not decrypt a message.
CREATE TABLE retry (number TEXT NOT NULL REFERENCES party ON DELETE CASCADE, id TEXT NOT NULL, sender TEXT
NOT NULL, times INTEGER NOT NULL, PRIMARY KEY (number, id, sender)) STRICT, WITHOUT ROWID;

-- App state. The key is the phone's own; to the server patches are bytes with a number.
CREATE TABLE sync_key (number TEXT PRIMARY KEY REFERENCES party ON DELETE CASCADE, id BLOB NOT NULL,
    key BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE sync_patch (number TEXT NOT NULL REFERENCES party ON DELETE CASCADE, collection TEXT NOT NULL,
    version INTEGER NOT NULL, patch BLOB NOT NULL, PRIMARY KEY (number, collection, version)) STRICT,
    WITHOUT ROWID;

-- What the phone has read of patches, its own among them.
CREATE TABLE sync_entry (
    number TEXT NOT NULL REFERENCES party ON DELETE CASCADE,
    collection TEXT NOT NULL,
    index_mac BLOB NOT NULL,
    value_mac BLOB NOT NULL,
    named TEXT NOT NULL,              -- the index, JSON
    value BLOB NOT NULL,              -- SyncActionValue
    version INTEGER NOT NULL,         -- of the patch that said it
    PRIMARY KEY (number, collection, index_mac)
) STRICT, WITHOUT ROWID;

-- How far the phone has read.
CREATE TABLE sync_read (number TEXT NOT NULL REFERENCES party ON DELETE CASCADE, collection TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY (number, collection)) STRICT, WITHOUT ROWID;

CREATE TABLE profile (number TEXT PRIMARY KEY REFERENCES party ON DELETE CASCADE,
    about TEXT NOT NULL DEFAULT '', picture_id TEXT, picture TEXT) STRICT, WITHOUT ROWID;

CREATE TABLE privacy (number TEXT NOT NULL REFERENCES party ON DELETE CASCADE, name TEXT NOT NULL,
    value TEXT NOT NULL, PRIMARY KEY (number, name)) STRICT, WITHOUT ROWID;

-- Whom an account does not want to hear of.
CREATE TABLE blocked (number TEXT NOT NULL REFERENCES party ON DELETE CASCADE, other TEXT NOT NULL,
    PRIMARY KEY (number, other)) STRICT, WITHOUT ROWID;

CREATE TABLE failure (id TEXT PRIMARY KEY, record BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""

DDL: Final = _DDL + group_tables.DDL
