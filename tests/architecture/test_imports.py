"""Rooms import only to their left; `docs/architecture.md` draws them."""

from collections import defaultdict
from graphlib import CycleError, TopologicalSorter

from tests.architecture.source import modules

GROUND = {
    "",
    "address",
    "clock",
    "config",
    "config_text",
    "config_warnings",
    "errors",
    "events",
    "lasting",
    "origin",
    "prompt_server",
    "telemetry",
}

GROUPS = (
    GROUND,
    {"voice", "media", "workers", "net", "durable", "nodes", "client"},
    {"outbox", "instances", "webhooks", "engine", "access", "otp", "chats"},
    {"storage"},
    {"operations"},
    {"watching"},
    {"api", "dashboard"},
    {"mcp", "gateway", "publishing", "chatting", "handset", "showing", "workplace", "networks"},
    {"cli", "testing", "__main__"},
)
RANK = {room: rank for rank, group in enumerate(GROUPS) for room in group}
MAY_IMPORT_THE_SANDBOX = {"sandbox", "gateway", "handset", "networks", "cli", "testing"}

# A library behind a port is imported in one room, so that another can take its place. The sandbox is apart: a
# server of its own that may use what it likes.
EDGES = {
    "neonize": {"engine"},
    "av": {"voice", "media", "workers"},
    "mcp": {"mcp"},
    "litestar": {"api", "dashboard", "gateway", "showing"},
    "uvicorn": {"prompt_server", "api", "gateway", "cli"},
    "alembic": {"storage"},
    "sqlalchemy": {"storage"},
    "psycopg": {"storage", "testing"},
    "obstore": {"storage"},
    "typer": {"cli"},
    "rich": {"cli"},
    "phonenumbers": {"address"},
    "jinja2": {"dashboard"},
    "markupsafe": {"dashboard"},
    "PIL": {"media"},
    "standardwebhooks": {"webhooks", "client"},
    "prometheus_client": {"watching"},
    "opentelemetry": {"watching", "testing"},
}


def room_of(imported: str) -> str | None:
    parts = imported.split(".")
    if parts[0] != "waypost":
        return None
    return parts[1] if len(parts) > 1 else ""


def test_every_room_has_its_place() -> None:
    assert {module.room for module in modules()} <= set(RANK) | {"sandbox"}


def test_left_never_imports_right() -> None:
    wrong = {
        f"{module.shown}:{line} imports {imported}"
        for module in modules()
        if module.room != "sandbox"
        for imported, line in module.imports()
        if (room := room_of(imported)) in RANK and RANK[room or ""] > RANK[module.room]
    }
    assert not wrong, "\n".join(sorted(wrong))


def test_rooms_of_one_group_do_not_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = defaultdict(set)
    for module in modules():
        for imported, _ in module.imports():
            room = room_of(imported)
            if room is not None and room in RANK and room != module.room and module.room not in GROUND:
                graph[module.room].add(room)
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise AssertionError(f"A circle: {' → '.join(error.args[1])}") from None


def test_the_sandbox_imports_the_ground_alone() -> None:
    wrong = {
        f"{module.shown}:{line} imports {imported}"
        for module in modules()
        if module.room == "sandbox"
        and module.name != "waypost.sandbox.__main__"  # a command like those of cli
        for imported, line in module.imports()
        if (room := room_of(imported)) is not None and room not in GROUND | {"sandbox"}
    }
    assert not wrong, "\n".join(sorted(wrong))


def test_only_those_who_compose_import_the_sandbox() -> None:
    wrong = {
        f"{module.shown}:{line} imports {imported}"
        for module in modules()
        if module.room not in MAY_IMPORT_THE_SANDBOX
        for imported, line in module.imports()
        if room_of(imported) == "sandbox"
    }
    assert not wrong, "\n".join(sorted(wrong))


def test_a_foreign_library_is_met_at_its_edge_alone() -> None:
    wrong = {
        f"{module.shown}:{line} imports {imported}"
        for module in modules()
        for imported, line in module.imports()
        if (library := imported.split(".")[0]) in EDGES and module.room not in EDGES[library] | {"sandbox"}
    }
    assert not wrong, "\n".join(sorted(wrong))


def test_the_engine_library_is_imported_by_its_host_program_alone() -> None:
    """Importing it loads 50 MB and starts a runtime that can end the process: never in the gateway's own."""
    wrong = {
        f"{module.shown}:{line}"
        for module in modules()
        if not module.name.startswith("waypost.engine.hosts.whatsmeow")
        for imported, line in module.imports()
        if imported.split(".")[0] == "neonize"
    }
    assert not wrong, "\n".join(sorted(wrong))
