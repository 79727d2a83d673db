"""Somebody at the dashboard without a browser, for tests."""

import re
from collections.abc import Sequence
from types import TracebackType

import httpx

_SECRET = re.compile(r'name="form_secret" value="([0-9a-f]{64})"|"X-Form-Secret": "([0-9a-f]{64})"')


class Visitor:
    """A visitor with cookies of their own; forms are posted as a page of the gateway would."""

    def __init__(self, url: str, address: str = "127.0.0.1") -> None:
        """`url`: where the gateway answers; `address`: of this machine's, which the visitor comes from."""
        self._url = url
        transport = httpx.AsyncHTTPTransport(local_address=address)
        self.http = httpx.AsyncClient(base_url=url, transport=transport, timeout=40, follow_redirects=False)
        self.form_secret = ""

    async def __aenter__(self) -> "Visitor":
        """Use it in a context."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        await self.http.aclose()

    async def sign_in(self, token: str, to: str = "") -> httpx.Response:
        """Post the form of the sign-in page; the secret of later forms is read from the page after it."""
        answer = await self.http.post(
            "/sign-in", data={"token": token, "to": to}, headers={"Origin": self._url}
        )
        if answer.status_code == 303:
            page = await self.http.get(answer.headers["location"])
            found = _SECRET.search(page.text)
            self.form_secret = next(filter(None, found.groups())) if found else ""
        return answer

    async def get(self, path: str) -> httpx.Response:
        """Look at a page."""
        return await self.http.get(path)

    async def post(
        self, path: str, fields: dict[str, str | Sequence[str]] | None = None, *, origin: str | None = None
    ) -> httpx.Response:
        """Post a form of ours, from a page of `origin`: the gateway's own unless given."""
        data = {"form_secret": self.form_secret, **(fields or {})}
        return await self.http.post(path, data=data, headers={"Origin": origin or self._url})
