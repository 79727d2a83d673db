-- Who is signed in to the dashboard: by which token (none for the one of the settings), which secret it had, and when it was seen last.
CREATE TABLE sign_ins (
    secret_sha256 BLOB PRIMARY KEY,
    token INTEGER REFERENCES tokens (number) ON DELETE CASCADE,
    token_sha256 BLOB NOT NULL,
    created_at REAL NOT NULL,
    seen_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_ins_token ON sign_ins (token);
