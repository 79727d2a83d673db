from pathlib import Path

from alembic import op

from waypost.storage.sqlite.migrate import split


def apply(migration: str) -> None:
    """Run the SQL file beside `migration` (a migration's `__file__`)."""
    for statement in split(Path(migration).with_suffix(".sql").read_text(encoding="utf-8")):
        op.get_bind().exec_driver_sql(statement)
