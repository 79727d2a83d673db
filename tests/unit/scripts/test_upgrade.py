"""scripts/upgrade: what it reads of a version, what it refuses, and that it pins all or nothing."""

import dataclasses
from pathlib import Path

import pytest
from scripts.upgrade.interface import Offer, broken, changed
from scripts.upgrade.pins import LIBRARY, LOCKS, PROJECT, Pins
from scripts.upgrade.signatures import declared, ours
from scripts.upgrade.wheels import LIBRARIES, ROOT, UpgradeRefused

from waypost.engine.hosts.whatsmeow.library import PINNED_HASHES, PINNED_VERSION, package_folder

BINDER = """
class Bytes(ctypes.Structure):
    _fields_ = [("ptr", ctypes.c_void_p), ("size", ctypes.c_size_t)]

func_event = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int)
gocode.Start.argtypes = [ctypes.c_char_p, func_event, ctypes.POINTER(Bytes)]
gocode.Start.restype = ctypes.c_void_p
gocode.Stop.argtypes = []
"""
OLD = Offer(
    version="1",
    exported={"a.so": frozenset({"Send", "Stop"})},
    roots={"a.so": 1},
    signatures={"Send": "(text) -> address", "Stop": "() -> int"},
    events={"3": "ConnectedEv", "9": "OtherEv"},
    subscribed=frozenset({"3"}),
    fields={"neonize.Receipt.Chat": "1 neonize.JID", "neonize.Nothing.nobodyReadsThis": "1 9"},
)
OURS = {"Send": "(text) -> address", "Stop": "() -> nothing"}


def test_a_binder_s_signatures_are_read_down_to_their_structures() -> None:
    assert declared(BINDER) == {
        "Start": "(text, function(text, int) -> nothing, pointer(address, size)) -> address",
        "Stop": "() -> int",
    }


def test_our_binding_passes_what_the_pinned_library_s_own_does() -> None:
    theirs = declared((package_folder() / "_binder.py").read_text())
    bound = ours()
    assert bound["Neonize"] == theirs["Neonize"]
    assert bound["SendMessage"] == theirs["SendMessage"]


def test_the_same_version_breaks_nothing_and_changes_nothing() -> None:
    assert broken(OURS, OLD, OLD) == []
    assert changed(OURS, OLD, OLD) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"exported": {"a.so": frozenset({"Stop"})}}, "a.so does not export Send"),
        ({"signatures": {**OLD.signatures, "Send": "(text, int) -> address"}}, "now it is (text, int)"),
        ({"roots": {"a.so": 2}}, "2 times"),
        ({"events": {**OLD.events, "3": "OtherEv"}}, "event 3 was ConnectedEv; now it is OtherEv"),
    ],
)
def test_what_our_engine_relies_on_breaks(change: dict[str, object], said: str) -> None:
    (line,) = broken(OURS, OLD, dataclasses.replace(OLD, **change))  # type: ignore[arg-type]
    assert said in line


def test_a_binding_that_follows_the_new_version_does_not_break() -> None:
    new = dataclasses.replace(OLD, signatures={**OLD.signatures, "Send": "(text, int) -> address"})
    assert broken({**OURS, "Send": "(text, int) -> address"}, OLD, new) == []


def test_what_else_changed_is_told_and_names_that_our_engine_mentions_come_first() -> None:
    new = dataclasses.replace(
        OLD, fields={}, events={**OLD.events, "45": "NewEv"}, exported={"a.so": frozenset({"Send", "Start"})}
    )
    assert changed(OURS, OLD, new) == [
        "function - Stop",
        "function + Start",
        "event + 45 NewEv",
        "protobuf field of a name that our engine mentions - neonize.Receipt.Chat 1 neonize.JID",
        "protobuf field - neonize.Nothing.nobodyReadsThis 1 9",
    ]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that pin neonize, and a scripts/lock that does nothing, or fails for version 6."""
    for path in (PROJECT, *LOCKS, LIBRARY):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text((ROOT / path).read_text())
    (tmp_path / "scripts").mkdir()
    lock = tmp_path / "scripts" / "lock"
    lock.write_text(
        f"#!/bin/sh\n! grep -q neonize==6 {tmp_path}/pyproject.toml || {{ echo no >&2; exit 1; }}\n"
    )
    lock.chmod(0o755)
    return tmp_path


def test_a_version_is_pinned_in_every_place(clone: Path) -> None:
    pins = Pins(clone)
    pins.lock("5.0")
    pins.libraries("5.0.1", {name: f"{number:064x}" for number, name in enumerate(LIBRARIES)})
    assert '"neonize==5.0"' in (clone / PROJECT).read_text()
    library = (clone / LIBRARY).read_text()
    assert 'PINNED_VERSION: Final = "5.0.1"' in library
    assert all(f'"{name}": "{number:064x}"' in library for number, name in enumerate(LIBRARIES))


def test_a_version_that_does_not_go_with_the_rest_leaves_everything_as_it_was(clone: Path) -> None:
    pins = Pins(clone)
    with pytest.raises(UpgradeRefused, match="does not go with the other packages"):
        pins.lock("6")
    pins.restore()
    assert all((clone / path).read_text() == (ROOT / path).read_text() for path in (PROJECT, *LOCKS, LIBRARY))


def test_every_library_that_the_engine_may_load_is_pinned_and_of_the_locked_version() -> None:
    assert set(PINNED_HASHES) == set(LIBRARIES)
    assert Pins().version.startswith(PINNED_VERSION)
