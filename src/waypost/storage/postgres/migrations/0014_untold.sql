-- What is to be told of messages of ours, stored with what became of their sends and removed once it was told. `what` is JSON.
CREATE TABLE untold (
    seq bigserial PRIMARY KEY,
    instance_id text NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    at double precision NOT NULL,
    what bytea NOT NULL
);

CREATE INDEX untold_of_instance ON untold (instance_id);
