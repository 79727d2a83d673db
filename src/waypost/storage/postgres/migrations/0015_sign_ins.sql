-- Who is signed in to the dashboard: by which token (none for the one of the settings), which secret it had, and when it was seen last.
CREATE TABLE sign_ins (
    secret_sha256 bytea PRIMARY KEY,
    token bigint REFERENCES tokens (number) ON DELETE CASCADE,
    token_sha256 bytea NOT NULL,
    created_at double precision NOT NULL,
    seen_at double precision NOT NULL
);

CREATE INDEX sign_ins_token ON sign_ins (token);
