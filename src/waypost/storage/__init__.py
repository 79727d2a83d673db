"""SQL and nothing else: one file of named statements and one store per aggregate, over one `Database`.

A new aggregate is `queries/<name>.sql`, `<name>.py` with the store, and its tables. SQL that the databases
write differently is in `sqlite/queries/<name>.sql` and `postgres/queries/<name>.sql`. A change of tables is
a revision: `migrations/versions/NNNN_<name>.py`, which names the one before, and `NNNN_<name>.sql` in
`sqlite/migrations` and `postgres/migrations`. A new SQLite database is made from `sqlite/schema`, which a
test holds to the same tables; a new PostgreSQL database from the migrations.
"""
