import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import StaticPool

if TYPE_CHECKING:
    import psycopg

FOLDER = Path(__file__).parent


def upgrade(connection: sqlite3.Connection, revision: str) -> None:
    """Run the migrations up to `revision` on `connection`, in one transaction with the version they end at.

    `connection` is in autocommit mode (`isolation_level=None`) and stays open.
    """
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    event.listen(engine, "begin", _begin)
    _upgrade(engine, revision)


def upgrade_postgres(connection: "psycopg.Connection[tuple[Any, ...]]", revision: str, lock: str) -> None:
    """Like `upgrade`; `lock` is the statement that keeps others waiting until it is done."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool)

    # Not before: SQLAlchemy rolls back what is open on a connection that it meets for the first time.
    @event.listens_for(engine, "begin")
    def begin(bound: Connection) -> None:
        bound.exec_driver_sql("BEGIN")
        bound.exec_driver_sql(lock)

    _upgrade(engine, revision)


def _upgrade(engine: Engine, revision: str) -> None:
    with engine.connect() as bound, bound.begin():
        config = Config()
        config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
        config.attributes["connection"] = bound
        command.upgrade(config, revision)


def _begin(connection: Connection) -> None:
    # Python's driver would begin only before INSERT and UPDATE and leave DDL outside.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
