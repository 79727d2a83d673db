"""What tests/interop keeps of a stanza, and what it says when an engine says something else."""

import json
from pathlib import Path

import pytest
from tests.interop import wire

from waypost.sandbox.views import LogLine

MESSAGE = (
    "<message id='A1' to='1@lid' type='media'><participants><to jid='1:2@lid'>"
    "<enc v='2' type='pkmsg' mediatype='ptt'>(312 bytes)</enc></to></participants></message>"
)


def line(what: str, way: str = "in", device: str = "+1:2") -> LogLine:
    return LogLine(at=0.0, device=device, way=way, what=what)


def test_a_stanza_s_nodes_are_kept_by_path_and_its_attributes_by_name() -> None:
    assert wire.shape(line(MESSAGE)) == [
        "in message /participants",
        "in message /participants/to",
        "in message /participants/to @jid",
        "in message /participants/to/enc pkmsg ptt",
        "in message /participants/to/enc pkmsg ptt @mediatype",
        "in message /participants/to/enc pkmsg ptt @type",
        "in message /participants/to/enc pkmsg ptt @v",
        "in message @id",
        "in message @to",
        "in message @type",
        "in message media by LID",
    ]


def test_a_request_is_one_with_what_it_asks_for() -> None:
    asked = wire.shape(line("<iq id='1' type='get' xmlns='encrypt'><key><user jid='1@lid'/></key></iq>"))
    assert asked == [
        "in iq get encrypt /key",
        "in iq get encrypt /key /key/user",
        "in iq get encrypt /key /key/user @jid",
        "in iq get encrypt /key @id",
        "in iq get encrypt /key @type",
        "in iq get encrypt /key @xmlns",
    ]


def test_a_remark_has_no_shape() -> None:
    assert wire.shape(line("unknown request <iq/>", way="note")) == []


def test_stanzas_count_for_the_engine_of_their_number() -> None:
    lines = [line("<ib/>"), line("<ib/>", device="-"), line("<presence/>", device="+9:1")]
    assert wire.shapes(lines, {"1": "baileys"}) == {"baileys": ["in ib"], "pairing": ["in ib"]}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Shapes that were recorded before."""
    file = tmp_path / "wire.json"
    file.write_text(json.dumps({"baileys": ["in ib", "in iq get w:p", "in presence"]}))
    monkeypatch.setattr(wire, "KNOWN", file)
    return file


def test_a_whole_run_takes_the_place_of_the_last_but_for_what_comes_with_time(kept: Path) -> None:
    assert wire.record({"baileys": ["in ib @x", "in ib"]}) == [
        "+ baileys: in ib @x",
        "- baileys: in presence",
    ]
    assert wire.known() == {"baileys": ["in ib", "in ib @x", "in iq get w:p"]}


def test_a_run_that_failed_forgets_nothing(kept: Path) -> None:
    assert wire.record({"baileys": ["in ib @x"]}, complete=False) == ["+ baileys: in ib @x"]
    assert "in presence" in wire.known()["baileys"]
