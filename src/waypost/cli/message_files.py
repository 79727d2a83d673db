"""The files of messages, stored in a folder of this machine."""

import mimetypes
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import typer

from waypost.cli.progress import Steps
from waypost.client import CallRefused
from waypost.client.instance import Instance
from waypost.client.shapes import ChatMessage

_STRANGE: Final = re.compile(r"[^A-Za-z0-9@.+_-]")
_SECONDS: Final = 60.0
# Which of its many names a phone would give it.
_SUFFIXES: Final = {"audio/ogg": ".ogg", "image/jpeg": ".jpg"}


def store(of: Instance, messages: Sequence[ChatMessage], folder: Path, under_way: Steps) -> None:
    """Write the files of messages into a folder, which is made, each named by its message's id; one that is
    there already is left. What can't be had is told on the error stream. Raises OSError, ClientError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with_file = [one for one in messages if one.hasMedia]
    with httpx.Client(trust_env=False, timeout=_SECONDS) as http:
        for number, one in enumerate(with_file, 1):
            under_way.says(f"file {number} of {len(with_file)}")
            path = folder / named(one)
            if path.exists():
                continue
            try:
                link: dict[str, Any] = of.messages_download(one.id).data
                answer = http.get(link["url"])
                answer.raise_for_status()
            except (CallRefused, httpx.HTTPError) as error:
                why = (
                    str(error).partition("\n")[0] if isinstance(error, CallRefused) else type(error).__name__
                )
                typer.echo(f"{one.id}: the file can't be had: {why}", err=True)
                continue
            _write(path, answer.content)


def named(message: ChatMessage) -> str:
    """A file's name: of what strangers call it nothing is taken."""
    mimetype = str((message.media or {}).get("mimetype") or "").partition(";")[0].strip().lower()
    suffix = _SUFFIXES.get(mimetype) or mimetypes.guess_extension(mimetype) or ".bin"
    return _STRANGE.sub("_", message.id).lstrip(".") + suffix


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: who breaks off finds no half of a file."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)
