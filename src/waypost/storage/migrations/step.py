from pathlib import Path
from typing import Final

from alembic import op

from waypost.storage.postgres.migrate import MIGRATIONS as POSTGRES
from waypost.storage.postgres.migrate import split as split_postgres
from waypost.storage.sqlite.migrate import MIGRATIONS as SQLITE
from waypost.storage.sqlite.migrate import split as split_sqlite

_BY_DIALECT: Final = {"sqlite": (SQLITE, split_sqlite), "postgresql": (POSTGRES, split_postgres)}


def apply(migration: str) -> None:
    """Run the SQL file of the database that is migrated which is named like `migration` (its `__file__`);
    there is none where there is nothing to do.
    """
    folder, split = _BY_DIALECT[op.get_bind().dialect.name]
    file = folder / f"{Path(migration).stem}.sql"
    if file.exists():
        for statement in split(file.read_text(encoding="utf-8")):
            op.get_bind().exec_driver_sql(statement)
