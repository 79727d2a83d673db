"""The running gateway as the commands reach it."""

import contextlib
import os
import uuid as uuids
from collections.abc import Iterator
from typing import Final, NoReturn
from urllib.parse import urlsplit

import httpx

from waypost.cli.exit_of import code_of
from waypost.cli.exits import BUSY, NOT_FOUND, REFUSED, UNREACHABLE, USAGE, fail, misset
from waypost.client import (
    CallRefused,
    ClientError,
    NoAnswer,
    NotFound,
    RequestFailed,
    TooManyCalls,
    Unauthenticated,
    Waypost,
)
from waypost.client.instance import Instance
from waypost.client.shapes import InstanceView
from waypost.config import ConfigError, load

_NO_TOKEN = "No token: set WAYPOST_TOKEN to the one that `waypost serve` printed (or pass --token)."  # noqa: S105
_ANOTHER: Final = "set WAYPOST_TOKEN to one that it knows, or make one there: waypost token reset-admin"
_HERE: Final = ("127.0.0.1", "localhost", "::1")


@contextlib.contextmanager
def gateway(
    url: str | None, token: str | None, transport: httpx.BaseTransport | None = None
) -> Iterator[Waypost]:
    """A gateway to call; what fails ends the command with one sentence and the exit code of its kind."""
    token = token_of(token)
    if not token:
        fail(_NO_TOKEN, REFUSED)
    try:
        found = address(url)
    except ConfigError as wrong:
        misset(wrong.mistakes)
    # Proxies of the environment are for the internet; the gateway is most often on this machine.
    with httpx.Client(trust_env=False, transport=transport) as http:
        try:
            yield Waypost(found, token, http, tries=1)
        except ClientError as error:
            say(error, found)
        except httpx.InvalidURL as error:
            fail(f"{found} is no address of a gateway: {error}.", USAGE)


def say(error: ClientError, url: str) -> NoReturn:
    """End the command with what went wrong at the gateway of that address. Raises Failed."""
    code = error.code if isinstance(error, CallRefused | RequestFailed) else ""
    if isinstance(error, NoAnswer):
        fail(_unanswered(url, error.__cause__), UNREACHABLE)
    if isinstance(error, Unauthenticated):
        fail(f"The gateway at {url} does not know this token; {_ANOTHER}.", REFUSED, code)
    if isinstance(error, TooManyCalls) and error.retry_after is not None:
        what = error.message.partition(";")[0].rstrip(".")
        fail(f"{what}; try again in {error.retry_after:.0f} s.", BUSY, code)
    fail(str(error), code_of(error), code)


def _unanswered(url: str, cause: BaseException | None) -> str:
    # Of "[Errno 111] Connection refused" the words.
    why = str(cause or "").rpartition("] ")[2] or type(cause).__name__
    here = (urlsplit(url).hostname or "") in _HERE
    mend = "start it with `waypost serve`" if here else "check the address (--url, WAYPOST_URL)"
    return f"No gateway answers at {url} ({why}); {mend}."


def named(waypost: Waypost, name_or_id: str | None) -> InstanceView:
    """The instance with that name or id; the only one where neither is given."""
    found = waypost.instances()
    if name_or_id is None:
        return _only(found)
    for one in found:
        if name_or_id in (one.id, one.name):
            return one
    fail(f"There is no instance {name_or_id}; `waypost instance list` shows those there are.", NOT_FOUND)


def chosen(waypost: Waypost, name_or_id: str | None) -> Instance:
    """The calls of the instance with that name or id, of the only one where neither is given."""
    if name_or_id is not None and _is_uuid(name_or_id):
        return waypost.instance(name_or_id)  # a token that only sends may not list
    return waypost.instance(named(waypost, name_or_id).id)


def several(waypost: Waypost, name_or_id: str | None) -> list[InstanceView]:
    """The instance with that name or id, or all where neither is given."""
    return waypost.instances() if name_or_id is None else [named(waypost, name_or_id)]


def holder(waypost: Waypost, uuid: str, name_or_id: str | None) -> Instance:
    """The instance that a queued request is of, wherever none is named."""
    if name_or_id is not None:
        return chosen(waypost, name_or_id)
    for one in waypost.instances():
        instance = waypost.instance(one.id)
        with contextlib.suppress(NotFound):
            instance.get_queued_request(uuid)
            return instance
    fail(f"There is no queued request {uuid}; `waypost queue` shows those there are.", NOT_FOUND)


def address(url: str | None) -> str:
    """Where the gateway is: as given, else as WAYPOST_HOST and WAYPOST_PORT say. Raises ConfigError."""
    found = _with_scheme(url or _own_url()).rstrip("/")
    if not found.startswith(("http://", "https://")):
        raise ConfigError([f"{found} is no address of a gateway: it begins with http:// or https://."])
    return found


def token_of(token: str | None) -> str | None:
    """The token as given, else the administrator's of this machine's gateway. Raises Failed for what no
    header can carry: a library would tell it whole."""
    found = (token or os.environ.get("WAYPOST_ADMIN_TOKEN") or "").strip()
    if not (found.isascii() and found.isprintable()):
        fail("WAYPOST_TOKEN holds what no token has: a line break, or a letter beyond ASCII.", REFUSED)
    return found or None


def _only(found: list[InstanceView]) -> InstanceView:
    if len(found) == 1:
        return found[0]
    if not found:
        fail("There is no instance yet; `waypost instance create` makes one.", NOT_FOUND)
    names = ", ".join(one.name for one in found[:10])
    fail(f"Which instance? Name it with --instance (or WAYPOST_INSTANCE): {names}.", USAGE)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuids.UUID(text)) == text.lower()
    except ValueError:
        return False


def _own_url() -> str:
    environ = os.environ
    settings = load({name: environ[name] for name in ("WAYPOST_HOST", "WAYPOST_PORT") if name in environ})
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{host}:{settings.port}"


def _with_scheme(url: str) -> str:
    return url if "://" in url else f"http://{url}"
