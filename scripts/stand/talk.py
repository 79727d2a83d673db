import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

import waypost
from waypost.client import ClientError, Waypost

TOKEN = "1|of-the-stand-alone-0123456789abcdef"
CONTACT = "491700000001"
GREETING = Path(waypost.__file__).parent / "cli" / "demo" / "audio" / "greeting.mp3"
# Without KVM everything takes twenty times as long.
WITHIN_S = 600.0

T = TypeVar("T")


def until(look: Callable[[], T], what: str, within: float = WITHIN_S) -> T:
    """The first true value; what is away meanwhile is asked again. Raises TimeoutError."""
    end, said = time.monotonic() + within, ""
    while time.monotonic() < end:
        try:
            if found := look():
                return found
        except (httpx.HTTPError, ClientError) as error:
            said = f" ({type(error).__name__}: {error})"
        time.sleep(0.2)
    raise TimeoutError(f"not within {within:g} s: {what}{said}")


class Talk:
    """Instances of a gateway, and the contact whom they write to; both through ports of this machine."""

    def __init__(self, gateway: int, sandbox: int) -> None:
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{gateway}", trust_env=False, timeout=120)
        self._sandbox = httpx.Client(base_url=f"http://127.0.0.1:{sandbox}", trust_env=False, timeout=120)
        self._gateway = f"http://127.0.0.1:{gateway}"
        self.tokens: dict[str, str] = {}

    def ready(self) -> None:
        """Until calls are taken."""
        until(lambda: self.http.get("/readyz").status_code == 200, "ready")

    def pair(self, name: str, phone: str) -> str:
        """An instance that is linked to a phone and WORKING; its id."""
        until(lambda: self._sandbox.get("/v1/network").is_success, "the sandbox")
        made = self.http.post(
            "/api/whatsapp/v2/create-instance",
            headers={"Authorization": f"Bearer {TOKEN}"},
            json={"name": name, "phone": f"+{phone}"},
        )
        made.raise_for_status()
        found: dict[str, Any] = made.json()
        self.tokens[found["id"]] = found["access_token"]
        self._sandbox.post("/v1/phones", json={"phone": f"+{phone}"}).raise_for_status()
        scan = self._sandbox.post(f"/v1/phones/+{phone}/scan", json={"qr": found["qr_text"]})
        scan.raise_for_status()
        instance: str = found["id"]
        self.working(instance)
        return instance

    def working(self, instance: str) -> None:
        """Until that instance is connected."""
        until(lambda: self.health(instance) == "WORKING", f"{instance} is WORKING")

    def health(self, instance: str) -> str:
        """Its status."""
        answer = self.http.get(f"/api/whatsapp/v2/{instance}/health", headers=self._bearer(instance))
        answer.raise_for_status()
        return str(answer.json()["status"])

    def begin(self, instance: str, audio: Path | bytes = GREETING) -> str:
        """Have a voice note queued; its request."""
        return until(
            lambda: str(self._client(instance).send_voice(CONTACT, audio).uuid), "a note is accepted"
        )

    def arrived(self, instance: str, request: str) -> None:
        """Until that note was sent, decrypted by the contact once, and its file was there."""
        done = until(lambda: self._client(instance).queued(request).wait(WITHIN_S), f"{request} is sent")
        message = done.result["key"]["id"]
        found = until(lambda: [one for one in self._inbox() if one["id"] in message], f"{message} arrives")
        assert [(one["times"], one["media"]) for one in found] == [(1, "ok")], found

    def note(self, instance: str, audio: Path | bytes = GREETING) -> None:
        """A voice note that arrives."""
        self.arrived(instance, self.begin(instance, audio))

    def fail(self, **failure: object) -> None:
        """Something goes wrong in the network from now on."""
        self._sandbox.post("/v1/failures", json=failure).raise_for_status()

    def metric(self, wanted: str) -> list[str]:
        """The lines of that metric."""
        page = self.http.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        page.raise_for_status()
        return [line for line in page.text.splitlines() if line.startswith(wanted)]

    def _inbox(self) -> list[dict[str, Any]]:
        found = self._sandbox.get(f"/v1/contacts/+{CONTACT}/inbox")
        found.raise_for_status()
        messages: list[dict[str, Any]] = found.json()["messages"]
        return messages

    def _client(self, instance: str) -> Any:
        return Waypost(self._gateway, self.tokens[instance]).instance(instance)

    def _bearer(self, instance: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[instance]}"}
