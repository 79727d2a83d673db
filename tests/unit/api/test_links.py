from typing import Any

import pytest
from litestar import Request

from waypost.api.links import PublicAddress


def call(headers: dict[str, str], client: str = "203.0.113.9") -> Request[Any, Any, Any]:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope: Any = {"type": "http", "scheme": "http", "headers": raw, "client": (client, 1), "path": "/"}
    return Request(scope)


FORWARDED = {"Host": "inner:80", "X-Forwarded-Host": "api.example", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("public", "trusted", "headers", "wanted"),
    [
        ("https://w.example/", [], {"Host": "x"}, "https://w.example"),
        ("", [], {"Host": "x:8780"}, "http://x:8780"),
        ("", [], {}, "http://127.0.0.1:8780"),
        ("", [], {"Host": "a b"}, "http://127.0.0.1:8780"),
        ("", [], {"Host": "0.0.0.0:99"}, "http://127.0.0.1:99"),
        ("", [], {"Host": "[::]:99"}, "http://[::1]:99"),
        ("", [], FORWARDED, "http://inner:80"),
        ("", ["203.0.113.0/24"], FORWARDED, "https://api.example"),
        ("", ["198.51.100.0/24"], FORWARDED, "http://inner:80"),
    ],
)
def test_links_lead_where_the_caller_came_from(
    public: str, trusted: list[str], headers: dict[str, str], wanted: str
) -> None:
    assert PublicAddress(public, trusted, "127.0.0.1:8780").base(call(headers)) == wanted
