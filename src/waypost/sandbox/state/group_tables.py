"""The tables of groups, a part of the sandbox's schema."""

from typing import Final

DDL: Final = """
CREATE TABLE chat_group (
    id TEXT PRIMARY KEY,              -- digits, without @g.us
    addressing TEXT NOT NULL CHECK (addressing IN ('lid', 'pn')),
    creator TEXT NOT NULL,            -- number
    created_at REAL NOT NULL,
    subject TEXT NOT NULL,
    subject_by TEXT NOT NULL,
    subject_at REAL NOT NULL,
    description TEXT,
    description_id TEXT,
    description_by TEXT,
    description_at REAL,
    locked INTEGER NOT NULL,          -- only admins change subject, description and picture
    announce INTEGER NOT NULL,        -- only admins write
    add_mode TEXT NOT NULL,           -- who adds: admin_add or all_member_add
    picture_id TEXT,
    picture TEXT,                     -- token of the file
    version INTEGER NOT NULL          -- grows with each change of the members
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
    group_id TEXT NOT NULL REFERENCES chat_group ON DELETE CASCADE,
    number TEXT NOT NULL REFERENCES party ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('member', 'admin', 'superadmin')),
    joined_at REAL NOT NULL,
    PRIMARY KEY (group_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_number ON member (number);

-- Codes of invite links: one of a group is in use, the others were revoked.
CREATE TABLE invite (code TEXT PRIMARY KEY, group_id TEXT NOT NULL REFERENCES chat_group ON DELETE CASCADE,
    revoked INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX invite_group ON invite (group_id);

-- What a party keeps of the senders in its groups, itself included; sender is "LID:device".
CREATE TABLE sender_key (number TEXT NOT NULL REFERENCES party ON DELETE CASCADE, group_id TEXT NOT NULL,
    sender TEXT NOT NULL, record BLOB NOT NULL, PRIMARY KEY (number, group_id, sender)) STRICT, WITHOUT ROWID;
"""
