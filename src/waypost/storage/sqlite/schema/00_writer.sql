-- What the writer touches to find out whether a failed disk takes writes again.
CREATE TABLE writer_probe (
    count INTEGER NOT NULL
) STRICT;

INSERT INTO writer_probe VALUES (0);
