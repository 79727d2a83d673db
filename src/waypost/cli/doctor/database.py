from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from waypost.cli.doctor.check import Check, failed, ok, skipped, warning
from waypost.cli.doctor.clock import clock
from waypost.cli.doctor.engine import client
from waypost.clock import Clock
from waypost.config import Settings
from waypost.errors import DATABASE_TOO_NEW, DATABASE_TOO_SMALL, DATABASE_UNSAFE, StorageError
from waypost.storage.migrations.chain import head
from waypost.storage.sqlite.examine import examine as examine_file

if TYPE_CHECKING:
    from waypost.storage.postgres.examine import Server
    from waypost.storage.postgres.target import Target

_NAME: Final = "database"
_TESTED: Final = (16, 18)
_UTF8: Final = "UTF8"


def database(settings: Settings, now: Clock) -> Sequence[Check]:
    """The SQLite file, or the PostgreSQL server with all that Waypost needs of it."""
    return _server(settings, now) if settings.database_url else [_file(settings)]


def _file(settings: Settings) -> Check:
    path = settings.data / "waypost.db"
    if not path.exists():
        return ok(_NAME, "SQLite; it is made at the first start.")
    try:
        found = examine_file(path)
    except StorageError as error:
        return failed(_NAME, f"It can't be read: {error.detail}", "Give this user the right to, or restore.")
    if found.damage:
        mend = "Stop the gateway and restore the last backup: waypost restore (docs/operations.md)."
        return failed(_NAME, f"The file is damaged: {found.damage}.", mend)
    return _at(found.revision, f"SQLite, {found.bytes / 1e6:.1f} MB")


def _at(revision: str | None, what: str) -> Check:
    if revision is None:
        return ok(_NAME, f"{what}; it is empty, the first gateway makes its tables.")
    if revision > head():
        return failed(_NAME, f"{what}, of a newer release ({revision}).", DATABASE_TOO_NEW.sentence)
    if revision < head():
        return ok(_NAME, f"{what}; the next start brings it from {revision} to {head()}.")
    return ok(_NAME, f"{what}, of this release.")


def _server(settings: Settings, now: Clock) -> list[Check]:
    # Whoever does without PostgreSQL does without its driver.
    from waypost.storage.postgres.examine import examine, refuses_settings
    from waypost.storage.postgres.target import Target

    target = Target(settings.database_url, settings.database_direct_url)
    try:
        found = examine(target, settings.database_connections, now)
    except StorageError as error:
        if refuses_settings(error):
            return [_needs_both()]
        mend = "Check WAYPOST_DATABASE_URL, that the server runs, and that it lets this user in."
        return [failed(_NAME, f"It can't be reached: {error.detail}", mend)]
    if found.through_pooler:
        return [_needs_both()]
    checks = [_at(found.revision, f"PostgreSQL {found.version}"), *_fitness(found)]
    if settings.database_direct_url:
        checks.append(_pair(target, found.identity))
    if found.connections is not None:
        checks.append(_connections(found.connections.needed, found.connections.allowed))
    else:
        checks.append(skipped("database, connections", "Counted once there are tables."))
    return [*checks, clock("the database", found.ahead, found.uncertain), client(found.outdated)]


def _needs_both() -> Check:
    return failed(
        "database, pooler",
        "The address for what needs a session (notices, migrations, the engine's stores) leads to a pooler.",
        "Name the server itself in WAYPOST_DATABASE_DIRECT_URL, the pooler in WAYPOST_DATABASE_URL.",
    )


def _fitness(found: "Server") -> list[Check]:
    major, checks = found.version_number // 10_000, []
    if not _TESTED[0] <= major <= _TESTED[1]:
        says = f"PostgreSQL {major} was not tried with Waypost."
        checks.append(warning("database, version", says, f"Use {_TESTED[0]} to {_TESTED[1]}."))
    if found.encoding != _UTF8:
        mend = "Make a new database with ENCODING 'UTF8' and TEMPLATE template0."
        checks.append(failed("database, encoding", f"It is in {found.encoding}.", mend))
    if not found.may_create:
        says = "The role may not create schemas, of which each session needs one."
        checks.append(failed("database, rights", says, "GRANT CREATE ON DATABASE … TO …"))
    if found.synchronous_commit == "off":
        says = "synchronous_commit is off."
        return [*checks, failed("database, durability", says, DATABASE_UNSAFE.sentence)]
    says = f"It answers after a commit is stored (synchronous_commit is {found.synchronous_commit})."
    return [*checks, ok("database, durability", says)]


def _connections(needed: int, allowed: int) -> Check:
    name = "database, connections"
    says = f"Instances and nodes, one more included, need up to {needed} connections; {allowed} are allowed."
    if needed > allowed:
        return failed(name, says, DATABASE_TOO_SMALL.sentence)
    return ok(name, says)


def _pair(target: "Target", straight: tuple[object, ...]) -> Check:
    from waypost.storage.postgres.examine import pooler_identity

    name = "database, pooler"
    try:
        pooled, identity = pooler_identity(target)
    except StorageError as error:
        return failed(name, f"It can't be reached: {error.detail}", "Check WAYPOST_DATABASE_URL.")
    if identity != straight:
        says = "WAYPOST_DATABASE_URL and WAYPOST_DATABASE_DIRECT_URL lead to different databases."
        return failed(name, says, "Name the same database in both.")
    if not pooled:
        return warning(
            name, "There is no pooler at WAYPOST_DATABASE_URL.", "Leave WAYPOST_DATABASE_DIRECT_URL out."
        )
    return ok(name, "Pooler and server lead to the same database.")
