"""SQL and nothing else: one file of named statements and one store per aggregate, over one `Database`.

A new aggregate is `sqlite/queries/<name>.sql`, `sqlite/<name>.py` with the store, its tables in
`sqlite/schema/NN_<name>.sql` (a new database is made from these), and the same as a migration:
`migrations/versions/NNNN_<name>.sql` beside an `NNNN_<name>.py` that names it and the one before.
"""
