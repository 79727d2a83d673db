"""The Dockerfile, read: building it takes what a test machine rarely has."""

import fnmatch
import json
import re
from pathlib import Path

from waypost.config import load, strangers

ROOT = Path(__file__).parents[3]


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(line.split()[0], line.partition(" ")[2]) for line in joined.splitlines()]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    start = max(at for at, (name, _) in enumerate(found) if name == "FROM")
    return found[start:]


def one(name: str) -> str:
    (found,) = [rest for each, rest in last_stage() if each == name]
    return found


def test_it_runs_without_privileges_under_a_number() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", one("USER"))
    names = [name for name, _ in last_stage()]
    # Whatever changes the image is before it.
    assert names.index("USER") > max(at for at, name in enumerate(names) if name in ("RUN", "COPY"))


def test_it_needs_no_shell_to_start_to_be_asked_and_to_end() -> None:
    assert json.loads(one("ENTRYPOINT")) == ["waypost"]
    assert json.loads(one("CMD")) == ["serve"]
    assert json.loads(one("HEALTHCHECK").partition("CMD ")[2]) == ["python", "-m", "waypost.cli.ready"]
    assert one("STOPSIGNAL") == "SIGTERM"


def test_it_listens_for_others_and_keeps_its_data_in_a_volume() -> None:
    given = dict(re.findall(r"(\w+)=(\S+)", one("ENV")))
    assert strangers(given) == []
    settings = load(given)
    assert settings.host == "0.0.0.0"
    assert str(settings.data) == one("VOLUME") == "/data"
    assert one("EXPOSE") == str(settings.port)


def test_what_is_installed_is_checked_by_hash() -> None:
    runs = " ".join(rest for name, rest in instructions() if name == "RUN")
    installs = re.findall(r"pip install [^&]+", runs)
    assert installs
    for install in installs:
        assert "--require-hashes" in install or "--no-index" in install


def test_what_is_copied_is_there_and_nothing_else_is_sent_to_the_builder() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert (ROOT / ".dockerignore").read_text().count("\n*\n") == 1
    for name, rest in instructions():
        if name == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists()
                assert any(fnmatch.fnmatch(source.removeprefix("./"), one) for one in allowed), source
