"""The running gateway as the commands talk to it: over HTTP, with a token."""

import json
from typing import Annotated, Any, NoReturn

import httpx
import typer

from waypost.config import ConfigError, load

BASE = "/api/whatsapp/v2"
# create-instance holds its answer until there is a QR code, 20 s at most.
_SECONDS = 40.0

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Url = Annotated[
    str | None,
    typer.Option("--url", envvar="WAYPOST_URL", help="The gateway; from WAYPOST_HOST and WAYPOST_PORT."),
]
TokenText = Annotated[
    str | None, typer.Option("--token", envvar="WAYPOST_TOKEN", help="A token, <number>|<secret>.")
]


class GatewayClient:
    """Calls the API; what fails ends the command with one sentence and exit code 1."""

    def __init__(self, url: str | None, token: str | None, environ: dict[str, str]) -> None:
        token = token or environ.get("WAYPOST_ADMIN_TOKEN")
        if not token:
            fail("No token: set WAYPOST_TOKEN to the one that `waypost serve` printed (or pass --token).")
        self.url = _with_scheme(url or _own_url(environ)).rstrip("/")
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        # Proxies of the environment are for the internet; the gateway is most often on this machine.
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=_SECONDS, trust_env=False)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, **query: str) -> Any:
        """The JSON of the answer."""
        try:
            answer = self._http.request(method, BASE + path, json=body, params=query or None)
        except httpx.TransportError as error:
            fail(f"No gateway answers at {self.url}; start it with `waypost serve` ({type(error).__name__}).")
        try:
            found = answer.json()
        except ValueError:
            fail(f"Something else than a gateway answers at {self.url} (status {answer.status_code}).")
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            fail(f"{_sentence(found)} The gateway at {self.url} does not know this token.")
        if not answer.is_success:
            fail(_sentence(found))
        return found

    def instance(self, name_or_id: str) -> dict[str, Any]:
        """The instance with that name or id."""
        found: list[dict[str, Any]] = self.call("GET", "/instances")
        for one in found:
            if name_or_id in (one["id"], one["name"]):
                return one
        fail(f"There is no instance {name_or_id}; `waypost instance list` shows those there are.")


def fail(sentence: str) -> NoReturn:
    """End the command."""
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


def show_json(value: Any) -> None:
    """Print a value for programs."""
    typer.echo(json.dumps(value, indent=2))


def _own_url(environ: dict[str, str]) -> str:
    try:
        settings = load({name: environ[name] for name in ("WAYPOST_HOST", "WAYPOST_PORT") if name in environ})
    except ConfigError as wrong:
        fail(wrong.mistakes[0])
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{host}:{settings.port}"


def _with_scheme(url: str) -> str:
    return url if "://" in url else f"http://{url}"


def _sentence(answer: Any) -> str:
    if not isinstance(answer, dict):
        return "The gateway answered with an error."
    errors = answer.get("errors")
    if isinstance(errors, dict):
        sentences = [text for texts in errors.values() if isinstance(texts, list) for text in texts]
        if sentences:
            return " ".join(sentences)
    return str(answer.get("message", "The gateway answered with an error."))
