-- Questions to a session that another node holds, and their answers.
ALTER TABLE orders ADD COLUMN payload bytea;

ALTER TABLE orders ADD COLUMN result bytea;
