import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

FOLDER = Path(__file__).parent


def upgrade(connection: sqlite3.Connection, revision: str) -> None:
    """Run the migrations up to `revision` on `connection`, in one transaction with the version they end at.

    `connection` is in autocommit mode (`isolation_level=None`) and stays open.
    """
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    event.listen(engine, "begin", _begin)
    with engine.connect() as bound, bound.begin():
        config = Config()
        config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
        config.attributes["connection"] = bound
        command.upgrade(config, revision)


def _begin(connection: Connection) -> None:
    # Python's driver would begin only before INSERT and UPDATE and leave DDL outside.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
